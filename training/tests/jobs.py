"""Makes the folders that a training job is given, and synthetic data for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evergreen_training.contract import Job, load_job

IRIS_CSV = Path(__file__).parents[2] / "models/iris/data/iris.csv"
TRAINING = Path(__file__).parents[1]

Columns = Mapping[str, Sequence[Any]]


def number(**more: Any) -> dict[str, Any]:
    return {"type": "number", **more}


def category(*categories: str, **more: Any) -> dict[str, Any]:
    return {"type": "category", "categories": list(categories), **more}


def a_definition(
    features: Mapping[str, Any],
    target: Mapping[str, Any],
    algorithm: str | None = None,
    task: str | None = None,
    **train: Any,
) -> dict[str, Any]:
    is_regression = target["type"] == "number"
    algorithm = algorithm or ("ridge" if is_regression else "linear-svc")
    return {
        "name": "sample",
        "task": task or ("regression" if is_regression else "classification"),
        "features": dict(features),
        "target": dict(target),
        "train": {"algorithm": algorithm, "seed": 42, "crossValidationFolds": 3, **train},
    }


def write_job(
    folder: Path, definition: Mapping[str, Any], train: Columns, golden: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Write the channels below a folder. Returns the SM_* variables that point to them."""
    channels = {name: folder / name for name in ("train", "golden", "definition")}
    for channel in channels.values():
        channel.mkdir(parents=True)
    pq.write_table(pa.table(dict(train)), channels["train"] / "train.parquet")
    rows = {"schema": "evergreen/golden-rows/v1", "rows": list(golden)}
    (channels["golden"] / "golden.json").write_text(json.dumps(rows))
    code = {"key": "source.zip", "digest": "0" * 64, "program": "train.py"}
    deployed = {"definition": dict(definition), "code": code, "digest": "1" * 64}
    (channels["definition"] / "deployed.json").write_text(json.dumps(deployed))
    variables = {f"SM_CHANNEL_{name.upper()}": str(channel) for name, channel in channels.items()}
    return {**variables, "SM_MODEL_DIR": str(folder / "model"), "SM_OUTPUT_DIR": str(folder / "output")}


def a_job(
    folder: Path,
    definition: Mapping[str, Any],
    train: Columns,
    golden: Sequence[Mapping[str, Any]],
    **hyperparameters: Any,
) -> Job:
    environment = write_job(folder, definition, train, golden)
    return load_job([], {**environment, "SM_HPS": json.dumps(hyperparameters)})


def rows_of(columns: Columns, chosen: Sequence[int], target: str) -> list[dict[str, Any]]:
    """Some rows of a table as JSON cells, without the target."""
    return [{name: _cell(column[i]) for name, column in columns.items() if name != target} for i in chosen]


def mixed_data(rows: int, seed: int, regression: bool) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Features of every type, with missing values where they are allowed, and a target that depends on them.

    Returns the definition's features and target, and the columns.
    """
    random = np.random.default_rng(seed)
    length = random.normal(50, 20, rows)
    pressure = random.normal(101_325, 800, rows)
    count = random.integers(0, 9, rows)
    flag = random.random(rows) < 0.4
    colour = random.choice(["red", "green", "blue"], rows)
    shape = random.choice(["round", "flat"], rows)
    signal = (length - 50) / 20 + (pressure - 101_325) / 800 + (colour == "red") * 2 + flag - count / 4
    columns: dict[str, list[Any]] = {
        "length": [None if random.random() < 0.1 else float(value) for value in length],
        "colour": [None if random.random() < 0.1 else str(value) for value in colour],
        "pressure": pressure.tolist(),
        "count": [None if random.random() < 0.1 else int(value) for value in count],
        "shape": shape.tolist(),
        "flag": [None if random.random() < 0.1 else bool(value) for value in flag],
    }
    features = {
        "length": number(mayBeMissing=True),
        # violet is declared but never seen.
        "colour": category("violet", "red", "green", "blue", mayBeMissing=True),
        "pressure": number(),
        "count": {"type": "integer", "mayBeMissing": True},
        "shape": category("round", "flat"),
        "flag": {"type": "boolean", "mayBeMissing": True},
    }
    noisy = signal + random.normal(0, 0.3, rows)
    if regression:
        columns["price"] = (200_000 + 40_000 * noisy).tolist()
        return {"features": features, "target": {"name": "price", "type": "number"}}, columns
    columns["grade"] = np.select([noisy < -0.5, noisy < 1.2], ["low", "middle"], "high").tolist()
    # Neither alphabetical nor complete: no row is "none".
    target = {"name": "grade", "type": "category", "categories": ["low", "none", "middle", "high"]}
    return {"features": features, "target": target}, columns


def _cell(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
