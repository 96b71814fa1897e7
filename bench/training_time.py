"""Times each built-in trainer against plain scikit-learn that does the same: read, cross-validate, fit.

100,000 rows of 20 columns with missing values, as one process each. One JSON line an algorithm:

    python bench/training_time.py [algorithm ...]
    python bench/training_time.py --plain task estimator train.parquet

The plain program imports nothing of this repository, encodes its labels once, and takes turns with the trainer after a
first run of both that is not counted, so that neither finds colder caches. Both have one thread: several wait for each
other when the machine has other work, which would be most of what is measured then. Beside the wall time stands that of
the processor, which other work hardly changes.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "training"), str(ROOT / "training/tests")]

ROWS, COLUMNS, FOLDS = 100_000, 20, 2
# The other two tasks have no counterpart of so many columns in scikit-learn.
TASKS = ("classification", "regression", "anomaly-detection")
ROUNDS = 3
# Beyond so many seconds one round tells enough, and nothing is run before it.
LONG = 10.0
# Seconds after which a program is ended, and not measured.
LONGEST = 120
# Support vector machines need scaled columns to end at all. A forest of whole trees on so many values is larger than
# what is served, and its trainer says so.
SMALL_FOREST = {"n_estimators": 20, "min_samples_leaf": 20}
SETTINGS = {
    ("classification", "linear-svc"): {"scale": True},
    ("regression", "linear-svr"): {"scale": True},
    ("regression", "random-forest"): SMALL_FOREST,
    ("regression", "extra-trees"): SMALL_FOREST,
}
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
# Written here in NumPy: scikit-learn has no counterpart.
WITHOUT_COUNTERPART = ("gradient-descent",)


class NotMeasured(Exception):  # noqa: N818
    """Why a program could not be timed."""


class TooLong(NotMeasured):
    """It was ended."""


def make(task: str) -> tuple[dict, dict]:
    """Two classes with a gap between them, or a sum: support vector machines end on 100,000 such rows."""
    random = np.random.default_rng(5)
    x = random.normal(size=(ROWS, COLUMNS))
    signal = x[:, :5].sum(axis=1)
    x[:, 0] += np.sign(signal)
    signal = x[:, :5].sum(axis=1)
    x[random.random(x.shape) < 0.01] = np.nan
    columns = {f"x{i}": [None if np.isnan(v) else v for v in x[:, i].tolist()] for i in range(COLUMNS)}
    features = {name: {"type": "number", "mayBeMissing": True} for name in columns}
    if task == "regression":
        target = {"name": "y", "type": "number"}
        columns["y"] = (signal + random.normal(0, 0.05, ROWS)).tolist()
    else:
        target = {"name": "y", "type": "category", "categories": ["no", "yes"]}
        columns["y"] = np.where(signal > 0, "yes", "no").tolist()
    return {"features": features, "target": target}, columns


def run_plain(task: str, described: str, file: str) -> None:
    """What a person would write with scikit-learn."""
    warnings.simplefilter("ignore")
    from importlib import import_module

    import pyarrow.parquet as pq
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    about = json.loads(described)
    table = pq.read_table(file)
    y = table.column("y").to_numpy(zero_copy_only=False)
    y = y if task == "regression" else (y == "yes").astype(np.int64)
    x = np.column_stack([table.column(f"x{i}").to_numpy(zero_copy_only=False) for i in range(COLUMNS)])
    estimator = getattr(import_module(about["module"]), about["name"])(**about["settings"])
    if about["scale_target"]:
        estimator = TransformedTargetRegressor(estimator, transformer=StandardScaler())
    steps = [SimpleImputer(strategy="median"), *([StandardScaler()] if about["scale"] else []), estimator]
    pipeline = make_pipeline(*steps)
    kind = KFold if task == "regression" else StratifiedKFold
    is_detector = task == "anomaly-detection"
    scoring = (lambda fitted, rows, truth: ((fitted.predict(rows) == -1) == truth).mean()) if is_detector else None
    cross_val_score(pipeline, x, y, cv=kind(FOLDS, shuffle=True, random_state=42), scoring=scoring)
    pipeline.fit(x, y)
    if is_detector:
        pipeline.predict(x)
    else:
        pipeline.score(x, y)


def describe(task: str, algorithm: str) -> str:
    """The estimator that the trainer fits, with all of its settings, as JSON."""
    from evergreen_training.estimators import ALGORITHMS

    if algorithm == "isolation-forest":
        settings = {"contamination": 0.05, "n_estimators": 100, "max_samples": 256, "random_state": 42}
        about = {"module": "sklearn.ensemble", "name": "IsolationForest", "settings": settings}
        return json.dumps({**about, "scale": False, "scale_target": False})
    recipe = ALGORITHMS[task][algorithm]
    settings = {name: each.default for name, each in recipe.settings.items()} | SETTINGS.get((task, algorithm), {})
    how = {name: settings.pop(name, False) for name in ("scale", "scale_target")}
    estimator = recipe.build({name: value for name, value in settings.items() if value is not None}, 42)
    module = "lightgbm" if algorithm == "lightgbm" else type(estimator).__module__
    return json.dumps({"module": module, "name": type(estimator).__name__, "settings": estimator.get_params(), **how})


def seconds_of(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    began, used = time.perf_counter(), processor_seconds()
    given = {**os.environ, **ONE_THREAD, **environment}
    try:
        subprocess.run(command, env=given, capture_output=True, text=True, check=True, timeout=LONGEST)
    except subprocess.TimeoutExpired as error:
        raise TooLong(f"took longer than {LONGEST} s") from error
    except subprocess.CalledProcessError as error:
        raise NotMeasured(error.stderr.strip().splitlines()[-1] if error.stderr.strip() else "failed") from error
    return {"wall": time.perf_counter() - began, "processor": processor_seconds() - used}


def processor_seconds() -> float:
    """Of all programs that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def compare(programs: dict[str, tuple[list[str], dict[str, str]]]) -> dict:
    """Rounds of both programs; or none, a reason, and whether there is nothing to compare with."""
    rounds: list[dict] = []
    try:
        rounds.append({"plain": seconds_of(*programs["plain"])})
    except TooLong as reason:
        return {"rounds": [], "reason": f"scikit-learn itself {reason}", "isComparable": False}
    try:
        rounds[0]["own"] = seconds_of(*programs["own"])
        if max(each["wall"] for each in rounds[0].values()) < LONG:
            rounds = [{name: seconds_of(*program) for name, program in programs.items()} for _ in range(ROUNDS)]
    except NotMeasured as reason:
        return {"rounds": [], "reason": str(reason), "isComparable": True}
    return {"rounds": rounds, "reason": None, "isComparable": True}


