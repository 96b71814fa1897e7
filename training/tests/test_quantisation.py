"""8-bit weights: which matrices get them, what they change, and what the package says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from jobs import a_definition, a_job, category, number, rows_of
from onnx import TensorProto, helper, numpy_helper

from evergreen_training.contract import Job
from evergreen_training.data import Rows
from evergreen_training.estimators import choose_trainer
from evergreen_training.package import train_package
from evergreen_training.parity import open_session
from evergreen_training.quantisation import Quantised, quantise_weights

LABELS = ("low", "middle", "high")


def an_mlp_job(folder: Path, algorithm: str = "mlp", quantise: str | None = "int8", **hyperparameters: Any) -> Job:
    random = np.random.default_rng(7)
    numbers = random.normal(size=(300, 6)).astype(np.float32)
    target = np.digitize(np.tanh(numbers[:, 0] * 2 + numbers[:, 1]) + numbers[:, 2], [-0.6, 0.6])
    columns = {f"x{i}": numbers[:, i].tolist() for i in range(6)} | {"y": [LABELS[at] for at in target]}
    definition = a_definition({f"x{i}": number() for i in range(6)}, category(*LABELS, name="y"), algorithm)
    if quantise:
        definition["serve"] = {"quantise": quantise}
    return a_job(folder, definition, columns, rows_of(columns, range(20), "y"), **hyperparameters)


def train(job: Job) -> Path:
    trainer = choose_trainer(job.definition, job.hyperparameters)
    train_package(job, trainer.fit, trainer.algorithm, trainer.settings)
    return job.model_folder


def read_json(file: Path) -> Any:
    return json.loads(file.read_text())


def a_product(matrix: np.ndarray, operator: str = "MatMul", opset: int = 18, **how: Any) -> bytes:
    """A model that multiplies its rows with a matrix, and for a Gemm adds a shift."""
    kind = TensorProto.DOUBLE if matrix.dtype == np.float64 else TensorProto.FLOAT
    constants = [numpy_helper.from_array(matrix, "w")]
    inputs = ["numbers", "w"]
    if operator == "Gemm":
        units = len(matrix) if how.get("transB") else matrix.shape[1]
        constants.append(numpy_helper.from_array(np.arange(units, dtype=matrix.dtype), "shift"))
        inputs.append("shift")
    graph = helper.make_graph(
        [helper.make_node(operator, inputs, ["value"], **how)],
        "product",
        [helper.make_tensor_value_info("numbers", kind, ["n", None])],
        [helper.make_tensor_value_info("value", kind, ["n", None])],
        constants,
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def answer(content: bytes, numbers: np.ndarray) -> np.ndarray:
    import onnxruntime

    return onnxruntime.InferenceSession(content).run(["value"], {"numbers": numbers})[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("operator", "opset", "how"),
    [("MatMul", 18, {}), ("MatMul", 13, {}), ("Gemm", 18, {}), ("Gemm", 18, {"transB": 1})],
)
def test_products_come_close_to_those_of_full_weights(dtype: Any, operator: str, opset: int, how: dict) -> None:
    random = np.random.default_rng(3)
    matrix = random.normal(size=(64, 64)).astype(dtype)
    matrix[:, 5] = 0
    full = a_product(matrix, operator, opset, **how)
    quantised = quantise_weights(full)
    assert isinstance(quantised, Quantised)
    assert (quantised.matrices, quantised.weights) == (1, 64 * 64)
    onnx.checker.check_model(onnx.load_from_string(quantised.content), full_check=True)
    rows = random.normal(size=(50, 64)).astype(dtype)
    rows[7] = 0
    expected, given = answer(full, rows), answer(quantised.content, rows)
    assert given.dtype == dtype
    # 127 steps for a row's greatest number and for a column's greatest weight, errors of 64 products added up.
    limit = np.abs(rows).max() * np.abs(matrix).max() * 64**0.5 / 127
    assert 0 < np.abs(given - expected).max() < limit
    assert given[7].tolist() == expected[7].tolist()


def test_a_row_is_answered_alike_whatever_rows_come_with_it() -> None:
    random = np.random.default_rng(5)
    quantised = quantise_weights(a_product(random.normal(size=(300, 20))))
    assert isinstance(quantised, Quantised)
    rows = random.normal(size=(40, 300))
    rows[11] *= 1000
    together = answer(quantised.content, rows)
    alone = np.concatenate([answer(quantised.content, row[None]) for row in rows])
    assert together.tolist() == alone.tolist()


def test_sums_of_the_greatest_numbers_are_whole_on_every_processor() -> None:
    signs = np.where(np.random.default_rng(6).random((2048, 4)) < 0.5, -1.0, 1.0)
    quantised = quantise_weights(a_product(signs))
    assert isinstance(quantised, Quantised)
    rows = np.ones((2, 2048))
    np.testing.assert_allclose(answer(quantised.content, rows), rows @ signs, rtol=1e-6)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (a_product(np.eye(64)), "no matrix of at least 1024 weights"),
        (a_product(np.full((8, 8), 0.5)), "no matrix of at least 1024 weights"),
        (a_product(np.full((64, 64), np.inf)), "no matrix of at least 1024 weights"),
        (a_product(np.full((64, 64), 0.5), "Gemm", alpha=2.0), "no matrix of at least 1024 weights"),
        (a_product(np.full((64, 64), 0.5), opset=12), "written with ai.onnx 12"),
        (a_product(np.full((1, 1024), 0.5, dtype=np.float32)), "bytes instead of"),
    ],
)
def test_it_says_why_there_is_nothing_to_quantise(content: bytes, why: str) -> None:
    found = quantise_weights(content)
    assert isinstance(found, str)
    assert why in found


def test_constants_that_are_listed_as_inputs_go_with_their_input() -> None:
    proto = onnx.load_from_string(a_product(np.full((64, 64), 0.5)))
    proto.graph.input.append(helper.make_tensor_value_info("w", TensorProto.DOUBLE, [64, 64]))
    quantised = quantise_weights(proto.SerializeToString())
    assert isinstance(quantised, Quantised)
    assert [given.name for given in onnx.load_from_string(quantised.content).graph.input] == ["numbers"]


def test_a_package_holds_both_files_each_with_its_own_golden_answers(tmp_path: Path) -> None:
    job = an_mlp_job(tmp_path, hidden_layer_sizes="64,48", tol=0.03)
    folder = train(job)
    full, small = (folder / name for name in ("model.onnx", "model.int8.onnx"))
    record = read_json(folder / "training.json")["quantisation"]
    assert record == {
        "kind": "int8",
        "matrices": 1,
        "weights": 64 * 48,
        "bytes": small.stat().st_size,
        "fullBytes": full.stat().st_size,
    }
    assert small.stat().st_size < full.stat().st_size / 2
    golden, own = (read_json(folder / name) for name in ("golden.json", "golden.int8.json"))
    assert golden["rows"] == own["rows"]
    assert own["scores"] != golden["scores"]
    assert own["tolerance"] == pytest.approx(1e-3)
    served = open_session(job.definition, small.read_bytes())(job.golden.rows)
    assert served.scores is not None
    assert served.scores.tolist() == own["scores"]


def test_the_same_model_has_the_same_8_bit_bytes(tmp_path: Path) -> None:
    settings = {"hidden_layer_sizes": "64,48", "tol": 0.1}
    one, other = (train(an_mlp_job(tmp_path / name, **settings)) for name in ("one", "other"))
    assert (one / "model.int8.onnx").read_bytes() == (other / "model.int8.onnx").read_bytes()


def test_a_model_without_weights_is_left_as_it_is_and_the_log_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = train(an_mlp_job(tmp_path, "random-forest", n_estimators=5))
    assert not (folder / "model.int8.onnx").exists()
    assert "no matrix of at least 1024 weights" in read_json(folder / "training.json")["quantisation"]["reason"]
    assert "note: there are no 8-bit weights, and the model is served as it is" in capsys.readouterr().out


def test_nothing_is_quantised_unless_it_is_asked_for(tmp_path: Path) -> None:
    folder = train(an_mlp_job(tmp_path, quantise=None, hidden_layer_sizes="64,48", tol=0.1))
    assert not (folder / "model.int8.onnx").exists()
    assert "quantisation" not in read_json(folder / "training.json")


def test_accuracy_of_a_perceptron_hardly_changes(tmp_path: Path) -> None:
    job = an_mlp_job(tmp_path, hidden_layer_sizes="64,48", tol=0.003)
    folder = train(job)
    rows: Rows = job.train.rows
    full, small = (
        open_session(job.definition, (folder / name).read_bytes())(rows) for name in ("model.onnx", "model.int8.onnx")
    )
    assert full.labels is not None and small.labels is not None
    assert np.mean(full.labels == small.labels) > 0.97
