"""Questions asked of the engine, each one file, each a function that returns a frozen result.

A long one takes ``progress``, which is called as it goes and may cancel it, and ``resume``, what a
cancelled one had done. `Result.figure` draws a result.
"""

from nbtutor.experiments.gradient_noise import GradientNoise, finite_population, gradient_noise
from nbtutor.experiments.loss_surface import (
    LossSurface,
    Plane,
    Walk,
    loss_surface,
    points_plane,
    random_plane,
    time_update,
    weights_plane,
)
from nbtutor.experiments.lr_range_test import LearningRateRangeTest, lr_range_test, smooth
from nbtutor.experiments.lr_suggestions import (
    SUGGESTIONS,
    suggest_minimum,
    suggest_slide,
    suggest_steep,
    suggest_valley,
)
from nbtutor.experiments.lr_sweep import LearningRateSweep, lr_sweep
from nbtutor.experiments.progress import Cancelled, Progress
from nbtutor.experiments.result import Result
from nbtutor.experiments.stability_limit import StabilityLimit, stability_limit

__all__ = [
    "SUGGESTIONS",
    "Cancelled",
    "GradientNoise",
    "LearningRateRangeTest",
    "LearningRateSweep",
    "LossSurface",
    "Plane",
    "Progress",
    "Result",
    "StabilityLimit",
    "Walk",
    "finite_population",
    "gradient_noise",
    "loss_surface",
    "lr_range_test",
    "lr_sweep",
    "points_plane",
    "random_plane",
    "smooth",
    "stability_limit",
    "suggest_minimum",
    "suggest_slide",
    "suggest_steep",
    "suggest_valley",
    "time_update",
    "weights_plane",
]