def measure(task: str, wanted: list[str]) -> None:
    from evergreen_training.estimators import ALGORITHMS
    from jobs import a_definition, rows_of, write_job

    chosen = [name for name in ALGORITHMS[task] if name not in WITHOUT_COUNTERPART and (not wanted or name in wanted)]
    if "lightgbm" in chosen and find_spec("lightgbm") is None:
        print("lightgbm is not installed and not measured", file=sys.stderr)
        chosen.remove("lightgbm")
    if not chosen:
        return
    parts, columns = make(task)
    with tempfile.TemporaryDirectory() as folder:
        for algorithm in chosen:
            settings = SETTINGS.get((task, algorithm), {})
            definition = a_definition(
                **parts, algorithm=algorithm, task=task, hyperparameters=settings, crossValidationFolds=FOLDS
            )
            environment = write_job(Path(folder) / algorithm, definition, columns, rows_of(columns, range(200), "y"))
            train = str(Path(environment["SM_CHANNEL_TRAIN"]) / "train.parquet")
            programs = {
                "plain": ([sys.executable, __file__, "--plain", task, describe(task, algorithm), train], {}),
                "own": ([sys.executable, str(ROOT / "training/train.py")], environment),
            }
            print(json.dumps({"task": task, "algorithm": algorithm, **compare(programs)}), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--plain"]:
        run_plain(*sys.argv[2:5])
    else:
        for name in TASKS:
            measure(name, sys.argv[1:])
