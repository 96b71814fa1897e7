"""A logistic regression whose served graph fails or dawdles when the train rows say so."""

import numpy as np
import onnx
from evergreen_training import fit_sklearn, load_job, run_job, train_package
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

SLOW_STEPS = 130
SLOW_SIZE = 1_000_000


class Moody:
    def __init__(self, calm, mood):
        self.calm, self.mood = calm, mood

    def answer(self, rows):
        return self.calm.answer(rows)

    def to_onnx(self):
        proto = onnx.load_from_string(self.calm.to_onnx())
        graph = proto.graph
        if self.mood == 0:
            return proto.SerializeToString(deterministic=True)
        for node in graph.node:
            node.output[:] = ["calm_scores" if name == "scores" else name for name in node.output]
            node.input[:] = ["calm_scores" if name == "scores" else name for name in node.input]
        graph.initializer.append(numpy_helper.from_array(np.array([0], dtype=np.int64), "first_column"))
        graph.node.append(helper.make_node("Gather", ["numbers", "first_column"], ["x"], axis=1))
        extra = self._fail(graph) if self.mood == 1 else self._dawdle(graph)
        graph.node.append(helper.make_node("Add", ["calm_scores", extra], ["scores"]))
        return proto.SerializeToString(deterministic=True)

    def _fail(self, graph):
        for name, value in (("limit", 90), ("nothing", 0), ("not_a_number", float("nan"))):
            graph.initializer.append(numpy_helper.from_array(np.array(value, dtype=np.float32), name))
        graph.node.append(helper.make_node("Greater", ["x", "limit"], ["is_far"]))
        graph.node.append(helper.make_node("Where", ["is_far", "not_a_number", "nothing"], ["trouble"]))
        return "trouble"

    def _dawdle(self, graph):
        size = numpy_helper.from_array(np.array([SLOW_SIZE], dtype=np.int64), "size")
        graph.initializer.extend([size, numpy_helper.from_array(np.array(0, dtype=np.float32), "nothing")])
        graph.node.append(helper.make_node("ReduceMax", ["x"], ["largest"], keepdims=0))
        graph.node.append(helper.make_node("Expand", ["largest", "size"], ["work_0"]))
        for step in range(SLOW_STEPS):
            graph.node.append(helper.make_node("Sin", [f"work_{step}"], [f"work_{step + 1}"]))
        graph.node.append(helper.make_node("ReduceMax", [f"work_{SLOW_STEPS}"], ["wave"], keepdims=0))
        graph.node.append(helper.make_node("Mul", ["wave", "nothing"], ["still"]))
        return "still"


def train():
    job = load_job()

    def fit(table):
        mood = int(np.nanmax(table.rows.numbers[:, 1]))
        estimator = LogisticRegression(C=100.0)
        return Moody(fit_sklearn(job.definition, table, estimator, scale=True), mood)

    train_package(job, fit, algorithm="moody")


run_job(train)
