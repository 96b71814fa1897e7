"""What a built-in algorithm is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .data import Table
from .definition import Definition
from .model import Model, fit_sklearn
from .text_vectors import TextSettings

Settings = dict[str, Any]

# Of preprocessing, not of the estimator.
_READING = ("max_features", "min_df", "ngrams", "sublinear_tf")
_PREPARING = ("scale", "scale_target")


@dataclass(frozen=True)
class Setting:
    """One hyperparameter: its kind, and what it is when nobody sets it (None: left to scikit-learn).

    Kind ``sizes`` is one whole number or several with commas between, such as ``64,32``.
    """

    kind: Literal["number", "whole", "switch", "word", "sizes"]
    default: Any = None


@dataclass(frozen=True)
class Recipe:
    """How a scikit-learn estimator is built for one task.

    Attributes
    ----------
    settings : mapping
        The hyperparameters it takes, by name. ``scale`` and ``scale_target`` are about preprocessing, the others go
        to the estimator.
    build : callable
        Takes settings without those of preprocessing, and the seed; gives an unfitted estimator.
    reads_text : bool
        Whether free text becomes TF-IDF vectors; its settings are then those of `TextSettings` too.
    """

    settings: Mapping[str, Setting]
    build: Callable[[Settings, int], Any]
    reads_text: bool = False

    def fit(self, definition: Definition, train: Table, settings: Settings) -> Model:
        """Fit a new estimator on train rows.

        Raises
        ------
        JobError
            When scikit-learn refuses the data or a setting.
        """
        text = TextSettings(**{name: settings[name] for name in _READING}) if self.reads_text else None
        apart = (*_PREPARING, *_READING) if self.reads_text else _PREPARING
        given = {name: value for name, value in settings.items() if name not in apart and value is not None}
        estimator = self.build(given, definition.seed)
        if settings.get("scale_target"):
            from sklearn.compose import TransformedTargetRegressor
            from sklearn.preprocessing import StandardScaler

            estimator = TransformedTargetRegressor(estimator, transformer=StandardScaler())
        return fit_sklearn(definition, train, estimator, scale=bool(settings.get("scale", False)), text=text)


@dataclass(frozen=True)
class OwnRecipe:
    """How a model that is no scikit-learn estimator is fitted.

    Attributes
    ----------
    settings : mapping
    fit : callable
        Takes the definition, train rows and all settings; gives a fitted model.
    """

    settings: Mapping[str, Setting]
    fit: Callable[[Definition, Table, Settings], Model]
