"""Questions asked of the engine, each one file, each a function that returns a frozen result.

A long one takes ``progress``, which is called as it goes and may cancel it, and ``resume``, what a
cancelled one had done. `Result.figure` draws a result.
"""

from nbtutor.experiments.data_quality import (
    DataQuality,
    Score,
    data_quality,
    score,
)
from nbtutor.experiments.diagnose import (
    Diagnosis,
    Thresholds,
    diagnose,
    diagnose_run,
)
from nbtutor.experiments.gradient_noise import (
    GradientNoise,
    finite_population,
    gradient_noise,
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
    lr_sweep,
)
from nbtutor.experiments.pipeline import (
    Pipeline,
)
from nbtutor.experiments.prescribe import (
    REMEDIES,
    Prescription,
    Remedy,
    prescribe,
)
from nbtutor.experiments.progress import (
    Cancelled,
    Progress,
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

__all__ = [
    "CHECKS",
    "REMEDIES",
    "SABOTAGES",
    "SUGGESTIONS",
    "Cancelled",
    "Check",
    "DataQuality",
    "Diagnosis",
    "Gates",
    "GradientNoise",
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
    "SearchResult",
    "Situation",
    "StabilityLimit",
    "Surface",
    "Task",
    "Thresholds",
    "Walk",
    "data_quality",
    "diagnose",
    "diagnose_run",
    "draws_needed",
    "finite_population",
    "gradient_noise",
    "halving_plan",
    "hit_probability",
    "loss_surface",
    "lr_range_test",
    "lr_sweep",
    "measure_surface",
    "points_plane",
    "prescribe",
    "random_plane",
    "sanity",
    "score",
    "search",
    "smooth",
    "stability_limit",
    "suggest_minimum",
    "suggest_slide",
    "suggest_steep",
    "suggest_valley",
    "time_update",
    "weights_plane",
]
