"""Transfer, against networks trained one by one, where it must help and where it must hurt."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbtutor.engine import (
    Dataset,
    Generator,
    Network,
    ParameterError,
    Trainer,
    TrainingConfig,
    make_dataset,
)
from nbtutor.engine.random import stream
from nbtutor.experiments import Cancelled, TransferResult, transfer
from nbtutor.experiments.transfer import turned

QUICK: dict[str, Any] = {
    "source": "moons",
    "target": "moons",
    "sizes": (4, 8),
    "replicas": 3,
    "updates": 30,
    "hidden": (4,),
    "n_source": 40,
    "source_updates": 60,
    "n_test": 100,
}


def test_a_quarter_turn_takes_x_to_y() -> None:
    data = Dataset(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([0, 1]))
    np.testing.assert_allclose(turned(data, 90).X, [[0, 1], [-2, 0]], atol=1e-12)
    moons = make_dataset("moons", 50, 0.1)
    np.testing.assert_allclose(turned(moons, 360).X, moons.X)
    assert turned(moons, 0) is moons


def test_a_pair_is_what_its_networks_do_alone() -> None:
    found = transfer(**QUICK, rotation=20, tuning_rate=0.05)
    generator, pair = Generator("moons", 0.1), 1
    drawn = generator.sample(40, stream(0, "source draw", pair))
    X, y = drawn.X, drawn.y
    angle = np.pi / 9
    rotated = np.column_stack(
        [
            np.cos(angle) * X[:, 0] - np.sin(angle) * X[:, 1],
            np.sin(angle) * X[:, 0] + np.cos(angle) * X[:, 1],
        ]
    )
    whole = generator.sample(8, stream(0, "target draw", pair))
    few = Dataset(whole.X[:4], whole.y[:4])
    test = generator.sample(100, stream(0, "test draw", pair))
    initial = Network((2, 4, 1), replicas=pair + 1).parameters.flat[pair]

    def wrong(net: Network) -> float:
        return float(np.mean(net.predict(test.X)[0] != test.y))

    scratch, kept = Network((2, 4, 1)), Network((2, 4, 1))
    scratch.parameters.flat[0] = kept.parameters.flat[0] = initial
    usual = TrainingConfig(learning_rate=0.3)
    Trainer(scratch, few, config=usual).run(updates=30)
    Trainer(kept, Dataset(rotated, y), config=usual).run(updates=60)
    assert found.untuned[pair] == pytest.approx(wrong(kept), abs=0.011)
    Trainer(kept, few, config=TrainingConfig(learning_rate=0.05)).run(updates=30)
    assert found.scratch[0, pair] == pytest.approx(wrong(scratch), abs=0.011)
    assert found.tuned[0, pair] == pytest.approx(wrong(kept), abs=0.011)


def test_without_pretraining_and_at_the_same_rate_there_is_no_difference() -> None:
    found = transfer(**{**QUICK, "source_updates": 0}, tuning_rate=0.3)
    np.testing.assert_array_equal(found.tuned, found.scratch)
    assert found.verdicts == ("no clear effect", "no clear effect")
    assert (found.helped == 0).all()


@pytest.mark.slow
def test_the_same_task_helps_and_exchanged_classes_hurt() -> None:
    setting: dict[str, Any] = {
        "source": "moons",
        "target": "moons",
        "sizes": (4, 8),
        "source_updates": 2000,
        "updates": 300,
        "tuning_rate": 0.03,
    }
    same = transfer(**setting, rotation=0)
    assert same.verdicts == ("helps", "helps")
    assert (same.helped > 0.7).all()
    exchanged = transfer(**setting, rotation=180)
    assert exchanged.untuned.mean() > 0.9
    assert exchanged.source_error.mean() < 0.1
    assert exchanged.verdicts[0] == "hurts"


def test_the_gain_is_paired() -> None:
    found = TransferResult(
        sizes=np.array([4, 8]),
        scratch=np.array([[0.3, 0.5, 0.4, 0.4], [0.2, 0.2, 0.2, 0.2]]),
        tuned=np.array([[0.2, 0.4, 0.3, 0.2], [0.3, 0.3, 0.3, 0.4]]),
        untuned=np.zeros(4),
        source_error=np.zeros(4),
        rotation=0.0,
        diverged=0,
    )
    gains = [[0.1, 0.1, 0.1, 0.2], [-0.1, -0.1, -0.1, -0.2]]
    np.testing.assert_allclose(found.gain, gains)
    mean, doubt = found.mean_gain
    np.testing.assert_allclose(mean, [0.125, -0.125])
    np.testing.assert_allclose(doubt, np.std(gains, axis=1, ddof=1) / 2)
    assert found.verdicts == ("helps", "hurts")
    assert found.helped.tolist() == [1, 0]


@pytest.mark.parametrize("stop", [1, 2])
def test_progress_cancels_and_resume_goes_on_from_the_next_size(stop: int) -> None:
    with pytest.raises(Cancelled) as cancelled:
        transfer(**QUICK, progress=lambda done, total: done < stop)
    heard: list[tuple[int, int]] = []
    resumed = transfer(
        **QUICK, resume=cancelled.value.partial, progress=lambda *counts: heard.append(counts)
    )
    assert heard == [(part, 3) for part in range(stop + 1, 4)]
    whole = transfer(**QUICK)
    np.testing.assert_array_equal(resumed.tuned, whole.tuned)
    np.testing.assert_array_equal(resumed.untuned, whole.untuned)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", None),
        ("rotation", 400),
        ("sizes", (4,)),
        ("replicas", 1),
        ("updates", 0),
        ("hidden", 4),
        ("n_source", 1),
        ("source_updates", -1),
        ("tuning_rate", -0.1),
        ("n_test", 0),
        ("seed", -1),
        ("momentum", 1),
        ("resume", 1),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(name: str, value: object) -> None:
    arguments: dict[str, Any] = {**QUICK, "source" if name == "dataset" else name: value}
    with pytest.raises(ParameterError, match=f"^{name} must be"):
        transfer(**arguments)
