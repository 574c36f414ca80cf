"""Lesson 14: regularise."""

from nbtutor.widgets.tutors.regularization.tutor import RegularizationTutor

__all__ = ["RegularizationTutor"]
