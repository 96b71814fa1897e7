"""The function that is explained: what a served model answers, as numbers of its rows' features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..data import Rows
from ..definition import Definition
from ..model import Answers

Output = Literal["score", "vote", "value"]

# Composite rows that are answered at once.
_BATCH = 8192


@dataclass(frozen=True)
class Explained:
    """A model seen from outside.

    Attributes
    ----------
    definition : Definition
    answer : callable
        Answers rows as serving will.
    output : str
        ``score``: a number a label; ``vote``: 1 for the given label, else 0; ``value``: one number.
    """

    definition: Definition
    answer: Callable[[Rows], Answers]
    output: Output

    def outputs(self, rows: Rows) -> np.ndarray:
        """What is explained of n rows, float64 of shape (n, categories) or (n, 1)."""
        answers = self.answer(rows)
        if answers.values is not None:
            return np.asarray(answers.values, dtype=np.float64).reshape(-1, 1)
        if answers.scores is not None:
            return np.asarray(answers.scores, dtype=np.float64)
        labels = np.asarray(answers.labels, dtype=object).reshape(-1, 1)
        return (labels == np.array(self.definition.categories, dtype=object)).astype(np.float64)

    def chosen(self, rows: Rows) -> np.ndarray:
        """The column of `outputs` that is explained of each row: the given label's; shape (n,)."""
        labels = self.answer(rows).labels
        if labels is None:
            return np.zeros(len(rows), dtype=int)
        position_of = {category: position for position, category in enumerate(self.definition.categories)}
        return np.array([position_of[label] for label in labels], dtype=int)

    def average_over(self, row: Rows, background: Rows, coalitions: np.ndarray) -> np.ndarray:
        """Mean outputs of a row whose features outside a coalition are the background's.

        Parameters
        ----------
        row : Rows
            One row.
        background : Rows
            m rows.
        coalitions : ndarray of bool, shape (c, features)
            Features in the definition's order.

        Returns
        -------
        ndarray of float64, shape (c, outputs)
        """
        step = max(1, _BATCH // len(background))
        parts = [
            self.outputs(self._compose(row, background, some)).reshape(len(some), len(background), -1).mean(axis=1)
            for some in (coalitions[start : start + step] for start in range(0, len(coalitions), step))
        ]
        return np.concatenate(parts)

    def _compose(self, row: Rows, background: Rows, coalitions: np.ndarray) -> Rows:
        count = len(coalitions) * len(background)
        is_number, is_text = self._kinds
        numbers = np.where(coalitions[:, None, is_number], row.numbers[None], background.numbers[None])
        texts = np.where(coalitions[:, None, is_text], row.texts[None], background.texts[None])
        return Rows(numbers.reshape(count, -1), texts.reshape(count, -1))

    @cached_property
    def _kinds(self) -> tuple[np.ndarray, np.ndarray]:
        is_number = np.array([feature.is_numeric for feature in self.definition.features], dtype=bool)
        return is_number, ~is_number


def explain_answers(definition: Definition, answer: Callable[[Rows], Answers], sample: Rows) -> Explained:
    """Make `Explained` of an answering function; a sample row tells what it gives."""
    answers = answer(sample.take(slice(0, 1)))
    output: Output = "vote"
    if answers.values is not None:
        output = "value"
    elif answers.scores is not None:
        output = "score"
    return Explained(definition, answer, output)


def cells_of(rows: Rows, definition: Definition) -> list[dict[str, Any]]:
    """Rows as JSON cells, a missing one as None; the same 32-bit numbers come back out of them."""
    numbers = {feature.name: position for position, feature in enumerate(definition.numbers)}
    texts = {feature.name: position for position, feature in enumerate(definition.texts)}
    return [
        {
            feature.name: _number(rows.numbers[row, numbers[feature.name]], feature.type)
            if feature.is_numeric
            else rows.texts[row, texts[feature.name]] or None
            for feature in definition.features
        }
        for row in range(len(rows))
    ]


def _number(value: np.float32, kind: str) -> float | int | bool | None:
    if np.isnan(value):
        return None
    if kind == "boolean":
        return bool(value)
    return int(value) if kind == "integer" else float(value)
