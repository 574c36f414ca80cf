"""Questions asked of the engine, each one file, each a function that returns a frozen result.

A long one takes ``progress``, which is called as it goes and may cancel it, and ``resume``, what a
cancelled one had done. `Result.figure` draws a result.
"""

from nbtutor.experiments.bias_variance import (
    BiasVarianceResult,
    BiasVarianceSweep,
    bias_variance,
    bias_variance_sweep,
)
from nbtutor.experiments.decomposition import (
    Decomposition,
    VarianceSplit,
    decompose,
    split_variance,
)
from nbtutor.experiments.distill import DistillResult, Scores, distill
from nbtutor.experiments.ensemble import Ambiguity, EnsembleResult, ambiguity, ensemble
from nbtutor.experiments.gradient_noise import GradientNoise, finite_population, gradient_noise
from nbtutor.experiments.learning_curve import LearningCurve, learning_curve
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
from nbtutor.experiments.transfer import TransferResult, transfer

__all__ = [
    "SUGGESTIONS",
    "Ambiguity",
    "BiasVarianceResult",
    "BiasVarianceSweep",
    "Cancelled",
    "Decomposition",
    "DistillResult",
    "EnsembleResult",
    "GradientNoise",
    "LearningCurve",
    "LearningRateRangeTest",
    "LearningRateSweep",
    "LossSurface",
    "Plane",
    "Progress",
    "Result",
    "Scores",
    "StabilityLimit",
    "TransferResult",
    "VarianceSplit",
    "Walk",
    "ambiguity",
    "bias_variance",
    "bias_variance_sweep",
    "decompose",
    "distill",
    "ensemble",
    "finite_population",
    "gradient_noise",
    "learning_curve",
    "loss_surface",
    "lr_range_test",
    "lr_sweep",
    "points_plane",
    "random_plane",
    "smooth",
    "split_variance",
    "stability_limit",
    "suggest_minimum",
    "suggest_slide",
    "suggest_steep",
    "suggest_valley",
    "time_update",
    "transfer",
    "weights_plane",
]
