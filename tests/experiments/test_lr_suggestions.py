"""The suggestions on curves whose answers were found by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.engine import ParameterError
from nbtutor.experiments import (
    SUGGESTIONS,
    suggest_minimum,
    suggest_slide,
    suggest_steep,
    suggest_valley,
)

NAN = float("nan")
TENS = [10.0**k for k in range(-6, 4)]


def test_minimum_is_a_tenth_of_the_rate_of_the_lowest_loss() -> None:
    losses = [3, 3, 2.5, 2, 1.5, 1.2, 0.9, 1.4, 5, 9]
    assert suggest_minimum(TENS, losses) == pytest.approx(1 / 10)


def test_steep_is_where_the_steepest_step_begins() -> None:
    losses = [3, 3, 2.9, 2.5, 1.0, 0.8, 0.7, 2, 5, 9]  # the largest step goes from place 3 to 4
    assert suggest_steep(TENS, losses) == pytest.approx(1e-3)


def test_steep_reckons_with_the_logarithm_of_the_rate() -> None:
    """Not by the step, where the second falls further, nor against the rate itself."""
    assert suggest_steep([1e-4, 1e-3, 1.0], [3, 2.5, 1.6]) == pytest.approx(1e-4)
    assert suggest_steep([1.0, 2.0, 8.0], [3.0, 2.9, 2.5]) == pytest.approx(2.0)


def test_valley_is_about_the_middle_of_the_longest_decreasing_stretch() -> None:
    # A short fall, a rise, then eight losses each below the last (places 2 to 9), and a rise. The
    # stretch is eight steps up to place 9, so it starts at 1; 8 // 3 + 8 // 6 = 3 further.
    losses = [5, 4, 9, 8, 7, 6, 5.5, 3, 2, 1, 6, 12]
    rates = np.geomspace(1e-5, 1, 12)
    assert suggest_valley(rates, losses) == pytest.approx(rates[1 + 3])


def test_valley_of_a_long_fall() -> None:
    """Twelve falling losses from the first on: a third and a sixth are 4 and 2, less one."""
    losses = [*range(20, 8, -1), 30]
    rates = np.geomspace(1e-5, 1, 13)
    assert suggest_valley(rates, losses) == pytest.approx(rates[4 + 2 - 1])


def test_valley_overlooks_a_bump() -> None:
    #         place 0  1  2    3  4  5  6  7  8; the row 8 7 6 5 4 3 2 leaves out the bump 7.5
    losses = [8.0, 7.0, 7.5, 6.0, 5.0, 4.0, 3.0, 2.0, 20.0]
    rates = np.geomspace(1e-4, 1e4, 9)
    # Seven losses up to place 7: from place 0, and 7 // 3 + 7 // 6 = 3 further.
    assert suggest_valley(rates, losses) == pytest.approx(rates[3])


def test_valley_does_not_wrap_around() -> None:
    assert suggest_valley([0.1, 1.0], [2.0, 1.0]) == pytest.approx(0.1)


def test_slide_stops_where_the_slope_is_steady() -> None:
    """Flat for 20 steps, then falling by 0.1 a step for 10 and rising by 1 a step for 5.

    The window is 15 steps wide. Its right end starts in the rise (slope 1) and moves left with the
    left end in the flat part, then in the fall (-0.1); the slopes differ until both ends are flat,
    which is when the right end is at place 18: at 19 the slope is half that of the fall, -0.05,
    while the left end, at 4, is flat. So the suggestion is the rate at place 4.
    """
    losses = [3.0] * 20 + [3 - 0.1 * k for k in range(1, 11)] + [2.0 + k for k in range(1, 6)]
    rates = np.geomspace(1e-7, 10, len(losses))
    assert suggest_slide(rates, losses) == pytest.approx(rates[4])


def test_slide_on_a_steady_fall_is_the_first_window() -> None:
    losses = [3 - 0.1 * k for k in range(25)]
    rates = np.geomspace(1e-7, 10, 25)
    assert suggest_slide(rates, losses) == pytest.approx(rates[24 - 15])


def test_slide_that_never_settles_ends_at_the_left() -> None:
    losses = [2.0**-k * 1000 + (k > 20) * 2.0**k for k in range(30)]
    rates = np.geomspace(1e-7, 10, 30)
    assert suggest_slide(rates, losses) == pytest.approx(rates[0])


@pytest.mark.parametrize("name", SUGGESTIONS)
@pytest.mark.parametrize(
    "losses",
    [[], [1.0], [1.0] * 20, list(range(20)), [NAN] * 20, [1.0, NAN, 0.5], [float("inf"), 1.0]],
    ids=["none", "one", "flat", "rising", "all NaN", "NaN after one", "infinite"],
)
def test_a_curve_without_an_answer_gives_none(name: str, losses: list[float]) -> None:
    rates = np.geomspace(1e-5, 1, 20)[: len(losses)]
    assert SUGGESTIONS[name](rates, losses) is None


def test_slide_needs_a_whole_window() -> None:
    losses = np.linspace(2, 1, 16)
    rates = np.geomspace(1e-5, 1, 16)
    assert suggest_slide(rates[:15], losses[:15]) is None
    assert suggest_slide(rates, losses) == rates[0]


@pytest.mark.parametrize("name", SUGGESTIONS)
def test_the_curve_is_read_up_to_the_first_nan(name: str) -> None:
    losses = np.concatenate([np.linspace(3, 1, 30), np.linspace(1, 9, 10)])
    rates = np.geomspace(1e-5, 1, 40)
    broken = losses.copy()
    broken[35], broken[37] = NAN, -100
    suggest = SUGGESTIONS[name]
    assert suggest(rates, broken) == suggest(rates[:35], losses[:35])


@pytest.mark.parametrize("name", SUGGESTIONS)
@pytest.mark.parametrize(
    ("rates", "losses", "wrong"),
    [
        ([0.1, 1.0], [1.0], "losses"),
        ([0.0, 1.0], [1.0, 2.0], "rates"),
        ([1.0, 0.1], [1.0, 2.0], "rates"),
        ([1.0, NAN], [1.0, 2.0], "rates"),
        (0.1, [1.0], "rates"),
        ([0.1], "low", "losses"),
        ([0.1], ["1"], "losses"),
        ([[0.1, 1.0]], [1.0], "rates"),
        ([[0.1], [1.0, 2.0]], [1.0], "rates"),
    ],
)
def test_what_is_no_curve_is_refused(name: str, rates: object, losses: object, wrong: str) -> None:
    with pytest.raises(ParameterError, match=f"^{wrong}"):
        SUGGESTIONS[name](rates, losses)  # type: ignore[arg-type]


@given(losses=st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60))
def test_any_losses_give_a_rate_of_the_curve_or_none(losses: list[float]) -> None:
    rates = np.geomspace(1e-7, 10, 60)[: len(losses)]
    for name, suggest in SUGGESTIONS.items():
        with np.errstate(over="ignore"):
            rate = suggest(rates, losses)
        if rate is not None:
            assert (rate * (10 if name == "minimum" else 1)) == pytest.approx(
                rates[np.abs(rates - rate * (10 if name == "minimum" else 1)).argmin()]
            )


def by_the_definition(losses: list[int]) -> int:
    """The longest decreasing subsequence by trying all of them: its length."""
    best = 0
    for chosen in range(1, 2 ** len(losses)):
        row = [loss for k, loss in enumerate(losses) if chosen >> k & 1]
        if all(b < a for a, b in pairwise(row)):
            best = max(best, len(row))
    return best


@given(losses=st.lists(st.integers(0, 20), min_size=2, max_size=9))
def test_the_valley_is_as_long_as_the_longest_row(losses: list[int]) -> None:
    """Of all rows by trial: the first end of a longest one, and the place that follows from it."""
    length = by_the_definition(losses)
    rates = np.geomspace(1e-3, 1, len(losses))
    suggestion = suggest_valley(rates, losses)
    if length < 2:
        assert suggestion is None
        return
    assert suggestion is not None
    place = int(np.abs(rates - suggestion).argmin())
    ends = [
        end
        for end in range(len(losses))
        if by_the_definition([x for x in losses[: end + 1] if x >= losses[end]]) == length
    ]
    assert place == max(ends[0] - length + length // 3 + length // 6, 0)
