"""The estimators as scikit-learn sees them."""

from __future__ import annotations

import contextlib
import copy
import pickle
import subprocess
import sys
import unittest
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_wine, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_score,
    learning_curve,
    train_test_split,
    validation_curve,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from nbtutor.engine import Dataset, Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.schedules import CosineDecay
from nbtutor.sklearn import NetworkClassifier, NetworkRegressor

Array = np.ndarray


@parametrize_with_checks([NetworkClassifier(), NetworkRegressor()])  # type: ignore[untyped-decorator]
def test_the_checks_of_scikit_learn(estimator: Any, check: Callable[[Any], None]) -> None:
    # None is expected to fail. In float32, which is not the default, one does: a point's
    # prediction is rounded differently when the point is asked for alone.
    with warnings.catch_warnings(), contextlib.suppress(unittest.SkipTest):
        # Some checks train on what is not scaled, and those of pandas and of other arrays than
        # NumPy's skip themselves where these are not installed.
        warnings.simplefilter("ignore")
        check(estimator)


@pytest.fixture(scope="module")
def moons() -> tuple[Array, Array]:
    data = make_dataset("moons", n=200, noise=0.2, seed=1)
    return data.X, data.y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_fit_is_the_engines_run(moons: tuple[Array, Array], dtype: str) -> None:
    X, y = moons
    settings: dict[str, Any] = {
        "learning_rate": 0.05,
        "batch_size": 20,
        "momentum": 0.5,
        "dropout": 0.1,
        "l1": 1e-4,
        "l2": 1e-3,
        "optimizer": "sgd",
        "schedule": CosineDecay(6),
        "clip_norm": 1.0,
        "label_smoothing": 0.1,
    }
    model = NetworkClassifier(
        *((5, 3), ("relu", "tanh")),
        loss="squared_error",
        initialization="he_normal",
        epochs=6,
        dtype=dtype,
        random_state=4,
        **settings,
    ).fit(X, np.where(y == 1, "yes", "no"))
    net = Network(
        *((2, 5, 3, 1), ("relu", "tanh")),
        seed=4,
        dtype=dtype,
        loss="squared_error",
        initialization="he_normal",
    )
    trainer = Trainer(net, Dataset(X, y), config=TrainingConfig(**settings), seed=4)
    trainer.run(epochs=6)
    np.testing.assert_array_equal(model.network_.parameters.flat, net.parameters.flat)
    np.testing.assert_array_equal(model.loss_curve_, trainer.history.train_loss[:, 0])
    assert model.n_iter_ == 6
    assert list(model.classes_) == ["no", "yes"]
    np.testing.assert_array_equal(model.predict(X) == "yes", net.predict(X)[0] == 1)


def test_a_regressor_is_the_engines_run() -> None:
    X, y = make_regression(60, 4, n_targets=2, random_state=0)
    model = NetworkRegressor((5,), epochs=3, l2=0.01, random_state=2).fit(X, y / 100)
    net = Network((4, 5, 2), output="linear", seed=2, dtype="float64")
    config = TrainingConfig(0.01, 32, optimizer="adam", l2=0.01)
    Trainer(net, Dataset(X, y / 100), config=config, seed=2).run(epochs=3)
    assert model.predict(X).shape == (60, 2)
    np.testing.assert_array_equal(model.predict(X), net.predict(X)[0])


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_and_decisions(classes: int) -> None:
    data = make_dataset("blobs", n=90, noise=0.1, classes=classes)
    model = NetworkClassifier(epochs=30, random_state=0).fit(data.X, data.y)
    probabilities, decisions = model.predict_proba(data.X), model.decision_function(data.X)
    assert probabilities.shape == (90, classes)
    assert decisions.shape == ((90,) if classes == 2 else (90, classes))
    if classes == 2:
        np.testing.assert_allclose(1 / (1 + np.exp(-decisions)), probabilities[:, 1], rtol=1e-12)
    else:
        powers = np.exp(decisions)
        np.testing.assert_allclose(powers / powers.sum(1, keepdims=True), probabilities, 1e-12)
    assert model.loss_curve_[-1] == pytest.approx(log_loss(data.y, probabilities), rel=1e-9)
    assert model.loss_curve_.shape == (model.n_iter_ + 1,)


def test_early_stopping_holds_points_out(moons: tuple[Array, Array]) -> None:
    X, y = moons
    model = NetworkClassifier(
        (16, 16), epochs=3000, patience=5, validation_fraction=0.2, random_state=0
    ).fit(X[:60], y[:60])
    assert model.n_iter_ < 3000
    curve = model.validation_loss_curve_
    assert curve is not None
    best = int(curve.argmin())
    assert model.n_iter_ - best == 5
    _, X_out, _, y_out = train_test_split(
        X[:60], y[:60], test_size=0.2, random_state=0, stratify=y[:60]
    )
    assert log_loss(y_out, model.predict_proba(X_out)) == pytest.approx(curve[best], rel=1e-9)


