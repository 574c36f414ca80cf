"""What lessons are made of, besides their board: predict, try, and the program."""

from nbtutor.widgets.lesson.exercises import Exercise, Exercises, Outcome
from nbtutor.widgets.lesson.prediction import Prediction
from nbtutor.widgets.lesson.program import Program, programs_of

__all__ = ["Exercise", "Exercises", "Outcome", "Prediction", "Program", "programs_of"]
