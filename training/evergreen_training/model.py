"""A fitted model: preprocessing and estimator together, answering rows as serving will."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .data import Rows, Table
from .definition import Definition
from .errors import JobError
from .export import export_sklearn
from .one_against_one import count_votes, is_svc
from .preprocessing import Preprocessing, learn_preprocessing
from .text_vectors import TextSettings
from .threads import threads_for


@dataclass(frozen=True)
class Answers:
    """What a model says of n rows.

    Attributes
    ----------
    labels : ndarray of object, shape (n,), or None
    scores : ndarray of float32, shape (n, categories), or None
        In the order of the definition's categories.
    values : ndarray of float32, shape (n,), or None
    """

    labels: np.ndarray | None = None
    scores: np.ndarray | None = None
    values: np.ndarray | None = None

    def take(self, chosen: np.ndarray) -> Answers:
        """Those to some of the rows, by their places."""
        return Answers(*(None if each is None else each[chosen] for each in (self.labels, self.scores, self.values)))


class Model(Protocol):
    """What a model folder's own training code must give when it is no scikit-learn estimator."""

    def answer(self, rows: Rows) -> Answers:
        """Answer rows in Python."""
        ...

    def to_onnx(self) -> bytes:
        """Write the model as ONNX with the tensors that the contract names."""
        ...


@dataclass(frozen=True)
class FittedModel:
    """A fitted scikit-learn estimator with the preprocessing its rows go through."""

    definition: Definition
    preprocessing: Preprocessing
    estimator: Any

    def answer(self, rows: Rows) -> Answers:
        """Answer rows in Python."""
        prepared = self.preprocessing.transform(rows)
        if not self.definition.is_classification:
            return Answers(values=self.estimator.predict(prepared).astype(np.float32))
        categories = np.array(self.definition.categories, dtype=object)
        if is_svc(self.estimator):
            return Answers(labels=categories[count_votes(self.estimator, prepared)])
        if not hasattr(self.estimator, "predict_proba"):
            return Answers(labels=categories[self.estimator.predict(prepared)])
        scores = np.zeros((len(rows), len(categories)), dtype=np.float32)
        scores[:, self.estimator.classes_] = self.estimator.predict_proba(prepared)
        # The label is taken from the 32-bit scores, the first of equals, and so in the graph: forests do give ties,
        # which sums in another order would break at random, and a reply's label always has its greatest score.
        return Answers(labels=categories[scores.argmax(axis=1)], scores=scores)

    def to_onnx(self) -> bytes:
        """Write the model as the file that is served."""
        return export_sklearn(self.definition, self.preprocessing, self.estimator)


def fit_sklearn(
    definition: Definition, train: Table, estimator: Any, scale: bool = False, text: TextSettings | None = None
) -> FittedModel:
    """Fit an estimator on train rows, with imputation, one-hot encoding and word weights learned from the same rows.

    Parameters
    ----------
    definition : Definition
    train : Table
    estimator : scikit-learn estimator
        Unfitted. It learns from float64 of shape (n, width) whose numbers are 32-bit values, so that what it learns
        holds for the 32-bit rows of serving. Classifiers learn the position of the label in the categories.
    scale : bool
        Whether numbers are scaled to mean 0 and standard deviation 1.
    text : TextSettings, optional
        How free text is read. The estimator then learns from a sparse matrix.

    Raises
    ------
    JobError
        When a feature is free text and nothing says how it is read, or scikit-learn refuses the data or a
        hyperparameter.
    """
    free = [feature.name for feature in definition.features if feature.type == "text"]
    if free and text is None:
        raise JobError(
            f"{definition.task} does not read free text ({', '.join(free)}); declare a category, "
            "set the task text-classification, or write a train.py with a model of its own"
        )
    preprocessing = learn_preprocessing(definition, train.rows, scale, text)
    prepared = preprocessing.transform(train.rows)
    try:
        with threads_for(prepared.size):
            estimator.fit(prepared, train.target)
    except ValueError as error:
        raise JobError(f"{type(estimator).__name__} cannot be trained: {error}") from error
    return FittedModel(definition, preprocessing, estimator)
