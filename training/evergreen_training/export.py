"""A fitted model as the ONNX file that is served: inputs `numbers` and `texts`, outputs `label`, `scores`, `value`."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from .definition import Definition
from .errors import JobError
from .graph import ML, OPSETS, Graph
from .layers import write_affine, write_layers, write_naive_bayes
from .lightgbm import read_lightgbm
from .one_against_one import is_svc
from .preprocessing import Preprocessing
from .support_vectors import write_regression, write_votes
from .tree_ensemble import TreeEnsemble, read_boosting, read_forest, read_tree

_NEVER_SERVED = {"Loop", "If", "Scan"}


def export_sklearn(definition: Definition, preprocessing: Preprocessing, estimator: Any) -> bytes:
    """Write a fitted estimator with its preprocessing as ONNX.

    The same model gives the same bytes. The estimators of the built-in algorithms are written here, because skl2onnx
    writes trees and support vector machines with 32-bit thresholds and weights, and takes half a second to import;
    everything else is converted by skl2onnx.

    Raises
    ------
    JobError
        When the estimator cannot be written with the operators that are served.
    """
    graph = Graph()
    prepared = preprocessing.write(graph)
    if definition.is_classification:
        outputs = _write_classifier(graph, definition.categories, estimator, prepared)
    else:
        value = graph.add("Reshape", _write_value(graph, estimator, prepared), graph.constant(np.array([-1])))
        graph.cast(value, TensorProto.FLOAT, output="value")
        outputs = [("value", TensorProto.FLOAT, ["n"])]
    proto = graph.to_model(definition.name, outputs)
    strange = {
        f"{node.domain or 'ai.onnx'}.{node.op_type}"
        for node in proto.graph.node
        if node.domain not in ("", ML) or node.op_type in _NEVER_SERVED
    }
    if strange:
        raise JobError(
            f"{type(estimator).__name__} needs {', '.join(sorted(strange))}, which is never served; "
            "use another estimator"
        )
    return proto.SerializeToString(deterministic=True)


def _write_classifier(
    graph: Graph, categories: tuple[str, ...], estimator: Any, prepared: str
) -> list[tuple[str, int, list[Any]]]:
    label = ("label", TensorProto.STRING, ["n"])
    names = graph.constant(np.array(categories, dtype=object))
    if is_svc(estimator):
        # No scores: decision values are no probabilities, and probabilities calibrated from them can rank another
        # category first than the vote that makes the label.
        graph.add("Gather", names, write_votes(graph, estimator, prepared), axis=0, output="label")
        return [label]
    if not hasattr(estimator, "predict_proba"):
        position = graph.add("Reshape", _convert(graph, estimator, prepared)[0], graph.constant(np.array([-1])))
        graph.add("Gather", names, position, axis=0, output="label")
        return [label]
    probabilities = graph.cast(_write_probabilities(graph, estimator, prepared), TensorProto.FLOAT)
    # The train rows may lack a category; its score is 0.
    spread = np.eye(len(categories), dtype=np.float32)[estimator.classes_]
    scores = graph.add("MatMul", probabilities, graph.constant(spread), output="scores")
    best = graph.add("ArgMax", scores, axis=1, keepdims=0)
    graph.add("Gather", names, best, axis=0, output="label")
    return [label, ("scores", TensorProto.FLOAT, ["n", len(categories)])]


def _write_probabilities(graph: Graph, estimator: Any, prepared: str) -> str:
    name = type(estimator).__name__
    if hasattr(estimator, "to_onnx"):
        return _embed_own(graph, estimator, prepared)
    shares = _read_averaged(estimator)
    if shares:
        return shares.write(graph, prepared)
    if _is_a(estimator, "HistGradientBoostingClassifier"):
        raw = graph.cast(read_boosting(estimator).write(graph, prepared), TensorProto.DOUBLE)
    elif name == "LGBMClassifier":
        raw = graph.cast(read_lightgbm(estimator).write(graph, prepared), TensorProto.DOUBLE)
    elif name == "LogisticRegression" and estimator.solver != "liblinear":
        raw = write_affine(graph, estimator.coef_, estimator.intercept_, prepared)
    elif name in ("GradientDescentClassifier", "MLPClassifier"):
        raw = write_layers(graph, _layers_of(estimator), estimator.activation, prepared)
    elif name == "GaussianNB":
        return graph.add("Softmax", write_naive_bayes(graph, estimator, prepared), axis=1)
    else:
        return _convert(graph, estimator, prepared)[1]
    if len(estimator.classes_) == 2:
        # One raw number says how much the second class is ahead; the softmax of 0 and x ends in sigmoid(x).
        raw = graph.add("MatMul", raw, graph.constant(np.array([[0.0, 1.0]])))
    return graph.add("Softmax", raw, axis=1)


def _write_value(graph: Graph, estimator: Any, prepared: str) -> str:
    name = type(estimator).__name__
    if name == "TransformedTargetRegressor" and type(estimator.transformer_).__name__ == "StandardScaler":
        scaler = estimator.transformer_
        inner = _write_value(graph, estimator.regressor_, prepared)
        column = graph.add("Reshape", graph.cast(inner, TensorProto.DOUBLE), graph.constant(np.array([-1, 1])))
        return write_affine(graph, scaler.scale_[None], scaler.mean_, column)
    if hasattr(estimator, "to_onnx"):
        return _embed_own(graph, estimator, prepared)
    means = _read_averaged(estimator)
    if means:
        return means.write(graph, prepared)
    # Other losses than the squared error put a link function behind the trees; those skl2onnx knows.
    if _is_a(estimator, "HistGradientBoostingRegressor") and estimator.loss == "squared_error":
        return read_boosting(estimator).write(graph, prepared)
    if name == "LGBMRegressor" and estimator.objective_ == "regression":
        return read_lightgbm(estimator).write(graph, prepared)
    if name in ("LinearRegression", "Ridge", "ElasticNet"):
        return write_affine(graph, np.atleast_2d(estimator.coef_), estimator.intercept_, prepared)
    if name == "SVR":
        return write_regression(graph, estimator, prepared)
    if name in ("GradientDescentRegressor", "MLPRegressor"):
        return write_layers(graph, _layers_of(estimator), estimator.activation, prepared)
    return _convert(graph, estimator, prepared)[0]


def _read_averaged(estimator: Any) -> TreeEnsemble | None:
    """A tree, or a forest that answers with the mean of its trees."""
    if _is_a(estimator, "BaseForest"):
        return read_forest(estimator)
    return read_tree(estimator) if _is_a(estimator, "BaseDecisionTree") else None


def _layers_of(estimator: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and intercepts of scikit-learn's perceptron, or of `optimisers.network`."""
    if hasattr(estimator, "layers_"):
        return estimator.layers_
    return list(zip(estimator.coefs_, estimator.intercepts_, strict=True))


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


def _convert(graph: Graph, estimator: Any, prepared: str) -> list[str]:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    # In 32 bits: skl2onnx mixes precisions in several of its converters when it is given 64.
    single = graph.cast(prepared, TensorProto.FLOAT)
    given = [("prepared", FloatTensorType([None, getattr(estimator, "n_features_in_", None)]))]
    has_scores = hasattr(estimator, "predict_proba")
    try:
        converted: onnx.ModelProto = to_onnx(
            estimator,
            initial_types=given,
            options={"zipmap": False} if has_scores else None,
            target_opset=OPSETS,
        )
    except (RuntimeError, NotImplementedError, ValueError, KeyError) as error:
        raise JobError(f"{type(estimator).__name__} cannot be written as ONNX: {error}") from error
    if converted.functions:
        raise JobError(f"{type(estimator).__name__} becomes ONNX functions, which are never served")
    return graph.embed(converted.graph, single)


def _is_a(estimator: Any, name: str) -> bool:
    return any(kind.__name__ == name for kind in type(estimator).__mro__)
