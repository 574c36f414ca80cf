"""Slow motion: the stages of the real next update, and what their formulas say."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nbtutor
from nbtutor.engine import ParameterError, UpdateTrace
from nbtutor.widgets import protocol
from nbtutor.widgets.formulas import Account, Explainer
from nbtutor.widgets.numbers import alike, factor, number, probability, setting, sum_of_products
from nbtutor.widgets.slow_motion import Stage
from tests.engine.same import assert_same_runs
from tests.widgets.page import deliver

Array = np.ndarray

KINDS: dict[str, dict[str, Any]] = {
    "two classes": {},
    "squared error": {"loss": "squared_error", "activation": "gelu"},
    "three classes": {"dataset": "blobs", "activation": "sigmoid", "dropout": 0.4},
    "three, squared": {"dataset": "rings", "loss": "squared_error", "activation": "relu"},
    "regression": {"dataset": "sine", "activation": "leaky_relu", "batch_size": 1},
    "no layer": {"hidden": (), "l2": 0.01, "l1": 0.003, "inputs": ("x", "y", "x2")},
    "momentum": {"momentum": 0.8, "l1": 0.002, "hidden": (12, 3)},
    "nesterov": {"optimizer": "nesterov", "momentum": 0.8, "l2": 0.01, "activation": "silu"},
    "rmsprop": {"optimizer": "rmsprop", "activation": "softplus"},
    "adam": {"optimizer": "adam", "l2": 0.01, "activation": "elu"},
    "remedies": {
        "schedule": "cosine",
        "jitter": 0.1,
        "clip_norm": 0.01,
        "label_smoothing": 0.1,
    },
    "adamw": {"optimizer": "adamw", "l2": 0.3, "activation": "linear", "learning_rate": 0.1},
}


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60, seed=3)
    made.train(2)
    yield made
    made.close()


def slow(playground: nbtutor.Playground) -> Stage:
    stage = playground._live.slow.stage()
    assert stage is not None
    return stage


def ask(playground: nbtutor.Playground, name: str, **arguments: Any) -> None:
    """Send an act as a page does."""
    content = {"type": "act", "name": name, "arguments": arguments}
    hub = playground.views.status
    deliver(hub, content)


def ask_for_next(playground: nbtutor.Playground) -> Stage:
    ask(playground, "slow_next", serial=slow(playground).serial)
    return slow(playground)


# The stages.


@pytest.mark.parametrize("kind", KINDS)
def test_finishing_the_stages_is_pressing_step(kind: str) -> None:
    """Bit for bit, over the end of an epoch, dropout's masks and the optimizer's state included."""
    slowly, witness = (
        nbtutor.Playground(**{"points": 50, "seed": 1, **KINDS[kind]}) for _ in range(2)
    )
    slowly.speed = "stages"
    for _ in range(4):
        told = slowly.trace()
        count = slow(slowly).count
        for _ in range(count - 1):
            ask_for_next(slowly)
        witness._step(updates=1)
        assert_same_runs(slowly._live.run.trainer, witness._live.run.trainer)
        np.testing.assert_array_equal(told.after.flat, slowly.network.parameters.flat)
        ask_for_next(slowly)
        assert slow(slowly).number == 1
    for made in (slowly, witness):
        made.close()


def test_the_stages_have_names_and_nothing_is_trained_before_the_last(
    playground: nbtutor.Playground,
) -> None:
    playground.speed = "stages"
    assert playground.views.slow.on
    before = playground.network.parameters.flat.copy()
    names, layers, titles = [], [], []
    for _ in range(9):
        stage = slow(playground)
        names.append(stage.name)
        layers.append(stage.layer)
        titles.append(stage.title)
        if stage.number < stage.count:
            np.testing.assert_array_equal(playground.network.parameters.flat, before)
            ask_for_next(playground)
    assert names == ["pick", *["forward"] * 3, "loss", *["backward"] * 3, "update"]
    assert layers[:8] == [0, 1, 2, 3, 3, 3, 2, 1]
    assert titles[1] == "Forward, hidden 1"
    assert titles[5] == "Backward, output"
    assert not np.array_equal(playground.network.parameters.flat, before)
    assert playground._live.run.trainer.updates == 7
    # The last has been done: it cannot be gone back from, and the numbers stay readable.
    ask(playground, "slow_back")
    assert slow(playground).name == "update"
    assert slow(playground).title == "Update"
    assert ask_for_next(playground).name == "pick"
    assert "Update 8 " in slow(playground).sentence


def test_back_and_the_same_request_twice(playground: nbtutor.Playground) -> None:
    playground.speed = "stages"
    first = slow(playground).serial
    ask(playground, "slow_next", serial=first)
    ask(playground, "slow_next", serial=first)  # another page, a moment later
    assert slow(playground).number == 2
    ask(playground, "slow_back")
    assert slow(playground).number == 1
    ask(playground, "slow_back")
    assert slow(playground).number == 1


@pytest.mark.parametrize("change", ["step", "learning_rate", "activation", "reset", "weights"])
def test_a_run_that_is_elsewhere_is_told_anew(playground: nbtutor.Playground, change: str) -> None:
    playground.speed = "stages"
    ask_for_next(playground)
    ask_for_next(playground)
    match change:
        case "step":
            playground._step(updates=1)
        case "learning_rate":
            playground.learning_rate = 0.5
        case "activation":
            playground.activation = "relu"
        case "reset":
            playground.reset()
        case "weights":
            playground.network.weights[0][0, 0, 0] += 0.5
            playground.views.status.publish()
    stage = slow(playground)
    assert stage.number == 1
    trace = playground._live.slow.trace
    assert trace is not None
    np.testing.assert_array_equal(trace.before.flat, playground.network.parameters.flat)
    assert trace.update == playground._live.run.trainer.updates + 1


def test_play_goes_on_by_itself_and_pauses(playground: nbtutor.Playground) -> None:
    playground.speed = "stages"
    ask(playground, "slow_play", serial=slow(playground).serial)
    assert slow(playground).number == 1, "nothing goes on before Play"
    playground.playing = True
    assert playground.transport.play.description == "Pause"
    assert slow(playground).playing
    assert not playground._live.playing, "the browser's clock is not to run"
    for number_of_stage in (2, 3):
        ask(playground, "slow_play", serial=slow(playground).serial)
        assert slow(playground).number == number_of_stage
        assert playground.playing
    playground.playing = False
    assert not slow(playground).playing
    ask(playground, "slow_play", serial=slow(playground).serial)
    assert slow(playground).number == 3
    playground.playing = True
    playground.dataset = "xor"
    assert not playground.playing, "another run is not gone through by itself"


def test_leaving_and_playing_on(playground: nbtutor.Playground) -> None:
    playground.playing = True
    playground.speed = "stages"
    assert not playground.playing
    ask(playground, "slow_leave")
    assert playground.speed == "normal"
    assert not playground.views.slow.on
    assert playground._live.snapshot().stage is None
    playground.playing = True
    assert playground._live.playing


def test_choosing_a_unit_and_a_point(playground: nbtutor.Playground) -> None:
    playground.speed = "stages"
    stage = ask_for_next(playground)
    trace = playground._live.slow.trace
    assert trace is not None
    change = np.abs(trace.after.layers[0] - trace.before.layers[0])[0]
    assert stage.unit == change.max(axis=0).argmax(), "the one that changes most"
    assert [name for *_, name in stage.choices] == [f"hidden 1, unit {n}" for n in (1, 2, 3, 4)]
    ask(playground, "slow_unit", layer=1, unit=2)
    ask(playground, "slow_point", point=4)
    stage = slow(playground)
    assert (stage.unit, stage.point, stage.batch) == (2, 4, 10)
    assert stage.formulas[0].result == number(trace.sums[0][0, 4, 2])
    data = playground._live.run.train
    np.testing.assert_array_equal(stage.marked[0], data.X[trace.indices[4]].astype(np.float32))
    marked = {tuple(row) for row in stage.marked}
    assert marked == {tuple(row) for row in data.X[trace.indices].astype(np.float32)}
    for _ in range(7):
        ask_for_next(playground)
    ask(playground, "slow_unit", layer=2, unit=1)
    stage = slow(playground)
    assert (stage.name, stage.layer, stage.unit) == ("update", 2, 1)
    assert len(stage.choices) == 4 + 2 + 1


def test_a_smaller_batch_has_no_such_point_any_more(playground: nbtutor.Playground) -> None:
    playground.speed = "stages"
    slow(playground)
    ask(playground, "slow_point", point=9)
    playground.batch_size = 4
    assert slow(playground).point == 3


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("slow_next", {}),
    ("slow_next", {"serial": "1", "more": 2}),
    ("slow_back", {"serial": 1}),
    ("slow_unit", {"layer": 0, "unit": 0}),
    ("slow_unit", {"layer": 4, "unit": 0}),
    ("slow_unit", {"layer": 1, "unit": 4}),
    ("slow_unit", {"layer": 1, "unit": True}),
    ("slow_unit", {"layer": [1], "unit": None}),
    ("slow_unit", {"layer": 1.5, "unit": math.nan}),
    ("slow_point", {"point": -1}),
    ("slow_point", {"point": 10}),
    ("slow_point", {"point": "0"}),
    ("slow_leave", {"now": True}),
]


@pytest.mark.parametrize(("name", "arguments"), HOSTILE, ids=str)
def test_nonsense_from_the_page_changes_nothing(
    playground: nbtutor.Playground,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    arguments: dict[str, Any],
) -> None:
    playground.speed = "stages"
    before = vars(slow(playground)).copy()
    answers: list[Any] = []
    monkeypatch.setattr(
        playground.views.status, "send", lambda content, buffers=None: answers.append(content)
    )
    ask(playground, name, **arguments)
    assert [answer["type"] for answer in answers] == ["error"]
    after = vars(slow(playground))
    assert {n: str(v) for n, v in after.items()} == {n: str(v) for n, v in before.items()}


@pytest.mark.parametrize("serial", ["x", None, 1.0, -3, [], 10**30])
def test_a_serial_that_is_none_goes_nowhere(playground: nbtutor.Playground, serial: Any) -> None:
    playground.speed = "stages"
    ask_for_next(playground)
    slow(playground)
    ask(playground, "slow_next", serial=serial)
    assert slow(playground).number == 2


def test_what_is_asked_while_it_is_off(playground: nbtutor.Playground) -> None:
    updates = playground._live.run.trainer.updates
    for serial in range(-1, 30):
        ask(playground, "slow_next", serial=serial)
        ask(playground, "slow_play", serial=serial)
    assert playground._live.run.trainer.updates == updates


@pytest.mark.parametrize(
    ("locked", "name"), [("step", "slow_next"), ("speed", "slow_back"), ("speed", "slow_leave")]
)
def test_a_lock_closes_what_the_panel_does(
    playground: nbtutor.Playground, locked: str, name: str
) -> None:
    playground.speed = "stages"
    ask_for_next(playground)
    playground.lock = [locked]
    ask(playground, name, **({"serial": slow(playground).serial} if name == "slow_next" else {}))
    assert slow(playground).number == 2
    assert playground.speed == "stages"


def test_the_page_does_not_switch_the_panel(playground: nbtutor.Playground) -> None:
    playground.views.slow.set_state({"on": True})
    assert not playground.views.slow.on


def test_a_run_that_diverges_has_no_next_update(playground: nbtutor.Playground) -> None:
    playground.activation, playground.learning_rate, playground.l2 = "relu", 1000.0, 1000.0
    playground.speed = "stages"
    playground.playing = True
    for _ in range(200):
        stage = playground._live.slow.stage()
        if stage is None:
            break
        ask(playground, "slow_next", serial=stage.serial)
    assert playground._live.run.ended
    assert playground._live.picture().stage is None
    assert not playground.playing
    with pytest.raises(ParameterError, match="can go on"):
        playground.trace()
    playground.reset()
    assert slow(playground).number == 1


def test_an_early_stop_is_no_end(playground: nbtutor.Playground) -> None:
    """The update that ends the epoch is told as it was; then the run goes on, as Step would."""
    playground.patience, playground.learning_rate, playground.batch_size = 1, 5.0, 30
    playground.speed = "stages"
    playground.playing = True
    for _ in range(400):
        stage = ask_for_next(playground)
        if playground._live.run.paused:
            break
    assert stage.name == "update"
    assert not playground.playing
    trace = playground._live.slow.trace
    assert trace is not None
    assert not np.array_equal(trace.after.flat, playground.network.parameters.flat)
    assert ask_for_next(playground).name == "pick"
    told = playground.trace()
    np.testing.assert_array_equal(told.before.flat, playground.network.parameters.flat)
    playground._step(updates=1)
    assert told.update == playground._live.run.trainer.updates


def test_the_link_and_the_picture_have_it(playground: nbtutor.Playground) -> None:
    playground.speed = "stages"
    assert "speed=stages" in playground.link
    ask_for_next(playground)
    header, _ = protocol.encode(playground._live.picture())
    told = header["stage"]
    assert told["name"] == "forward"
    assert told["formulas"][0][0] == "z = Σ w x + b"
    assert all(isinstance(part, str) for line in told["formulas"] for part in line)
    assert len(told["marked"]) == told["batch"] == 10
    other = nbtutor.Playground()
    other.open_link(playground.link)
    assert other.views.slow.on
    other.close()


def test_trace_is_the_next_update(playground: nbtutor.Playground) -> None:
    trace = playground.trace()
    assert isinstance(trace, UpdateTrace)
    playground._step(updates=1)
    np.testing.assert_array_equal(trace.after.flat, playground.network.parameters.flat)


# The formulas: their numbers, worked out again, give their results.


def evaluate(text: str, trace_function: dict[str, Any]) -> float:
    """Work out a formula's numbers as Python."""
    text = re.sub(r"\(\d+ more\)", "", text)
    text = text.replace("−", "-").replace("×", "*").replace("²", "**2").replace("^", "**")
    text = re.sub(r"√([\d.e-]+)", r"sqrt(\1)", text)
    text = text.replace("leaky ReLU", "leaky").replace("σ", "sigma").replace("′", "_slope")
    text = re.sub(r"ln ([\d.e-]+)", r"ln(\1)", text)
    return float(eval(text, {"__builtins__": {}}, trace_function))


