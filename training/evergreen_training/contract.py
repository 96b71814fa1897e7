"""SageMaker's script mode: where a job finds its data and settings, and where it leaves its results.

Source: the SageMaker training toolkit's variables (SM_CHANNEL_<NAME>, SM_MODEL_DIR, SM_OUTPUT_DIR, SM_HPS); without
them the folders that every SageMaker container has below /opt/ml are used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .channels import read_golden_rows, read_training_table
from .data import GoldenRows, Table
from .definition import Definition, read_definition
from .hyperparameters import read_hyperparameters


@dataclass(frozen=True)
class Job:
    """Everything a trainer is given.

    Attributes
    ----------
    definition : Definition
    hyperparameters : dict
        Those of the definition, overridden by those of the job.
    train : Table
        The train rows with their target.
    golden : GoldenRows
        Held-out rows that every version must answer as its trainer did.
    model_folder : Path
        Where the model package goes.
    """

    definition: Definition
    hyperparameters: dict[str, Any]
    train: Table
    golden: GoldenRows
    model_folder: Path

    @property
    def seed(self) -> int:
        """Seed for everything random in the job."""
        return self.definition.seed


def load_job(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> Job:
    """Read the job from the command line, the SM_* variables and the channels.

    Parameters
    ----------
    arguments : sequence of str, optional
        Defaults to the program's own.
    environment : mapping, optional
        Defaults to the process's own.

    Raises
    ------
    JobError
        When a channel is empty, cannot be read or does not fit the definition.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    environment = os.environ if environment is None else environment
    definition = read_definition(channel(environment, "definition"))
    given = read_hyperparameters(arguments, environment)
    return Job(
        definition=definition,
        hyperparameters={**definition.hyperparameters, **given},
        train=read_training_table(channel(environment, "train"), definition),
        golden=read_golden_rows(channel(environment, "golden"), definition),
        model_folder=model_folder(environment),
    )


def failure_file(environment: Mapping[str, str]) -> Path:
    """Where SageMaker looks for the reason of a failed job."""
    return Path(environment.get("SM_OUTPUT_DIR") or "/opt/ml/output") / "failure"


def model_folder(environment: Mapping[str, str]) -> Path:
    """Where the job leaves its results."""
    return Path(environment.get("SM_MODEL_DIR") or "/opt/ml/model")


def channel(environment: Mapping[str, str], name: str) -> Path:
    """The folder of a channel."""
    return Path(environment.get(f"SM_CHANNEL_{name.upper()}") or f"/opt/ml/input/data/{name}")
