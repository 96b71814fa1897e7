"""Permutation importance: by how much the score falls when one feature's values are shuffled among the rows.

Source: Breiman 2001, Random forests; Fisher, Rudin & Dominici 2019 (of any model).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..data import Rows, Table
from ..definition import Definition
from ..figures import score_answers
from ..model import Answers

# Rows answered in all, and at once.
_BUDGET = 20_000
_BATCH = 8192
_MOST_ROWS, _FEWEST_ROWS, _MOST_REPEATS = 1000, 50, 5


@dataclass(frozen=True)
class Importance:
    """Fall of the score (accuracy, or R² of a regression) over the repeats.

    Attributes
    ----------
    baseline : float
        The score on the rows as they are.
    rows : int
    falls : ndarray, shape (features, repeats)
    """

    baseline: float
    rows: int
    falls: np.ndarray

    @property
    def order(self) -> np.ndarray:
        """Positions of the features, the most important first; of equals the first."""
        return np.argsort(-self.falls.mean(axis=1), kind="stable")


def permutation_importance(
    definition: Definition, answer: Callable[[Rows], Answers], table: Table, seed: int
) -> Importance:
    """Measure the importance of each feature on labelled rows.

    Rows and repeats are drawn with the seed and bounded, so that about 20,000 rows are answered whatever the table; a
    model of very many features is measured on 50 rows, once.

    Parameters
    ----------
    definition : Definition
    answer : callable
        A model that has not learned from the rows gives the importance for rows to come.
    table : Table
    seed : int
    """
    random = np.random.default_rng(seed)
    features = definition.features
    rows = min(len(table), max(_FEWEST_ROWS, min(_MOST_ROWS, _BUDGET // (_MOST_REPEATS * len(features)))))
    repeats = max(1, min(_MOST_REPEATS, _BUDGET // (rows * len(features))))
    drawn = np.sort(random.permutation(len(table))[:rows])
    sample, target = table.rows.take(drawn), table.target[drawn]
    baseline = score_answers(definition, answer(sample), target)["score"]
    shuffled = [(feature, random.permutation(rows)) for feature in range(len(features)) for _ in range(repeats)]
    falls = []
    step = max(1, _BATCH // rows)
    for start in range(0, len(shuffled), step):
        some = shuffled[start : start + step]
        answers = answer(_shuffle_each(definition, sample, some))
        falls.extend(
            baseline - score_answers(definition, _take(answers, position, rows), target)["score"]
            for position in range(len(some))
        )
    return Importance(baseline, rows, np.array(falls).reshape(len(features), repeats))


def _shuffle_each(definition: Definition, sample: Rows, shuffled: list[tuple[int, np.ndarray]]) -> Rows:
    numbers = np.tile(sample.numbers, (len(shuffled), 1, 1))
    texts = np.tile(sample.texts, (len(shuffled), 1, 1))
    for position, (feature, order) in enumerate(shuffled):
        kind = definition.features[feature]
        matrix, columns = (numbers, definition.numbers) if kind.is_numeric else (texts, definition.texts)
        column = columns.index(kind)
        matrix[position, :, column] = matrix[position, order, column]
    count = len(shuffled) * len(sample)
    return Rows(numbers.reshape(count, -1), texts.reshape(count, -1))


def _take(answers: Answers, position: int, rows: int) -> Answers:
    part = slice(position * rows, (position + 1) * rows)
    return Answers(*(None if each is None else each[part] for each in (answers.labels, answers.scores, answers.values)))