SIGMA = lambda z: 1 / (1 + math.exp(-z))  # noqa: E731
FUNCTIONS: dict[str, Any] = {
    "tanh": math.tanh,
    "σ": SIGMA,
    "ReLU": lambda z: max(z, 0.0),
    "leaky": lambda z: max(z, 0.01 * z),
    "ELU": lambda z: z if z > 0 else math.expm1(z),
    "GELU": lambda z: 0.5 * z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
    "SiLU": lambda z: z * SIGMA(z),
    "softplus": lambda z: math.log1p(math.exp(z)),
}
NAMES: dict[str, Any] = {
    **{name: f for name, f in FUNCTIONS.items() if name != "σ"},
    "sigma": SIGMA,
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
    **{
        f"{name}_slope": (lambda z, f=f: (f(z + 1e-6) - f(z - 1e-6)) / 2e-6)
        for name, f in FUNCTIONS.items()
    },
}


def read(text: str) -> float:
    return float(text.replace("−", "-"))


def accounts(explainer: Explainer) -> Iterator[tuple[str, Account]]:
    trace = explainer.trace
    for point in range(min(explainer.n, 3)):
        yield "pick", explainer.pick(point, 25)
        yield "loss", explainer.lose(point)
        for layer in range(1, explainer.layers + 1):
            for unit in range(trace.before.sizes[layer]):
                yield "forward", explainer.forward(layer, unit, point)
                yield "backward", explainer.backward(layer, unit, point)
                yield "update", explainer.update(layer, unit)


