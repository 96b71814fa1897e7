"""Support vector machines of libsvm as ONNX nodes in double precision.

skl2onnx writes support vectors and their weights in 32 bits.

Source: Chang and Lin, LIBSVM: A Library for Support Vector Machines, ACM TIST 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from .graph import Graph
from .layers import write_affine
from .one_against_one import BORDER, pairs_of


def write_votes(graph: Graph, estimator: Any, prepared: str) -> str:
    """Write an SVC's decision between each two classes and the vote on it. Returns positions among the categories.

    The support vectors of a linear kernel fold into one weight vector a pair of classes, so the file does not grow
    with the train data.
    """
    classes = estimator.classes_
    # With two classes scikit-learn turns libsvm's sign around.
    sign = -1.0 if len(classes) == 2 else 1.0
    if estimator.kernel == "linear":
        weights, given = estimator.coef_, prepared
    else:
        weights, given = _pair_weights(estimator), write_kernel(graph, estimator, prepared)
    decisions = write_affine(graph, sign * weights, sign * estimator.intercept_, given)
    wins = graph.cast(graph.add("Greater", decisions, graph.constant(np.array([BORDER]))), TensorProto.FLOAT)
    winners, losers = pairs_of(len(classes))
    ballots = np.eye(len(classes), dtype=np.float32)
    gained = graph.add("MatMul", wins, graph.constant(ballots[winners] - ballots[losers]))
    votes = graph.add("Add", gained, graph.constant(ballots[losers].sum(axis=0)))
    best = graph.add("ArgMax", votes, axis=1, keepdims=0)
    return graph.add("Gather", graph.constant(np.asarray(classes, dtype=np.int64)), best, axis=0)


def write_regression(graph: Graph, estimator: Any, prepared: str) -> str:
    """Write an SVR. Returns a column of values."""
    if estimator.kernel == "linear":
        return write_affine(graph, estimator.coef_, estimator.intercept_, prepared)
    return write_affine(graph, estimator.dual_coef_, estimator.intercept_, write_kernel(graph, estimator, prepared))


def write_kernel(graph: Graph, estimator: Any, prepared: str) -> str:
    """Write the kernel of each row with each support vector, shape (n, support vectors)."""
    vectors = np.asarray(estimator.support_vectors_, dtype=np.float64)
    # What gamma="scale" came to has no public name.
    gamma = float(estimator._gamma)
    products = graph.add("MatMul", prepared, graph.constant(vectors.T))
    if estimator.kernel == "rbf":
        # -gamma |x - v|², multiplied out: the tensor of differences would have one more dimension.
        lengths = graph.add("ReduceSumSquare", prepared, graph.constant(np.array([1])))
        cross = graph.add("Mul", products, graph.constant(np.array(2 * gamma)))
        own = graph.add("Mul", lengths, graph.constant(np.array(gamma)))
        exponents = graph.add("Sub", graph.add("Sub", cross, own), graph.constant(gamma * (vectors**2).sum(axis=1)))
        return graph.add("Exp", exponents)
    scaled = graph.add("Mul", products, graph.constant(np.array(gamma)))
    shifted = graph.add("Add", scaled, graph.constant(np.array(float(estimator.coef0))))
    if estimator.kernel == "sigmoid":
        return graph.add("Tanh", shifted)
    return graph.add("Pow", shifted, graph.constant(np.array(float(estimator.degree))))


def _pair_weights(estimator: Any) -> np.ndarray:
    """Weights of the support vectors in each pair's decision, shape (pairs, support vectors).

    libsvm keeps them class by class: row j - 1 of the vectors of class i, and row i of those of class j, for i < j.
    """
    weights = estimator.dual_coef_
    ends = np.concatenate([[0], np.cumsum(estimator.n_support_)])
    spread = []
    for first, second in zip(*pairs_of(len(estimator.classes_)), strict=True):
        line = np.zeros(weights.shape[1])
        of_first, of_second = slice(*ends[first : first + 2]), slice(*ends[second : second + 2])
        line[of_first] = weights[second - 1, of_first]
        line[of_second] = weights[first, of_second]
        spread.append(line)
    return np.array(spread)
