"""The remedies for an overfit that the notes list, in their order, each at a usual strength."""

from __future__ import annotations

from dataclasses import replace

from nbtutor.engine.augmentation import Augmentation
from nbtutor.experiments.prescribe import REMEDIES, Remedy, stronger, with_training
from nbtutor.experiments.situation import Situation

JITTER = 1.0
SOURCE_POINTS = 300
SMALL = (3,)
SMALL_BATCH = 2


def _augmentation(now: Situation) -> Situation | None:
    if now.config.augmentation is not None:
        return None
    return with_training(now, augmentation=Augmentation(jitter=JITTER))


def _pretraining(now: Situation) -> Situation | None:
    return replace(now, pretraining=SOURCE_POINTS) if not now.pretraining else None


def _smaller_model(now: Situation) -> Situation | None:
    return replace(now, hidden=SMALL) if sum(now.hidden) > sum(SMALL) else None


def _smaller_batch(now: Situation) -> Situation | None:
    size = min(now.config.batch_size, now.n_train)
    if size <= SMALL_BATCH:
        return None
    # As many updates as before: at equal epochs it would be training for longer.
    updates = now.epochs * -(-now.n_train // size)
    epochs = max(1, round(updates / -(-now.n_train // SMALL_BATCH)))
    return replace(with_training(now, batch_size=SMALL_BATCH), epochs=epochs)


REGULARIZERS: dict[str, Remedy] = {
    remedy.name: remedy
    for remedy in (
        REMEDIES["more_data"],
        Remedy("augmentation", "Points moved a little, anew in each epoch.", _augmentation),
        Remedy("pretraining", "A related task learned first, then fine-tuned.", _pretraining),
        REMEDIES["fewer_inputs"],
        Remedy("smaller_model", "One hidden layer of three units.", _smaller_model),
        Remedy("smaller_batch", "Batches of two, as many updates.", _smaller_batch),
        Remedy("dropout", "Half of the hidden units dropped.", stronger("dropout", 0.5, 0.8)),
        REMEDIES["early_stopping"],
        Remedy("l1", "A strong L1 penalty.", stronger("l1", 0.03, 1)),
        Remedy("l2", "A strong L2 penalty.", stronger("l2", 0.1, 1)),
    )
}
"""The remedies by name."""
