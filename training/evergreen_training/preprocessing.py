"""From the two served matrices to the one matrix an estimator learns from, in Python and in the ONNX graph alike.

Everything is computed in double precision from 32-bit inputs. In 32 bits scaling alone moves a value by a few units in
the last place, enough to change sides at a tree's threshold or at a classifier's border.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from .data import Rows
from .definition import Definition, Feature
from .graph import ML, Graph
from .text_vectors import TextSettings, TextVectors, learn_text_vectors


@dataclass(frozen=True)
class Preprocessing:
    """Imputation, clipping, scaling and one-hot encoding, as learned from train rows.

    Attributes
    ----------
    fills : ndarray of float32, shape (k,)
        What a missing number becomes: as the definition says, else the median, of a boolean the more frequent value.
    means, deviations : ndarray of float64, shape (k,), or None
        Scaling to mean 0 and standard deviation 1; None leaves numbers as they are.
    levels : tuple of (column, category)
        The one-hot columns: the column of ``texts`` and the category it stands for.
    text_fills : tuple of str
        Of each column of ``texts``, what a missing value becomes: as the definition says, else the most frequent
        category.
    vectors : tuple of TextVectors
        Of the columns of free text.
    limits : ndarray of float32, shape (2, k), or None
        The least and the greatest that a number may be; those beyond are moved there.
    """

    fills: np.ndarray
    means: np.ndarray | None
    deviations: np.ndarray | None
    levels: tuple[tuple[int, str], ...]
    text_fills: tuple[str, ...]
    vectors: tuple[TextVectors, ...] = ()
    limits: np.ndarray | None = None

    @property
    def width(self) -> int:
        """Number of columns of the prepared matrix."""
        return len(self.fills) + len(self.levels) + sum(each.width for each in self.vectors)

    def transform(self, rows: Rows) -> np.ndarray:
        """Prepare rows.

        Returns
        -------
        ndarray of float64, shape (n, width); with free text scipy.sparse.csr_array
            Numbers first, then one column a category seen in training, then the vectors of texts. A category that was
            not seen has 0 in all of its columns.
        """
        dense = self._transform_table(rows)
        if not self.vectors:
            return dense
        from scipy.sparse import csr_array, hstack

        return hstack([csr_array(dense), *(each.transform(rows.texts[:, each.column]) for each in self.vectors)], "csr")

    def _transform_table(self, rows: Rows) -> np.ndarray:
        numbers = _fill(rows.numbers, self.fills, self.limits)
        if self.means is not None and self.deviations is not None:
            numbers = (numbers - self.means) / self.deviations
        if not self.levels:
            return numbers
        texts = np.where(rows.texts == "", np.array(self.text_fills, dtype=object), rows.texts)
        chosen = [texts[:, column] == category for column, category in self.levels]
        return np.column_stack([numbers, np.array(chosen, dtype=np.float64).T])

    def write(self, graph: Graph) -> str:
        """Write the same steps as ONNX nodes. Returns the name of the prepared matrix."""
        parts = []
        if len(self.fills):
            parts.append(self._write_numbers(graph))
        if self.text_fills:
            texts = graph.add_input("texts", TensorProto.STRING, len(self.text_fills))
            if self.levels:
                parts.append(self._write_levels(graph, texts))
            parts.extend(each.write(graph, texts) for each in self.vectors)
        return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)

    def _write_numbers(self, graph: Graph) -> str:
        numbers = graph.add_input("numbers", TensorProto.FLOAT, len(self.fills))
        filled = graph.add(
            "Imputer",
            numbers,
            domain=ML,
            imputed_value_floats=[float(fill) for fill in self.fills],
            replaced_value_float=float("nan"),
        )
        if self.limits is not None:
            for operator, bound in zip(("Max", "Min"), self.limits, strict=True):
                filled = graph.add(operator, filled, graph.constant(bound[None, :]))
        doubles = graph.cast(filled, TensorProto.DOUBLE)
        if self.means is None or self.deviations is None:
            return doubles
        centred = graph.add("Sub", doubles, graph.constant(self.means))
        return graph.add("Div", centred, graph.constant(self.deviations))

    def _write_levels(self, graph: Graph, texts: str) -> str:
        # One dictionary over the categories of all columns keeps the graph at six nodes however many columns there are.
        known = sorted({category for _, category in self.levels})
        ids = graph.add(
            "LabelEncoder",
            texts,
            domain=ML,
            keys_strings=["", *known],
            values_int64s=list(range(len(known) + 1)),
            default_int64=-1,
        )
        id_of = {category: position + 1 for position, category in enumerate(known)}
        fills = graph.constant(np.array([[id_of.get(fill, -1) for fill in self.text_fills]], dtype=np.int64))
        is_missing = graph.add("Equal", ids, graph.constant(np.array([[0]], dtype=np.int64)))
        filled = graph.add("Where", is_missing, fills, ids)
        columns = graph.constant(np.array([column for column, _ in self.levels], dtype=np.int64))
        spread = graph.add("Gather", filled, columns, axis=1)
        wanted = graph.constant(np.array([[id_of[category] for _, category in self.levels]], dtype=np.int64))
        return graph.cast(graph.add("Equal", spread, wanted), TensorProto.DOUBLE)


def learn_preprocessing(
    definition: Definition, rows: Rows, scale: bool, text: TextSettings | None = None
) -> Preprocessing:
    """Learn fills, scaling and categories from train rows.

    Parameters
    ----------
    definition : Definition
    rows : Rows
    scale : bool
        Whether numbers are brought to mean 0 and standard deviation 1. A constant column is only centred.
    text : TextSettings, optional
        How free text is read; without it a definition must have none.
    """
    limits = _learn_limits(definition, rows)
    fills = np.zeros(len(definition.numbers), dtype=np.float32)
    for position, feature in enumerate(definition.numbers):
        present = _present(rows, position, limits)
        # A fold may lack every value of a sparse column; the whole train data never does (see checks.py).
        if len(present) or feature.impute == "constant":
            fills[position] = _number_fill(feature, present)
    means = deviations = None
    if scale:
        filled = _fill(rows.numbers, fills, limits)
        means, deviations = filled.mean(axis=0), filled.std(axis=0)
        deviations[deviations <= 1e-12 * np.abs(means)] = 1.0
    levels: list[tuple[int, str]] = []
    text_fills: list[str] = []
    for position, feature in enumerate(definition.texts):
        counts = Counter(rows.texts[:, position])
        seen = [category for category in feature.categories if counts[category]]
        levels.extend((position, category) for category in seen)
        frequent = max(seen, key=lambda category: counts[category], default="")
        text_fills.append(feature.constant if feature.impute == "constant" else frequent)
    vectors = (
        ()
        if text is None
        else tuple(
            learn_text_vectors(feature.name, position, rows.texts[:, position], text)
            for position, feature in enumerate(definition.texts)
            if feature.type == "text"
        )
    )
    return Preprocessing(fills, means, deviations, tuple(levels), tuple(text_fills), vectors, limits)


def _fill(numbers: np.ndarray, fills: np.ndarray, limits: np.ndarray | None) -> np.ndarray:
    """Put fills where numbers are missing, then move what is beyond the limits; in 32 bits, as the graph does."""
    filled = np.where(np.isnan(numbers), fills, numbers)
    return (filled if limits is None else np.clip(filled, limits[0], limits[1])).astype(np.float64)


def _present(rows: Rows, position: int, limits: np.ndarray | None) -> np.ndarray:
    present = rows.numbers[:, position]
    present = present[~np.isnan(present)]
    if limits is not None:
        present = np.clip(present, limits[0, position], limits[1, position])
    return present.astype(np.float64)


def _number_fill(feature: Feature, present: np.ndarray) -> float:
    if feature.impute == "constant":
        return float(feature.constant)
    if feature.type == "boolean":
        return float(present.mean() > 0.5)
    if feature.impute == "mean":
        return float(present.mean())
    if feature.impute == "mode":
        # Of equally frequent numbers the least.
        values, counts = np.unique(present, return_counts=True)
        return float(values[counts.argmax()])
    return float(np.median(present))


def _learn_limits(definition: Definition, rows: Rows) -> np.ndarray | None:
    """Where outliers begin, as lib/data/cleaning/outliers.duckdb.ts tells them; None when nothing is clipped."""
    if not any(feature.clip for feature in definition.numbers):
        return None
    widest = np.finfo(np.float32).max
    limits = np.tile(np.array([[-widest], [widest]], dtype=np.float32), len(definition.numbers))
    for position, feature in enumerate(definition.numbers):
        present = _present(rows, position, None)
        if feature.clip is None or len(present) < 2:
            continue
        method, factor = feature.clip
        if method == "iqr":
            low, high = np.percentile(present, [25, 75])
            reach = factor * (high - low)
        else:
            low = high = present.mean()
            reach = factor * present.std(ddof=1)
        limits[:, position] = np.clip([low - reach, high + reach], -widest, widest)
    return limits
