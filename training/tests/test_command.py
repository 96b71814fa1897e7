"""train.py as SageMaker runs it: a process with folders, variables and arguments."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from iris import LENGTHS, iris_cells, iris_columns, iris_definition, iris_split
from jobs import TRAINING, a_definition, category, number, write_job

from evergreen_training.channels import rows_of_cells
from evergreen_training.definition import parse_definition
from evergreen_training.parity import open_session


def run(environment: Mapping[str, str], *arguments: str, program: Path = TRAINING / "train.py") -> Any:
    variables = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, str(program), *arguments]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)


def iris_job(folder: Path, definition: Mapping[str, Any] | None = None) -> dict[str, str]:
    train, held, species, _ = iris_split()
    return write_job(folder, definition or iris_definition(), iris_columns(train, species), iris_cells(held[:8]))


def read(environment: Mapping[str, str], name: str) -> Any:
    return json.loads((Path(environment["SM_MODEL_DIR"]) / name).read_text())


def reason(environment: Mapping[str, str]) -> str:
    return (Path(environment["SM_OUTPUT_DIR"]) / "failure").read_text()


def test_iris_ends_well_and_leaves_a_package(tmp_path: Path) -> None:
    environment = iris_job(tmp_path)
    done = run(environment)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in Path(environment["SM_MODEL_DIR"]).iterdir()) == [
        "explanation.json",
        "golden.json",
        "model.onnx",
        "training.json",
    ]
    assert not Path(environment["SM_OUTPUT_DIR"]).exists()
    record, golden = read(environment, "training.json"), read(environment, "golden.json")
    assert record["schema"] == "evergreen/training/v1"
    assert (record["algorithm"], record["seed"], record["rows"]) == ("linear-svc", 42, 120)
    assert record["hyperparameters"]["C"] == 1.0
    assert record["libraries"]["scikit-learn"] == "1.9.1"
    assert 0 < record["durationSeconds"] < 60
    printed = dict(re.findall(r"^(train_score|validation_score)=([0-9.]+)$", done.stdout, re.MULTILINE))
    assert {name: round(value, 6) for name, value in record["metrics"].items()} == {
        name: float(text) for name, text in printed.items()
    }
    assert "note: training linear-svc on 120 rows with C=1.0, " in done.stdout
    assert "note: the ONNX model answers 128 rows as the Python model does" in done.stdout
    folds = [float(text) for text in re.findall(r"^fold=\d score=([0-9.]+)$", done.stdout, re.MULTILINE)]
    assert len(folds) == 5
    assert np.allclose(folds, record["folds"], atol=1e-6)
    assert np.isclose(np.mean(folds), record["metrics"]["validation_score"], atol=1e-6)
    assert set(golden) == {"schema", "rows", "labels", "scores", "values", "tolerance"}
    assert golden["schema"] == "evergreen/golden/v1"
    assert golden["rows"] == iris_cells(iris_split()[1][:8])
    assert (golden["scores"], golden["values"], golden["tolerance"]) == (None, None, 1e-5)
    assert golden["labels"] == iris_split()[3][:8].tolist()


def test_two_processes_write_the_same_model(tmp_path: Path) -> None:
    digests = set()
    for name in ("first", "second"):
        environment = iris_job(tmp_path / name, iris_definition("random-forest"))
        assert run(environment, "--n_estimators", "12", "--max_features", "0.5").returncode == 0
        digests.add(hashlib.sha256((Path(environment["SM_MODEL_DIR"]) / "model.onnx").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_hyperparameters_of_the_job_win_over_those_of_the_definition(tmp_path: Path) -> None:
    environment = iris_job(tmp_path)
    hps = {"C": "0.5", "scale": True, "_tuning_objective_metric": "validation_score", "sagemaker_program": "train.py"}
    done = run({**environment, "SM_HPS": json.dumps(hps)}, "-C", "0.25", "--_tuning_objective_metric", "x")
    assert done.returncode == 0, done.stderr
    record = read(environment, "training.json")
    assert record["hyperparameters"] == {
        "C": 0.25,
        "class_weight": None,
        "max_iter": -1,
        "scale": True,
        "tol": 0.001,
    }


def test_a_failure_says_why_and_leaves_no_package(tmp_path: Path) -> None:
    environment = iris_job(tmp_path)
    done = run(environment, "--n_estimators", "5")
    assert done.returncode == 1
    expected = "linear-svc has no hyperparameter n_estimators; it takes C, class_weight, max_iter, scale, tol"
    assert reason(environment) == expected
    assert f"error: {expected}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path(environment["SM_MODEL_DIR"]).exists()


def test_an_empty_channel_fails_with_its_name(tmp_path: Path) -> None:
    environment = iris_job(tmp_path)
    (tmp_path / "train/train.parquet").unlink()
    assert run(environment).returncode == 1
    assert "the train channel" in reason(environment)
    assert "holds no .parquet file" in reason(environment)


def test_a_regression_prints_its_error_in_units_of_the_target(tmp_path: Path) -> None:
    train, held, _, _ = iris_split()
    features = {name: number() for name in LENGTHS[:3]}
    definition = a_definition(features, {"name": "petal_width", "type": "number"}, "ridge")
    columns = {name: train[:, i] for i, name in enumerate(LENGTHS)}
    environment = write_job(tmp_path, definition, columns, iris_cells(held[:4]))
    done = run(environment, "--alpha", "0.1")
    assert done.returncode == 0, done.stderr
    record, golden = read(environment, "training.json"), read(environment, "golden.json")
    assert set(record["metrics"]) == {"train_score", "train_rmse", "validation_score", "validation_rmse"}
    assert re.search(r"^validation_rmse=0\.[12]\d*$", done.stdout, re.MULTILINE)
    assert re.search(r"^fold=1 score=0\.\d+ rmse=0\.\d+$", done.stdout, re.MULTILINE)
    assert (golden["labels"], golden["scores"]) == (None, None)
    assert len(golden["values"]) == 4


OWN_PROGRAM = """
from evergreen_training import fit_sklearn, load_job, run_job, train_package
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis


