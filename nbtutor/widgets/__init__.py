"""What a learner sees and drags."""

from nbtutor.widgets.progress import ProgressBar
from nbtutor.widgets.tutors import (
    ActivationTutor,
    BatchSizeTutor,
    BiasVarianceTutor,
    LearningRateTutor,
    Playground,
    RegularizationTutor,
)

__all__ = [
    "ActivationTutor",
    "BatchSizeTutor",
    "BiasVarianceTutor",
    "LearningRateTutor",
    "Playground",
    "ProgressBar",
    "RegularizationTutor",
]
