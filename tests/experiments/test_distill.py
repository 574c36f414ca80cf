"""Distillation, against networks trained one by one and against the definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from nbtutor.engine import Dataset, Generator, Network, ParameterError, Trainer, TrainingConfig
from nbtutor.engine.random import stream
from nbtutor.experiments import Cancelled, distill
from nbtutor.experiments.distill import tempered

Array = np.ndarray
QUICK: dict[str, Any] = {
    "hidden": (3,),
    "temperatures": (1, 3),
    "members": 2,
    "n_train": 20,
    "replicas": 2,
    "updates": 40,
    "teacher_hidden": (4,),
    "unlabelled": 10,
    "n_test": 200,
}


@pytest.mark.parametrize("classes", [2, 3])
def test_tempered_probabilities_are_a_softmax_of_the_logits_over_t(classes: int) -> None:
    torch = pytest.importorskip("torch")
    units, output = (1, "sigmoid") if classes == 2 else (classes, "softmax")
    net = Network((2, 4, units), output=output, replicas=4)
    X = np.random.default_rng(0).normal(scale=3, size=(2, 5, 2))
    found = tempered(net, X, 2.5)
    assert found.shape == (2, 2, 5, classes)
    for replica in range(4):
        logits = torch.tensor(net.logits(X[replica // 2])[replica].astype(float))
        expected = (
            torch.sigmoid(logits[:, 0] / 2.5) if classes == 2 else (logits / 2.5).softmax(dim=1)
        )
        own = found[replica // 2, replica % 2]
        np.testing.assert_allclose(own[:, 1] if classes == 2 else own, expected, atol=1e-6)


def test_a_student_is_a_network_trained_on_the_teachers_answers_over_t() -> None:
    found = distill(**QUICK)
    generator, draw, temperature = Generator("moons", 0.3), 1, 3.0
    train = generator.sample(20, stream(0, "training draw", draw))
    extra = generator.sample(10, stream(0, "unlabelled draw", draw))
    test = generator.sample(200, stream(0, "test draw", draw))
    config = TrainingConfig(learning_rate=0.3)

    def probability(net: Network, X: Array, t: float) -> Array:
        return 1 / (1 + np.exp(-net.logits(X)[0, :, 0].astype(float) / t))

    teachers = Network((2, 4, 1), replicas=4).parameters.flat
    members = []
    for member in (2, 3):
        net = Network((2, 4, 1))
        net.parameters.flat[0] = teachers[member]
        Trainer(net, train, config=config).run(updates=40)
        members.append(net)
    start = Network((2, 3, 1), replicas=2, seed=1).parameters.flat[draw]

    def check(scores: Any, place: Any, p: Array) -> None:
        loss = log_loss(test.y, p)
        assert scores.loss[place] == pytest.approx(loss, rel=1e-3)
        assert scores.wrong[place] == pytest.approx(np.mean((p > 0.5) != test.y), abs=0.011)

    at_one = [probability(net, test.X, 1) for net in members]
    check(found.teacher, draw, np.mean(at_one, axis=0))
    losses = [log_loss(test.y, p) for p in at_one]
    assert found.member.loss[draw] == pytest.approx(np.mean(losses), rel=1e-3)
    hard = Network((2, 3, 1))
    hard.parameters.flat[0] = start
    Trainer(hard, train, config=config).run(updates=40)
    check(found.hard, draw, probability(hard, test.X, 1))
    for scores, X in (
        (found.soft, train.X),
        (found.more, np.concatenate([train.X, extra.X])),
    ):
        p = np.mean([probability(net, X, temperature) for net in members], axis=0)
        student = Network((2, 3, 1))
        student.parameters.flat[0] = start
        soft = Dataset(X, np.column_stack([1 - p, p]))
        Trainer(student, soft, config=config).run(updates=40)
        # Trained at T, asked at 1: its logits are those of the network, times T.
        check(scores, (1, draw), probability(student, test.X, 1 / temperature))


def test_the_loss_at_temperature_t_is_that_of_the_paper() -> None:
    """One step on labels over T, its last layer times T, against PyTorch's gradient at T.

    With logits z = T u the paper's loss is the cross-entropy of softmax(z / T); by u its gradient
    is p - q, whatever T.
    """
    torch = pytest.importorskip("torch")
    u = torch.tensor([[0.3, -1.0, 0.5]], requires_grad=True)
    q = torch.tensor([[0.2, 0.5, 0.3]])
    temperature = 4.0
    loss = -(q * (temperature * u / temperature).log_softmax(dim=1)).sum()
    loss.backward()
    net = Network((2, 3), output="softmax")
    net.parameters.flat[:] = 0
    net.biases[-1][0] = u.detach().numpy()[0]
    _, gradients = net.loss_and_gradients(np.zeros((1, 2)), q.double().numpy())
    np.testing.assert_allclose(gradients.biases[-1][0], u.grad[0], atol=1e-6)


def test_teachers_of_three_classes_are_distilled_too() -> None:
    found = distill("blobs", **{**QUICK, "updates": 300})
    assert found.soft.wrong.shape == (2, 2)
    assert found.soft.wrong.max() < 0.5  # chance is two thirds


@pytest.mark.slow
def test_soft_labels_help_a_student_of_noisy_points() -> None:
    found = distill(temperatures=(4,), members=6, updates=3000, unlabelled=0)
    gain, doubt = found.gain
    assert gain[0] > doubt[0]
    loss_gain, loss_doubt = found.loss_gain
    assert loss_gain[0] > loss_doubt[0]
    assert found.teacher.wrong.mean() < found.member.wrong.mean()
    np.testing.assert_allclose(gain, (found.hard.wrong - found.soft.wrong[0]).mean())


def test_without_further_points_there_is_no_gain_from_them() -> None:
    found = distill(**{**QUICK, "unlabelled": 0})
    assert found.more is None
    with pytest.raises(ValueError, match="unlabelled above 0"):
        _ = found.gain_with_more
    more = distill(**QUICK)
    assert more.more is not None
    np.testing.assert_allclose(
        more.gain_with_more[0], (more.hard.wrong - more.more.wrong).mean(axis=1)
    )
    np.testing.assert_array_equal(found.soft.loss, more.soft.loss)


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_progress_cancels_and_resume_goes_on_from_the_next_part(stop: int) -> None:
    with pytest.raises(Cancelled) as cancelled:
        distill(**QUICK, progress=lambda done, total: done < stop)
    heard: list[tuple[int, int]] = []
    resumed = distill(
        **QUICK, resume=cancelled.value.partial, progress=lambda *counts: heard.append(counts)
    )
    assert heard == [(part, 4) for part in range(stop + 1, 5)]
    whole = distill(**QUICK)
    assert resumed.more is not None
    assert whole.more is not None
    np.testing.assert_array_equal(resumed.more.loss, whole.more.loss)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", "moon"),
        ("hidden", 3),
        ("temperatures", ()),
        ("temperatures", 2.0),
        ("members", 1),
        ("n_train", 1),
        ("replicas", 1),
        ("updates", 0),
        ("teacher_hidden", (0,)),
        ("unlabelled", -1),
        ("n_test", 0),
        ("seed", -1),
        ("l2", -1),
        ("resume", 1),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=f"^{name} must be"):
        distill(**{**QUICK, name: value})


def test_a_temperature_below_one_is_named() -> None:
    with pytest.raises(ParameterError, match=r"^temperatures\[1\] must be"):
        distill(temperatures=(1, 0.5))
