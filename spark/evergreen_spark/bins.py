"""Edges of bins as lib/data/profile.ts and lib/data/checks/joint-counts.ts lay them, to the last bit."""

from __future__ import annotations

import math

_STEPS = 10
_EPSILON = 2.0**-52
_LEAST = 5e-324


def edges_of(deciles: list[float]) -> list[float]:
    """Inner edges of the bins; a constant gets one just below it too."""
    edges = list(dict.fromkeys(deciles))
    if len(edges) == 1:
        only = edges[0]
        return [only - max(abs(only) * _EPSILON, _LEAST), only]
    return edges


def fine_edges(edges: list[float], least: float, greatest: float) -> list[float]:
    """The edges, and nine of equal width between each two knots."""
    knots = [least, *(edge for edge in edges if least < edge < greatest), greatest]
    fine = dict.fromkeys(edges)
    for start, end in zip(knots, knots[1:]):
        for step in range(1, _STEPS):
            fine[start + ((end - start) * step) / _STEPS] = None
        if end < greatest:
            fine[end] = None
    return sorted(fine)


def number_sql(value: float) -> str:
    """A double in Spark SQL."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number of a statement")
    return f"({value!r}D)"


def bin_sql(number: str, edges: list[float]) -> str:
    """SQL of the bin a number lies in: bin i holds edges[i-1] < x <= edges[i]; null where there is no number."""

    def tree(first: int, last: int) -> str:
        if first == last:
            return str(first)
        middle = (first + last) // 2
        return f"IF({number} <= {number_sql(edges[middle])}, {tree(first, middle)}, {tree(middle + 1, last)})"

    return f"IF({number} IS NULL, NULL, {tree(0, len(edges))})"
