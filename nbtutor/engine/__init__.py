"""A neural network in NumPy, its data and its training.

Read it in this order: `activations`, `losses`, `parameters`, `network`, `optimizers`, `training`.
"""

from nbtutor.engine.config import TrainingConfig
from nbtutor.engine.datasets import Dataset, Generator, make_dataset
from nbtutor.engine.history import Event, History
from nbtutor.engine.network import Evaluation, Network
from nbtutor.engine.training import Divergence, Trainer
from nbtutor.engine.validation import ParameterError

__all__ = [
    "Dataset",
    "Divergence",
    "Evaluation",
    "Event",
    "Generator",
    "History",
    "Network",
    "ParameterError",
    "Trainer",
    "TrainingConfig",
    "make_dataset",
]
