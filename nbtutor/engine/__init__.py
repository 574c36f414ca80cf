"""A neural network in NumPy, its data and its training.

Read it in this order: `activations`, `losses`, `parameters`, `network`, `optimizers`, `batches`,
`update`, `training`, `trace`.
"""

from nbtutor.engine.augmentation import Augmentation
from nbtutor.engine.config import TrainingConfig
from nbtutor.engine.copies import copies, siblings
from nbtutor.engine.curvature import Eigenpair, Hessian, largest_eigenvalue
from nbtutor.engine.datasets import (
    Dataset,
    Generator,
    RegressionGenerator,
    make_dataset,
    make_generator,
)
from nbtutor.engine.faults import FaultyDataset, plant_faults
from nbtutor.engine.history import Event, History
from nbtutor.engine.network import Evaluation, Network
from nbtutor.engine.own_data import OwnData, from_arrays, from_csv, from_frame
from nbtutor.engine.places import Place
from nbtutor.engine.storage import load_run, save_run
from nbtutor.engine.trace import UpdateTrace, trace_update
from nbtutor.engine.training import Divergence, Trainer
from nbtutor.engine.validation import ParameterError

__all__ = [
    "Augmentation",
    "Dataset",
    "Divergence",
    "Eigenpair",
    "Evaluation",
    "Event",
    "FaultyDataset",
    "Generator",
    "Hessian",
    "History",
    "Network",
    "OwnData",
    "ParameterError",
    "Place",
    "RegressionGenerator",
    "Trainer",
    "TrainingConfig",
    "UpdateTrace",
    "copies",
    "from_arrays",
    "from_csv",
    "from_frame",
    "largest_eigenvalue",
    "load_run",
    "make_dataset",
    "make_generator",
    "plant_faults",
    "save_run",
    "siblings",
    "trace_update",
]
