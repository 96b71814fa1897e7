"""A second ONNX file whose large weight matrices have 8 bits, for models that ask for it.

Weights are scaled column by column, the rows they are multiplied with one by one as they come (symmetric, to whole
numbers from -127 to 127). So an answer depends on its own row alone, whatever rows come together: onnxruntime's
`quantize_dynamic` takes one scale for all rows of a run. Sums are whole numbers, and the same on every processor.

Source: Dettmers et al., LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale, 2022 (vector-wise
quantisation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Fewer weights save less than the operators around them take.
_LEAST_WEIGHTS = 1024
# Rows of a matrix up to which a sum of products of 8 bits stays below 32 bits.
_MOST_ROWS = 130_000
_OLDEST_OPSET = 13
_AXES_ARE_INPUT = 18
_MOST = 127
# Whole numbers travel as uint8 with this zero: products of uint8 and int8 saturate on processors without VNNI.
_ZERO = 128


@dataclass(frozen=True)
class Quantised:
    """The file with 8-bit weights, and how many of how many matrices' weights those are."""

    content: bytes
    matrices: int
    weights: int

    def describe(self, before: int) -> dict[str, Any]:
        """What the training record says of it."""
        return {
            "kind": "int8",
            "matrices": self.matrices,
            "weights": self.weights,
            "bytes": len(self.content),
            "fullBytes": before,
        }


def quantise_weights(content: bytes) -> Quantised | str:
    """Write the weights of an ONNX file with 8 bits. The same file gives the same bytes.

    Matrices that only move columns about (zeros and ones) and small ones stay as they are.

    Returns
    -------
    Quantised, or why there is no such file.
    """
    proto = onnx.load_from_string(content)
    opset = {each.domain: each.version for each in proto.opset_import}.get("", 0)
    if opset < _OLDEST_OPSET:
        return f"it is written with ai.onnx {opset}, and {_OLDEST_OPSET} is the oldest whose weights can be quantised"
    matrices = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer if _may_hold(tensor)}
    writer = _Writer(proto.graph, opset)
    weights: dict[str, int] = {}
    for node in proto.graph.node:
        matrix = _matrix_of(node, matrices)
        if matrix is None or not _is_worth(matrix):
            writer.nodes.append(node)
            continue
        weights[node.input[1]] = matrix.size
        writer.write(node, matrix)
    if not weights:
        return f"it has no matrix of at least {_LEAST_WEIGHTS} weights that rows are multiplied with"
    writer.close()
    quantised = proto.SerializeToString(deterministic=True)
    if len(quantised) >= len(content):
        return f"it would have {len(quantised)} bytes instead of {len(content)}"
    return Quantised(quantised, len(weights), sum(weights.values()))


def _may_hold(tensor: onnx.TensorProto) -> bool:
    return tensor.data_type in (TensorProto.FLOAT, TensorProto.DOUBLE) and len(tensor.dims) == 2


def _matrix_of(node: onnx.NodeProto, matrices: dict[str, np.ndarray]) -> np.ndarray | None:
    """The constant matrix that a node multiplies rows with, as (given, units); None when that is not what it does."""
    if node.domain or node.op_type not in ("MatMul", "Gemm") or node.input[0] in matrices:
        return None
    matrix = matrices.get(node.input[1])
    if matrix is None or node.op_type == "MatMul":
        return matrix
    how = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    if how.get("transA", 0) or how.get("alpha", 1.0) != 1.0 or how.get("beta", 1.0) != 1.0:
        return None
    return matrix.T if how.get("transB", 0) else matrix


def _is_worth(matrix: np.ndarray) -> bool:
    if matrix.size < _LEAST_WEIGHTS or len(matrix) > _MOST_ROWS or not np.isfinite(matrix).all():
        return False
    return not np.isin(matrix, (0.0, 1.0)).all()


