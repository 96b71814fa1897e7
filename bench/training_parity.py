"""Prints how far the ONNX model of each built-in algorithm is from its Python model on 10,000 rows it has not seen.

Missing values are among them. One JSON line an algorithm; labels must be equal, and scores within 0.00001.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "training"), str(ROOT / "training/tests")]

from evergreen_training.channels import rows_of_cells  # noqa: E402
from evergreen_training.data import Table  # noqa: E402
from evergreen_training.definition import parse_definition  # noqa: E402
from evergreen_training.estimators import ALGORITHMS, choose_trainer  # noqa: E402
from evergreen_training.model import Answers  # noqa: E402
from evergreen_training.parity import TOLERANCE, open_session, tolerance_of  # noqa: E402
from jobs import a_definition  # noqa: E402
from samples import sample_data  # noqa: E402

ROWS = 10_000
NAMED = {"matrix-factorisation": {"user": "user"}, "item-to-item": {"history": "recent"}}


def measure(task: str, algorithm: str) -> dict:
    parts, columns = sample_data(task, 2 * ROWS, 11)
    # Support vector machines need scaled columns to end at all.
    settings = NAMED.get(algorithm, {}) | ({"scale": True} if algorithm.startswith("linear-sv") else {})
    definition = parse_definition(a_definition(**parts, algorithm=algorithm, task=task))
    target = columns[definition.target]
    names = [feature.name for feature in definition.features]
    cells = [dict(zip(names, row, strict=True)) for row in zip(*(columns[name] for name in names), strict=True)]
    rows = rows_of_cells(cells, definition, "rows")
    places = {category: place for place, category in enumerate(definition.categories)}
    wanted = np.array([places[value] for value in target] if places else target)
    # Half of the rows are enough for a fit, a quarter for the algorithms whose time grows with the square.
    learned = np.arange(ROWS if "sv" not in algorithm else ROWS // 4)
    model = choose_trainer(definition, settings).fit(Table(rows.take(learned), wanted[learned]))
    fresh = rows.take(slice(ROWS, None))
    python, served = model.answer(fresh), open_session(definition, model.to_onnx())(fresh)
    return {"task": task, "algorithm": algorithm, "rows": len(fresh), **compare(python, served)}


def compare(python: Answers, served: Answers) -> dict:
    """Labels that differ, and the greatest difference; None where a model gives no labels, or labels alone."""
    differing = None if python.labels is None else int((python.labels != served.labels).sum())
    difference = None
    for ours, theirs in ((python.scores, served.scores), (python.values, served.values)):
        if ours is not None:
            # Values are in units of the target: their difference is taken as a share of the largest.
            unit = tolerance_of(python.values) / TOLERANCE
            difference = float(np.abs(ours.astype(np.float64) - theirs).max()) / unit
    return {"differing": differing, "difference": difference}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for task, algorithms in ALGORITHMS.items():
        for algorithm in algorithms:
            if algorithm == "lightgbm" and find_spec("lightgbm") is None:
                print("lightgbm is not installed and not measured", file=sys.stderr)
                continue
            with contextlib.redirect_stdout(io.StringIO()):
                measured = measure(task, algorithm)
            print(json.dumps(measured), flush=True)
