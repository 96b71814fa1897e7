"""Models whose columns are prepared from what the definition declares, so that no row is looked at for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .data import Table
from .definition import Definition
from .errors import JobError
from .estimators import Trainer
from .model import FittedModel
from .optimisers.descent import Part
from .optimisers.estimator import GradientDescentClassifier, GradientDescentRegressor
from .optimisers.network import Network
from .preprocessing import Preprocessing


@dataclass(frozen=True)
class DeclaredModel:
    """A model of gradient descent before it has seen any row.

    Attributes
    ----------
    definition : Definition
    preprocessing : Preprocessing
    estimator : GradientDescentClassifier or GradientDescentRegressor
        Knows its classes, or the scale of its target.
    network : Network
        The shape of its parameters.
    """

    definition: Definition
    preprocessing: Preprocessing
    estimator: GradientDescentClassifier | GradientDescentRegressor
    network: Network

    def prepare(self, table: Table) -> Part:
        """Rows and target as the descent takes them."""
        return self.preprocessing.transform(table.rows), self.estimator.scale_target(table.target)

    def with_parameters(self, parameters: np.ndarray) -> FittedModel:
        """The model with parameters that a descent found."""
        self.estimator.adopt(self.network.split(parameters))
        return FittedModel(self.definition, self.preprocessing, self.estimator)


def declare_model(trainer: Trainer) -> DeclaredModel:
    """The model of a trainer whose algorithm is gradient-descent.

    Which classes occur, and how far a target reaches, are facts about the rows: what is declared is taken.

    Raises
    ------
    JobError
        When a number has no declared range.
    """
    definition, settings = trainer.definition, trainer.settings
    given = {name: value for name, value in settings.items() if name != "scale" and value is not None}
    estimator = trainer.recipe.build(given, definition.seed)
    preprocessing = prepare_publicly(definition)
    if definition.is_classification:
        classes, scaling = np.arange(len(definition.categories)), None
        outputs = 1 if len(classes) == 2 else len(classes)
    else:
        low, high = definition.target_range
        _require_range(definition.target, (low, high))
        classes, scaling, outputs = None, ((low + high) / 2, (high - low) / 2 or 1.0), 1
    hidden = (settings["hidden_units"],) if settings["hidden_units"] else ()
    network = Network((preprocessing.width, *hidden, outputs), settings["activation"])
    estimator.resume(network.split(np.zeros(network.count)), classes, scaling)
    return DeclaredModel(definition, preprocessing, estimator, network)


def prepare_publicly(definition: Definition) -> Preprocessing:
    """Preprocessing from the declared ranges and categories alone.

    A number is scaled from its range to -1 … 1 and is 0 where it is missing; a missing category has 0 in all columns.
    """
    for feature in definition.numbers:
        _require_range(feature.name, feature.range)
    ranges = [feature.range for feature in definition.numbers]
    low, high = (np.array([each[side] for each in ranges], dtype=np.float64) for side in (0, 1))
    middle = (low + high) / 2
    levels = [(place, name) for place, feature in enumerate(definition.texts) for name in feature.categories]
    return Preprocessing(
        fills=middle.astype(np.float32),
        means=middle,
        deviations=np.where(high > low, (high - low) / 2, 1.0),
        levels=tuple(levels),
        text_fills=("",) * len(definition.texts),
    )


def _require_range(name: str, found: tuple[float, float]) -> None:
    if not np.isfinite(found).all():
        raise JobError(f"{name} has no range; nothing about it may be found in the rows, so set its min and max")
