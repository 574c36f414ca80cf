"""Lesson 09: batch size and oscillation."""

from nbtutor.widgets.tutors.batch_size.tutor import BatchSizeTutor

__all__ = ["BatchSizeTutor"]