@pytest.mark.parametrize("kind", KINDS)
def test_every_formula_gives_its_result(kind: str) -> None:
    playground = nbtutor.Playground(**{"points": 50, "seed": 1, **KINDS[kind]})
    playground.train(3)
    playground.speed = "stages"
    slow(playground)
    explainer = playground._live.slow._explainer
    assert explainer is not None
    checked = 0
    for _, account in accounts(explainer):
        assert account.title
        assert account.sentence.endswith((".", "?"))
        for line in account.formulas:
            assert "nan" not in f"{line}"
            worked_out = (
                line.numbers
                and line.result
                and "more) /" not in line.numbers
                and not re.search(r"dropped|kept|z = |this and", line.numbers)
            )
            if not worked_out:
                continue
            result = read(line.result)
            expected = evaluate(line.numbers, NAMES)
            # What goes in was rounded to three digits.
            terms = [abs(read(t)) for t in re.findall(r"−?\d+\.?\d*(?:e[−-]?\d+)?", line.numbers)]
            largest = max(1.0, *terms) if terms else 1.0
            assert abs(result - expected) < 0.02 * largest + 0.02 * abs(expected), line
            checked += 1
    assert checked > 20
    playground.close()


def test_the_numbers_are_those_of_the_network(playground: nbtutor.Playground) -> None:
    """Worked out again from the weights and the points alone, in float64."""
    trace = playground.trace()
    data, net = playground._live.run.train, playground.network
    weights = [w[0].astype(float) for w in net.weights]
    biases = [b[0].astype(float) for b in net.biases]
    playground.speed = "stages"
    a = data.X[trace.indices]
    sums = []
    for w, b in zip(weights, biases, strict=True):
        sums.append(a @ w + b)
        a = np.tanh(sums[-1])
    p = 1 / (1 + np.exp(-sums[-1][:, 0]))
    t = data.y[trace.indices]
    delta = (p - t)[:, None]
    deltas = [delta]
    for layer in (1, 0):
        delta = (delta @ weights[layer + 1].T) * (1 - np.tanh(sums[layer]) ** 2)
        deltas.insert(0, delta)
    point = 2
    ask(playground, "slow_point", point=point)
    losses = -np.where(t == 1, np.log(p), np.log(1 - p))
    for _ in range(8):
        stage = ask_for_next(playground)
        results = [line.result for line in stage.formulas]
        index = stage.layer - 1
        match stage.name:
            case "forward":
                assert results[0] == number(sums[index][point, stage.unit])
            case "loss":
                assert results == [number(losses[point]), number(losses.mean())]
            case "backward":
                assert number(deltas[index][point, stage.unit]) in results
    x = np.column_stack([np.tanh(sums[0]), np.ones(len(t))])
    assert stage.name == "update"
    ask(playground, "slow_unit", layer=2, unit=0)
    gradient = x.T @ deltas[1][:, 0] / len(t)
    row = int(np.abs(gradient).argmax())
    old = [*weights[1][:, 0], biases[1][0]][row]
    step = slow(playground).formulas[0]
    assert step.numbers.endswith(f"0.03 × {factor(gradient[row])}")
    assert step.result == alike(old, old - 0.03 * gradient[row])[1]


