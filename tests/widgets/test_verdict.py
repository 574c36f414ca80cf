"""The verdict and the layers' statistics, worked out again with plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

import nbtutor
from nbtutor.engine import Dataset, Network, Trainer, make_dataset
from nbtutor.experiments import Thresholds, diagnose
from nbtutor.widgets import protocol
from nbtutor.widgets.layer_statistics import (
    DEAD_SHARE,
    EXPLODING,
    SATURATED_SHARE,
    SIGNS,
    VANISHING,
    LayerStatistics,
    steepest,
)
from nbtutor.widgets.live import JUDGE_EVERY, LiveRun, Run
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.verdict import Judge, lowest_loss

MakeLive = Callable[..., LiveRun]

PROBLEMS = [
    {"dataset": "moons", "noise": 0.2},
    {"dataset": "moons", "noise": 0.2, "loss": "squared_error"},
    {"dataset": "blobs", "noise": 0.3},
    {"dataset": "blobs", "noise": 0.3, "loss": "squared_error"},
    {"dataset": "sine", "noise": 0.2},
]


@contextmanager
def playing(**settings: Any) -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(**settings)
    yield made
    made.close()


def losses_by_hand(network: Network, data: Dataset) -> np.ndarray:
    """The loss of every point, from what the network predicts."""
    if network.output == "linear":
        return np.asarray((network.predict(data.X)[0, :, 0].astype(float) - data.y) ** 2)
    p = network.predict_proba(data.X)[0].astype(float)
    truth = np.eye(data.classes)[data.y]
    if network.loss == "cross_entropy":
        return np.asarray(-np.log((p * truth).sum(axis=1)))
    brier = ((p - truth) ** 2).sum(axis=1)
    return np.asarray(brier / 2 if network.output == "sigmoid" else brier)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_numbers(problem: dict[str, Any], share: float) -> None:
    with playing(points=300, train_share=share, hidden=(5,), **problem) as playground:
        playground.train(epochs=20)
        run = playground._live.run
        train, validation = (
            losses_by_hand(run.network, part) for part in (run.train, run.validation)
        )
        verdict = playground.verdict
    assert verdict.train_loss == pytest.approx(train.mean(), rel=1e-4)
    assert verdict.validation_loss == pytest.approx(validation.mean(), rel=1e-4)
    assert verdict.gap == pytest.approx(validation.mean() - train.mean(), abs=1e-5)
    error = math.hypot(stats.sem(train), stats.sem(validation))
    smaller = min(len(train), len(validation)) - 1
    assert verdict.gap_half_width == pytest.approx(stats.t.ppf(0.975, smaller) * error, rel=1e-3)
    width = stats.t.ppf(0.975, len(train) - 1) * stats.sem(train)
    assert verdict.train_half_width == pytest.approx(width, rel=1e-3)


def test_of_many_points_the_interval_is_nearly_gaussian() -> None:
    with playing(points=3000, train_share=0.5, dataset="moons", noise=0.3) as playground:
        playground.train(1)
        run, verdict = playground._live.run, playground.verdict
        train = losses_by_hand(run.network, run.train)
    width = stats.norm.ppf(0.975) * stats.sem(train)
    assert verdict.train_half_width == pytest.approx(width, rel=0.01)
    assert verdict.train_half_width > width


@pytest.mark.parametrize(
    ("problem", "chance"),
    [
        ({"dataset": "circle"}, math.log(2)),
        ({"dataset": "rings", "classes": 4}, math.log(4)),
        ({"dataset": "circle", "loss": "squared_error"}, 0.25),
        ({"dataset": "rings", "classes": 4, "loss": "squared_error"}, 0.75),
    ],
)
def test_chance_is_the_loss_of_equal_probabilities(problem: dict[str, Any], chance: float) -> None:
    with playing(**problem) as playground:
        assert playground.verdict.chance == pytest.approx(chance)
        playground.network.parameters.flat[:] = 0
        assert playground.verdict.train_loss == pytest.approx(chance, rel=1e-5)


def test_chance_of_regression_is_predicting_the_mean() -> None:
    with playing(dataset="sine", noise=0.1) as playground:
        values = playground._live.run.train.y
        assert playground.verdict.chance == pytest.approx(((values - values.mean()) ** 2).mean())
        assert "with predicting" not in playground.verdict.sentence
    with playing(dataset="sine", hidden=()) as playground:
        playground.train(20)
        verdict = playground.verdict
    # A line learns nothing of a sine; that its validation points are easier is luck, and told.
    assert verdict.verdict == "underfit"
    assert f"with predicting the mean at {verdict.chance:.2f}" in verdict.sentence
    assert 0 < -verdict.gap < verdict.gap_half_width


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("name", ["gaussians", "moons", "blobs"])
@pytest.mark.parametrize(("noise", "label_noise"), [(0.5, 0.0), (0.4, 0.3), (0.0, 0.3)])
def test_the_floor_is_the_loss_of_the_truth(
    name: str, noise: float, label_noise: float, loss: str
) -> None:
    """Its mean over the labels drawn, on many points, is the mean expected one on a few."""
    data = make_dataset(name, 4000, noise, 3, label_noise=label_noise)
    output = "sigmoid" if data.classes == 2 else "softmax"
    posterior = data.posterior(data.X)
    truth = np.eye(data.classes)[data.y]
    if loss == "cross_entropy":
        expected = -np.log((posterior * truth).sum(axis=1)).mean()
    else:
        expected = ((posterior - truth) ** 2).sum(axis=1).mean()
        expected /= 2 if output == "sigmoid" else 1
    assert lowest_loss(data, loss, output) == pytest.approx(expected, rel=0.15, abs=0.01)


def test_floors_that_are_known() -> None:
    assert lowest_loss(make_dataset("sine", noise=0.3), "squared_error", "linear") == (
        pytest.approx(0.09)
    )
    assert lowest_loss(make_dataset("circle"), "cross_entropy", "sigmoid") == 0
    own = Dataset(np.zeros((4, 2)), np.array([0, 1, 0, 1]))
    assert lowest_loss(own, "cross_entropy", "sigmoid") == 0
    noisy = make_dataset("circle", label_noise=0.2)
    entropy = stats.entropy([0.2, 0.8])
    assert lowest_loss(noisy, "cross_entropy", "sigmoid") == pytest.approx(entropy)


@pytest.mark.parametrize(
    ("word", "begins", "settings", "epochs"),
    [
        ("untrained", "Not trained yet.", {}, 0),
        ("underfit", "Underfitting: training loss is 0.6", {"hidden": ()}, 30),
        (
            "overfit",
            "Overfitting: validation loss is ",
            {
                "dataset": "moons",
                "noise": 0.5,
                "train_share": 0.1,
                "hidden": (8, 8, 8),
                "learning_rate": 0.1,
            },
            200,
        ),
        ("good", "A good fit: training loss is 0.0", {"dataset": "gaussians"}, 40),
    ],
)
def test_the_kinds_of_fit(word: str, begins: str, settings: dict[str, Any], epochs: int) -> None:
    with playing(**settings) as playground:
        playground.train(epochs)
        verdict = playground.verdict
    assert verdict.verdict == word
    assert verdict.sentence.startswith(begins)


def test_validation_points_that_are_easier() -> None:
    train, _ = make_dataset("circle", 600, label_noise=0.2).split(0.5)
    _, easy = make_dataset("circle", 600).split(0.5)
    network = Network((2, 6, 1))
    Trainer(network, train).run(epochs=100)
    verdict = Judge(network, train, easy)()
    assert verdict.verdict == "unknown"
    assert -verdict.gap > verdict.gap_half_width
    assert verdict.sentence == (
        f"Unknown: validation loss is {-verdict.gap:.3f} ± {verdict.gap_half_width:.3f} below "
        "training loss. The validation points are the easier ones, by luck or because the two "
        f"sets differ.{'' if verdict.certain else ' This is not certain.'}"
    )


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_verdict_of_the_experiment(seed: int) -> None:
    """The same means give the same word there."""
    with playing(
        dataset="xor", noise=0.3, points=60, seed=seed, hidden=(8,), learning_rate=0.3
    ) as playground:
        for _ in range(6):
            playground.train(10)
            own = playground.verdict
            experiment = diagnose(
                *([own.train_loss], [own.validation_loss]),
                chance=own.chance,
                floor=own.floor,
                thresholds=own.thresholds,
            )
            assert own.verdict == experiment.verdict
            width = own.gap_half_width / (own.chance - own.floor)
            assert own.thresholds == Thresholds(below=max(0.05, width))
            assert own.certain or "This is not certain." in own.sentence


def test_where_there_is_nothing_to_learn() -> None:
    with playing(label_noise=0.5) as playground:
        playground.train(2)
        assert playground.verdict.verdict == "unknown"
        assert playground.verdict.sentence == (
            "Unknown: on these points, nothing can do better than chance."
        )


def test_one_training_point_tells_no_spread() -> None:
    with playing(points=10, train_share=0.1) as playground:
        playground.train(50)
        verdict = playground.verdict
    assert math.isinf(verdict.gap_half_width)
    assert not verdict.certain
    assert verdict.sentence.endswith("Too few points to say how sure this is.")
    assert "inf" not in verdict.sentence


def test_losses_that_overflow() -> None:
    data = make_dataset("sine", 20)
    network = Network((2, 1), output="linear")
    network.parameters.flat[:] = 1e30
    verdict = Judge(network, *data.split(0.5))()
    assert verdict.verdict == "unknown"
    assert verdict.sentence == "Unknown: a loss is too large to compute with."


# The layers.


def layers_of(playground: nbtutor.Playground) -> list[LayerStatistics]:
    return playground._live.run.judge(layers=True).layers


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_gradient_by_finite_differences(problem: dict[str, Any]) -> None:
    with playing(points=80, hidden=(3, 2), l1=0.1, dropout=0.3, **problem) as playground:
        playground.train(5)
        run = playground._live.run
        told = [layer.gradient for layer in layers_of(playground)]
        exact = Network(**{**run.network.settings, "dtype": "float64"})
        exact.parameters.flat[:] = run.network.parameters.flat
        for layer, block in enumerate(exact.parameters.layers):
            gradient = np.zeros(block.size)
            for k, place in enumerate(np.ndindex(block.shape)):
                before, pair = block[place], []
                for move in (1e-5, -1e-5):
                    block[place] = before + move
                    pair.append(losses_by_hand(exact, run.train).mean())
                block[place] = before
                gradient[k] = (pair[0] - pair[1]) / 2e-5
            assert told[layer] == pytest.approx(np.linalg.norm(gradient), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "rmsprop", "adam", "adamw"])
def test_the_update_ratio_is_that_of_an_update_on_all_points(optimizer: str) -> None:
    settings = {"points": 100, "batch_size": 100, "optimizer": optimizer, "learning_rate": 0.01}
    with playing(**settings, momentum=0.5, l1=0.01, l2=0.1) as playground:
        playground.train(7)
        told = [layer.update_ratio for layer in layers_of(playground)]
        before = [layer.copy() for layer in playground.network.parameters.layers]
        playground._live.step(updates=1)
        for old, new, ratio in zip(before, playground.network.parameters.layers, told, strict=True):
            moved = np.linalg.norm(new - old) / np.linalg.norm(old)
            assert ratio == pytest.approx(moved, rel=1e-3)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_dead_and_saturated_by_hand(activation: str) -> None:
    flat: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "tanh": lambda a: 1 - a**2 < 0.05,
        "sigmoid": lambda a: a * (1 - a) < 0.05 / 4,
        "relu": lambda a: a == 0,
    }
    with playing(activation=activation, hidden=(8, 8), learning_rate=1.0) as playground:
        playground.train(5)
        outputs = playground.network.layer_outputs(playground._live.run.train.X)
        told = layers_of(playground)
    for layer, a in zip(told[:-1], outputs[:-1], strict=True):
        assert layer.saturated == pytest.approx(flat[activation](a[0]).mean(), abs=0.002)
        if activation == "relu":
            assert layer.dead == (a[0] == 0).all(axis=0).sum()
    assert told[-1].dead is told[-1].saturated is None


@pytest.mark.parametrize(("name", "slope"), [("tanh", 1), ("sigmoid", 0.25), ("relu", 1)])
def test_the_steepest_slope(name: str, slope: float) -> None:
    assert steepest(name) == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize(
    ("sign", "settings", "epochs"),
    [
        (
            "vanishing",
            {"activation": "sigmoid", "initialization": "too_large", "hidden": (4,) * 6},
            1,
        ),
        ("vanishing", {"activation": "sigmoid", "hidden": (8,) * 6}, 1),
        (
            "saturated",
            {"activation": "sigmoid", "initialization": "too_large", "hidden": (8, 8)},
            1,
        ),
        ("exploding", {"activation": "relu", "initialization": "too_large"}, 0),
        ("dead units", {"activation": "relu", "learning_rate": 3.0}, 5),
        ("", {}, 50),
        ("", {"dataset": "sine", "hidden": (8, 8)}, 50),
    ],
)
def test_signs(sign: str, settings: dict[str, Any], epochs: int) -> None:
    with playing(**settings) as playground:
        playground.train(epochs)
        layers = layers_of(playground)
        sizes = [block[0].size for block in playground.network.parameters.layers]
    signs = [layer.sign for layer in layers]
    assert set(signs) == {""} if sign == "" else sign in signs
    last = layers[-1].gradient / math.sqrt(sizes[-1])
    for layer, size in zip(layers, sizes, strict=True):
        dead = (layer.dead or 0) / layer.units
        rules = {
            "exploding": layer.gradient > EXPLODING,
            "dead units": dead >= DEAD_SHARE,
            "vanishing": layer.gradient / math.sqrt(size) < VANISHING * last,
            "saturated": (layer.saturated or 0) >= SATURATED_SHARE,
        }
        assert layer.sign == next((name for name, true in rules.items() if true), "")
        assert layer.sign in SIGNS


def test_weights_of_zero_have_no_update_ratio() -> None:
    run = Run(RunSettings(initialization="zeros"))
    assert all(math.isnan(layer.update_ratio) for layer in run.judge(True).layers)


def test_to_watch_changes_nothing(make_live: MakeLive, clock: Any) -> None:
    watched, plain = (
        make_live(dropout=0.2, optimizer="adam", l2=0.01, hidden=(5, 3)) for _ in range(2)
    )
    watched.watch_layers = True
    clock.step = 1.0
    for live in (watched, plain):
        live.speed = "slow"  # in the middle of epochs too
        live.play(True)
        for _ in range(20):
            live.tick(live.seq)
    np.testing.assert_array_equal(
        watched.run.network.parameters.flat, plain.run.network.parameters.flat
    )


# When it is given.


def test_a_playing_run_is_judged_a_few_times_a_second(make_live: MakeLive, clock: Any) -> None:
    live = make_live()
    assert live.picture(full=True).judgement is not None
    live.play(True)
    judged = []
    for _ in range(20):
        clock.now += JUDGE_EVERY / 4
        picture = live.tick(live.seq)
        assert picture is not None
        judged.append(picture.judgement is not None)
    assert sum(judged) == 5
    # Who knows nothing yet gets the last one.
    snapshot = live.snapshot()
    assert snapshot.judgement is live.run.judgement is not None


def test_what_stands_still_is_judged_at_once(make_live: MakeLive) -> None:
    live = make_live()
    first = live.picture().judgement
    assert first is not None
    assert first.verdict.verdict == "untrained"
    live.step(epochs=3)
    second = live.picture().judgement
    assert second is not None
    assert second.verdict.train_loss == pytest.approx(
        live.run.trainer.history.train_loss[-1, 0], rel=1e-5
    )
    live.undo()
    live.reset()
    third = live.picture().judgement
    assert third is not None
    assert third.verdict.sentence == "Not trained yet."


def test_layers_are_measured_only_while_they_are_watched(make_live: MakeLive) -> None:
    live = make_live(hidden=(3, 2))
    live.play(True)
    first = live.tick(live.seq)
    assert first is not None
    assert first.judgement is not None
    assert first.judgement.layers == []
    live.watch_layers = True
    second = live.tick(live.seq)  # at once, though no time has gone by
    assert second is not None
    assert second.judgement is not None
    assert [layer.units for layer in second.judgement.layers] == [3, 2, 1]
    live.watch_layers = False
    third = live.tick(live.seq)
    assert third is not None
    assert third.judgement is not None
    assert third.judgement.layers == []


# The wire.


def test_a_judgement_on_the_wire(make_live: MakeLive) -> None:
    live = make_live(hidden=(3,), initialization="zeros")
    live.watch_layers = True
    picture = live.picture(full=True)
    header, _ = protocol.encode(picture)
    assert header["verdict"] == {"kind": "untrained", "sentence": "Not trained yet."}
    assert header["parameters"] == 13
    assert header["training_points"] == 30
    hidden, output = header["statistics"]
    assert hidden["units"] == 3
    assert hidden["update_ratio"] is None  # JSON has no NaN
    assert output["dead"] is output["saturated"] is None
    header, _ = protocol.encode(replace(picture, judgement=None))
    assert header["verdict"] is header["statistics"] is None


@pytest.mark.parametrize(
    "state",
    [
        {"layers_open": 1},
        {"layers_open": "true"},
        {"layers_open": None},
        {"view": "plane"},
        {"layers_open": True, "view": "plane"},
        {"_esm": "export default {}"},
        {},
    ],
)
def test_the_page_sets_nothing_else(state: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with playing(points=20) as playground:
        view, sent = playground.views.verdict, []
        monkeypatch.setattr(
            playground.views.status, "send", lambda content, buffers=None: sent.append(content)
        )
        before = view.get_state()
        view.set_state(state)
        assert view.get_state() == before
        assert [message["type"] for message in sent] == ["error"]
        assert not playground._live.watch_layers


def test_the_page_opens_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    with playing(points=20) as playground:
        sent: list[dict[str, Any]] = []
        monkeypatch.setattr(
            playground.views.status, "send", lambda content, buffers=None: sent.append(content)
        )
        playground.views.verdict.set_state({"layers_open": True})
        assert playground._live.watch_layers
        assert len(sent[-1]["statistics"]) == 3
        playground.views.verdict.set_state({"layers_open": False})
        assert sent[-1]["statistics"] == []
