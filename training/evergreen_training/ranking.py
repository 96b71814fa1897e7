"""What the recommenders share: which feature they read, popular items, and the outputs of their graphs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from .data import Table
from .definition import Definition
from .errors import JobError
from .graph import Graph
from .model import Answers


@dataclass(frozen=True)
class Items:
    """The items that were chosen in train rows; others are never recommended.

    Attributes
    ----------
    definition : Definition
        Its categories are all items there are.
    known : ndarray of int64, shape (k,)
        Positions of those chosen in training among the categories.
    shares : ndarray of float64, shape (k,)
        How often each was chosen, as a share of all choices.
    """

    definition: Definition
    known: np.ndarray
    shares: np.ndarray

    def position_of(self, target: np.ndarray) -> np.ndarray:
        """Positions among the known items of positions among the categories."""
        return np.searchsorted(self.known, target)

    def answer(self, scores: np.ndarray) -> Answers:
        """Answers from scores of the known items, shape (n, k): every item's score, and the best item as label."""
        spread = np.zeros((len(scores), len(self.definition.categories)), dtype=np.float32)
        spread[:, self.known] = scores
        names = np.array(self.definition.categories, dtype=object)
        return Answers(labels=names[spread.argmax(axis=1)], scores=spread)

    def write(self, graph: Graph, scores: str) -> bytes:
        """Write the same, and close the graph."""
        count = len(self.definition.categories)
        spread = np.eye(count, dtype=np.float32)[self.known]
        single = graph.cast(scores, TensorProto.FLOAT)
        every = graph.add("MatMul", single, graph.constant(spread), output="scores")
        best = graph.add("ArgMax", every, axis=1, keepdims=0)
        names = graph.constant(np.array(self.definition.categories, dtype=object))
        graph.add("Gather", names, best, axis=0, output="label")
        outputs = [("label", TensorProto.STRING, ["n"]), ("scores", TensorProto.FLOAT, ["n", count])]
        return graph.to_model(self.definition.name, outputs).SerializeToString(deterministic=True)


def count_items(definition: Definition, train: Table) -> Items:
    """Popularity of the items in train rows."""
    counts = np.bincount(train.target, minlength=len(definition.categories))
    known = np.flatnonzero(counts)
    return Items(definition, known, counts[known] / len(train))


def column_read(definition: Definition, setting: str, given: str | None, types: tuple[str, ...]) -> int:
    """The column of ``texts`` that an algorithm reads: the feature that a setting names, else the only one of its type.

    Raises
    ------
    JobError
        When there is no such feature, or which one is meant is not said.
    """
    for feature in definition.numbers:
        raise JobError(f"{definition.algorithm} does not read the {feature.type} {feature.name}; take it out")
    names = [feature.name for feature in definition.texts if feature.type in types]
    kind = " or ".join(types)
    if given is None and len(names) != 1:
        raise JobError(
            f"{definition.algorithm} reads one {kind} feature, and there are {len(names)}; "
            f"name it by the hyperparameter {setting}"
        )
    name = names[0] if given is None else given
    if name not in names:
        raise JobError(f"the hyperparameter {setting} is {name!r}; it must name a {kind} feature: {', '.join(names)}")
    return [feature.name for feature in definition.texts].index(name)
