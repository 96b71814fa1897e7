"""Forests and boosted trees of scikit-learn as one ONNX node in double precision.

skl2onnx writes thresholds and leaves as 32-bit numbers. Those of scikit-learn are 64-bit midpoints between 32-bit
values, so a rounded threshold can send a row down the other branch. The node's 64-bit attributes (ai.onnx.ml 3) keep
them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from onnx import numpy_helper

from .graph import ML, Graph


@dataclass
class TreeEnsemble:
    """Trees whose leaves add up to k numbers a row, in the columns of ONNX's TreeEnsembleRegressor."""

    targets: int
    base: np.ndarray
    _columns: dict[str, list[np.ndarray]] = field(default_factory=dict)
    _trees: int = 0

    def add_tree(
        self,
        left: np.ndarray,
        right: np.ndarray,
        feature: np.ndarray,
        threshold: np.ndarray,
        is_leaf: np.ndarray,
        leaf_targets: np.ndarray,
        leaf_values: np.ndarray,
    ) -> None:
        """Add one tree.

        Parameters
        ----------
        left, right, feature, threshold, is_leaf : ndarray, shape (nodes,)
            A row goes left when its feature is at most the threshold. Nothing is missing any more at this point.
        leaf_targets : ndarray, shape (t,)
            The targets this tree adds to.
        leaf_values : ndarray, shape (nodes, t)
            What a leaf adds to them. Zeros are left out, which are most of what pure leaves hold, but for the first
            target's: runtimes want each leaf to add something.
        """
        ids = np.arange(len(left))
        leaves = ids[is_leaf]
        added = leaf_values[leaves]
        leaf, target = np.nonzero((added != 0) | ((added == 0).all(axis=1)[:, None] & (np.arange(added.shape[1]) == 0)))
        self._append("nodes_treeids", np.full(len(ids), self._trees))
        self._append("nodes_nodeids", ids)
        self._append("nodes_featureids", np.where(is_leaf, 0, feature))
        self._append("nodes_values_as_tensor", np.where(is_leaf, 0.0, threshold))
        self._append("nodes_truenodeids", np.where(is_leaf, 0, left))
        self._append("nodes_falsenodeids", np.where(is_leaf, 0, right))
        self._append("nodes_modes", np.where(is_leaf, b"LEAF", b"BRANCH_LEQ"))
        self._append("target_treeids", np.full(len(leaf), self._trees))
        self._append("target_nodeids", leaves[leaf])
        self._append("target_ids", leaf_targets[target])
        self._append("target_weights_as_tensor", added[leaf, target])
        self._trees += 1

    @property
    def trees(self) -> int:
        """How many trees were added."""
        return self._trees

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """The node's attributes by name, of all trees; none is added after."""
        return {name: np.concatenate(parts) for name, parts in self._columns.items()}

    def write(self, graph: Graph, prepared: str) -> str:
        """Write the node. Returns the name of its output, float32 of shape (n, targets)."""
        attributes: dict[str, Any] = {"base_values_as_tensor": numpy_helper.from_array(self.base)}
        for name, column in self.columns.items():
            if name.endswith("_as_tensor"):
                attributes[name] = numpy_helper.from_array(column.astype(np.float64))
            else:
                attributes[name] = column
        return graph.add("TreeEnsembleRegressor", prepared, domain=ML, n_targets=self.targets, **attributes)

    def _append(self, name: str, values: np.ndarray) -> None:
        self._columns.setdefault(name, []).append(values)


@lru_cache(maxsize=1)
def read_forest(forest: Any) -> TreeEnsemble:
    """Read a fitted random forest or forest of extra trees; its answer is the mean over the trees.

    What was read last is kept: a job writes its forest and then explains it.
    """
    return _read_mean(forest, forest.estimators_)


def read_tree(tree: Any) -> TreeEnsemble:
    """Read a fitted decision tree."""
    return _read_mean(tree, [tree])


def _read_mean(estimator: Any, members: list[Any]) -> TreeEnsemble:
    targets = len(estimator.classes_) if hasattr(estimator, "classes_") else 1
    ensemble = TreeEnsemble(targets, np.zeros(targets))
    for member in members:
        tree = member.tree_
        ensemble.add_tree(
            tree.children_left,
            tree.children_right,
            tree.feature,
            tree.threshold,
            tree.children_left == -1,
            np.arange(targets),
            tree.value[:, 0, :] / len(members),
        )
    return ensemble


def read_boosting(boosting: Any) -> TreeEnsemble:
    """Read a fitted histogram gradient boosting; its answer is the raw prediction, before any link function."""
    # scikit-learn has no public access to the fitted trees; skl2onnx reads the same attributes.
    base = np.asarray(boosting._baseline_prediction, dtype=np.float64).ravel()
    ensemble = TreeEnsemble(len(base), base)
    for iteration in boosting._predictors:
        for target, predictor in enumerate(iteration):
            nodes = predictor.nodes
            ensemble.add_tree(
                nodes["left"],
                nodes["right"],
                nodes["feature_idx"],
                nodes["num_threshold"],
                nodes["is_leaf"].astype(bool),
                np.array([target]),
                nodes["value"].reshape(-1, 1),
            )
    return ensemble