def train():
    job = load_job()

    def fit(table):
        estimator = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=job.hyperparameters["shrinkage"])
        return fit_sklearn(job.definition, table, estimator, scale=True)

    train_package(job, fit, algorithm="discriminant")


run_job(train)
"""


def test_a_models_own_program_beside_the_package(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(TRAINING / "evergreen_training", archive / "evergreen_training")
    (archive / "own.py").write_text(OWN_PROGRAM)
    definition = iris_definition(hyperparameters={"shrinkage": 0.1})
    environment = iris_job(tmp_path / "job", definition)
    done = run(environment, program=archive / "own.py")
    assert done.returncode == 0, done.stderr
    record, golden = read(environment, "training.json"), read(environment, "golden.json")
    assert (record["algorithm"], record["hyperparameters"]) == ("discriminant", {"shrinkage": 0.1})
    content = (Path(environment["SM_MODEL_DIR"]) / "model.onnx").read_bytes()
    parsed = parse_definition(definition)
    served = open_session(parsed, content)(rows_of_cells(golden["rows"], parsed, "golden.json"))
    assert served.labels.tolist() == golden["labels"]
    np.testing.assert_allclose(served.scores, golden["scores"], atol=golden["tolerance"])


def test_an_error_nobody_foresaw_is_logged_whole_and_reported_short(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(TRAINING / "evergreen_training", archive / "evergreen_training")
    program = (
        "from evergreen_training import run_job\n\ndef train():\n    raise OSError('disk full')\n\nrun_job(train)\n"
    )
    (archive / "own.py").write_text(program)
    environment = {"SM_OUTPUT_DIR": str(tmp_path / "output")}
    done = run(environment, program=archive / "own.py")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert reason(environment) == "training ended unexpectedly with OSError: disk full; the job's log has the details"


def test_three_classes_of_which_one_has_too_few_rows_for_folds(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = ["a"] * 20 + ["b"] * 20 + ["c"]
    columns = {"x": random.normal(size=41) + np.repeat([0, 5, 10], [20, 20, 1]), "y": labels}
    target = {"name": "y", **category("a", "b", "c")}
    environment = write_job(tmp_path, a_definition({"x": number()}, target), columns, [{"x": 1.0}])
    done = run(environment)
    assert done.returncode == 0, done.stderr
    assert "note: no cross-validation and so no validation_score, because c has 1 train rows" in done.stdout
    record = read(environment, "training.json")
    assert record["folds"] == []
    assert set(record["metrics"]) == {"train_score"}
