"""What a learner sees and drags."""

from nbtutor.widgets.progress import ProgressBar
from nbtutor.widgets.tutors import ActivationTutor, LearningRateTutor, Playground

__all__ = ["ActivationTutor", "LearningRateTutor", "Playground", "ProgressBar"]
