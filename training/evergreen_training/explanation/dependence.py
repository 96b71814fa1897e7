"""Partial dependence: the mean answer when one feature is set to each value of a grid and the others stay.

Source: Friedman 2001, Greedy function approximation, section 8.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import Rows
from ..definition import Feature
from .explained import Explained

_PLACES = 10
# Ends of the grid, as shares of the values: beyond there are few rows to speak of.
_ENDS = (0.05, 0.95)


@dataclass(frozen=True)
class Dependence:
    """Mean answers over a grid.

    Attributes
    ----------
    feature : str
    grid : list
        Values of the feature as JSON cells.
    curves : ndarray, shape (outputs, places)
    """

    feature: str
    grid: list[Any]
    curves: np.ndarray


def partial_dependence(explained: Explained, feature: Feature, known: Rows, rows: Rows) -> Dependence | None:
    """Mean answers of rows with one feature set to each value of its grid.

    Parameters
    ----------
    explained : Explained
    feature : Feature
    known : Rows
        Where the grid comes from: ten observed values between the 5th and the 95th percentile of a number, the ten
        most frequent categories.
    rows : Rows
        The rows over which the mean is taken.

    Returns
    -------
    Dependence or None
        None for free text, and where no value is known.
    """
    definition = explained.definition
    column = (definition.numbers if feature.is_numeric else definition.texts).index(feature)
    grid = _grid_of(feature, (known.numbers if feature.is_numeric else known.texts)[:, column])
    if not len(grid):
        return None
    numbers, texts = np.tile(rows.numbers, (len(grid), 1)), np.tile(rows.texts, (len(grid), 1))
    (numbers if feature.is_numeric else texts)[:, column] = np.repeat(grid, len(rows))
    outputs = explained.outputs(Rows(numbers, texts)).reshape(len(grid), len(rows), -1)
    cast = {"boolean": bool, "integer": int, "number": float}.get(feature.type, str)
    return Dependence(feature.name, [cast(value) for value in grid], outputs.mean(axis=1).T)


def _grid_of(feature: Feature, values: np.ndarray) -> np.ndarray:
    if feature.type == "text":
        return values[:0]
    if feature.type == "category":
        seen, counts = np.unique(values[values != ""].astype(str), return_counts=True)
        frequent = set(seen[np.argsort(-counts, kind="stable")[:_PLACES]])
        return np.array([category for category in feature.categories if category in frequent], dtype=object)
    present = values[~np.isnan(values)]
    if not len(present):
        return present
    distinct = np.unique(present)
    if len(distinct) <= _PLACES:
        return distinct
    return np.unique(np.quantile(present, np.linspace(*_ENDS, _PLACES), method="inverted_cdf"))
