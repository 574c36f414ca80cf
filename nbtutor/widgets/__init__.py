"""What a learner sees and drags."""

from nbtutor.widgets.tutors import Playground

__all__ = ["Playground"]
