"""The remedies of the notes: what each changes, and that they can be tried in portions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nbtutor.engine import TrainingConfig
from nbtutor.engine.augmentation import Augmentation
from nbtutor.experiments import REGULARIZERS, Situation, Trial, prescribe

QUICK = Situation(n_train=20, n_validation=50, hidden=(6,), epochs=10, spurious=1)


def config(**settings: Any) -> dict[str, TrainingConfig]:
    return {"config": replace(QUICK.config, **settings)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("more_data", {"n_train": 80, "epochs": 2}),
        ("augmentation", config(augmentation=Augmentation(jitter=1.0))),
        ("pretraining", {"pretraining": 300}),
        ("fewer_inputs", {"spurious": 0}),
        ("smaller_model", {"hidden": (3,)}),
        ("smaller_batch", {"epochs": 2, **config(batch_size=2)}),  # 20 updates either way
        ("dropout", config(dropout=0.5)),
        ("early_stopping", {"patience": 1}),
        ("l1", config(l1=0.03)),
        ("l2", config(l2=0.1)),
    ],
)
def test_a_remedy_changes_what_it_says(name: str, expected: dict[str, Any]) -> None:
    assert REGULARIZERS[name].change(QUICK) == replace(QUICK, **expected)


def test_they_are_in_the_order_of_the_notes() -> None:
    assert next(iter(REGULARIZERS)) == "more_data"
    assert list(REGULARIZERS)[3:8] == [
        *("fewer_inputs", "smaller_model", "smaller_batch", "dropout", "early_stopping")
    ]


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("augmentation", config(augmentation=Augmentation(jitter=0.1))),
        ("pretraining", {"pretraining": 40}),
        ("smaller_model", {"hidden": (3,)}),
        ("smaller_batch", config(batch_size=2)),
    ],
)
def test_what_is_there_already_is_no_change(name: str, there: dict[str, Any]) -> None:
    assert REGULARIZERS[name].change(replace(QUICK, **there)) is None


def test_in_portions_it_is_the_same_ranking() -> None:
    trial = Trial(QUICK, REGULARIZERS, replicas=3, seed=2)
    # Ten remedies and none: nine times 10 epochs, two times 2, and one of the related task.
    assert trial.progress == (0, 9 * 10 + 2 * 2 + 1)
    while trial.under_way is not None:
        before = trial.progress[0]
        trial.advance(0)
        assert trial.progress[0] == before + 1
    whole = prescribe(QUICK, remedies=REGULARIZERS, replicas=3, seed=2)
    assert trial.result.names == whole.names
    np.testing.assert_array_equal(trial.result.validation_loss, whole.validation_loss)
    np.testing.assert_array_equal(trial.result.half_width, whole.half_width)
