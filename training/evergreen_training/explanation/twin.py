"""A model that people can read, held against the one that was trained: the price of reading it in accuracy.

Source: Rudin 2019, Stop explaining black box machine learning models for high stakes decisions and use interpretable
models instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import Table
from ..definition import Definition
from ..figures import score_answers
from ..model import FittedModel, Model
from ..preprocessing import learn_preprocessing

# Rows a twin learns from in a fold: a tree of fifteen splits, or one weight a column, gains nothing from more.
_MOST_ROWS = 5000

Split = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Twin:
    """The better of a shallow tree and a linear model, by their mean score on the folds of the model itself."""

    algorithm: str
    settings: dict[str, Any]
    folds: int
    rows: int
    score: float
    model_score: float


def fit_twin(
    definition: Definition, train: Table, model: Model, splits: Sequence[Split], scores: Sequence[float]
) -> Twin | str:
    """Cross-validate twins on the folds on which the model was.

    Parameters
    ----------
    definition : Definition
    train : Table
    model : Model
    splits : sequence of (learned, held)
        Positions in the train rows.
    scores : sequence of float
        The model's score on each fold.

    Returns
    -------
    Twin or str
        The reason why there is none.
    """
    if isinstance(model, FittedModel) and type(model.estimator).__name__ in _READABLE:
        return f"the model itself, {_READABLE[type(model.estimator).__name__]}, can be read"
    if not splits:
        return "there was no cross-validation to hold it against"
    if definition.task == "ranking":
        return "there is no readable twin of a ranking"
    if definition.task == "anomaly-detection":
        return "anomalies are found without labels, and a twin would learn from them"
    if any(feature.type == "text" for feature in definition.features):
        return "there is no readable twin of a model of free text"
    random = np.random.default_rng(definition.seed)
    lessons = [np.sort(random.permutation(learned)[:_MOST_ROWS]) for learned, _ in splits]
    best: Twin | None = None
    for algorithm, (settings, build, scale) in _kinds_of(definition).items():
        figures = []
        for lesson, (_, held) in zip(lessons, splits, strict=True):
            with warnings.catch_warnings(action="ignore"):
                rows = train.rows.take(lesson)
                preprocessing = learn_preprocessing(definition, rows, scale)
                estimator = build().fit(preprocessing.transform(rows), train.target[lesson])
            fitted = FittedModel(definition, preprocessing, estimator)
            figures.append(score_answers(definition, fitted.answer(train.rows.take(held)), train.target[held])["score"])
        score = float(np.mean(figures))
        if best is None or score > best.score:
            most = max(len(lesson) for lesson in lessons)
            best = Twin(algorithm, settings, len(splits), most, score, float(np.mean(scores)))
    assert best is not None
    return best


_READABLE = {
    "LogisticRegression": "a logistic regression",
    "Ridge": "a linear regression",
    "LinearRegression": "a linear regression",
    "Lasso": "a linear regression",
    "ElasticNet": "a linear regression",
    "SVR": "a linear regression",
    "DecisionTreeClassifier": "a decision tree",
    "DecisionTreeRegressor": "a decision tree",
}


def _kinds_of(definition: Definition) -> dict[str, tuple[dict[str, Any], Callable[[], Any], bool]]:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    shallow = {"max_depth": 4, "min_samples_leaf": 5}
    seed = definition.seed
    if definition.is_classification:
        return {
            "decision-tree": (shallow, lambda: DecisionTreeClassifier(**shallow, random_state=seed), False),
            "logistic-regression": ({"C": 1.0}, lambda: LogisticRegression(max_iter=200, random_state=seed), True),
        }
    return {
        "decision-tree": (shallow, lambda: DecisionTreeRegressor(**shallow, random_state=seed), False),
        "ridge": ({"alpha": 1.0}, lambda: Ridge(), True),
    }