class _Writer:
    """Puts the nodes of 8-bit products in the place of products."""

    def __init__(self, graph: onnx.GraphProto, opset: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self._graph = graph
        self._opset = opset
        self._constants: dict[str, onnx.TensorProto] = {}
        self._names = {name for node in graph.node for name in (*node.input, *node.output)}

    def write(self, node: onnx.NodeProto, matrix: np.ndarray) -> None:
        """Write ``rows @ matrix``, and the shift of a Gemm, under the node's own output."""
        base = f"{node.output[0]}_int8"
        while any(name.startswith(base) for name in self._names):
            base += "_"
        wide = matrix.astype(np.float64)
        columns = np.abs(wide).max(axis=0) / _MOST
        columns[columns == 0] = 1.0
        # A column's greatest weight may come to a little more than 127 once its scale has 32 bits.
        columns = columns.astype(np.float32)
        whole = np.clip(np.rint(wide / columns), -_MOST, _MOST)
        weights = self._constant(f"{base}_weights", (whole + _ZERO).astype(np.uint8))
        zero = self._constant("int8_zero", np.array(_ZERO, dtype=np.uint8))

        def add(operator: str, *inputs: str, name: str, **attributes: Any) -> str:
            output = name if name == node.output[0] else f"{base}_{name}"
            self.nodes.append(helper.make_node(operator, list(inputs), [output], name=output, **attributes))
            return output

        def scalar(name: str, value: float) -> str:
            return self._constant(f"int8_{name}", np.array(value, dtype=np.float32))

        is_double = matrix.dtype == np.float64
        rows = add("Cast", node.input[0], name="rows", to=TensorProto.FLOAT) if is_double else node.input[0]
        peaks = self._add_peaks(add, add("Abs", rows, name="sizes"))
        # A row of zeros has the step of the smallest number that is safe to divide by.
        steps = add("Max", add("Div", peaks, scalar("most", _MOST), name="raw"), scalar("least", 1e-30), name="steps")
        rounded = add("Round", add("Div", rows, steps, name="scaled"), name="rounded")
        shifted = add("Add", rounded, scalar("shift", _ZERO), name="shifted")
        small = add("Cast", shifted, name="small", to=TensorProto.UINT8)
        sums = add("MatMulInteger", small, weights, zero, zero, name="sums")
        products = add("Mul", add("Cast", sums, name="wide", to=TensorProto.FLOAT), steps, name="products")
        output = node.output[0]
        shift = node.input[2] if node.op_type == "Gemm" and len(node.input) > 2 and node.input[2] else None
        scales = self._constant(f"{base}_scales", columns)
        last = "answer" if is_double or shift else output
        answer = add("Mul", products, scales, name=last)
        if is_double:
            answer = add("Cast", answer, name="cast" if shift else output, to=TensorProto.DOUBLE)
        if shift:
            add("Add", answer, shift, name=output)

    def _add_peaks(self, add: Any, sizes: str) -> str:
        if self._opset < _AXES_ARE_INPUT:
            return add("ReduceMax", sizes, name="peaks", axes=[-1], keepdims=1)
        axes = self._constant("int8_axes", np.array([-1], dtype=np.int64))
        return add("ReduceMax", sizes, axes, name="peaks", keepdims=1)

    def _constant(self, name: str, array: np.ndarray) -> str:
        while name in self._names:
            name += "_"
        self._constants.setdefault(name, numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def close(self) -> None:
        """Put the new nodes into the graph, and leave out the constants that nothing needs any more."""
        del self._graph.node[:]
        self._graph.node.extend(self.nodes)
        used = {name for node in self.nodes for name in node.input}
        kept = [tensor for tensor in self._graph.initializer if tensor.name in used]
        gone = {tensor.name for tensor in self._graph.initializer} - used
        # Until IR version 3 constants are listed as inputs too.
        inputs = [given for given in self._graph.input if given.name not in gone]
        del self._graph.input[len(inputs) :]
        for place, given in enumerate(inputs):
            self._graph.input[place].CopyFrom(given)
        copies = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in kept]
        del self._graph.initializer[:]
        self._graph.initializer.extend([*copies, *self._constants.values()])
        # Shapes of values that are gone would be held against the new ones.
        del self._graph.value_info[:]
