"""Examples, sweeps, keys and chosen controls, as Python and the page's messages see them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import ipywidgets
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nbtutor
from nbtutor.engine import ParameterError
from nbtutor.experiments import Cancelled, lr_sweep
from nbtutor.widgets.access import NAMES, TRANSPORT
from nbtutor.widgets.gallery import EXAMPLES, MEASURES, Claim, Example, find_example
from nbtutor.widgets.live import SPEEDS
from nbtutor.widgets.settings import WORDS, RunSettings
from nbtutor.widgets.sweep import PORTION, RATES, RateSweep

ALL = pytest.mark.parametrize("example", EXAMPLES.values(), ids=list(EXAMPLES))


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60)
    yield made
    made.close()


class Wire:
    """The page's end of the hub."""

    def __init__(self, playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hub = playground.views.status
        self.sent: list[dict[str, Any]] = []
        monkeypatch.setattr(
            self.hub, "send", lambda content, buffers=None: self.sent.append(content)
        )

    def act(self, action: str, **arguments: object) -> None:
        message = {"type": "act", "name": action, "arguments": arguments}
        self.hub._handle_custom_msg(message, [])

    @property
    def complaints(self) -> list[str]:
        return [content["message"] for content in self.sent if content["type"] == "error"]


@pytest.fixture
def wire(playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(playground, monkeypatch)


# The gallery.


@ALL
def test_an_example_is_whole(example: Example) -> None:
    assert EXAMPLES[example.name] is example
    RunSettings(**example.settings)
    assert example.speed in SPEEDS
    assert example.epochs > 0
    assert example.kind in ("works", "fails")
    # One sentence, with a capital and a full stop, and no number that stands for a measurement.
    assert re.fullmatch(r"[A-Z][^.!?]*(\d\.\d[^.!?]*)*\.", example.sentence)
    assert example.claims
    for claim in example.claims:
        assert claim.measure in MEASURES
        assert np.isfinite(claim.least) or np.isfinite(claim.most)
        RunSettings(**{**example.settings, **claim.changed})
    # A remedy, or what breaks it, is measured too.
    assert any(claim.changed for claim in example.claims)


def test_there_are_both_kinds_with_different_settings() -> None:
    assert {example.kind for example in EXAMPLES.values()} == {"works", "fails"}
    assert len({RunSettings(**e.settings) for e in EXAMPLES.values()}) == len(EXAMPLES) >= 14


def test_a_claim_has_bounds() -> None:
    claim = Claim("gap", least=0.2, most=0.4)
    assert [claim.holds(value) for value in (0.1, 0.2, 0.4, 0.5, float("nan"))] == [
        *(False, True, True, False, False)
    ]


def test_unknown_examples_are_refused_with_near_names() -> None:
    with pytest.raises(ParameterError, match="xor_without_hidden"):
        find_example("xor_without_hiden")
    with pytest.raises(ParameterError, match=r"^name"):
        nbtutor.Playground.example(3)  # type: ignore[arg-type]


def test_measures_are_those_of_numpy() -> None:
    run = EXAMPLES["batch_of_one"].run(seed=2)
    losses = run.trainer.history.train_loss[-50:, 0].astype(float)
    change = losses[1:] - losses[:-1]
    expected = np.sqrt(np.mean((change - change.mean()) ** 2)) / losses.mean()
    assert MEASURES["jumps"](run) == pytest.approx(expected, rel=1e-4)
    assert MEASURES["gap"](run) == pytest.approx(
        run.trainer.history.validation_loss[-1, 0] - run.trainer.history.train_loss[-1, 0]
    )


def test_units_with_the_same_weights_count_once() -> None:
    example = EXAMPLES["same_weights"]
    assert MEASURES["different units"](example.run()) == 1
    assert MEASURES["different units"](example.run(0, {"initialization": "he_normal"})) == 8


def test_dead_units_are_zero_at_every_training_point() -> None:
    run = EXAMPLES["dead_relus"].run(seed=1)
    layer = run.train.X
    dead = 0
    for weights, biases in list(zip(run.network.weights, run.network.biases, strict=True))[:-1]:
        layer = np.maximum(layer @ weights[0] + biases[0].reshape(-1), 0)
        dead += int((layer == 0).all(axis=0).sum())
    assert MEASURES["dead share"](run) == dead / 16


@ALL
def test_python_opens_an_example(playground: nbtutor.Playground, example: Example) -> None:
    playground.train(2)
    playground.open_example(example.name)
    assert playground._live.settings == RunSettings(**example.settings)
    assert playground.hidden == RunSettings(**example.settings).hidden
    assert playground.speed == example.speed
    assert example.sentence in playground.views.status.message
    playground.undo()
    assert (playground.points, playground.epoch) == (60, 2)


def test_a_new_playground_of_an_example() -> None:
    made = nbtutor.Playground.example("spiral_with_adam", seed=3, hide=["noise"])
    assert (made.optimizer, made.dataset, made.seed, made.hide) == ("adam", "spiral", 3, ("noise",))
    assert EXAMPLES["spiral_with_adam"].sentence in made.views.status.message
    made.close()


def test_the_page_opens_an_example_and_locked_settings_stay(
    playground: nbtutor.Playground, wire: Wire
) -> None:
    playground.lock = ["dataset", "speed", "points"]
    playground.playing = True
    wire.act("example", name="dead_relus")
    assert playground.initialization == "too_large"
    assert (playground.points, playground.speed, playground.playing) == (60, "normal", False)
    assert playground.views.status.error == (
        "Locked here, and not as in the example: number of points. It may go another way."
    )
    playground.lock = ["examples"]
    wire.act("example", name="xor_without_hidden")
    assert playground.initialization == "too_large"
    assert wire.complaints == ["Nothing was changed. This is locked here: examples."]


def test_own_points_that_are_locked_stay(playground: nbtutor.Playground, wire: Wire) -> None:
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 2
    playground.data = X, y
    own = playground.data
    playground.lock = ["dataset"]
    wire.act("example", name="same_weights")
    assert (playground.dataset, playground.initialization) == ("own", "constant")
    assert playground.data == own
    assert playground.views.status.error.startswith("Locked here, and not as in the example: data")
    # They can be swept as well.
    result = playground.sweep([0.1, 0.3], epochs=3)
    playground.learning_rate = 0.3
    playground.train(3)
    assert result.final_losses[1] == playground.history.train_loss[-1]
    assert playground.views.share.sweep["fits"]
    playground.lock = []
    wire.act("example", name="same_weights")
    assert playground.dataset == "circle"


def test_an_example_that_is_there_already_says_its_sentence(
    playground: nbtutor.Playground, wire: Wire
) -> None:
    wire.act("example", name="l2_too_strong")
    playground.train(3)
    wire.act("example", name="l2_too_strong")
    assert playground.epoch == 3  # nothing to start again for
    assert EXAMPLES["l2_too_strong"].sentence in playground.views.status.message


# Sweeps.


def test_a_sweep_is_that_of_the_experiments(playground: nbtutor.Playground) -> None:
    playground.learning_rate = 0.07
    calls: list[tuple[int, int]] = []
    result = playground.sweep(progress=lambda *call: calls.append(call))
    assert result.rates.tolist() == sorted({*RATES, 0.07})
    run = playground._live.run
    expected = lr_sweep(run.network, run.train, run.validation, rates=result.rates, epochs=50)
    np.testing.assert_array_equal(result.losses, expected.losses)
    assert calls[-1] == (50, 50)
    # At its own rate it is the run itself.
    playground.train(50)
    place = result.rates.tolist().index(0.07)
    np.testing.assert_array_equal(result.losses[:, place], playground.history.train_loss)
    shown = playground.views.share.sweep
    assert shown["state"] == "done"
    assert shown["outcomes"] == list(result.outcomes)
    assert len(set(result.outcomes)) >= 3


def test_a_sweep_is_stopped_by_its_progress(playground: nbtutor.Playground) -> None:
    playground.points = 2000
    playground.batch_size = 1
    with pytest.raises(Cancelled):
        playground.sweep(epochs=5000, progress=lambda done, total: False)
    assert playground.views.share.sweep["state"] == "stopped"


def test_nonsense_of_a_sweep_is_refused(playground: nbtutor.Playground) -> None:
    wrong: list[dict[str, Any]] = [{"rates": [0.0]}, {"rates": []}, {"epochs": 0}]
    for arguments in (*wrong, {"epochs": "a"}):
        with pytest.raises(ParameterError):
            playground.sweep(**arguments)
    assert playground.views.share.sweep == {}


def test_portions_add_up_to_the_whole() -> None:
    settings = RunSettings(points=60, hidden=(3,))
    whole, parts = RateSweep(settings), RateSweep(settings)
    whole.advance(1000)
    while parts.state == "running":
        parts.advance(0)  # one update
    assert parts.portions == 50 * 3
    np.testing.assert_array_equal(parts.result().losses, whole.result().losses)


def test_the_page_sweeps_in_portions(playground: nbtutor.Playground, wire: Wire) -> None:
    wire.act("sweep", what="start", seen=0)
    share = playground.views.share
    states = [share.sweep]
    while share.sweep["state"] == "running":
        wire.act("sweep", what="more", seen=share.sweep["portions"])
        states.append(share.sweep)
        wire.act("sweep", what="more", seen=share.sweep["portions"] - 1)  # from another page
        assert share.sweep == states[-1]
    assert [state["portions"] for state in states] == list(range(len(states)))
    assert json.loads(json.dumps(share.sweep, allow_nan=False)) == share.sweep
    assert share.sweep["outcomes"] == list(playground.sweep().outcomes)

    # It knows what it belongs to.
    wire.act("take_rate", rate=0.3)
    assert playground.learning_rate == 0.3
    assert share.sweep["present"] == 0.3
    assert share.sweep["fits"]
    playground.dropout = 0.2
    assert not share.sweep["fits"]
    wire.act("take_rate", rate=0.4)
    assert playground.learning_rate == 0.3
    assert "one of the sweep" in wire.complaints[-1]
    playground.lock = ["sweep", "learning_rate"]
    wire.act("sweep", what="start", seen=0)
    wire.act("take_rate", rate=0.1)
    assert playground.learning_rate == 0.3
    assert wire.complaints[-2:] == [
        "Nothing was changed. This is locked here: sweep of learning rates.",
        "Nothing was changed. This is locked here: learning rate.",
    ]


def test_a_portion_keeps_to_its_time() -> None:
    ticks = iter(range(10_000))
    sweep = RateSweep(RunSettings())
    sweep.advance(PORTION, clock=lambda: 0.001 * next(ticks))
    # It looks at the clock once before, and once after each update.
    assert next(ticks) == 1 + round(PORTION / 0.001)


def test_a_rate_that_diverges_has_no_loss() -> None:
    sweep = RateSweep(RunSettings("sine", points=60), rates=[0.01, 50.0], epochs=30)
    sweep.advance(1000)
    shown = sweep.describe(RunSettings("sine", points=60))
    assert shown["losses"][1] is None
    assert shown["outcomes"][1] == "diverged"


# Keys.


def test_keys_press_the_buttons(playground: nbtutor.Playground, wire: Wire) -> None:
    wire.act("press_step")
    assert playground._live.run.trainer.updates == 1
    wire.act("press_epoch")
    assert playground.epoch == 1
    wire.act("press_redraw")
    assert (playground.redraw, playground.epoch) == (1, 0)
    wire.act("press_undo")
    assert (playground.redraw, playground.epoch) == (0, 1)
    wire.act("press_reset")
    assert playground.epoch == 0
    wire.act("press_play")
    assert playground.playing
    wire.act("press_play")
    assert not playground.playing


def test_undo_says_that_there_is_nothing_to_undo(
    playground: nbtutor.Playground, wire: Wire
) -> None:
    wire.act("press_undo")
    assert playground.views.status.message == "There is no earlier run to bring back."


@pytest.mark.parametrize("way", ["hide", "lock"])
@pytest.mark.parametrize("name", TRANSPORT)
def test_a_key_of_a_closed_button_says_so(
    playground: nbtutor.Playground, wire: Wire, name: str, way: str
) -> None:
    playground.train(1)
    setattr(playground, way, [name])
    before = playground._live.run.trainer.updates, playground.playing, playground.redraw
    wire.act(f"press_{name}")
    assert (playground._live.run.trainer.updates, playground.playing, playground.redraw) == before
    (complaint,) = wire.complaints
    assert complaint.startswith("Nothing was changed. This is locked here: ")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["example", "sweep", "take_rate", "press_step"]),
    arguments=st.dictionaries(
        st.sampled_from(["name", "what", "seen", "rate"]),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text())
        ),
    ),
)
def test_hostile_messages_change_nothing(
    playground: nbtutor.Playground, name: str, arguments: dict[str, object]
) -> None:
    if name == "press_step" and not arguments:
        return
    before = playground._live.settings
    hub = playground.views.status
    hub._handle_custom_msg({"type": "act", "name": name, "arguments": arguments}, [])
    assert playground._live.settings == before
    assert hub.error == ""
    assert playground._live.run.trainer.updates == 0


