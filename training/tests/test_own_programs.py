"""The examples of own programs, run as SageMaker runs them wherever their packages are installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from jobs import TRAINING, a_definition, number, write_job
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from evergreen_training.channels import rows_of_cells
from evergreen_training.definition import parse_definition
from evergreen_training.parity import open_session

EXAMPLES = TRAINING.parent / "examples" / "own-programs"
CULTIVARS = ("first", "second", "third")
HYPERPARAMETERS = {"hidden": 16, "epochs": 150, "learning_rate": 0.01}


@pytest.mark.parametrize(("example", "package"), [("wine-pytorch", "torch"), ("wine-tensorflow", "tensorflow")])
def test_example_trains_a_model_that_answers(tmp_path: Path, example: str, package: str) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install -r examples/own-programs/{example}/requirements.txt")
    wine = load_wine()
    train, held, train_target, held_target = train_test_split(wine.data, wine.target, test_size=0.25, random_state=1)
    names = [f"m{position}" for position in range(wine.data.shape[1])]
    definition = a_definition(
        {name: number() for name in names},
        {"name": "cultivar", "type": "category", "categories": list(CULTIVARS)},
        hyperparameters=HYPERPARAMETERS,
    )
    columns = {name: train[:, position] for position, name in enumerate(names)}
    columns["cultivar"] = [CULTIVARS[position] for position in train_target]
    cells = [dict(zip(names, map(float, row), strict=True)) for row in held]
    environment = write_job(tmp_path, definition, columns, cells[:8])
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / example / "train.py")],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TRAINING), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "train_loss=" in done.stdout
    package_folder = Path(environment["SM_MODEL_DIR"])
    record = json.loads((package_folder / "training.json").read_text())
    assert record["metrics"]["validation_score"] > 0.9
    parsed = parse_definition(definition)
    session = open_session(parsed, (package_folder / "model.onnx").read_bytes())
    answers = session(rows_of_cells(cells, parsed, "held-out rows"))
    assert answers.labels is not None
    assert np.mean(answers.labels == np.array(CULTIVARS, dtype=object)[held_target]) > 0.9
