"""Lesson 08: the learning rate."""

from nbtutor.widgets.tutors.learning_rate.tutor import LearningRateTutor

__all__ = ["LearningRateTutor"]
