"""Synthetic data for each task: with missing values, wide, and of two classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from jobs import category, mixed_data, number

Parts = dict[str, Any]
Columns = dict[str, list[Any]]


def sample_data(task: str, rows: int, seed: int) -> tuple[Parts, Columns]:
    """Rows with missing values and a target that depends on the features. Returns features and target, and columns."""
    if task == "ranking":
        return _choices(rows, seed, 12)
    if task == "anomaly-detection":
        return _outliers(rows, seed)
    parts, columns = mixed_data(rows, seed, task == "regression")
    if task == "text-classification":
        _add_note(parts, columns, seed)
    return parts, columns


def wide_data(task: str) -> tuple[Parts, Columns]:
    """60 rows of 500 columns, words or items."""
    random = np.random.default_rng(5)
    if task == "ranking":
        return _choices(1500, 5, 500)
    x = random.normal(size=(60, 500))
    if task == "text-classification":
        texts = [" ".join(f"word{i}" for i in np.flatnonzero(row > 0)) for row in x]
        parts = {"features": {"body": {"type": "text"}}, "target": {"name": "y", **category("up", "down")}}
        return parts, {"body": texts, "y": np.where(x[:, 0] > 0, "up", "down").tolist()}
    columns: Columns = {f"column {i}": x[:, i].tolist() for i in range(500)}
    parts = {"features": {name: number() for name in columns}}
    if task == "regression":
        return {**parts, "target": {"name": "y", **number()}}, {**columns, "y": (10 * x[:, 0]).tolist()}
    columns["y"] = np.where(x[:, 0] > 0, "up", "down").tolist()
    return {**parts, "target": {"name": "y", **category("up", "down")}}, columns


def _add_note(parts: Parts, columns: Columns, seed: int) -> None:
    random = np.random.default_rng(seed)
    words = {"low": "weak poor dull", "middle": "plain fair usual", "high": "strong rich bright"}
    notes: list[str | None] = []
    for grade in columns["grade"]:
        said = [*random.choice(words[grade].split(" "), 2), *random.choice(["the", "a", "of", "it"], 5)]
        text = random.choice([" ", "\n", ", "]).join(random.permutation(said))
        notes.append(None if random.random() < 0.1 else f"{text}.")
    columns["note"] = notes
    parts["features"]["note"] = {"type": "text", "mayBeMissing": True}


def _choices(rows: int, seed: int, count: int) -> tuple[Parts, Columns]:
    """People of three tastes who choose items of their taste, the first of them more often."""
    random = np.random.default_rng(seed)
    items = [f"item{i}" for i in range(count)]
    taste_of = random.integers(0, 3, max(rows // 20, 4))
    users = random.integers(0, len(taste_of), rows)
    weights = 1 / (1 + np.arange(count // 3))
    # The last item of a taste is never chosen.
    weights[-1] = 0

    def choose(user: int) -> str:
        place = random.choice(len(weights), p=weights / weights.sum())
        return items[3 * place + taste_of[user]]

    columns: Columns = {
        "user": [None if random.random() < 0.05 else f"u{user}" for user in users],
        "recent": [
            None if random.random() < 0.1 else "  ".join(choose(user) for _ in range(random.integers(1, 6)))
            for user in users
        ],
        "item": [choose(user) for user in users],
    }
    features = {name: {"type": "text", "mayBeMissing": True} for name in ("user", "recent")}
    return {"features": features, "target": {"name": "item", **category(*items)}}, columns


def _outliers(rows: int, seed: int) -> tuple[Parts, Columns]:
    parts, columns = mixed_data(rows, seed, False)
    del columns["grade"]
    random = np.random.default_rng(seed)
    is_odd = random.random(rows) < 0.05
    is_odd[:3] = True
    for row in np.flatnonzero(is_odd):
        columns["length"][row] = float(random.choice([-200, 400]))
        columns["pressure"][row] = float(random.choice([90_000, 120_000]))
    columns["state"] = np.where(is_odd, "odd", "normal").tolist()
    return {"features": parts["features"], "target": {"name": "state", **category("normal", "odd")}}, columns
