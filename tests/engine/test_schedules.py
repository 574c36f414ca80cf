"""Schedules of the learning rate: PyTorch's, closed forms at the ends, and any at all."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.engine import ParameterError
from nbtutor.engine.schedules import (
    SCHEDULES,
    Constant,
    CosineDecay,
    ExponentialDecay,
    ExponentialRamp,
    ExpRange,
    LinearRamp,
    OneCycle,
    Schedule,
    StepDecay,
    Triangular,
    Triangular2,
    WarmUp,
    schedule_from_dict,
)

BASE = 0.7  # the learning rate in PyTorch
COUNT = 60


def torch_factors(make: Callable[[Any, Any], Any], count: int) -> list[float]:
    """Return the factors of a PyTorch scheduler; one of its steps is one of our epochs."""
    torch: Any = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    factors = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that no optimizer steps between the scheduler's
        scheduler = make(torch.optim.lr_scheduler, optimizer)
        for _ in range(count):
            factors.append(optimizer.param_groups[0]["lr"] / BASE)
            scheduler.step()
    return factors


def cyclic(mode: str, gamma: float = 1.0) -> Callable[[Any, Any], Any]:
    return lambda schedulers, optimizer: schedulers.CyclicLR(
        optimizer, 0.2 * BASE, BASE, step_size_up=7, mode=mode, gamma=gamma, cycle_momentum=False
    )


def warm_up(schedulers: Any, optimizer: Any) -> Any:
    parts = [
        schedulers.LinearLR(optimizer, 0.05, 1.0, total_iters=8),
        schedulers.StepLR(optimizer, 10, 0.3),
    ]
    return schedulers.SequentialLR(optimizer, parts, milestones=[8])


CASES: dict[str, tuple[Schedule, Callable[[Any, Any], Any], int]] = {
    "step": (StepDecay(9, 0.3), lambda s, o: s.StepLR(o, 9, 0.3), COUNT),
    "exponential": (ExponentialDecay(0.93), lambda s, o: s.ExponentialLR(o, 0.93), COUNT),
    "cosine": (
        CosineDecay(40, 0.05),
        lambda s, o: s.CosineAnnealingLR(o, 40, eta_min=0.05 * BASE),
        41,  # PyTorch's rises again afterwards
    ),
    "warm-up": (WarmUp(8, StepDecay(10, 0.3), start=0.05), warm_up, COUNT),
    "triangular": (Triangular(7, 0.2), cyclic("triangular"), COUNT),
    "triangular2": (Triangular2(7, 0.2), cyclic("triangular2"), COUNT),
    "exp_range": (ExpRange(7, 0.2, 0.96), cyclic("exp_range", 0.96), COUNT),
    # PyTorch counts points of time, we the epochs between them.
    "one cycle": (
        OneCycle(COUNT - 1, rise=(0.3 * COUNT - 1) / (COUNT - 1)),
        lambda s, o: s.OneCycleLR(o, BASE, total_steps=COUNT, cycle_momentum=False),
        COUNT,
    ),
    "one cycle with other ends": (
        OneCycle(COUNT - 1, (0.5 * COUNT - 1) / (COUNT - 1), start=0.1, end=0.001),
        lambda s, o: s.OneCycleLR(
            o,
            BASE,
            total_steps=COUNT,
            pct_start=0.5,
            div_factor=10,
            final_div_factor=100,
            cycle_momentum=False,
        ),
        COUNT,
    ),
    "linear ramp": (LinearRamp(0.01, 25), lambda s, o: s.LinearLR(o, 0.01, 1, 25), COUNT),
    "exponential ramp": (
        ExponentialRamp(1e-6, 30),
        lambda s, o: s.LambdaLR(o, lambda t: 1e-6 * 10 ** (6 * t / 30)),
        31,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_as_in_torch(case: str) -> None:
    schedule, make, count = CASES[case]
    expected = torch_factors(make, count)
    for epochs, factor in enumerate(expected):
        assert schedule(epochs) == pytest.approx(factor, rel=1e-9), epochs
    assert len(set(expected)) > 3


AT: list[tuple[Schedule, dict[float, float]]] = [
    (Constant(), {0: 1, 3.7: 1, 1e12: 1}),
    (StepDecay(2.5, 0.5), {0: 1, 2.49: 1, 2.5: 0.5, 7.4: 0.25, 1e12: 0}),
    (StepDecay(3), {2.9: 1, 3: 0.1}),
    (ExponentialDecay(0.81), {0: 1, 0.5: 0.9, 1: 0.81, 1e12: 0}),
    (CosineDecay(10), {0: 1, 2.5: 0.5 + math.sqrt(0.125), 5: 0.5, 10: 0, 11: 0, 1e12: 0}),
    (CosineDecay(10, 0.2), {0: 1, 5: 0.6, 10: 0.2, 99: 0.2}),
    (WarmUp(4, start=0), {0: 0, 1: 0.25, 4: 1, 1e12: 1}),
    (WarmUp(4), {0: 0.1, 2: 0.55, 3.999999999: 1}),
    (WarmUp(4, Triangular(2, 0.4), 0.5), {0: 0.2, 2: 0.3, 4: 0.4, 6: 1, 8: 0.4}),
    (WarmUp(4, CosineDecay(6)), {4: 1, 7: 0.5, 10: 0, 12: 0}),
    (Triangular(2, 0.4), {0: 0.4, 1: 0.7, 2: 1, 3.5: 0.55, 4: 0.4, 6: 1}),
    (Triangular2(2, 0.4), {2: 1, 4: 0.4, 6: 0.7, 10: 0.55, 1e12: 0.4}),
    (ExpRange(2, 0.4, 0.5), {0: 0.4, 1: 0.4 + 0.6 / 2 / 2, 2: 0.4 + 0.6 / 4, 1e12: 0.4}),
    (OneCycle(10), {0: 0.04, 1.5: 0.52, 3: 1, 6.5: 0.500002, 10: 4e-6, 11: 4e-6}),
    (OneCycle(10, rise=0), {0: 1, 10: 4e-6}),
    (OneCycle(10, rise=1), {0: 0.04, 5: 0.52, 9.9999999: 1, 10: 4e-6}),
    (LinearRamp(0.2, 4), {0: 0.2, 1: 0.4, 4: 1, 5: 1, 1e12: 1}),
    (ExponentialRamp(1e-4, 4), {0: 1e-4, 1: 1e-3, 3: 0.1, 4: 1, 5: 1, 1e12: 1}),
]


@pytest.mark.parametrize(("schedule", "factors"), AT, ids=lambda value: str(value)[:40])
def test_closed_forms(schedule: Schedule, factors: dict[float, float]) -> None:
    for epochs, factor in factors.items():
        assert schedule(epochs) == pytest.approx(factor, rel=1e-9, abs=1e-300), epochs


LENGTHS = st.floats(1e-6, 1e9)
SHARES = st.floats(0, 1)
POSITIVE = st.floats(0, 1, exclude_min=True)
SIMPLE: list[st.SearchStrategy[Schedule]] = [
    st.builds(Constant),
    st.builds(StepDecay, LENGTHS, SHARES),
    st.builds(ExponentialDecay, POSITIVE),
    st.builds(CosineDecay, LENGTHS, SHARES),
    st.builds(Triangular, LENGTHS, SHARES),
    st.builds(Triangular2, LENGTHS, SHARES),
    st.builds(ExpRange, LENGTHS, SHARES, POSITIVE),
    st.builds(OneCycle, LENGTHS, SHARES, SHARES, SHARES),
    st.builds(LinearRamp, SHARES, LENGTHS),
    st.builds(ExponentialRamp, POSITIVE, LENGTHS),
]
ANY = st.one_of(*SIMPLE, st.builds(WarmUp, LENGTHS, st.one_of(*SIMPLE), SHARES))


@given(schedule=ANY, epochs=st.floats(0, 1e12) | st.floats(0, 100) | st.integers(0, 10**12))
def test_any_factor_is_from_zero_to_one(schedule: Schedule, epochs: float) -> None:
    factor = schedule(epochs)
    assert type(factor) is float
    assert 0 <= factor <= 1 + 1e-12


@given(schedule=ANY)
def test_json_and_back(schedule: Schedule) -> None:
    data = json.loads(json.dumps(schedule.to_dict(), allow_nan=False))
    assert type(schedule_from_dict(data)) is type(schedule)
    assert schedule_from_dict(data) == schedule
    assert SCHEDULES[data["name"]] is type(schedule)


def test_the_registry_knows_all_of_them() -> None:
    assert {type(schedule) for schedule, _ in AT} == set(SCHEDULES.values())
    assert all(name == schedule.name for name, schedule in SCHEDULES.items())
    assert len({schedule.label for schedule in SCHEDULES.values()}) == len(SCHEDULES)


def test_settings_with_a_default_may_be_left_out() -> None:
    assert schedule_from_dict({"name": "warm_up", "epochs": 3}) == WarmUp(3)
    assert schedule_from_dict({"name": "one_cycle", "epochs": 3, "rise": 0.5}) == OneCycle(3, 0.5)


NO_NUMBERS: list[Any] = [None, True, "1", 1j, math.nan, math.inf, -math.inf, [1], 10**5000]


@pytest.mark.parametrize("epochs", [*NO_NUMBERS, -1, -1e-300, 1.1e12], ids=lambda v: str(type(v)))
@pytest.mark.parametrize("schedule", [Constant(), WarmUp(3, CosineDecay(4))], ids=str)
def test_progress_that_is_none(schedule: Schedule, epochs: Any) -> None:
    with pytest.raises(ParameterError, match="epochs must be a number from 0 to 1e"):
        schedule(epochs)


GOOD: dict[str, dict[str, float]] = {
    "step": {"every": 2, "factor": 0.5},
    "exponential": {"factor": 0.5},
    "cosine": {"epochs": 2, "end": 0.1},
    "warm_up": {"epochs": 2, "start": 0.1},
    "triangular": {"half_period": 2, "low": 0.1},
    "triangular2": {"half_period": 2, "low": 0.1},
    "exp_range": {"half_period": 2, "low": 0.1, "factor": 0.5},
    "one_cycle": {"epochs": 2, "rise": 0.3, "start": 0.1, "end": 0.1},
    "linear_ramp": {"start": 0.1, "epochs": 2},
    "exponential_ramp": {"start": 0.1, "epochs": 2},
}
WITHOUT_ZERO = [("exponential", "factor"), ("exp_range", "factor"), ("exponential_ramp", "start")]


@pytest.mark.parametrize(
    ("name", "setting"), [(name, setting) for name, good in GOOD.items() for setting in good]
)
def test_settings_that_are_not_allowed(name: str, setting: str) -> None:
    bad = [*NO_NUMBERS, -0.1]
    if setting in ("epochs", "every", "half_period"):
        bad += [0, 9e-7, 1.1e9]
    else:
        bad += [1.1, *([0] if (name, setting) in WITHOUT_ZERO else [])]
    assert SCHEDULES[name](**GOOD[name])
    for value in bad:
        with pytest.raises(ParameterError, match=f"^{setting} must be a number"):
            SCHEDULES[name](**{**GOOD[name], setting: value})


@pytest.mark.parametrize("then", [None, 1, "cosine", {}, CosineDecay, WarmUp(2)], ids=str)
def test_what_cannot_follow_a_warm_up(then: Any) -> None:
    with pytest.raises(ParameterError, match="then must be"):
        WarmUp(2, then)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "schedule must be a dictionary"),
        ([], "schedule must be a dictionary"),
        ("cosine", "schedule must be a dictionary"),
        ({}, "name must be one of 'constant', 'step'"),
        ({"name": "cosin"}, "Did you mean 'cosine'"),
        ({"name": ["cosine"]}, "name must be one of"),
        ({"name": "cosine"}, "given with 'epochs'.*Settings of 'cosine': epochs, end."),
        ({"name": "cosine", "epochs": 3, "low": 1}, "without 'low'.*Settings of 'cosine': epochs"),
        ({"name": "constant", 1: 2}, "without 1.*Settings of 'constant': none"),
        ({"name": "cosine", "epochs": "3"}, "epochs must be a number"),
        ({"name": "warm_up", "epochs": 3, "then": "step"}, "then must be"),
        ({"name": "warm_up", "epochs": 3, "then": {"name": "step"}}, "given with 'every'"),
        ({"name": "warm_up", "epochs": 3, "then": {"name": "warm_up", "epochs": 2}}, "then must"),
    ],
    ids=str,
)
def test_dictionaries_that_are_no_schedule(data: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        schedule_from_dict(data)


def test_warm_ups_nested_without_end() -> None:
    data: dict[str, Any] = {"name": "constant"}
    for _ in range(100_000):
        data = {"name": "warm_up", "epochs": 1, "then": data}
    with pytest.raises(ParameterError, match="then must be a schedule that is not a warm-up"):
        schedule_from_dict(data)
