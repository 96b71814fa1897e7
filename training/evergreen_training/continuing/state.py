"""What is needed to learn on, as a JSON document: numbers and names, never code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..definition import Definition
from ..model import Model
from ..optimisers.network import Layer
from ..preprocessing import Preprocessing

SCHEMA = "evergreen/training-state/v1"


class StateMisfit(ValueError):  # noqa: N818
    """The state belongs to another kind of model; the message says in what they differ."""


@dataclass(frozen=True)
class State:
    """Where a model stands.

    Attributes
    ----------
    preprocessing : Preprocessing
    layers : list of (weights, intercepts)
    classes : ndarray of int64 or None
        Positions of the classes that the outputs stand for; None for a regression.
    scaling : (middle, spread) or None
        Of a regression's target.
    """

    preprocessing: Preprocessing
    layers: list[Layer]
    classes: np.ndarray | None
    scaling: tuple[float, float] | None


def describe_state(model: Model) -> dict[str, Any] | None:
    """The state document of a model trained by gradient descent; None for any other."""
    estimator = getattr(model, "estimator", None)
    if not type(estimator).__name__.startswith("GradientDescent"):
        return None
    classes = getattr(estimator, "classes_", None)
    return {
        "schema": SCHEMA,
        "fits": _signature(model.definition, estimator.hidden_units, estimator.activation),
        "preprocessing": {
            field.name: _encode(getattr(model.preprocessing, field.name)) for field in fields(model.preprocessing)
        },
        "layers": [{"weights": weights.tolist(), "intercepts": shift.tolist()} for weights, shift in estimator.layers_],
        "classes": None if classes is None else classes.tolist(),
        "scaling": getattr(estimator, "scaling_", None),
    }


def read_state(document: Mapping[str, Any], definition: Definition, hidden_units: int, activation: str) -> State:
    """Read a state for a model of this definition.

    Raises
    ------
    StateMisfit
        When it was left by a model with other features, another target or another shape.
    """
    wanted, found = _signature(definition, hidden_units, activation), document.get("fits", {})
    differing = [name for name in wanted if found.get(name) != wanted[name]]
    if document.get("schema") != SCHEMA or differing:
        raise StateMisfit(f"it has another {' and '.join(differing) or 'schema'}")
    try:
        layers = [
            (np.array(layer["weights"], dtype=np.float64), np.array(layer["intercepts"], dtype=np.float64))
            for layer in document["layers"]
        ]
        preprocessing = Preprocessing(**{name: _decode(value) for name, value in document["preprocessing"].items()})
        classes, scaling = document["classes"], document["scaling"]
    except (KeyError, TypeError, ValueError) as error:
        raise StateMisfit(f"its state was left by another version of the trainer ({error})") from error
    return State(
        preprocessing,
        layers,
        None if classes is None else np.array(classes, dtype=np.int64),
        None if scaling is None else (float(scaling[0]), float(scaling[1])),
    )


def carry_over(layers: list[Layer], old: Preprocessing, new: Preprocessing) -> list[Layer]:
    """Weights for columns prepared anew, with which the model answers as before.

    The scale of a number moved, so its weight and the intercept move against it. A category keeps its weight wherever
    its column is now; one that was not seen before begins at 0.
    """
    weights, shift = layers[0]
    count = len(old.fills)
    carried = np.zeros((new.width, weights.shape[1]))
    old_mean, old_deviation = _scale(old)
    new_mean, new_deviation = _scale(new)
    carried[:count] = weights[:count] * (new_deviation / old_deviation)[:, None]
    shift = shift + ((new_mean - old_mean) / old_deviation) @ weights[:count]
    places = {level: count + place for place, level in enumerate(old.levels)}
    for place, level in enumerate(new.levels):
        if level in places:
            carried[count + place] = weights[places[level]]
    return [(carried, shift), *layers[1:]]


def _scale(preprocessing: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    count = len(preprocessing.fills)
    if preprocessing.means is None or preprocessing.deviations is None:
        return np.zeros(count), np.ones(count)
    return preprocessing.means, preprocessing.deviations


def _signature(definition: Definition, hidden_units: int, activation: str) -> dict[str, Any]:
    return {
        "features": [[feature.name, feature.type, list(feature.categories)] for feature in definition.features],
        "target": [definition.target, list(definition.categories)],
        "hidden_units": hidden_units,
        "activation": activation if hidden_units else None,
    }


def _encode(value: Any) -> Any:
    return {"dtype": str(value.dtype), "values": value.tolist()} if isinstance(value, np.ndarray) else value


def _decode(value: Any) -> Any:
    if isinstance(value, dict):
        return np.array(value["values"], dtype=value["dtype"])
    return tuple(map(_decode, value)) if isinstance(value, list) else value
