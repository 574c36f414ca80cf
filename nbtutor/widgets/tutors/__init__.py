"""The tutors: one class a lesson, composed of controls, views and a run."""

from nbtutor.widgets.tutors.activation import ActivationTutor
from nbtutor.widgets.tutors.batch_size import BatchSizeTutor
from nbtutor.widgets.tutors.bias_variance import BiasVarianceTutor
from nbtutor.widgets.tutors.learning_rate import LearningRateTutor
from nbtutor.widgets.tutors.playground import Playground
from nbtutor.widgets.tutors.regularization import RegularizationTutor

__all__ = [
    "ActivationTutor",
    "BatchSizeTutor",
    "BiasVarianceTutor",
    "LearningRateTutor",
    "Playground",
    "RegularizationTutor",
]
