"""Trains the two models that the serving benchmark asks: Iris, and a forest on 20 columns.

    python bench/serving/train_models.py <folder>

Leaves `<folder>/<model>/` with model.onnx, golden.json and definition.json each.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "training"))

from evergreen_training.channels import rows_of_cells  # noqa: E402
from evergreen_training.data import GoldenRows, Table  # noqa: E402
from evergreen_training.definition import parse_definition  # noqa: E402
from evergreen_training.estimators import choose_trainer  # noqa: E402
from evergreen_training.package import golden_answers  # noqa: E402

IRIS = {
    "name": "iris",
    "task": "classification",
    "features": {
        name: {"type": "number", "unit": "cm", "min": 0, "max": 30}
        for name in ("sepal_length", "sepal_width", "petal_length", "petal_width")
    },
    "target": {"name": "species", "type": "category", "categories": ["setosa", "versicolor", "virginica"]},
    "train": {"algorithm": "linear-svc", "seed": 42},
}
FOREST = {
    "name": "forest",
    "task": "classification",
    "features": {f"x{place}": {"type": "number"} for place in range(20)},
    "target": {"name": "kind", "type": "category", "categories": ["no", "yes"]},
    "train": {"algorithm": "random-forest", "hyperparameters": {"n_estimators": 100, "max_depth": 8}, "seed": 42},
}


def iris_rows() -> tuple[list[dict], np.ndarray]:
    with (ROOT / "models/iris/data/iris.csv").open() as file:
        rows = list(csv.DictReader(file))
    kinds = IRIS["target"]["categories"]
    target = np.array([kinds.index(row.pop("species")) for row in rows])
    return [{name: float(value) for name, value in row.items()} for row in rows], target


def forest_rows() -> tuple[list[dict], np.ndarray]:
    x = np.random.default_rng(11).normal(size=(5000, 20)).round(3)
    target = (x[:, 0] * x[:, 1] + x[:, 2] > 0).astype(int)
    return [{f"x{place}": float(value) for place, value in enumerate(row)} for row in x], target


def write(folder: Path, document: dict, cells: list[dict], target: np.ndarray) -> None:
    definition = parse_definition(document)
    rows = rows_of_cells(cells, definition, "the rows of the benchmark")
    trainer = choose_trainer(definition, definition.hyperparameters)
    model = trainer.fit(Table(rows, target))
    # Every third row: those of Iris come sorted by species.
    golden = GoldenRows(cells[::3][:50], rows.take(slice(0, 150, 3)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.to_onnx())
    answers = golden_answers(golden, model.answer(golden.rows))
    (folder / "golden.json").write_text(json.dumps(answers))
    (folder / "definition.json").write_text(json.dumps(document))


if __name__ == "__main__":
    target_folder = Path(sys.argv[1])
    write(target_folder / "iris", IRIS, *iris_rows())
    write(target_folder / "forest", FOREST, *forest_rows())
