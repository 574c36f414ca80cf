"""A live, hands-on course on neural networks."""

__version__ = "0.1.0"
