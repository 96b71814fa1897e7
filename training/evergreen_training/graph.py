"""Writes ONNX graphs node by node, with the same names in each run."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ML = "ai.onnx.ml"

# Read by every runtime since onnxruntime 1.15, so by the serving function's as well. ai.onnx.ml 3 is the first with
# tree thresholds in double precision; from 5 on trees are written in another way that fewer runtimes know.
OPSETS = {"": 18, ML: 3}
IR_VERSION = 8


def _add_attribute(node: onnx.NodeProto, name: str, value: Any) -> None:
    """Add an attribute; an array holds whole numbers or bytes.

    onnx's own way looks at each number of a list, and forests have millions.
    """
    if not isinstance(value, np.ndarray):
        node.attribute.append(helper.make_attribute(name, value))
    elif value.dtype.kind == "S":
        node.attribute.add(name=name, type=onnx.AttributeProto.STRINGS).strings.extend(value.tolist())
    else:
        node.attribute.add(name=name, type=onnx.AttributeProto.INTS).ints.extend(value.astype(int).tolist())


class Graph:
    """An ONNX graph in the making.

    Values are referred to by name. Names are numbered in the order of writing, so that equal models have equal bytes.
    """

    def __init__(self) -> None:
        self._opset = OPSETS[""]
        # Filled where it stays: a forest has a hundred megabytes to copy.
        self._model = onnx.ModelProto(producer_name="evergreen", producer_version="1")
        self._nodes = self._model.graph.node
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []

    def need_opset(self, version: int) -> None:
        """Ask for a newer ai.onnx than other models need."""
        self._opset = max(self._opset, version)

    def add_input(self, name: str, kind: int, columns: int) -> str:
        """Declare an input of shape (n, columns) and element type `kind`."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, ["n", columns]))
        return name

    def constant(self, array: np.ndarray) -> str:
        """Add a constant tensor; arrays of objects are strings. Returns its name."""
        name = f"c{len(self._constants)}"
        if array.dtype == object:
            encoded = [text.encode() for text in array.ravel()]
            self._constants.append(helper.make_tensor(name, TensorProto.STRING, array.shape, encoded))
        else:
            self._constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def add(
        self,
        operator: str,
        *inputs: str,
        domain: str = "",
        output: str = "",
        outputs: int = 1,
        take: int = 0,
        **attributes: Any,
    ) -> str:
        """Add a node, by default with one output. Returns the name of the output that is taken."""
        name = f"{operator}{len(self._nodes)}"
        names = [output or name, *(f"{name}_{position}" for position in range(1, outputs))]
        node = self._nodes.add(op_type=operator, input=inputs, output=names, name=name, domain=domain)
        for key in sorted(attributes):
            _add_attribute(node, key, attributes[key])
        return names[take]

    def cast(self, value: str, kind: int, output: str = "") -> str:
        """Add a Cast to the element type `kind`."""
        return self.add("Cast", value, to=kind, output=output)

    def embed(self, graph: onnx.GraphProto, given: str) -> list[str]:
        """Copy in a graph with one input, which becomes `given`. Returns its outputs under their new names."""
        names = {"": "", graph.input[0].name: given}
        for tensor in graph.initializer:
            copy = onnx.TensorProto()
            copy.CopyFrom(tensor)
            names[tensor.name] = copy.name = f"c{len(self._constants)}"
            self._constants.append(copy)
        for node in graph.node:
            copy = self._nodes.add()
            copy.CopyFrom(node)
            copy.name, copy.doc_string = f"{node.op_type}{len(self._nodes) - 1}", ""
            for position, output in enumerate(node.output):
                names[output] = f"{copy.name}_{position}"
            copy.input[:] = [names[name] for name in node.input]
            copy.output[:] = [names[name] for name in node.output]
        return [names[output.name] for output in graph.output]

    def to_model(self, name: str, outputs: list[tuple[str, int, list[Any]]]) -> onnx.ModelProto:
        """Close the graph.

        Parameters
        ----------
        name : str
            Name of the graph.
        outputs : list of (name, element type, shape)
            What the model gives. Nodes and constants that none of them needs are left out.
        """
        used = self._drop_unneeded({output for output, _, _ in outputs})
        model = self._model
        model.ir_version = IR_VERSION if self._opset < 19 else IR_VERSION + 1
        for domain, version in {**OPSETS, "": self._opset}.items():
            model.opset_import.add(domain=domain, version=version)
        graph = model.graph
        graph.name = name
        graph.input.extend(self._inputs)
        graph.output.extend(helper.make_tensor_value_info(*output) for output in outputs)
        graph.initializer.extend(constant for constant in self._constants if constant.name in used)
        return model

    def _drop_unneeded(self, wanted: set[str]) -> set[str]:
        """Leave out nodes that nothing wanted comes of. Returns all values that are wanted then."""
        for place in reversed(range(len(self._nodes))):
            if wanted.intersection(self._nodes[place].output):
                wanted = wanted.union(self._nodes[place].input)
            else:
                del self._nodes[place]
        return wanted
