"""Independent parts of an experiment, on as many processes as the user has.

joblib hands them out, so that its backends can be chosen: processes of this machine, Dask or Ray
(``joblib.parallel_config``). Each part draws from streams of its own, so who computes it changes
no number. It is an extra of the package: without it the parts come one after the other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from nbtutor.engine.validation import ParameterError, check_integer

T = TypeVar("T")
R = TypeVar("R")

_MOST = 4096


def each(work: Callable[[T], R], parts: Sequence[T], n_jobs: int | None = None) -> Iterator[R]:
    """Yield the result of each part, in their order.

    Parameters
    ----------
    work : callable
        For another process it must be picklable, as functions of a module are.
    parts : sequence
    n_jobs : int, optional
        How many parts are worked on at once; -1 for one on each core. None is what
        ``joblib.parallel_config`` says, and else one after the other in this process.

    Raises
    ------
    ParameterError
        If `n_jobs` is not allowed, or needs joblib and that is not installed.
    """
    if n_jobs is not None:
        check_integer("n_jobs", n_jobs, low=-1, high=_MOST)
    if n_jobs == 0:
        raise ParameterError("n_jobs", 0, "1 or more, or -1 for one on each core")
    # Who has chosen a backend has imported joblib; nobody else needs to wait for its import.
    if n_jobs == 1 or (n_jobs is None and "joblib" not in sys.modules):
        return map(work, parts)
    return _by_joblib(work, parts, n_jobs)


def _by_joblib(work: Callable[[T], R], parts: Sequence[T], n_jobs: int | None) -> Iterator[R]:
    try:
        import joblib
        from joblib.parallel import get_active_backend
    except ImportError as error:
        hint = "Install it: pip install 'nbtutor-neural[parallel]'."
        raise ParameterError("n_jobs", n_jobs, "None or 1 without joblib", hint) from error
    backend, _ = get_active_backend()
    # As they come, where the backend can, so that progress is told.
    kind = "generator" if backend.supports_return_generator else "list"
    results = joblib.Parallel(n_jobs=n_jobs, return_as=kind)(
        joblib.delayed(work)(part) for part in parts
    )
    return iter(results)
