"""Lesson 10: bias and variance."""

from nbtutor.widgets.tutors.bias_variance.tutor import BiasVarianceTutor

__all__ = ["BiasVarianceTutor"]
