"""A logistic regression whose served graph fails, dawdles or answers a constant when the train rows say so.

With calm rows the job fails as one for which AWS has no machine, twice in a run.
"""

import json
import math
import os
import time

import numpy as np
import onnx
import onnxruntime
from evergreen_training import JobError, fit_sklearn, load_job, run_job, train_package
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

SLOW_SECONDS = 1.2
SLOW_SIZE = 1_000_000
FAR = np.array(90, dtype=np.float32)


def add_initializers(graph, **values):
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in values.items())


def dawdle(graph, steps):
    """Appends sines of a million numbers when x is far, of one when it is not; gives the name of a zero to add."""
    add_initializers(graph, much=np.array([SLOW_SIZE]), little=np.array([1]), zero=np.array(0, dtype=np.float32))
    graph.node.append(helper.make_node("ReduceMax", ["x"], ["largest"], keepdims=0))
    graph.node.append(helper.make_node("Greater", ["largest", "far"], ["is_any_far"]))
    graph.node.append(helper.make_node("Where", ["is_any_far", "much", "little"], ["size"]))
    graph.node.append(helper.make_node("Expand", ["largest", "size"], ["work_0"]))
    for step in range(steps):
        graph.node.append(helper.make_node("Sin", [f"work_{step}"], [f"work_{step + 1}"]))
    graph.node.append(helper.make_node("ReduceMax", [f"work_{steps}"], ["wave"], keepdims=0))
    graph.node.append(helper.make_node("Mul", ["wave", "zero"], ["nothing"]))
    return "nothing"


def fail(graph):
    """Appends what is not a number when x is far, and zero when it is not; gives its name."""
    add_initializers(graph, zero=np.array(0, dtype=np.float32), nan=np.array(np.nan, dtype=np.float32))
    graph.node.append(helper.make_node("Greater", ["x", "far"], ["is_far"]))
    graph.node.append(helper.make_node("Where", ["is_far", "nan", "zero"], ["trouble"]))
    return "trouble"


def answer_constant(graph):
    """Lets the first label take the place of whatever the answer is when x is far."""
    for node in graph.node:
        node.output[:] = ["calm_label" if name == "label" else name for name in node.output]
    add_initializers(graph, first_column=np.array([0]), far=FAR, flat=np.array([-1]))
    graph.initializer.append(helper.make_tensor("constant", TensorProto.STRING, [1], [b"left"]))
    graph.node.append(helper.make_node("Gather", ["numbers", "first_column"], ["x"], axis=1))
    graph.node.append(helper.make_node("Greater", ["x", "far"], ["is_far"]))
    graph.node.append(helper.make_node("Reshape", ["is_far", "flat"], ["is_far_row"]))
    graph.node.append(helper.make_node("Where", ["is_far_row", "constant", "calm_label"], ["label"]))


def steps_for(seconds):
    """How many sines take so long on this machine, by its best of five tries."""
    steps = 20
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None])
    nothing = helper.make_tensor_value_info("nothing", TensorProto.FLOAT, [])
    graph = helper.make_graph([], "probe", [x], [nothing])
    add_initializers(graph, far=FAR)
    dawdle(graph, steps)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    best = math.inf
    for _ in range(5):
        began = time.perf_counter()
        session.run(None, {"x": 2 * FAR.reshape(1)})
        best = min(best, time.perf_counter() - began)
    return math.ceil(seconds / (best / steps))


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
        if self.mood == 3:
            answer_constant(graph)
            return proto.SerializeToString(deterministic=True)
        for node in graph.node:
            node.output[:] = ["calm_scores" if name == "scores" else name for name in node.output]
            node.input[:] = ["calm_scores" if name == "scores" else name for name in node.input]
        add_initializers(graph, first_column=np.array([0]), far=FAR)
        graph.node.append(helper.make_node("Gather", ["numbers", "first_column"], ["x"], axis=1))
        extra = fail(graph) if self.mood == 1 else dawdle(graph, steps_for(SLOW_SECONDS))
        graph.node.append(helper.make_node("Add", ["calm_scores", extra], ["scores"]))
        return proto.SerializeToString(deterministic=True)


def train():
    job = load_job()
    mood = int(np.nanmax(job.train.rows.numbers[:, 1]))
    name = json.loads(os.environ["SM_TRAINING_ENV"])["job_name"]
    if mood == 0 and ("c0a" in name or "c1a" in name):
        raise JobError("CapacityError: Unable to provision requested ML compute capacity.")

    def fit(table):
        estimator = LogisticRegression(C=100.0)
        return Moody(fit_sklearn(job.definition, table, estimator, scale=True), mood)

    train_package(job, fit, algorithm="moody")


run_job(train)
