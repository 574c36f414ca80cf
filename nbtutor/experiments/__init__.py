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
from nbtutor.experiments.learning_curve import LearningCurve, learning_curve
from nbtutor.experiments.progress import Cancelled, Progress
from nbtutor.experiments.result import Result
from nbtutor.experiments.transfer import TransferResult, transfer

__all__ = [
    "Ambiguity",
    "BiasVarianceResult",
    "BiasVarianceSweep",
    "Cancelled",
    "Decomposition",
    "DistillResult",
    "EnsembleResult",
    "LearningCurve",
    "Progress",
    "Result",
    "Scores",
    "TransferResult",
    "VarianceSplit",
    "ambiguity",
    "bias_variance",
    "bias_variance_sweep",
    "decompose",
    "distill",
    "ensemble",
    "learning_curve",
    "split_variance",
    "transfer",
]
