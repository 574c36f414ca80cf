"""A neural network in NumPy, its data and its training.

Read it in this order: `activations`, `losses`, `parameters`, `network`, `optimizers`, `batches`,
`update`, `training`.
"""

from nbtutor.engine.augmentation import Augmentation
from nbtutor.engine.config import TrainingConfig
from nbtutor.engine.datasets import Dataset, Generator, RegressionGenerator, make_dataset
from nbtutor.engine.history import Event, History
from nbtutor.engine.network import Evaluation, Network
from nbtutor.engine.storage import load_run, save_run
from nbtutor.engine.training import Divergence, Trainer
from nbtutor.engine.validation import ParameterError

__all__ = [
    "Augmentation",
    "Dataset",
    "Divergence",
    "Evaluation",
    "Event",
    "Generator",
    "History",
    "Network",
    "ParameterError",
    "RegressionGenerator",
    "Trainer",
    "TrainingConfig",
    "load_run",
    "make_dataset",
    "save_run",
]
