"""Shapley values of any model, from its answers alone.

A coalition is worth the model's mean answer when the features outside it are those of background rows (interventional
Shapley values). lib/inference/explain.ts does the same with the same background and the same orders.

Sources: Shapley 1953; Štrumbelj & Kononenko 2014, Explaining prediction models and individual predictions with feature
contributions (sampling of permutations); Mitchell et al. 2022, Sampling permutations for Shapley value estimation
(antithetic pairs).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial
from typing import Literal

import numpy as np

from ..data import Rows
from .explained import Explained

# Up to here all coalitions are asked for: 1,024 of them.
MOST_ENUMERATED = 10

_COALITIONS = 2**MOST_ENUMERATED


@dataclass(frozen=True)
class Attributions:
    """Shapley values of n rows, of one output each: base + contributions of a row = its answer.

    Attributes
    ----------
    method : str
        ``linear``, ``tree`` and ``enumeration`` are exact, ``permutation`` is an estimate (which adds up all the same).
    base : ndarray of float64, shape (n,)
        Mean answer over the background.
    contributions : ndarray of float64, shape (n, features)
    """

    method: Literal["linear", "tree", "enumeration", "permutation"]
    base: np.ndarray
    contributions: np.ndarray


def draw_permutations(features: int, seed: int) -> np.ndarray:
    """Orders of the features for `attribute_by_permutation`: none where enumeration is cheap enough.

    Returns
    -------
    ndarray of int, shape (orders, features)
        With their reverses they ask for about as many coalitions as ten features have; at least one order.
    """
    if features <= MOST_ENUMERATED:
        return np.empty((0, features), dtype=int)
    orders = max(1, _COALITIONS // (2 * (features - 1)))
    random = np.random.default_rng(seed)
    return np.array([random.permutation(features) for _ in range(orders)])


def attribute_by_answers(explained: Explained, rows: Rows, background: Rows, permutations: np.ndarray) -> Attributions:
    """Shapley values of rows, by enumeration when there are no permutations to sample from."""
    if len(permutations):
        return attribute_by_permutation(explained, rows, background, permutations)
    return attribute_by_enumeration(explained, rows, background)


def attribute_by_enumeration(explained: Explained, rows: Rows, background: Rows) -> Attributions:
    """Exact Shapley values of the given labels (or values) of n rows: 2^features coalitions a row."""
    features = len(explained.definition.features)
    coalitions = (np.arange(2**features)[:, None] >> np.arange(features)) & 1 == 1
    sizes = coalitions.sum(axis=1)
    weights = np.array([factorial(k) * factorial(features - 1 - k) / factorial(features) for k in range(features)])
    # A coalition counts for each of its members what joining the others brought, and against everybody else.
    with_member = np.append([0.0], weights)[sizes][:, None] * coalitions
    without = np.append(weights, 0.0)[sizes][:, None] * ~coalitions
    signed = with_member - without
    base, contributions = [], []
    for worth in _worths(explained, rows, background, coalitions):
        base.append(worth[0])
        contributions.append(worth @ signed)
    return Attributions("enumeration", np.array(base), np.array(contributions))


def attribute_by_permutation(
    explained: Explained, rows: Rows, background: Rows, permutations: np.ndarray
) -> Attributions:
    """Estimate Shapley values of n rows: mean over the orders and their reverses of what each feature brings.

    Within an order the contributions telescope, so they add up exactly whatever the number of orders.
    """
    orders = np.concatenate([permutations, permutations[:, ::-1]])
    count, features = orders.shape
    ranks = np.argsort(orders, axis=1)
    # Coalition k of an order holds its first k features.
    coalitions = ranks[:, None, :] < np.arange(features + 1)[None, :, None]
    base, contributions = [], []
    for worth in _worths(explained, rows, background, coalitions.reshape(-1, features)):
        steps = worth.reshape(count, features + 1)
        gains = np.diff(steps, axis=1)
        base.append(steps[0, 0])
        contributions.append(np.take_along_axis(gains, ranks, axis=1).mean(axis=0))
    return Attributions("permutation", np.array(base), np.array(contributions))


def _worths(explained: Explained, rows: Rows, background: Rows, coalitions: np.ndarray) -> Iterator[np.ndarray]:
    chosen = explained.chosen(rows)
    distinct, place = np.unique(coalitions, axis=0, return_inverse=True)
    for row in range(len(rows)):
        worth = explained.average_over(rows.take(slice(row, row + 1)), background, distinct)
        yield worth[place, chosen[row]]
