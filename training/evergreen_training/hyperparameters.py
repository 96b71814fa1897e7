"""Hyperparameters of the job, from the command line and from SM_HPS.

Source: the SageMaker training toolkit passes each hyperparameter as ``--name value``, or as ``-n value`` when the
name has one letter, and all of them as one JSON object in the variable SM_HPS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import JobError


def read_hyperparameters(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Hyperparameters the job was started with; those on the command line win over those in SM_HPS.

    Names that begin with ``_`` or ``sagemaker_`` are SageMaker's own and left out, as are empty values, which is
    how "not set" arrives.

    Raises
    ------
    JobError
        When SM_HPS is not a JSON object, or an argument has no value.
    """
    try:
        given = json.loads(environment.get("SM_HPS") or "{}")
    except ValueError as error:
        raise JobError(f"SM_HPS is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise JobError("SM_HPS must be a JSON object of hyperparameters")
    # The local and the hosted SageMaker differ in whether values inside SM_HPS are still JSON text.
    decoded = {name: _decode(value) if isinstance(value, str) else value for name, value in given.items()}
    merged = decoded | _parse_arguments(arguments)
    return {
        name: value
        for name, value in merged.items()
        if not name.startswith(("_", "sagemaker_")) and value is not None and value != ""
    }


def _parse_arguments(arguments: Sequence[str]) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        flag = rest.pop(0)
        name, equals, value = flag.lstrip("-").partition("=")
        if not flag.startswith("-") or not name:
            raise JobError(f"the argument {flag!r} is not understood; write --name value")
        if not equals:
            if not rest:
                raise JobError(f"the hyperparameter {name} has no value; write --{name} value")
            value = rest.pop(0)
        parsed[name] = _decode(value)
    return parsed


def _decode(text: str) -> Any:
    if text in ("True", "False"):
        return text == "True"
    if text == "None":
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