# A teacher's choice of controls.


def in_sight(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    """The widgets below one, hidden ones and what is below them left out, in order."""
    if widget.layout.display == "none":
        return []
    below = [w for child in getattr(widget, "children", ()) for w in in_sight(child)]
    return [widget, *below]


def test_chosen_controls_are_shown_in_their_order() -> None:
    chosen = ["noise", "learning_rate", "hidden", "dataset"]
    made = nbtutor.Playground("moons", controls=chosen)
    names = {control: name for name, control in vars(made.controls).items()}
    seen = [names[widget] for widget in in_sight(made) if widget in names]
    # The layers are changed on the diagram.
    assert seen == ["noise", "learning_rate", "dataset"]
    assert "hidden" not in made.hide
    assert set(made.hide) == {*WORDS, "speed"} - {*chosen, "redraw", "data"}
    made.close()
    for control in names:
        assert control.comm is None


def test_chosen_controls_and_hidden_ones_go_together() -> None:
    made = nbtutor.Playground(controls=["noise", "l2"], hide=["l2", "step"])
    assert {"l2", "step", "l1"} <= set(made.hide)
    assert "noise" not in made.hide
    assert set(made.hide) <= set(NAMES)
    made.close()


@pytest.mark.parametrize("value", [[], "noise", ["nois"], ["play"], 3, [None]])
def test_controls_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(ParameterError, match="controls"):
        nbtutor.Playground(controls=value)
