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
from nbtutor.experiments.data_quality import (
    DataQuality,
    Score,
    data_quality,
    score,
)
from nbtutor.experiments.decomposition import (
    Decomposition,
    VarianceSplit,
    decompose,
    split_variance,
)
from nbtutor.experiments.diagnose import (
    Diagnosis,
    Thresholds,
    diagnose,
    diagnose_run,
)
from nbtutor.experiments.distill import (
    DistillResult,
    Scores,
    distill,
)
from nbtutor.experiments.ensemble import (
    Ambiguity,
    EnsembleResult,
    ambiguity,
    ensemble,
)
from nbtutor.experiments.gradient_noise import (
    GradientNoise,
    finite_population,
    gradient_noise,
)
from nbtutor.experiments.learning_curve import (
    LearningCurve,
    learning_curve,
)
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
from nbtutor.experiments.lr_range_test import (
    LearningRateRangeTest,
    lr_range_test,
    smooth,
)
from nbtutor.experiments.lr_suggestions import (
    SUGGESTIONS,
    suggest_minimum,
    suggest_slide,
    suggest_steep,
    suggest_valley,
)
from nbtutor.experiments.lr_sweep import (
    LearningRateSweep,
    begin_sweep,
    lr_sweep,
    sweep_so_far,
)
from nbtutor.experiments.pipeline import (
    Pipeline,
)
from nbtutor.experiments.prescribe import (
    REMEDIES,
    Prescription,
    Remedy,
    Trial,
    prescribe,
)
from nbtutor.experiments.progress import (
    Cancelled,
    Progress,
)
from nbtutor.experiments.regularizers import (
    REGULARIZERS,
)
from nbtutor.experiments.result import (
    Result,
)
from nbtutor.experiments.sabotage import (
    SABOTAGES,
    Sabotage,
)
from nbtutor.experiments.sanity import (
    CHECKS,
    Check,
    Gates,
    SanityReport,
    sanity,
)
from nbtutor.experiments.search import (
    SearchResult,
    Surface,
    Task,
    draws_needed,
    halving_plan,
    hit_probability,
    measure_surface,
    search,
)
from nbtutor.experiments.situation import (
    Situation,
)
from nbtutor.experiments.stability_limit import (
    StabilityLimit,
    stability_limit,
)
from nbtutor.experiments.transfer import (
    TransferResult,
    transfer,
)
from nbtutor.experiments.updates import (
    UpdateReplay,
    losses_around,
    replay_update,
    update_bytes,
    update_spread,
)

__all__ = [
    "CHECKS",
    "REGULARIZERS",
    "REMEDIES",
    "SABOTAGES",
    "SUGGESTIONS",
    "Ambiguity",
    "BiasVarianceResult",
    "BiasVarianceSweep",
    "Cancelled",
    "Check",
    "DataQuality",
    "Decomposition",
    "Diagnosis",
    "DistillResult",
    "EnsembleResult",
    "Gates",
    "GradientNoise",
    "LearningCurve",
    "LearningRateRangeTest",
    "LearningRateSweep",
    "LossSurface",
    "Pipeline",
    "Plane",
    "Prescription",
    "Progress",
    "Remedy",
    "Result",
    "Sabotage",
    "SanityReport",
    "Score",
    "Scores",
    "SearchResult",
    "Situation",
    "StabilityLimit",
    "Surface",
    "Task",
    "Thresholds",
    "TransferResult",
    "Trial",
    "UpdateReplay",
    "VarianceSplit",
    "Walk",
    "ambiguity",
    "begin_sweep",
    "bias_variance",
    "bias_variance_sweep",
    "data_quality",
    "decompose",
    "diagnose",
    "diagnose_run",
    "distill",
    "draws_needed",
    "ensemble",
    "finite_population",
    "gradient_noise",
    "halving_plan",
    "hit_probability",
    "learning_curve",
    "loss_surface",
    "losses_around",
    "lr_range_test",
    "lr_sweep",
    "measure_surface",
    "points_plane",
    "prescribe",
    "random_plane",
    "replay_update",
    "sanity",
    "score",
    "search",
    "smooth",
    "split_variance",
    "stability_limit",
    "suggest_minimum",
    "suggest_slide",
    "suggest_steep",
    "suggest_valley",
    "sweep_so_far",
    "time_update",
    "transfer",
    "update_bytes",
    "update_spread",
    "weights_plane",
]
