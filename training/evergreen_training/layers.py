"""Affine maps, multilayer perceptrons and Gaussian naive Bayes as ONNX nodes, all in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .graph import Graph

_OPERATORS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid"}


def write_affine(graph: Graph, weights: np.ndarray, shift: np.ndarray, prepared: str) -> str:
    """Write ``prepared @ weights.T + shift``. Returns the output's name."""
    product = graph.add("MatMul", prepared, graph.constant(np.asarray(weights, dtype=np.float64).T))
    return graph.add("Add", product, graph.constant(np.asarray(shift, dtype=np.float64)))


def write_layers(graph: Graph, layers: Sequence[tuple[np.ndarray, np.ndarray]], activation: str, prepared: str) -> str:
    """Write a perceptron's layers with the activation between them; the last has none.

    Parameters
    ----------
    layers : sequence of (weights of shape (given, units), intercepts of shape (units,))
    activation : str
        ``relu``, ``tanh``, ``logistic`` or ``identity``.
    """
    for position, (weights, intercepts) in enumerate(layers):
        if position and activation != "identity":
            prepared = graph.add(_OPERATORS[activation], prepared)
        prepared = write_affine(graph, weights.T, intercepts, prepared)
    return prepared


def write_naive_bayes(graph: Graph, estimator: Any, prepared: str) -> str:
    """Write scikit-learn's GaussianNB: the logarithm of each class's density times its prior, up to one constant.

    Differences are squared class by class. Multiplied out they would be one matrix product, and lose the digits that
    are left when a large mean is taken off.
    """
    variances = estimator.var_
    distances = graph.add(
        "Sub", graph.add("Unsqueeze", prepared, graph.constant(np.array([1]))), _row(graph, estimator.theta_)
    )
    squares = graph.add("Mul", distances, distances)
    exponents = graph.add(
        "ReduceSum", graph.add("Div", squares, _row(graph, variances)), graph.constant(np.array([2])), keepdims=0
    )
    levels = np.log(estimator.class_prior_) - 0.5 * np.log(2 * np.pi * variances).sum(axis=1)
    halves = graph.add("Mul", exponents, graph.constant(np.array(-0.5)))
    return graph.add("Add", halves, graph.constant(levels))


def _row(graph: Graph, matrix: np.ndarray) -> str:
    return graph.constant(np.asarray(matrix, dtype=np.float64)[None])
