"""A neural network in NumPy, its data and its training.

Read it in this order: `activations`, `losses`, `parameters`, `network`, `optimizers`, `training`.
"""

from nbtutor.engine.copies import copies
from nbtutor.engine.curvature import Eigenpair, Hessian, largest_eigenvalue
from nbtutor.engine.datasets import Dataset, Generator, make_dataset
from nbtutor.engine.history import Event, History
from nbtutor.engine.network import Evaluation, Network
from nbtutor.engine.training import Divergence, Trainer, TrainingConfig
from nbtutor.engine.validation import ParameterError

__all__ = [
    "Dataset",
    "Divergence",
    "Eigenpair",
    "Evaluation",
    "Event",
    "Generator",
    "Hessian",
    "History",
    "Network",
    "ParameterError",
    "Trainer",
    "TrainingConfig",
    "copies",
    "largest_eigenvalue",
    "make_dataset",
]
