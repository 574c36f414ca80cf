"""Questions asked of the engine, each one file, each a function that returns a frozen result.

A long one takes ``progress``, which is called as it goes and may cancel it, and ``resume``, what a
cancelled one had done. `Result.figure` draws a result.
"""

from nbtutor.experiments.data_quality import DataQuality, Score, data_quality, score
from nbtutor.experiments.diagnose import Diagnosis, Thresholds, diagnose, diagnose_run
from nbtutor.experiments.pipeline import Pipeline
from nbtutor.experiments.prescribe import REMEDIES, Prescription, Remedy, prescribe
from nbtutor.experiments.progress import Cancelled, Progress
from nbtutor.experiments.result import Result
from nbtutor.experiments.sabotage import SABOTAGES, Sabotage
from nbtutor.experiments.sanity import CHECKS, Check, Gates, SanityReport, sanity
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
from nbtutor.experiments.situation import Situation

__all__ = [
    "CHECKS",
    "REMEDIES",
    "SABOTAGES",
    "Cancelled",
    "Check",
    "DataQuality",
    "Diagnosis",
    "Gates",
    "Pipeline",
    "Prescription",
    "Progress",
    "Remedy",
    "Result",
    "Sabotage",
    "SanityReport",
    "Score",
    "SearchResult",
    "Situation",
    "Surface",
    "Task",
    "Thresholds",
    "data_quality",
    "diagnose",
    "diagnose_run",
    "draws_needed",
    "halving_plan",
    "hit_probability",
    "measure_surface",
    "prescribe",
    "sanity",
    "score",
    "search",
]
