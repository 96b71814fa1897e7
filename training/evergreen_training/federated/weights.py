"""Weights as the documents that travel between rounds: numbers and names, never code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import JobError
from ..optimisers.network import Network

UPDATE = "evergreen/federated-update/v1"
ROUND = "evergreen/federated-round/v1"
RESULT = "evergreen/federated-result/v1"


def read_document(folder: Path, name: str, schema: str) -> dict[str, Any]:
    """Read a document that the federation left in a channel.

    Raises
    ------
    JobError
        When it is not there or is another one.
    """
    try:
        document = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise JobError(f"the federation's {name} cannot be read: {type(error).__name__}") from error
    if not isinstance(document, dict) or document.get("schema") != schema:
        raise JobError(f"the federation's {name} is no document of the schema {schema}")
    return document


def weights_in(document: dict[str, Any], network: Network) -> np.ndarray:
    """The parameters of a document, held against the shape of the model.

    Raises
    ------
    JobError
        When there are more or fewer than the model has, or one is not finite.
    """
    weights = np.asarray(document.get("weights"), dtype=np.float64)
    if weights.shape != (network.count,) or not np.isfinite(weights).all():
        raise JobError(f"the federation's weights are not the {network.count} finite numbers that the model has")
    return weights
