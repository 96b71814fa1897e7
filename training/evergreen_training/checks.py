"""What train data must have before any estimator sees it."""

from __future__ import annotations

import numpy as np

from .data import Table
from .definition import Definition
from .errors import JobError


def check_trainable(definition: Definition, train: Table) -> None:
    """Refuse train data that nothing can be learned from.

    Raises
    ------
    JobError
        For fewer than two rows, one class only, or a feature that is missing in every row.
    """
    if len(train) < 2:
        raise JobError(f"there is {len(train)} train row; a model needs at least two, and many more to be of use")
    # Anomalies are found without labels.
    if definition.is_classification and definition.task != "anomaly-detection":
        present = np.unique(train.target)
        if len(present) < 2:
            raise JobError(
                f"all {len(train)} train rows have the {definition.target} {definition.categories[present[0]]}; "
                "a classifier needs rows of at least two classes"
            )
    for name, missing in train.rows.missing(definition).items():
        if missing.all():
            raise JobError(
                f"{name} is missing in all {len(train)} train rows; "
                "upload data that has it, or take it out of the definition"
            )
