"""Counts how many trials a Bayesian search needs to find what a grid finds.

The search is the one that serves tuning jobs on the local engine, the grid that of Hsu, Chang and Lin, "A Practical
Guide to Support Vector Classification" (2003), section 3.2, and the trials are real: scores of the built-in trainer on
folds.
Both search the same region; like a tuning job, the Bayesian search has two trials under way at a time. One JSON line a
data set, with what each seed needed, null where the trials of a whole grid were not enough:

    python bench/training_tuning.py
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "training"), str(ROOT / "training/tests"), str(ROOT / "local")]

from evergreen_engine.sagemaker.search_space import SearchSpace  # noqa: E402
from evergreen_engine.sagemaker.search_strategy import SearchStrategy, make_strategy  # noqa: E402
from evergreen_training.cross_validation import cross_validate  # noqa: E402
from evergreen_training.data import Rows, Table  # noqa: E402
from evergreen_training.definition import parse_definition  # noqa: E402
from evergreen_training.estimators import choose_trainer  # noqa: E402
from jobs import a_definition, category, number  # noqa: E402

GRID = {
    "C": [2.0**power for power in range(-5, 16, 2)],
    "gamma": [2.0**power for power in range(-15, 4, 2)],
}
POINTS = int(np.prod([len(values) for values in GRID.values()]))
AT_ONCE = 2
# Means of the same folds may differ in their last digit.
ROUNDING = 1e-12

Score = Callable[[dict[str, str]], float]


def scorer(data) -> Score:
    """A trial: the mean score of the built-in trainer on five folds of a data set that scikit-learn ships."""
    x, y = data(return_X_y=True)
    names = [f"x{column}" for column in range(x.shape[1])]
    target = category(*(str(label) for label in np.unique(y)))
    parts = {"features": {name: number() for name in names}, "target": {"name": "y", **target}}
    definition = parse_definition(a_definition(**parts, algorithm="svc", crossValidationFolds=5))
    train = Table(Rows(x.astype(np.float32), np.empty((len(x), 0), dtype=object)), y)

    def score(tuned: dict[str, str]) -> float:
        trainer = choose_trainer(definition, {name: float(value) for name, value in tuned.items()})
        with contextlib.redirect_stdout(io.StringIO()):
            folds = cross_validate(definition, train, trainer.fit)
        return float(np.mean([fold["score"] for fold in folds]))

    return score


def search(strategy: SearchStrategy, score: Score, limit: int, target: float = np.inf) -> list[float]:
    """The scores of all trials, until one reaches the target or there are enough."""
    scores: list[float] = []
    while len(scores) < limit and max(scores, default=-np.inf) < target - ROUNDING:
        asked = [trial for _ in range(AT_ONCE) if (trial := strategy.ask()) is not None]
        if not asked:
            break
        for handle, tuned in asked:
            scores.append(score(tuned))
            strategy.tell(handle, scores[-1])
    return scores


def needed(scores: list[float], target: float) -> int | None:
    """Which trial was the first to reach the target."""
    return next((place for place, score in enumerate(scores, start=1) if score >= target - ROUNDING), None)


def region(kind: str) -> SearchSpace:
    if kind == "Grid":
        ranges = [{"Name": name, "Values": [repr(value) for value in values]} for name, values in GRID.items()]
        return SearchSpace.from_request({"CategoricalParameterRanges": ranges})
    ranges = [
        {"Name": name, "MinValue": repr(values[0]), "MaxValue": repr(values[-1]), "ScalingType": "Logarithmic"}
        for name, values in GRID.items()
    ]
    return SearchSpace.from_request({"ContinuousParameterRanges": ranges})


def measure(name: str, data, seeds: int) -> dict:
    score = scorer(data)
    best = max(search(make_strategy("Grid", region("Grid"), None, True), score, POINTS))
    space = region("Bayesian")
    runs = [search(make_strategy("Bayesian", space, seed, True), score, POINTS, best) for seed in range(seeds)]
    return {"data": name, "points": POINTS, "best": best, "trials": [needed(scores, best) for scores in runs]}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(measure("breast cancer", load_breast_cancer, 20)), flush=True)
    print(json.dumps(measure("digits", load_digits, 8)), flush=True)
