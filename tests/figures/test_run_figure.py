"""A run's figure shows the run: read back from the artists, and from the pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from nbtutor.engine import Network, Trainer, TrainingConfig, make_dataset
from nbtutor.figures import run_figure
from nbtutor.figures.style import colours, field_map


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    train, validation = make_dataset("moons", 80, 0.1, seed=2).split(0.5)
    trainer = Trainer(
        Network((2, 6, 1), seed=2), train, validation, TrainingConfig(learning_rate=0.3)
    )
    trainer.run(epochs=30)
    trainer.change(learning_rate=0.1)
    trainer.run(epochs=10)
    return trainer


@pytest.fixture(scope="module")
def figure(trainer: Trainer) -> Figure:
    train, validation = make_dataset("moons", 80, 0.1, seed=2).split(0.5)
    return run_figure(trainer.network, trainer.history, train, validation)


def test_the_field_is_what_the_network_says(trainer: Trainer, figure: Figure) -> None:
    image = figure.axes[0].images[0]
    field = np.asarray(image.get_array())
    side = len(field)
    for row, column in ((0, 0), (side - 1, 0), (40, 100)):
        x, y = (-6 + 12 * k / (side - 1) for k in (column, row))
        expected = trainer.network.predict_proba([[x, y]])[0, 0, 1]
        assert field[row, column] == pytest.approx(expected, abs=1e-6)
    assert image.origin == "lower"


def face(collection: Collection) -> str:
    return to_hex(np.asarray(collection.get_facecolor())[0].tolist())


def test_every_point_is_drawn_training_filled_and_validation_hollow(figure: Figure) -> None:
    by_label = {c.get_label(): c for c in figure.axes[0].collections if c.get_label()}
    counts = {
        label: len(np.asarray(collection.get_offsets()))
        for label, collection in by_label.items()
        if str(label).startswith("class")
    }
    assert sum(counts.values()) == 80
    assert counts["class 0"] + counts["class 1"] == 40
    assert face(by_label["class 0"]) == colours()["class-0"]
    assert face(by_label["class 0, validation"]) == colours()["ground"]


def test_the_curves_are_the_history(trainer: Trainer, figure: Figure) -> None:
    lines = {line.get_label(): line for line in figure.axes[1].lines}
    np.testing.assert_allclose(
        np.asarray(lines["training"].get_ydata()), trainer.history.train_loss[:, 0]
    )
    np.testing.assert_allclose(
        np.asarray(lines["validation"].get_ydata()), trainer.history.validation_loss[:, 0]
    )
    assert lines["validation"].get_linestyle() == "--"


def test_a_change_in_mid_run_is_marked(figure: Figure) -> None:
    assert [text.get_text() for text in figure.axes[1].texts] == ["learning rate 0.3 → 0.1"]


def test_the_field_is_neutral_exactly_at_one_half() -> None:
    table = field_map()
    middle = table(np.array([127, 128]))[:, :3].mean(axis=0)
    neutral = [int(colours()["field-middle"][k : k + 2], 16) / 255 for k in (1, 3, 5)]
    np.testing.assert_allclose(middle, neutral, atol=0.01)
    assert to_hex(table(0.0)) == colours()["field-low"]
    assert to_hex(table(1.0)) == colours()["field-high"]


def test_a_figure_without_validation_or_boundary_is_drawn() -> None:
    data = make_dataset("circle", 20)
    network = Network((2, 1))
    network.parameters.flat[:] = 0
    network.biases[0][:] = 3  # one class everywhere: no boundary
    trainer = Trainer(network, data)
    figure = run_figure(network, trainer.history, data)
    assert len(figure.axes[1].lines) == 1
    figure.savefig(io.BytesIO(), format="png")


def test_three_classes_have_the_winners_colour_and_lines_between_them() -> None:
    train, validation = make_dataset("blobs", 90, 0.05, seed=1).split(0.5)
    trainer = Trainer(Network((2, 8, 3), output="softmax"), train, validation)
    trainer.run(epochs=60)
    drawn = run_figure(trainer.network, trainer.history, train, validation).axes[0]
    image = np.asarray(drawn.images[0].get_array())
    side = len(image)
    classes = [to_hex(colours()[f"class-{k}"]) for k in range(3)]
    for label in range(3):
        x, y = train.X[train.y == label].mean(axis=0)
        row, column = (round((value + 6) / 12 * (side - 1)) for value in (y, x))
        pixel = image[row, column]
        distances = [
            np.linalg.norm(pixel - np.array([int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)]))
            for c in classes
        ]
        assert int(np.argmin(distances)) == label
    labels = [str(artist.get_label()) for artist in drawn.collections]
    assert "class 2" in labels


def test_values_are_drawn_as_the_network_predicts_them() -> None:
    train, validation = make_dataset("sine", 90, 0.05, seed=1).split(0.5)
    trainer = Trainer(Network((2, 8, 1), output="linear"), train, validation)
    trainer.run(epochs=5)
    figure = run_figure(trainer.network, trainer.history, train, validation)
    image = np.asarray(figure.axes[0].images[0].get_array())
    corner = trainer.network.predict([[-6, -6]])[0, 0, 0]
    assert image[0, 0] == pytest.approx(corner, abs=1e-5)
    assert figure.axes[1].get_ylabel() == "squared error"
