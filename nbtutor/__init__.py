"""Neural networks to see and try: live widgets for Jupyter over a small NumPy network.

`nbtutor.engine` is the network, its data and its training, and needs NumPy only. The widgets are
loaded at their first use, so that the engine starts fast wherever it is used alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbtutor.widgets.progress import ProgressBar
    from nbtutor.widgets.tutors.activation import ActivationTutor
    from nbtutor.widgets.tutors.batch_size import BatchSizeTutor
    from nbtutor.widgets.tutors.bias_variance import BiasVarianceTutor
    from nbtutor.widgets.tutors.learning_rate import LearningRateTutor
    from nbtutor.widgets.tutors.playground import Playground
    from nbtutor.widgets.tutors.regularization import RegularizationTutor

__version__ = "0.1.0"
__all__ = [
    "ActivationTutor",
    "BatchSizeTutor",
    "BiasVarianceTutor",
    "LearningRateTutor",
    "Playground",
    "ProgressBar",
    "RegularizationTutor",
    "__version__",
]

# A kernel is one learner's, and holds one lesson: the modules of the others would be 3 MB in each.
_HOMES = {
    "ActivationTutor": "nbtutor.widgets.tutors.activation",
    "BatchSizeTutor": "nbtutor.widgets.tutors.batch_size",
    "BiasVarianceTutor": "nbtutor.widgets.tutors.bias_variance",
    "LearningRateTutor": "nbtutor.widgets.tutors.learning_rate",
    "Playground": "nbtutor.widgets.tutors.playground",
    "ProgressBar": "nbtutor.widgets.progress",
    "RegularizationTutor": "nbtutor.widgets.tutors.regularization",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    msg = f"module 'nbtutor' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return __all__