# Numbers.


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (-1.0, "−1"),
        (12.0, "12"),
        (0.6543, "0.654"),
        (-12.345, "−12.3"),
        (0.01234, "0.0123"),
        (0.0001234, "1.23e−4"),
        (-123456.0, "−1.23e5"),
        (1e-12, "1.00e−12"),
        (1234.5, "1234"),
        (math.nan, "too large"),
        (-math.inf, "too large"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


def test_numbers_in_formulas() -> None:
    assert factor(-0.5) == "(−0.500)"
    assert factor(0.5) == "0.500"
    assert setting((0.03, 0.1)) == "0.03"
    assert probability(0.9996) == "0.99960"
    assert probability(0.00012) == "0.00012"
    assert probability(0.25) == "0.250"
    assert probability(1.0) == "1"
    assert alike(0.52, 0.5236) == ("0.5200", "0.5236")
    assert alike(-1.0, -1.00002) == ("−1.000000", "−1.000020")
    assert alike(0.5, 0.5) == ("0.500", "0.500")
    assert alike(1e9, 2e9) == ("1.00e9", "2.00e9")


def test_the_small_terms_of_a_long_sum_are_put_together() -> None:
    weights = np.arange(1.0, 11.0)
    text = sum_of_products(weights, np.ones(10), -2.0)
    assert text.startswith("3 × 1 + 4 × 1")
    assert text.endswith("+ 10 × 1 + 3 (2 more) + (−2)")
