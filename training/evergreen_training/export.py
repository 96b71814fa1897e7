"""A fitted model as the ONNX file that is served: inputs `numbers` and `texts`, outputs `label`, `scores`, `value`."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from .errors import JobError
from .graph import ML, OPSETS, Graph
from .model import BORDER, FittedModel, is_linear_svc, pairs_of
from .tree_ensemble import read_boosting, read_forest

_NEVER_SERVED = {"Loop", "If", "Scan"}


def export_sklearn(model: FittedModel) -> bytes:
    """Write a fitted model as ONNX.

    The same model gives the same bytes. The estimators of the built-in algorithms are written here, because skl2onnx
    writes trees and support vector machines with 32-bit thresholds and weights, and takes half a second to import;
    everything else is converted by skl2onnx.

    Raises
    ------
    JobError
        When the estimator cannot be written with the operators that are served.
    """
    graph = Graph()
    prepared = model.preprocessing.write(graph)
    if model.definition.is_classification:
        outputs = _write_classifier(graph, model, prepared)
    else:
        value = graph.add("Reshape", _write_value(graph, model, prepared), graph.constant(np.array([-1])))
        graph.cast(value, TensorProto.FLOAT, output="value")
        outputs = [("value", TensorProto.FLOAT, ["n"])]
    proto = graph.to_model(model.definition.name, outputs)
    strange = {
        f"{node.domain or 'ai.onnx'}.{node.op_type}"
        for node in proto.graph.node
        if node.domain not in ("", ML) or node.op_type in _NEVER_SERVED
    }
    if strange:
        raise JobError(
            f"{type(model.estimator).__name__} needs {', '.join(sorted(strange))}, which is never served; "
            "use another estimator"
        )
    return proto.SerializeToString(deterministic=True)


def _write_classifier(graph: Graph, model: FittedModel, prepared: str) -> list[tuple[str, int, list[Any]]]:
    categories = model.definition.categories
    label = ("label", TensorProto.STRING, ["n"])
    names = graph.constant(np.array(categories, dtype=object))
    if is_linear_svc(model.estimator):
        # No scores: decision values are no probabilities, and probabilities calibrated from them can rank another
        # category first than the vote that makes the label.
        graph.add("Gather", names, _write_votes(graph, model.estimator, prepared), axis=0, output="label")
        return [label]
    if not hasattr(model.estimator, "predict_proba"):
        position = graph.add("Reshape", _convert(graph, model, prepared)[0], graph.constant(np.array([-1])))
        graph.add("Gather", names, position, axis=0, output="label")
        return [label]
    probabilities = graph.cast(_write_probabilities(graph, model, prepared), TensorProto.FLOAT)
    # The train rows may lack a category; its score is 0.
    spread = np.eye(len(categories), dtype=np.float32)[model.estimator.classes_]
    scores = graph.add("MatMul", probabilities, graph.constant(spread), output="scores")
    best = graph.add("ArgMax", scores, axis=1, keepdims=0)
    graph.add("Gather", names, best, axis=0, output="label")
    return [label, ("scores", TensorProto.FLOAT, ["n", len(categories)])]


def _write_probabilities(graph: Graph, model: FittedModel, prepared: str) -> str:
    estimator = model.estimator
    if hasattr(estimator, "to_onnx"):
        return _embed_own(graph, estimator, prepared)
    if _is_a(estimator, "ForestClassifier"):
        return read_forest(estimator).write(graph, prepared)
    if _is_a(estimator, "HistGradientBoostingClassifier"):
        raw = graph.cast(read_boosting(estimator).write(graph, prepared), TensorProto.DOUBLE)
    elif type(estimator).__name__ == "LogisticRegression" and estimator.solver != "liblinear":
        raw = _write_affine(graph, estimator.coef_, estimator.intercept_, prepared)
    elif type(estimator).__name__ == "GradientDescentClassifier":
        raw = _write_layers(graph, estimator, prepared)
    else:
        return _convert(graph, model, prepared)[1]
    if len(estimator.classes_) == 2:
        # One raw number says how much the second class is ahead; the softmax of 0 and x ends in sigmoid(x).
        raw = graph.add("MatMul", raw, graph.constant(np.array([[0.0, 1.0]])))
    return graph.add("Softmax", raw, axis=1)


def _write_value(graph: Graph, model: FittedModel, prepared: str) -> str:
    estimator = model.estimator
    if hasattr(estimator, "to_onnx"):
        return _embed_own(graph, estimator, prepared)
    if _is_a(estimator, "ForestRegressor"):
        return read_forest(estimator).write(graph, prepared)
    # Other losses than the squared error put a link function behind the trees; those skl2onnx knows.
    if _is_a(estimator, "HistGradientBoostingRegressor") and estimator.loss == "squared_error":
        return read_boosting(estimator).write(graph, prepared)
    name = type(estimator).__name__
    if name == "Ridge" or (name == "SVR" and estimator.kernel == "linear"):
        return _write_affine(graph, np.atleast_2d(estimator.coef_), estimator.intercept_, prepared)
    if name == "GradientDescentRegressor":
        return _write_layers(graph, estimator, prepared)
    return _convert(graph, model, prepared)[0]


def _write_layers(graph: Graph, estimator: Any, prepared: str) -> str:
    """Write the layers of `optimisers.network` with the activation between them."""
    activation = {"relu": "Relu", "tanh": "Tanh"}[estimator.activation]
    for position, (weights, intercepts) in enumerate(estimator.layers_):
        given = graph.add(activation, prepared) if position else prepared
        prepared = _write_affine(graph, weights.T, intercepts, given)
    return prepared


def _write_affine(graph: Graph, weights: np.ndarray, shift: np.ndarray, prepared: str) -> str:
    product = graph.add("MatMul", prepared, graph.constant(np.asarray(weights, dtype=np.float64).T))
    return graph.add("Add", product, graph.constant(np.asarray(shift, dtype=np.float64)))


def _write_votes(graph: Graph, estimator: Any, prepared: str) -> str:
    """Write libsvm's decision between each two classes and the vote on it. Returns positions among the categories.

    The support vectors of a linear kernel fold into one weight vector a pair of classes, so the file does not grow
    with the train data.
    """
    classes = estimator.classes_
    sign = -1.0 if len(classes) == 2 else 1.0
    decisions = _write_affine(graph, sign * estimator.coef_, sign * estimator.intercept_, prepared)
    wins = graph.cast(graph.add("Greater", decisions, graph.constant(np.array([BORDER]))), TensorProto.FLOAT)
    winners, losers = pairs_of(len(classes))
    ballots = np.eye(len(classes), dtype=np.float32)
    gained = graph.add("MatMul", wins, graph.constant(ballots[winners] - ballots[losers]))
    votes = graph.add("Add", gained, graph.constant(ballots[losers].sum(axis=0)))
    best = graph.add("ArgMax", votes, axis=1, keepdims=0)
    return graph.add("Gather", graph.constant(np.asarray(classes, dtype=np.int64)), best, axis=0)


def _embed_own(graph: Graph, estimator: Any, prepared: str) -> str:
    """Take in the graph of an estimator that writes its own: 32-bit rows in, probabilities or values out."""
    name = type(estimator).__name__
    proto = onnx.load_from_string(estimator.to_onnx())
    opsets = {opset.domain: opset.version for opset in proto.opset_import}
    if any(OPSETS.get(domain) != version for domain, version in opsets.items()):
        raise JobError(f"{name}.to_onnx() writes the operator sets {opsets}; write {OPSETS}")
    if proto.functions or len(proto.graph.input) != 1 or len(proto.graph.output) != 1:
        raise JobError(f"{name}.to_onnx() must give a graph with one input, one output and no functions")
    return graph.embed(proto.graph, graph.cast(prepared, TensorProto.FLOAT))[0]


def _convert(graph: Graph, model: FittedModel, prepared: str) -> list[str]:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    # In 32 bits: skl2onnx mixes precisions in several of its converters when it is given 64.
    single = graph.cast(prepared, TensorProto.FLOAT)
    given = [("prepared", FloatTensorType([None, model.preprocessing.width]))]
    has_scores = hasattr(model.estimator, "predict_proba")
    try:
        converted: onnx.ModelProto = to_onnx(
            model.estimator,
            initial_types=given,
            options={"zipmap": False} if has_scores else None,
            target_opset=OPSETS,
        )
    except (RuntimeError, NotImplementedError, ValueError, KeyError) as error:
        raise JobError(f"{type(model.estimator).__name__} cannot be written as ONNX: {error}") from error
    if converted.functions:
        raise JobError(f"{type(model.estimator).__name__} becomes ONNX functions, which are never served")
    return graph.embed(converted.graph, single)


def _is_a(estimator: Any, name: str) -> bool:
    return any(kind.__name__ == name for kind in type(estimator).__mro__)
