"""Interventional Shapley values of a sum of trees, exactly.

For one row and one background row a leaf is reached by some coalitions: those with all of the features whose branch
on the way to it only the row takes (p of them), and none of those whose branch only the background row takes (q).
Its value is then shared as in a game with p + q players: each of the p gets v (p-1)! q! / (p+q)!, each of the q loses
v p! (q-1)! / (p+q)!. All pairs of rows go down all trees at once, both ways where they part.

Source: Lundberg et al. 2020, algorithm 3; Laberge & Pequignot 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import beta

from ..tree_ensemble import TreeEnsemble

# Branches at the roots that are followed at once, times features; bounds the memory.
_WIDEST = 2_000_000


@dataclass(frozen=True)
class _Nodes:
    """All nodes of all trees in one numbering; ``left`` is -1 at a leaf."""

    roots: np.ndarray
    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    values: np.ndarray


@dataclass
class _Front:
    """Branches on their way down: which pair, at which node, and which features it took from whom.

    The features are bits of 64-bit words, since most of the time goes into moving branches about.
    """

    pair: np.ndarray
    node: np.ndarray
    from_row: np.ndarray
    from_background: np.ndarray

    def take(self, chosen: np.ndarray) -> _Front:
        return _Front(self.pair[chosen], self.node[chosen], self.from_row[chosen], self.from_background[chosen])


def attribute_trees(
    ensemble: TreeEnsemble, rows: np.ndarray, background: np.ndarray, players: np.ndarray, features: int
) -> tuple[np.ndarray, np.ndarray]:
    """Shapley values of what the leaves add up to.

    Parameters
    ----------
    ensemble : TreeEnsemble
    rows, background : ndarray, shape (n, width) and (m, width)
        Prepared rows.
    players : ndarray of int, shape (width,)
        The feature each column came of.
    features : int

    Returns
    -------
    base : ndarray, shape (n, targets)
        Mean sum over the background; the same in each row.
    contributions : ndarray, shape (n, features, targets)
    """
    nodes = _number_nodes(ensemble)
    count, behind = len(rows), len(background)
    base = np.tile(ensemble.base, (count, 1)).astype(np.float64)
    contributions = np.zeros((count, features, ensemble.targets))
    pairs = np.arange(count * behind)
    for roots in np.array_split(nodes.roots, max(1, len(nodes.roots) * len(pairs) * features // _WIDEST)):
        start = np.tile(roots, len(pairs))
        front = _Front(
            np.repeat(pairs, len(roots)),
            start,
            np.zeros((len(start), -(-features // 64)), dtype=np.uint64),
            np.zeros((len(start), -(-features // 64)), dtype=np.uint64),
        )
        while len(front.node):
            at_leaf = nodes.left[front.node] < 0
            leaves = front.take(at_leaf)
            _share(leaves, nodes.values[leaves.node] / behind, leaves.pair // behind, base, contributions)
            front = front.take(~at_leaf)
            # Of a large forest most nodes are never come by.
            feature, threshold = nodes.feature[front.node], nodes.threshold[front.node]
            own = rows[front.pair // behind, feature] <= threshold
            other = background[front.pair % behind, feature] <= threshold
            front = _descend(front, own, other, players[feature], nodes.left, nodes.right)
    return base, contributions


def _number_nodes(ensemble: TreeEnsemble) -> _Nodes:
    columns = ensemble.columns
    trees = columns["nodes_treeids"]
    roots = np.flatnonzero(np.diff(trees, prepend=-1))
    first = roots[trees]
    is_leaf = columns["nodes_modes"] == b"LEAF"
    values = np.zeros((len(trees), ensemble.targets))
    leaf = roots[columns["target_treeids"]] + columns["target_nodeids"]
    values[leaf, columns["target_ids"]] = columns["target_weights_as_tensor"]
    return _Nodes(
        roots,
        np.where(is_leaf, -1, first + columns["nodes_truenodeids"]),
        np.where(is_leaf, -1, first + columns["nodes_falsenodeids"]),
        columns["nodes_featureids"],
        columns["nodes_values_as_tensor"],
        values,
    )


def _descend(
    front: _Front, own: np.ndarray, other: np.ndarray, player: np.ndarray, left: np.ndarray, right: np.ndarray
) -> _Front:
    """One step down: the row's way, the background row's way, or both where they part and neither was chosen yet."""
    at = np.arange(len(front.node))
    word, bit = player // 64, np.uint64(1) << (player % 64).astype(np.uint64)
    is_rows, is_background = ((marks[at, word] & bit) != 0 for marks in (front.from_row, front.from_background))
    parts = own != other
    goes_own = ~is_background
    goes_other = is_background | (parts & ~is_rows)
    down = [front.take(goes_own), front.take(goes_other)]
    for step, goes, way, mine in ((down[0], goes_own, own, True), (down[1], goes_other, other, False)):
        step.node = np.where(way[goes], left[step.node], right[step.node])
        marks = step.from_row if mine else step.from_background
        marks[np.arange(len(step.node)), word[goes]] |= np.where(parts[goes], bit[goes], np.uint64(0))
    return _Front(
        np.concatenate([each.pair for each in down]),
        np.concatenate([each.node for each in down]),
        np.concatenate([each.from_row for each in down]),
        np.concatenate([each.from_background for each in down]),
    )


def _share(leaves: _Front, values: np.ndarray, row: np.ndarray, base: np.ndarray, contributions: np.ndarray) -> None:
    from_row, from_background = (
        _read_bits(marks, contributions.shape[1]) for marks in (leaves.from_row, leaves.from_background)
    )
    p, q = from_row.sum(axis=1), from_background.sum(axis=1)
    # Sums by row as products: adding at indexes takes five times as long.
    of_row = (np.arange(len(base))[:, None] == row).astype(np.float64)
    base += (of_row * (p == 0)) @ values
    # beta(p, q + 1) = (p-1)! q! / (p+q)!
    gain = np.where(p > 0, beta(np.maximum(p, 1), q + 1), 0.0)
    loss = np.where(q > 0, beta(p + 1, np.maximum(q, 1)), 0.0)
    shares = from_row * gain[:, None] - from_background * loss[:, None]
    for target in range(values.shape[1]):
        contributions[:, :, target] += (of_row * values[:, target]) @ shares


def _read_bits(words: np.ndarray, features: int) -> np.ndarray:
    """Ones and zeros of shape (n, features)."""
    in_order = words.astype("<u8").view(np.uint8)
    return np.unpackbits(in_order, axis=1, bitorder="little")[:, :features].astype(int)
