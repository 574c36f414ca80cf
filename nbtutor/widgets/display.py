"""How a run is shown: nothing of it changes what is trained."""

from __future__ import annotations

from nbtutor.engine.validation import ParameterError

DISPLAY = {"show_validation": True, "discretize": False}
"""The choices and their defaults: validation points in the plane, the output in steps."""

WORDS_OF_DISPLAY = {
    "show_validation": "validation points on the plane",
    "discretize": "output in steps",
}
"""The choices as a person reads them."""


def check_display(name: str, value: object) -> bool:
    """Return the value of a choice.

    Raises
    ------
    ParameterError
        If it is not True or False.
    """
    if not isinstance(value, bool):
        raise ParameterError(name, value, "True or False")
    return value
