"""The pictures on the wire are the true ones."""

from __future__ import annotations

import numpy as np
import pytest

from nbtutor.engine import Network
from nbtutor.engine.features import FEATURES
from nbtutor.widgets.fields import (
    LEAD_STEPS,
    SHOWN_UNITS,
    FieldPainter,
    input_pictures,
    shown_weights,
)

CORNERS = ((0, 0), (0, 99), (99, 0), (50, 33))


def place(row: int, column: int, side: int = 100) -> list[list[float]]:
    """The middle of a pixel; the first row is the top."""
    return [[-6 + 12 * (column + 0.5) / side, 6 - 12 * (row + 0.5) / side]]


@pytest.mark.parametrize("hidden", [(), (3,), (4, 2), (8,) * 6, (64, 1)])
def test_the_plane_is_what_the_network_says(hidden: tuple[int, ...]) -> None:
    network = Network((2, *hidden, 1), "relu", seed=1)
    fields = FieldPainter(network)()
    plane, units = fields.plane, fields.units
    side = plane.shape[0]
    for row, column in ((0, 0), (0, side - 1), (side - 1, 0), (side // 2, side // 3)):
        x = -6 + 12 * (column + 0.5) / side
        y = 6 - 12 * (row + 0.5) / side  # the first row is the top
        probability = network.predict_proba([[x, y]])[0, 0, 1]
        assert abs(plane[row, column] / 255 - probability) < 1 / 255
    assert len(units) == sum(min(h, SHOWN_UNITS) for h in hidden)
    assert units.size <= 8000


def test_a_units_picture_is_its_output() -> None:
    network = Network((2, 3, 1), "tanh", seed=4)
    units = FieldPainter(network)().units
    side = units.shape[1]
    assert side == 25  # every fourth of 100
    for row, column in ((0, 0), (3, 20), (24, 24)):
        x = -6 + 12 * (4 * column + 2 + 0.5) / 100
        y = 6 - 12 * (4 * row + 2 + 0.5) / 100
        outputs = network.layer_outputs([[x, y]])[0][0, 0]
        np.testing.assert_allclose((units[:, row, column] - 128.0) / 127, outputs, atol=0.5 / 127)


def test_an_unbounded_unit_is_scaled_to_its_largest_output() -> None:
    network = Network((2, 1, 1), "relu", seed=0)
    network.weights[0][0] = [[1], [0]]
    units = FieldPainter(network)().units
    assert units.max() == 255
    assert units[0, 0, 0] == 128  # x < 0: the unit is off, exactly neutral


def test_overflow_in_a_picture_is_neutral_not_an_error() -> None:
    network = Network((2, 2, 1), "relu", seed=0)
    network.parameters.flat[:] = 3e38
    fields = FieldPainter(network)()
    plane, units = fields.plane, fields.units
    assert plane.dtype == units.dtype == np.uint8


def test_shown_weights_are_blocks_with_the_bias_last() -> None:
    network = Network((2, 10, 1), seed=0)
    network.biases[0][:] = np.arange(10)
    network.biases[1][:] = 99
    flat = shown_weights(network)
    first, second = np.split(flat, [3 * SHOWN_UNITS])
    np.testing.assert_array_equal(
        first.reshape(3, SHOWN_UNITS),
        np.vstack([network.weights[0][0][:, :SHOWN_UNITS], np.arange(SHOWN_UNITS)]),
    )
    np.testing.assert_array_equal(second, [*network.weights[1][0][:SHOWN_UNITS, 0], 99])


@pytest.mark.parametrize("classes", [3, 5])
def test_the_winner_and_its_lead(classes: int) -> None:
    network = Network((2, 4, classes), output="softmax", seed=3)
    network.parameters.flat[:] *= 3
    fields = FieldPainter(network)()
    for row, column in CORNERS:
        shares = np.sort(network.predict_proba(place(row, column))[0, 0])
        winner, lead = divmod(int(fields.plane[row, column]), LEAD_STEPS)
        assert winner == network.predict(place(row, column))[0, 0]
        assert lead / (LEAD_STEPS - 1) == pytest.approx(shares[-1] - shares[-2], abs=0.5 / 31)
    assert len(set(fields.plane.ravel() // LEAD_STEPS)) > 1, "one class wins everywhere"


def test_every_class_has_a_picture_of_its_probability() -> None:
    network = Network((2, 4, 3), output="softmax", seed=3)
    fields = FieldPainter(network)()
    assert len(fields.outputs) == 3
    small = fields.outputs.shape[1]
    stride = 100 // small
    for row, column in ((0, 0), (5, 7), (small - 1, 2)):
        spot = place(stride * row + stride // 2, stride * column + stride // 2)
        expected = network.predict_proba(spot)[0, 0]
        np.testing.assert_allclose(fields.outputs[:, row, column] / 255, expected, atol=0.6 / 255)


def test_two_classes_and_values_need_no_pictures_of_outputs() -> None:
    assert FieldPainter(Network((2, 3, 1)))().outputs.size == 0
    assert FieldPainter(Network((2, 3, 1), output="linear"))().outputs.size == 0


def test_a_value_is_what_the_network_predicts() -> None:
    network = Network((2, 4, 1), output="linear", seed=2)
    fields = FieldPainter(network)()
    for row, column in CORNERS:
        value = np.clip(network.predict(place(row, column))[0, 0, 0], -1, 1)
        assert (fields.plane[row, column] - 128.0) / 127 == pytest.approx(value, abs=0.5 / 127)


def test_named_inputs_are_worked_out_and_drawn() -> None:
    names = tuple(FEATURES)
    network = Network((len(names), 3, 1), inputs=names, seed=1)
    fields = FieldPainter(network)()
    for row, column in CORNERS:
        probability = network.predict_proba(place(row, column))[0, 0, 1]
        assert fields.plane[row, column] / 255 == pytest.approx(probability, abs=0.6 / 255)
    pictures = input_pictures(network)
    assert pictures.shape == (8, 25, 25)
    for picture, name in zip(pictures, names, strict=True):
        grid = np.array([place(r, c, 25)[0] for r in range(25) for c in range(25)])
        drawn = FEATURES[name].column(grid).reshape(25, 25)
        scaled = drawn / np.abs(drawn).max()
        np.testing.assert_allclose((picture - 128.0) / 127, scaled, atol=0.6 / 127)
