"""What a learner sees and drags."""

from nbtutor.widgets.progress import ProgressBar
from nbtutor.widgets.tutors import Playground

__all__ = ["Playground", "ProgressBar"]
