"""Exact Shapley values of linear models and of sums of trees, without asking the model.

Both hold one feature against background rows as `shapley.py` does (interventional), and take all columns that came of
one feature, such as those of a one-hot encoded category, as one player. Their scale is the one on which the model is
linear or a sum of trees: values and the scores of forests as they are served, else log-odds (``margin``).

Sources: Lundberg et al. 2020, From local explanations to global understanding with explainable AI for trees;
Laberge & Pequignot 2022, Understanding interventional TreeSHAP (players of several columns).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..data import Rows
from ..model import FittedModel
from ..tree_ensemble import TreeEnsemble, read_boosting, read_forest, read_tree
from .shapley import Attributions
from .trees import attribute_trees

Scale = Literal["score", "value", "margin"]
Linear = tuple[Scale, np.ndarray, np.ndarray]
Trees = tuple[Scale, TreeEnsemble, np.ndarray]

# Pairs of a row and a background row, times trees: beyond that trees would take longer than explanations are worth.
_MOST_DESCENTS = 20_000


@dataclass(frozen=True)
class Exact:
    """Shapley values on a scale of the model's own kind."""

    scale: Scale
    attributions: Attributions


def attribute_exactly(model: Any, rows: Rows, background: Rows, chosen: np.ndarray) -> Exact | None:
    """Shapley values of rows where the kind of the model gives them exactly; None where it does not.

    Of very many trees only the first rows are explained, or none.

    Parameters
    ----------
    model : Model
        Any; those that `fit_sklearn` made may be linear or trees.
    rows, background : Rows
    chosen : ndarray of int, shape (n,)
        The category explained of each row; 0 of a regression.
    """
    if not isinstance(model, FittedModel):
        return None
    players = columns_to_features(model)
    if players is None:
        return None
    if (linear := _read_linear(model)) is not None:
        return _attribute_linear(model, linear, players, rows, background, chosen)
    if (trees := _read_trees(model)) is not None:
        return _attribute_trees(model, trees, players, rows, background, chosen)
    return None


def _attribute_linear(
    model: FittedModel, linear: Linear, players: np.ndarray, rows: Rows, background: Rows, chosen: np.ndarray
) -> Exact:
    scale, weights, intercepts = linear
    prepared, middle = model.preprocessing.transform(rows), model.preprocessing.transform(background).mean(axis=0)
    base = weights @ middle + intercepts
    columns = (prepared - middle) * weights[chosen]
    contributions = columns @ np.eye(len(model.definition.features))[players]
    return Exact(scale, Attributions("linear", base[chosen], contributions))


def _attribute_trees(
    model: FittedModel, trees: Trees, players: np.ndarray, rows: Rows, background: Rows, chosen: np.ndarray
) -> Exact | None:
    scale, ensemble, spread = trees
    affordable = _MOST_DESCENTS // (len(background) * ensemble.trees)
    if not affordable:
        return None
    prepared, behind = model.preprocessing.transform(rows)[:affordable], model.preprocessing.transform(background)
    base, contributions = attribute_trees(ensemble, prepared, behind, players, len(model.definition.features))
    picked, chosen = np.arange(len(prepared)), chosen[:affordable]
    return Exact(
        scale,
        Attributions("tree", (base @ spread)[picked, chosen], (contributions @ spread)[picked, :, chosen]),
    )


def columns_to_features(model: FittedModel) -> np.ndarray | None:
    """The position among the features of each prepared column's feature; None when there are columns of other kinds."""
    definition, preprocessing = model.definition, model.preprocessing
    numbers = [definition.features.index(feature) for feature in definition.numbers]
    texts = [definition.features.index(definition.texts[column]) for column, _ in preprocessing.levels]
    players = np.array(numbers + texts, dtype=int)
    return players if len(players) == preprocessing.width else None


def _read_linear(model: FittedModel) -> Linear | None:
    """Weights of shape (outputs, width) and intercepts of shape (outputs,) of a model that is linear on some scale."""
    affine = _affine_of(model.estimator)
    if affine is None:
        return None
    weights, intercepts = affine
    if not model.definition.is_classification:
        return "value", weights, intercepts
    spread = _spread_margins(model)
    return "margin", spread.T @ weights, spread.T @ intercepts


def _affine_of(estimator: Any) -> tuple[np.ndarray, np.ndarray] | None:
    name = type(estimator).__name__
    if name == "TransformedTargetRegressor" and type(estimator.transformer_).__name__ == "StandardScaler":
        inner, scaler = _affine_of(estimator.regressor_), estimator.transformer_
        return None if inner is None else (inner[0] * scaler.scale_, inner[1] * scaler.scale_ + scaler.mean_)
    if name in _LINEAR or (name == "SVR" and estimator.kernel == "linear"):
        return np.atleast_2d(estimator.coef_), np.atleast_1d(estimator.intercept_)
    return None


_LINEAR = ("LogisticRegression", "LinearRegression", "Ridge", "Lasso", "ElasticNet")


def _read_trees(model: FittedModel) -> Trees | None:
    """Trees, and the matrix of shape (targets, outputs) that takes their sums to the outputs."""
    estimator, is_classification = model.estimator, model.definition.is_classification
    kinds = {each.__name__ for each in type(estimator).__mro__}
    if kinds & {"BaseForest", "BaseDecisionTree"}:
        ensemble = read_forest(estimator) if "BaseForest" in kinds else read_tree(estimator)
        if is_classification:
            return "score", ensemble, np.eye(len(model.definition.categories))[estimator.classes_]
        return "value", ensemble, np.eye(1)
    if "HistGradientBoostingClassifier" in kinds:
        return "margin", read_boosting(estimator), _spread_margins(model)
    if "HistGradientBoostingRegressor" in kinds and estimator.loss == "squared_error":
        return "value", read_boosting(estimator), np.eye(1)
    return None


def _spread_margins(model: FittedModel) -> np.ndarray:
    """Matrix of shape (raw numbers, categories): one raw number says how much the second of two classes is ahead."""
    classes = model.estimator.classes_
    rows = np.eye(len(model.definition.categories))[classes]
    return rows[1:] - rows[:1] if len(classes) == 2 else rows
