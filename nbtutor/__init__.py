"""Neural networks to see and try: live widgets for Jupyter over a small NumPy network.

`nbtutor.engine` is the network, its data and its training, and needs NumPy only. The widgets are
loaded at their first use, so that the engine starts fast wherever it is used alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbtutor.widgets import (
        ActivationTutor,
        BatchSizeTutor,
        BiasVarianceTutor,
        LearningRateTutor,
        Playground,
        ProgressBar,
        RegularizationTutor,
    )

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


def __getattr__(name: str) -> Any:
    if name in __all__:
        from nbtutor import widgets

        return getattr(widgets, name)
    msg = f"module 'nbtutor' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return __all__
