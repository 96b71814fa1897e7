"""Rows as the two matrices that a served model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .definition import Definition
from .errors import JobError


@dataclass(frozen=True)
class Rows:
    """Features of n rows, exactly as serving sends them.

    Attributes
    ----------
    numbers : ndarray of float32, shape (n, k)
        NaN is missing; booleans are 0 and 1.
    texts : ndarray of object, shape (n, m)
        Strings; the empty string is missing.
    """

    numbers: np.ndarray
    texts: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, chosen: Any) -> Rows:
        """The rows at some positions, or where a mask is true."""
        return Rows(self.numbers[chosen], self.texts[chosen])

    def missing(self, definition: Definition) -> dict[str, np.ndarray]:
        """Masks of shape (n,) by feature name that say where it is missing."""
        numbers = {f.name: np.isnan(self.numbers[:, i]) for i, f in enumerate(definition.numbers)}
        texts = {f.name: self.texts[:, i] == "" for i, f in enumerate(definition.texts)}
        return numbers | texts


@dataclass(frozen=True)
class Table:
    """Rows with their target.

    Attributes
    ----------
    rows : Rows
    target : ndarray, shape (n,)
        For a classification int64, the position of the label in the definition's categories; else float64.
    """

    rows: Rows
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True)
class GoldenRows:
    """Golden rows as their document has them (``cells``) and as matrices (``rows``)."""

    cells: list[dict[str, Any]]
    rows: Rows


def to_rows(count: int, numbers: Sequence[Any], texts: Sequence[Any], definition: Definition, where: str) -> Rows:
    """Put columns together and hold them against the definition.

    Parameters
    ----------
    count : int
        Number of rows.
    numbers, texts : sequence of columns
        In the order of the definition; NaN and the empty string are missing.
    definition : Definition
    where : str
        What the rows are, as the beginning of a message.

    Raises
    ------
    JobError
        When a number does not fit into 32 bits, a value is missing that may not be, or a category is not declared.
    """
    wide = np.empty((count, len(numbers)))
    for position, column in enumerate(numbers):
        wide[:, position] = column
    strings = np.empty((count, len(texts)), dtype=object)
    for position, column in enumerate(texts):
        strings[:, position] = column
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    rows = Rows(narrow, strings)
    for position, feature in enumerate(definition.numbers):
        endless = np.isinf(narrow[:, position])
        if endless.any():
            raise JobError(
                f"{where}: {feature.name} holds {wide[endless, position][0]:g}, which does not fit into the 32-bit "
                "numbers that models are served with; give the feature a smaller unit or a range"
            )
    _refuse_missing(rows, definition, where)
    _refuse_unknown_categories(rows, definition, where)
    return rows


def _refuse_missing(rows: Rows, definition: Definition, where: str) -> None:
    missing = rows.missing(definition)
    for feature in definition.features:
        count = int(missing[feature.name].sum())
        if count and not feature.may_be_missing:
            raise JobError(
                f"{where}: {feature.name} is missing in {count} of {len(rows)} rows; "
                "set mayBeMissing for it in the definition, or fill it in"
            )


def _refuse_unknown_categories(rows: Rows, definition: Definition, where: str) -> None:
    for position, feature in enumerate(definition.texts):
        if feature.type != "category":
            continue
        unknown = sorted(set(rows.texts[:, position]) - {*feature.categories, ""})
        if unknown:
            raise JobError(
                f"{where}: {feature.name} holds {unknown[0]!r}; the definition allows {', '.join(feature.categories)}"
            )
