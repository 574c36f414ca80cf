"""What a cancelled experiment had done, so that it need not be done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from nbtutor.engine import ParameterError

Work = TypeVar("Work")


@dataclass(frozen=True)
class Partial(Generic[Work]):
    """The work of an experiment so far, and the arguments that it belongs to.

    Attributes
    ----------
    experiment : str
    arguments : mapping
        What the experiment was called with.
    work : object
        Changed in place as the experiment goes: a trainer in mid-run, or a list of finished parts.
    """

    experiment: str
    arguments: Mapping[str, Any]
    work: Work


def begin(
    experiment: str, arguments: Mapping[str, Any], start: Callable[[], Work], resume: Any
) -> Partial[Work]:
    """Return `resume` if it is given and fits, else new work from `start`.

    Raises
    ------
    ParameterError
        If `resume` is no partial work of this experiment with these arguments.
    """
    if resume is None:
        return Partial(experiment, dict(arguments), start())
    if (
        not isinstance(resume, Partial)
        or resume.experiment != experiment
        or resume.arguments != arguments
    ):
        allowed = f"the `partial` of a cancelled {experiment} with the same arguments"
        raise ParameterError("resume", resume, allowed, "Leave it out to start afresh.")
    return resume
