"""The built-in algorithms behind one interface."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .data import Table
from .definition import Definition
from .errors import JobError
from .isolation_forest import fit_isolation_forest
from .item_to_item import fit_item_to_item
from .matrix_factorisation import fit_matrix_factorisation
from .model import Model
from .recipe import OwnRecipe, Recipe, Setting, Settings
from .recipes import CLASSIFIERS, REGRESSORS, TEXT_CLASSIFIERS

ALGORITHMS: dict[str, Mapping[str, Recipe | OwnRecipe]] = {
    "classification": CLASSIFIERS,
    "regression": REGRESSORS,
    "text-classification": TEXT_CLASSIFIERS,
    "ranking": {
        "matrix-factorisation": OwnRecipe(
            {
                "user": Setting("word"),
                "factors": Setting("whole", 16),
                "iterations": Setting("whole", 15),
                "regularization": Setting("number", 5.0),
                "alpha": Setting("number", 1.0),
            },
            fit_matrix_factorisation,
        ),
        "item-to-item": OwnRecipe(
            {
                "history": Setting("word"),
                "neighbours": Setting("whole", 50),
                "popularity_weight": Setting("number", 1.0),
            },
            fit_item_to_item,
        ),
    },
    "anomaly-detection": {
        "isolation-forest": OwnRecipe(
            {
                "contamination": Setting("number", 0.05),
                "n_estimators": Setting("whole", 100),
                "max_samples": Setting("whole", 256),
            },
            fit_isolation_forest,
        ),
    },
}
_SIZES = re.compile(r"[1-9]\d*(,[1-9]\d*)*")
_WANTED = {
    "switch": "true or false",
    "word": "a word",
    "number": "a number",
    "whole": "a whole number",
    "sizes": "whole numbers with commas between",
}


@dataclass(frozen=True)
class Trainer:
    """An algorithm with its settings, ready to build estimators.

    Attributes
    ----------
    algorithm : str
    settings : dict
        All settings in force, defaults included.
    """

    algorithm: str
    settings: Settings
    definition: Definition
    recipe: Recipe | OwnRecipe

    def fit(self, train: Table) -> Model:
        """Fit a new model on train rows.

        Raises
        ------
        JobError
            When the data or a setting is refused.
        """
        return self.recipe.fit(self.definition, train, self.settings)


def choose_trainer(definition: Definition, hyperparameters: Mapping[str, Any]) -> Trainer:
    """Find the definition's algorithm for its task and check the hyperparameters.

    Raises
    ------
    JobError
        For an unknown algorithm or hyperparameter, or a value of the wrong kind. Ranges are scikit-learn's to judge,
        when the estimator is fitted.
    """
    recipes = ALGORITHMS.get(definition.task, {})
    recipe = recipes.get(definition.algorithm)
    if recipe is None:
        raise JobError(
            f"the algorithm {definition.algorithm} is not built in for {definition.task}; use {', '.join(recipes)}, "
            "or put a train.py into the model's folder"
        )
    settings = {name: setting.default for name, setting in recipe.settings.items()}
    for name, value in hyperparameters.items():
        if name not in recipe.settings:
            raise JobError(
                f"{definition.algorithm} has no hyperparameter {name}; it takes {', '.join(sorted(recipe.settings))}"
            )
        settings[name] = _as_kind(recipe.settings[name].kind, name, value)
    return Trainer(definition.algorithm, settings, definition, recipe)


def _as_kind(kind: str, name: str, value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "switch" and isinstance(value, bool):
        return value
    if kind == "word" and isinstance(value, str):
        return value
    if kind == "number" and is_number:
        return float(value)
    # A tuner may hand over 3.0 where 3 is meant.
    if kind == "whole" and is_number and float(value).is_integer():
        return int(value)
    # One size may come as a number, several only as text.
    if kind == "sizes" and not isinstance(value, bool) and _SIZES.fullmatch(str(value)):
        return str(value)
    raise JobError(f"the hyperparameter {name} is {value!r}; it must be {_WANTED[kind]}")
