"""Copies have the weights of one network, and are apart from it."""

from __future__ import annotations

import numpy as np
import pytest

from nbtutor.engine import Network, ParameterError, copies, siblings


def test_all_have_the_weights_of_the_chosen_replica() -> None:
    network = Network((2, 5, 3, 3), ["relu", "tanh"], "softmax", replicas=3, seed=4)
    fleet = copies(network, 4, replica=2)
    assert fleet.replicas == 4
    X = np.random.default_rng(0).normal(size=(9, 2))
    expected = network.predict_proba(X)[2]
    for probabilities in fleet.predict_proba(X):
        np.testing.assert_allclose(probabilities, expected, atol=1e-6)


def test_a_copy_may_be_changed_without_the_original() -> None:
    network = Network((2, 3, 1), seed=1)
    before = network.parameters.flat.copy()
    copy = copies(network)
    copy.parameters.flat += 1
    np.testing.assert_array_equal(network.parameters.flat, before)


def test_in_double_precision_the_weights_are_the_same_numbers() -> None:
    network = Network((2, 3, 1))
    copy = copies(network, dtype="float64")
    assert copy.dtype == np.float64
    np.testing.assert_array_equal(copy.parameters.flat, network.parameters.flat)


def test_a_replica_that_is_not_there_is_refused() -> None:
    with pytest.raises(ParameterError, match="replica"):
        copies(Network((2, 1)), replica=1)


def test_siblings_have_the_settings_and_weights_of_their_own() -> None:
    one = Network((2, 5, 1), "relu", seed=3)
    fleet = siblings(one, 4)
    assert fleet.settings == {**one.settings, "replicas": 4}
    np.testing.assert_array_equal(fleet.weights[0][0], one.weights[0][0])
    for other in fleet.weights[0][1:]:
        assert np.abs(other - one.weights[0][0]).max() > 0.01
    with pytest.raises(ParameterError, match="network"):
        siblings("one", 4)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="replicas"):
        siblings(one, 0)
