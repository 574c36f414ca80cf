"""What a learner sees and drags."""

from nbtutor.widgets.progress import ProgressBar
from nbtutor.widgets.tutors import LearningRateTutor, Playground

__all__ = ["LearningRateTutor", "Playground", "ProgressBar"]