def test_parts_of_an_epoch_at_a_time(moons: tuple[Array, Array]) -> None:
    """As many calls of partial_fit as fit has epochs give the same run: Adam's memory goes on."""
    X, y = moons
    settings: dict[str, Any] = {"schedule": CosineDecay(5), "dropout": 0.2, "random_state": 3}
    whole = NetworkClassifier(epochs=5, **settings).fit(X, y)
    parts = NetworkClassifier(**settings)
    for epoch in range(5):
        parts.partial_fit(X, y, classes=[0, 1] if epoch == 0 else None)
        if epoch == 2:  # it may be saved on the way
            parts = pickle.loads(pickle.dumps(parts))
    np.testing.assert_array_equal(whole.predict_proba(X), parts.predict_proba(X))
    np.testing.assert_array_equal(whole.loss_curve_, parts.loss_curve_)
    assert parts.n_iter_ == 5
    values = NetworkRegressor(epochs=2, random_state=3).fit(X, y)
    again = NetworkRegressor(random_state=3).partial_fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(values.predict(X), again.predict(X))


def test_what_partial_fit_refuses(moons: tuple[Array, Array]) -> None:
    X, y = moons
    with pytest.raises(ValueError, match="classes must be passed"):
        NetworkClassifier().partial_fit(X, y)
    with pytest.raises(ParameterError, match="two classes or more"):
        NetworkClassifier().partial_fit(X, y, classes=[0])
    with pytest.raises(ValueError, match="not in classes"):
        NetworkClassifier().partial_fit(X, y, classes=[0, 2])
    model = NetworkClassifier().partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="those of the first call"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    regressor = NetworkRegressor().partial_fit(X, y)
    with pytest.raises(ValueError, match="y must have shape"):
        regressor.partial_fit(X, np.stack([y, y], axis=1))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden", 8),
        ("hidden", (0,)),
        ("activation", "tan"),
        ("loss", "hinge"),
        ("initialization", "xavier"),
        ("optimizer", "lbfgs"),
        ("learning_rate", -1),
        ("learning_rate", (0.1, 0.2)),
        ("schedule", "cosine"),
        ("batch_size", 0),
        ("epochs", 0),
        ("momentum", 1.0),
        ("dropout", 1.0),
        ("dropout", [[0.1]]),
        ("l1", -1),
        ("l2", np.nan),
        ("clip_norm", 0),
        ("label_smoothing", 1),
        ("patience", -1),
        ("validation_fraction", 1.0),
        ("dtype", "float16"),
    ],
)
def test_a_wrong_value_is_named(moons: tuple[Array, Array], name: str, value: object) -> None:
    model = NetworkClassifier().set_params(**{name: value})
    with pytest.raises(ParameterError, match=f"^{name}"):
        model.fit(*moons)


def test_what_the_data_may_not_be(moons: tuple[Array, Array]) -> None:
    X, y = moons
    with pytest.raises(ParameterError, match="class"):
        NetworkClassifier().fit(X, np.zeros(len(X)))
    with pytest.raises(ParameterError, match="validation_fraction"):
        NetworkClassifier(patience=3).fit(X[:6], [0, 0, 0, 0, 0, 1])
    with pytest.warns(ConvergenceWarning, match="overflowed at update"):
        NetworkRegressor(activation="linear", optimizer="sgd", learning_rate=10.0).fit(X, y * 1e6)


def test_clone_pickle_and_deepcopy(moons: tuple[Array, Array]) -> None:
    X, y = moons
    schedule = CosineDecay(4)
    model = NetworkClassifier((3,), schedule=schedule, epochs=4, random_state=1).fit(X, y)
    again = clone(model)
    assert not hasattr(again, "network_")
    assert again.get_params() == model.get_params()
    np.testing.assert_array_equal(again.fit(X, y).predict_proba(X), model.predict_proba(X))
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(copied.predict_proba(X), model.predict_proba(X))


def test_a_random_state_of_any_kind(moons: tuple[Array, Array]) -> None:
    X, y = moons

    def weights(random_state: Any) -> Array:
        model = NetworkClassifier(epochs=1, random_state=random_state).fit(X, y)
        flat: Array = model.network_.parameters.flat
        return flat

    np.testing.assert_array_equal(weights(5), weights(np.int64(5)))
    states = [np.random.RandomState(5) for _ in range(2)]
    np.testing.assert_array_equal(weights(states[0]), weights(states[1]))
    assert not np.array_equal(weights(None), weights(None))


def test_names_of_columns(moons: tuple[Array, Array], monkeypatch: pytest.MonkeyPatch) -> None:
    """As from a table of pandas, which is not among the packages that the tests need."""
    X, y = moons
    names = np.array(["width", "height"], dtype=object)
    for module in ("sklearn.utils.validation", "sklearn.base"):  # before 1.6 it is the second
        monkeypatch.setattr(f"{module}._get_feature_names", lambda X: names, raising=False)
    model = NetworkClassifier(epochs=1).fit(X, y)
    assert list(model.feature_names_in_) == ["width", "height"]
    assert model.n_features_in_ == 2
    names = names[::-1]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X)


