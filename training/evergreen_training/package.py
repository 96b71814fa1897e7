"""The model package: model.onnx, golden.json, training.json, explanation.json; state.json of what can learn on.

A definition that asks for 8-bit weights gets model.int8.onnx with golden answers of its own, golden.int8.json, as well.
"""

from __future__ import annotations

import json
import math
import platform
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .checks import check_trainable
from .continuing.state import describe_state
from .contract import Job
from .cross_validation import cross_validate
from .data import GoldenRows, Table
from .errors import JobError
from .explanation import Folds, explain_model
from .figures import print_figures, print_note, score_answers
from .hosts import is_first_host
from .model import Answers, Model
from .parity import TOLERANCE, check_parity, open_session, tolerance_of
from .quantisation import quantise_weights

# What the serving function admits; see admissionLimits in lib/inference/admission.ts.
_MOST_BYTES = 200 * 1024 * 1024

# A number that another processor rounds the other way, by one of 127 steps, moves an answer by about as much.
_INT8_TOLERANCE = 1e-3

# Enough for a plot of any width.
_MOST_POINTS = 1000

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "skl2onnx", "onnx", "onnxruntime", "pyarrow")


@dataclass(frozen=True)
class Course:
    """How the model of all train rows comes about when it is not fitted as those of the folds are.

    Attributes
    ----------
    fit : callable
        Takes the table of all train rows, gives the model.
    validation : mapping, optional
        Figures over rows the model had not seen, as `score_answers` gives them, in place of cross-validation.
    record : mapping
        What the training record says of it.
    """

    fit: Callable[[Table], Model]
    validation: Mapping[str, float] | None = None
    record: Mapping[str, Any] = field(default_factory=dict)


def train_package(
    job: Job,
    fit: Callable[[Table], Model],
    algorithm: str | None = None,
    settings: Mapping[str, Any] | None = None,
    course: Course | None = None,
) -> None:
    """Train, score, cross-validate, write the ONNX file, prove it and leave the package in the model folder.

    Parameters
    ----------
    job : Job
    fit : callable
        Takes a table of train rows, gives a model. It is called once with all train rows and once for each fold.
    algorithm : str, optional
        Name for the record; defaults to the definition's.
    settings : mapping, optional
        Hyperparameters in force, for the record; defaults to the job's.
    course : Course, optional
        How the model of all rows is made; defaults to `fit`.

    Raises
    ------
    JobError
        When the data cannot be learned from, a figure is not a number, or the ONNX file is too large to be served or
        does not answer as the model does.
    """
    started = time.monotonic()
    definition = job.definition
    check_trainable(definition, job.train)
    # First, so that tuning ends a hopeless trial before it costs the whole of the training.
    kept = Folds()
    course = course or Course(fit)
    folds = [] if course.validation else cross_validate(definition, job.train, fit, kept.keep)
    model = course.fit(job.train)
    content = model.to_onnx()
    if len(content) > _MOST_BYTES:
        raise JobError(
            f"the model has {len(content) >> 20} MiB, and at most {_MOST_BYTES >> 20} MiB are served; "
            "train fewer or smaller trees (n_estimators, max_depth, min_samples_leaf)"
        )
    # Of a large forest each takes a second, and little of it is Python's.
    with ThreadPoolExecutor(1) as beside:
        opening = beside.submit(open_session, definition, content)
        answers = model.answer(job.train.rows)
        served = opening.result()
    figures = score_answers(definition, answers, job.train.target)
    metrics = {f"train_{name}": value for name, value in figures.items()}
    validation = course.validation
    if folds:
        validation = {name: float(np.mean([fold[name] for fold in folds])) for name in folds[0]}
    metrics |= {f"validation_{name}": value for name, value in (validation or {}).items()}
    for name, value in metrics.items():
        print_figures(**{name: value})
        if not math.isfinite(value):
            raise JobError(f"{name} is {value}: the model answers with no numbers; scale the features or change them")
    compared = check_parity(definition, model, served, job.train.rows, answers, job.golden)
    print_note(f"the ONNX model answers {compared} rows as the Python model does")
    quantised, variant = quantise(job, content) if definition.quantise else ({}, {})
    scores = [fold["score"] for fold in folds]
    explanation = explain_model(job, model, served, kept, scores)
    record = {
        "schema": "evergreen/training/v1",
        "algorithm": algorithm or definition.algorithm,
        "hyperparameters": dict(job.hyperparameters if settings is None else settings),
        "seed": job.seed,
        "rows": len(job.train),
        "metrics": metrics,
        "folds": scores,
        "durationSeconds": round(time.monotonic() - started, 3),
        "libraries": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        **describe_curve(model),
        **course.record,
        **variant,
    }
    golden = golden_answers(job.golden, model.answer(job.golden.rows))
    files = {
        "model.onnx": content,
        "golden.json": _json(golden),
        "training.json": _json(record),
        "explanation.json": _json(explanation),
        **quantised,
    }
    state = describe_state(model)
    if state is not None:
        files["state.json"] = _json(state)
    # What other hosts left would be put together with it.
    if is_first_host():
        save(job.model_folder, files)


def quantise(job: Job, content: bytes) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files with 8-bit weights beside a model, and what the training record says of them.

    No files when the model has no weights to quantise: then the record says why.
    """
    quantised = quantise_weights(content)
    if isinstance(quantised, str):
        print_note(f"there are no 8-bit weights, and the model is served as it is: {quantised}")
        return {}, {"quantisation": {"kind": "int8", "reason": quantised}}
    size = f"{len(quantised.content) / 1024:.1f} KiB instead of {len(content) / 1024:.1f}"
    print_note(f"{quantised.weights} weights of {quantised.matrices} matrices were written with 8 bits: {size}")
    answers = open_session(job.definition, quantised.content)(job.golden.rows)
    golden = golden_answers(job.golden, answers, _INT8_TOLERANCE / TOLERANCE)
    files = {"model.int8.onnx": quantised.content, "golden.int8.json": _json(golden)}
    return files, {"quantisation": quantised.describe(len(content))}


def describe_curve(model: Model) -> dict[str, Any]:
    """The learning curve of a model that has one, as the training record has it."""
    curve = getattr(getattr(model, "estimator", None), "learning_curve_", None)
    if curve is None:
        return {}
    chosen = np.unique(np.linspace(0, len(curve.points) - 1, min(len(curve.points), _MOST_POINTS)).astype(int))
    return {"learningCurve": {"loss": curve.loss, "ended": curve.ended, "points": [curve.points[at] for at in chosen]}}


def golden_answers(golden: GoldenRows, answers: Answers, tolerances: float = 1) -> dict[str, Any]:
    """The golden rows with a model's answers, as the document that goes into the package.

    Parameters
    ----------
    golden : GoldenRows
    answers : Answers
    tolerances : float
        How many times the tolerance of a model in full precision the answers may differ by.
    """
    return {
        "schema": "evergreen/golden/v1",
        "rows": golden.cells,
        "labels": None if answers.labels is None else answers.labels.tolist(),
        "scores": None if answers.scores is None else answers.scores.tolist(),
        "values": None if answers.values is None else answers.values.tolist(),
        "tolerance": tolerances * tolerance_of(answers.values),
    }


def save(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files so that each is there whole or not at all; model.onnx, without which there is no package, last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(files, key=lambda name: name == "model.onnx"):
        part = folder / f".{name}.part"
        part.write_bytes(files[name])
        part.replace(folder / name)


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
