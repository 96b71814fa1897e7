"""Evergreen's trainers. What is named here is for a model folder's own train.py; README.md shows how."""

from .contract import Job, load_job
from .data import Rows, Table
from .errors import JobError
from .model import Answers, Model, fit_sklearn
from .package import train_package
from .run import run_job

__all__ = [
    "Answers",
    "Job",
    "JobError",
    "Model",
    "Rows",
    "Table",
    "fit_sklearn",
    "load_job",
    "run_job",
    "train_package",
]
