"""Isolation forest: rows that few random cuts set apart from all others are anomalies.

Source: Liu, Ting and Zhou, Isolation Forest, ICDM 2008; trees by scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto

from .data import Rows, Table
from .definition import Definition
from .errors import JobError
from .graph import Graph
from .model import Answers
from .preprocessing import Preprocessing, learn_preprocessing
from .tree_ensemble import TreeEnsemble

# Whole numbers up to here are exact in 32 bits.
_EXACT = 2.0**24


@dataclass(frozen=True)
class IsolationForestModel:
    """A fitted isolation forest.

    The anomaly score of the paper, s = 2^(-E[h] / c), is brought to [0, 1] by two straight lines that meet at the
    threshold, which becomes 0.5: so the label is an anomaly exactly when its score is the greater one.

    Attributes
    ----------
    definition : Definition
        Its first category is normal, its second an anomaly.
    preprocessing : Preprocessing
    trees : list of (sklearn Tree, path lengths by node)
        Path lengths in units of `quantum`, rounded to whole numbers: their sum is the same in any order, in 32 bits as
        in 64, so rows at the threshold have one label in Python and in the graph.
    quantum : float
    scale : float
        c times the number of trees: the sum of path lengths at which s is one half.
    threshold : float
        Of s.
    """

    definition: Definition
    preprocessing: Preprocessing
    trees: list[tuple[Any, np.ndarray]]
    quantum: float
    scale: float
    threshold: float

    def measure(self, rows: Rows) -> np.ndarray:
        """Anomaly scores s of the paper, shape (n,)."""
        prepared = self.preprocessing.transform(rows).astype(np.float32)
        lengths = np.zeros(len(rows))
        for tree, paths in self.trees:
            lengths += paths[tree.apply(prepared)]
        return np.exp(lengths * -(np.log(2) * self.quantum / self.scale))

    def answer(self, rows: Rows) -> Answers:
        """Score rows."""
        s, t = self.measure(rows), self.threshold
        anomaly = np.minimum(s * (0.5 / t), 0.5) + np.maximum(s - t, 0.0) * (0.5 / (1 - t))
        scores = np.column_stack([1 - anomaly, anomaly]).astype(np.float32)
        names = np.array(self.definition.categories, dtype=object)
        return Answers(labels=names[scores.argmax(axis=1)], scores=scores)

    def to_onnx(self) -> bytes:
        """Write the model as the file that is served."""
        graph = Graph()
        prepared = self.preprocessing.write(graph)
        lengths = graph.cast(self._read().write(graph, prepared), TensorProto.DOUBLE)
        number = lambda value: graph.constant(np.array(float(value)))  # noqa: E731
        rate = -(np.log(2) * self.quantum / self.scale)
        s, t = graph.add("Exp", graph.add("Mul", lengths, number(rate))), self.threshold
        below = graph.add("Min", graph.add("Mul", s, number(0.5 / t)), number(0.5))
        beyond = graph.add("Max", graph.add("Sub", s, number(t)), number(0.0))
        anomaly = graph.add("Add", below, graph.add("Mul", beyond, number(0.5 / (1 - t))))
        both = graph.add("Concat", graph.add("Sub", number(1.0), anomaly), anomaly, axis=1)
        scores = graph.cast(both, TensorProto.FLOAT, output="scores")
        names = graph.constant(np.array(self.definition.categories, dtype=object))
        graph.add("Gather", names, graph.add("ArgMax", scores, axis=1, keepdims=0), axis=0, output="label")
        outputs = [("label", TensorProto.STRING, ["n"]), ("scores", TensorProto.FLOAT, ["n", 2])]
        return graph.to_model(self.definition.name, outputs).SerializeToString(deterministic=True)

    def _read(self) -> TreeEnsemble:
        ensemble = TreeEnsemble(1, np.zeros(1))
        for tree, paths in self.trees:
            is_leaf = tree.children_left == -1
            ensemble.add_tree(
                tree.children_left,
                tree.children_right,
                tree.feature,
                tree.threshold,
                is_leaf,
                np.array([0]),
                paths[:, None],
            )
        return ensemble


def fit_isolation_forest(definition: Definition, train: Table, settings: dict[str, Any]) -> IsolationForestModel:
    """Fit an isolation forest on train rows; their labels are not looked at.

    Parameters
    ----------
    definition : Definition
    train : Table
    settings : dict
        ``contamination``, the share of train rows that lie beyond the threshold, ``n_estimators``, ``max_samples``.

    Raises
    ------
    JobError
        When a setting is out of range or a feature is free text.
    """
    from sklearn.ensemble import IsolationForest

    free = [feature.name for feature in definition.features if feature.type == "text"]
    if free:
        raise JobError(f"isolation-forest does not read free text ({', '.join(free)}); declare a category")
    contamination = settings["contamination"]
    if not 0 < contamination < 0.5:
        raise JobError(
            f"isolation-forest cannot be trained: the 'contamination' parameter is {contamination}; "
            "it must be above 0 and below 0.5"
        )
    preprocessing = learn_preprocessing(definition, train.rows, scale=False)
    prepared = preprocessing.transform(train.rows)
    samples = min(settings["max_samples"], len(prepared))
    try:
        forest = IsolationForest(
            n_estimators=settings["n_estimators"], max_samples=samples, random_state=definition.seed
        ).fit(prepared)
    except ValueError as error:
        raise JobError(f"IsolationForest cannot be trained: {error}") from error
    paths = [_path_lengths(member.tree_) for member in forest.estimators_]
    quantum = 2.0 ** np.ceil(np.log2(sum(each.max() for each in paths) / _EXACT))
    trees = [(member.tree_, np.round(each / quantum)) for member, each in zip(forest.estimators_, paths, strict=True)]
    scale = len(trees) * float(_average_path(np.array([samples]))[0])
    model = IsolationForestModel(definition, preprocessing, trees, float(quantum), scale, 0.5)
    threshold = float(np.quantile(model.measure(train.rows), 1 - contamination))
    # All rows alike would make 1 of it, and leave no room above.
    return IsolationForestModel(definition, preprocessing, trees, float(quantum), scale, min(threshold, 1 - 1e-9))


def _path_lengths(tree: Any) -> np.ndarray:
    """Edges from the root to each node, and what a tree grown to the end would add: c of the node's rows."""
    depths = np.zeros(tree.node_count)
    for node in range(tree.node_count):
        for child in (tree.children_left[node], tree.children_right[node]):
            if child != -1:
                depths[child] = depths[node] + 1
    return depths + _average_path(tree.n_node_samples)


def _average_path(rows: np.ndarray) -> np.ndarray:
    """Average path length c of an unsuccessful search in a binary search tree of some rows: equation 1 of the paper."""
    many = np.maximum(rows.astype(np.float64), 3)
    return np.select(
        [rows <= 1, rows == 2], [0.0, 1.0], 2 * (np.log(many - 1) + np.euler_gamma) - 2 * (many - 1) / many
    )