def scaled(model: Any) -> Pipeline:
    return make_pipeline(StandardScaler(), model)


CLASSIFICATION: dict[str, tuple[Callable[..., Any], int]] = {
    "iris": (load_iris, 150),
    "wine": (load_wine, 178),
    "digits": (load_digits, 500),
}
# The same run for both, to its end.
OURS: dict[str, Any] = {"batch_size": 32, "learning_rate": 0.01, "epochs": 60}
THEIRS: dict[str, Any] = {
    "activation": "tanh",
    "batch_size": 32,
    "learning_rate_init": 0.01,
    "max_iter": 60,
    "n_iter_no_change": 60,
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", CLASSIFICATION)
def test_as_accurate_as_scikit_learns_classifier(name: str) -> None:
    load, n = CLASSIFICATION[name]
    X, y = load(return_X_y=True)
    chosen = np.random.default_rng(0).permutation(len(X))[:n]
    ours: list[float] = []
    theirs: list[float] = []
    for seed in range(3):
        folds = StratifiedKFold(4, shuffle=True, random_state=seed)
        network = NetworkClassifier((16,), random_state=seed, **OURS)
        mlp = MLPClassifier((16,), alpha=0, random_state=seed, **THEIRS)
        for model, scores in ((network, ours), (mlp, theirs)):
            scores += list(cross_val_score(scaled(model), X[chosen], y[chosen], cv=folds))
    print(f"{name}: accuracy {np.mean(ours):.4f}, scikit-learn {np.mean(theirs):.4f}")
    assert np.mean(ours) > 0.9
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=0.02)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_as_accurate_as_scikit_learns_regressor() -> None:
    X, y = load_diabetes(return_X_y=True)
    ours: list[float] = []
    theirs: list[float] = []
    for seed in range(3):
        folds = KFold(4, shuffle=True, random_state=seed)
        # Its loss is half of ours, and it divides alpha by the points of a batch.
        network = NetworkRegressor((8,), l2=0.02, random_state=seed, **OURS)
        mlp = MLPRegressor(hidden_layer_sizes=(8,), alpha=0.01 * 32, random_state=seed, **THEIRS)
        for model, scores in ((network, ours), (mlp, theirs)):
            whole = TransformedTargetRegressor(scaled(model), transformer=StandardScaler())
            scores += list(cross_val_score(whole, X, y, cv=folds))
    print(f"diabetes: R² {np.mean(ours):.4f}, scikit-learn {np.mean(theirs):.4f}")
    assert np.mean(ours) > 0.4
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=0.04)


def test_curves_and_searches(moons: tuple[Array, Array]) -> None:
    X, y = moons
    model = scaled(NetworkClassifier((4,), learning_rate=0.05, epochs=20, random_state=0))
    sizes, _, scores = learning_curve(model, X, y, train_sizes=[20, 60, 120], cv=3)
    assert list(sizes) == [20, 60, 120]
    assert scores[-1].mean() > 0.8
    _, scores = validation_curve(
        model, X, y, param_name="networkclassifier__l2", param_range=[0.0, 10.0], cv=3
    )
    assert scores[0].mean() > scores[1].mean() + 0.1, "an L2 of 10 leaves nothing to learn with"
    grid = {
        "networkclassifier__hidden": [(), (4,)],
        "networkclassifier__batch_size": np.array([10, 200]),
        "networkclassifier__learning_rate": np.array([1e-6, 0.05]),
    }
    search = GridSearchCV(model, grid, cv=3).fit(X, y)
    assert search.best_params_["networkclassifier__learning_rate"] == 0.05
    assert search.best_score_ > 0.8


def test_a_learning_curve_that_goes_on(moons: tuple[Array, Array]) -> None:
    model = NetworkClassifier(batch_size=5, learning_rate=0.05, random_state=0)
    *_, scores = learning_curve(model, *moons, cv=2, exploit_incremental_learning=True)
    assert scores.shape == (5, 2)
    assert scores[-1].mean() > 0.7


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_a_decision_boundary(moons: tuple[Array, Array], method: str) -> None:
    import matplotlib as mpl
    from matplotlib import pyplot

    X, y = moons
    model = scaled(NetworkClassifier(epochs=20, random_state=0)).fit(X, y)
    with mpl.rc_context({"backend": "agg"}):
        display = DecisionBoundaryDisplay.from_estimator(model, X, response_method=method)
        pyplot.close(display.figure_)
    points = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    expected = getattr(model, method)(points)
    expected = expected[:, 1] if method == "predict_proba" else expected
    np.testing.assert_allclose(display.response.ravel(), expected, rtol=1e-9, atol=1e-12)


def test_without_scikit_learn_it_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import nbtutor, nbtutor.engine, nbtutor.widgets, nbtutor.experiments, nbtutor.figures\n"
        "try: import nbtutor.sklearn\n"
        "except ImportError as error: print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "pip install scikit-learn" in result.stdout
