"""Lesson 01: the neuron and its activation."""

from nbtutor.widgets.tutors.activation.tutor import ActivationTutor

__all__ = ["ActivationTutor"]
