"""The built-in algorithms behind one interface.

scikit-learn is imported when an estimator is built: each of its parts costs tenths of a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .data import Table
from .definition import Definition
from .errors import JobError
from .hosts import join_hosts
from .model import FittedModel, fit_sklearn

Settings = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """One hyperparameter: its kind, and what it is when nobody sets it (None: left to scikit-learn)."""

    kind: Literal["number", "whole", "switch", "word"]
    default: Any = None


@dataclass(frozen=True)
class Recipe:
    """How an algorithm is built for one task.

    Attributes
    ----------
    settings : mapping
        The hyperparameters it takes, by name. ``scale`` is about preprocessing, the others go to the estimator.
    build : callable
        Takes settings without ``scale``, and the seed; gives an unfitted estimator.
    """

    settings: Mapping[str, Setting]
    build: Callable[[Settings, int], Any]


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
    recipe: Recipe

    def fit(self, train: Table) -> FittedModel:
        """Fit a new estimator on train rows.

        Raises
        ------
        JobError
            When scikit-learn refuses the data or a setting.
        """
        given = {name: value for name, value in self.settings.items() if name != "scale" and value is not None}
        estimator = self.recipe.build(given, self.definition.seed)
        return fit_sklearn(self.definition, train, estimator, scale=bool(self.settings.get("scale", False)))


def choose_trainer(definition: Definition, hyperparameters: Mapping[str, Any]) -> Trainer:
    """Find the definition's algorithm for its task and check the hyperparameters.

    Raises
    ------
    JobError
        For an unknown algorithm or hyperparameter, or a value of the wrong kind. Ranges are scikit-learn's to judge,
        when the estimator is fitted.
    """
    recipes = CLASSIFIERS if definition.is_classification else REGRESSORS
    recipe = recipes.get(definition.algorithm)
    if recipe is None:
        raise JobError(
            f"the algorithm {definition.algorithm} is not built in; use {', '.join(recipes)}, "
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
    wanted = {"switch": "true or false", "word": "a word", "number": "a number", "whole": "a whole number"}[kind]
    raise JobError(f"the hyperparameter {name} is {value!r}; it must be {wanted}")


def _linear_svc(settings: Settings, seed: int) -> Any:
    from sklearn.svm import SVC

    # One against one, as libsvm decides; model.py and export.py count its votes. The seed has nothing to do here.
    return SVC(kernel="linear", decision_function_shape="ovo", **settings)


def _linear_svr(settings: Settings, seed: int) -> Any:
    from sklearn.svm import SVR

    return SVR(kernel="linear", **settings)


def _logistic_regression(settings: Settings, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(random_state=seed, **settings)


def _ridge(settings: Settings, seed: int) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(random_state=seed, **settings)


def _forest_classifier(settings: Settings, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(random_state=seed, **settings)


def _forest_regressor(settings: Settings, seed: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(random_state=seed, **settings)


def _boosting(settings: Settings, seed: int) -> Settings:
    # Early stopping would hold back rows of its own choice; the budget of trees is the definition's.
    renamed = {"max_iter" if name == "n_estimators" else name: value for name, value in settings.items()}
    return {"random_state": seed, "early_stopping": False, **renamed}


def _boosting_classifier(settings: Settings, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(**_boosting(settings, seed))


def _boosting_regressor(settings: Settings, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(**_boosting(settings, seed))


def _descent_classifier(settings: Settings, seed: int) -> Any:
    from .optimisers.estimator import GradientDescentClassifier

    return GradientDescentClassifier(random_state=seed, hosts=join_hosts(), **settings)


def _descent_regressor(settings: Settings, seed: int) -> Any:
    from .optimisers.estimator import GradientDescentRegressor

    return GradientDescentRegressor(random_state=seed, hosts=join_hosts(), **settings)


_SVM = {
    "C": Setting("number", 1.0),
    "tol": Setting("number", 1e-3),
    "max_iter": Setting("whole", -1),
    # Off, so that it is scikit-learn's SVC(kernel="linear") and nothing else.
    "scale": Setting("switch", False),
}
_CLASS_WEIGHT = {"class_weight": Setting("word")}
_FOREST = {
    "n_estimators": Setting("whole", 100),
    "max_depth": Setting("whole"),
    "max_leaf_nodes": Setting("whole"),
    "min_samples_split": Setting("whole", 2),
    "min_samples_leaf": Setting("whole", 1),
    "max_features": Setting("number"),
}
_BOOSTING = {
    "n_estimators": Setting("whole", 100),
    "learning_rate": Setting("number", 0.1),
    "max_depth": Setting("whole"),
    "max_leaf_nodes": Setting("whole", 31),
    "min_samples_leaf": Setting("whole", 20),
    "l2_regularization": Setting("number", 0.0),
}
_DESCENT = {
    "optimizer": Setting("word", "adam"),
    "learning_rate": Setting("number"),
    "batch_size": Setting("whole", 32),
    "epochs": Setting("whole", 200),
    "l2": Setting("number", 1e-4),
    "hidden_units": Setting("whole", 0),
    "activation": Setting("word", "relu"),
    "tol": Setting("number", 1e-4),
    "patience": Setting("whole", 10),
    "validation_fraction": Setting("number", 0.1),
    "scale": Setting("switch", True),
}

CLASSIFIERS: dict[str, Recipe] = {
    "linear-svc": Recipe(_SVM | _CLASS_WEIGHT, _linear_svc),
    "logistic-regression": Recipe(
        {
            "C": Setting("number", 1.0),
            "tol": Setting("number", 1e-4),
            "max_iter": Setting("whole", 1000),
            "scale": Setting("switch", True),
            **_CLASS_WEIGHT,
        },
        _logistic_regression,
    ),
    "random-forest": Recipe(_FOREST | _CLASS_WEIGHT, _forest_classifier),
    "gradient-boosting": Recipe(_BOOSTING | _CLASS_WEIGHT, _boosting_classifier),
    "gradient-descent": Recipe(_DESCENT, _descent_classifier),
}

REGRESSORS: dict[str, Recipe] = {
    "linear-svc": Recipe(_SVM | {"epsilon": Setting("number", 0.1)}, _linear_svr),
    "logistic-regression": Recipe({"alpha": Setting("number", 1.0), "scale": Setting("switch", True)}, _ridge),
    "random-forest": Recipe(_FOREST, _forest_regressor),
    "gradient-boosting": Recipe(_BOOSTING, _boosting_regressor),
    "gradient-descent": Recipe(_DESCENT, _descent_regressor),
}
