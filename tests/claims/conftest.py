"""Claims of one lesson share what their seeds computed; the next lesson does not need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def forget(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the caches of a module at its end: they hold networks by the gigabyte."""
    yield
    for shared in vars(request.module).values():
        if hasattr(shared, "cache_clear"):
            shared.cache_clear()
