"""The iris job: real rows, the model's definition, the seeded split."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
from jobs import IRIS_CSV, a_definition, number
from sklearn.model_selection import train_test_split

LENGTHS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SPECIES = ("setosa", "versicolor", "virginica")


def iris_rows() -> tuple[np.ndarray, np.ndarray]:
    """Lengths, float64 of shape (150, 4), and species."""
    with IRIS_CSV.open(newline="") as file:
        rows = list(csv.DictReader(file))
    lengths = np.array([[float(row[name]) for name in LENGTHS] for row in rows])
    return lengths, np.array([row["species"] for row in rows])


def iris_split() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Train lengths, test lengths, train species, test species."""
    return train_test_split(*iris_rows(), test_size=0.2, random_state=42)


def iris_definition(algorithm: str = "linear-svc", **train: Any) -> dict[str, Any]:
    settings = {"hyperparameters": {"C": 1.0} if algorithm == "linear-svc" else {}, "crossValidationFolds": 5}
    target = {"name": "species", "type": "category", "categories": list(SPECIES)}
    return a_definition({name: number() for name in LENGTHS}, target, algorithm, **(settings | train))


def iris_columns(lengths: np.ndarray, species: np.ndarray) -> dict[str, Any]:
    return {name: lengths[:, i] for i, name in enumerate(LENGTHS)} | {"species": species.tolist()}


def iris_cells(lengths: np.ndarray) -> list[dict[str, float]]:
    return [dict(zip(LENGTHS, map(float, row), strict=True)) for row in lengths]
