"""Proof that the ONNX file answers as the Python model does, before the job may end well."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .data import GoldenRows, Rows
from .definition import Definition
from .errors import JobError
from .model import Answers, Model

# Rows of the train data that are compared; beyond that the comparison would cost more than it tells.
MOST_ROWS = 10_000
TOLERANCE = 1e-5

# Rows of one run, as lib/inference/session.ts has it: what texts and support vectors take grows with it.
_ROWS_OF_ONE_RUN = 256


def open_session(definition: Definition, content: bytes) -> Callable[[Rows], Answers]:
    """Load an ONNX file and give a function that answers rows with it.

    Raises
    ------
    JobError
        When onnxruntime cannot load the file, or its inputs and outputs are not those of the definition.
    """
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common class below Exception
        raise JobError(f"onnxruntime cannot load the model that was written: {error}") from error
    inputs = {given.name: given.type for given in session.get_inputs()}
    outputs = {given.name: given.type for given in session.get_outputs()}
    _check_tensors("inputs", inputs, _wanted_inputs(definition), {})
    if definition.is_classification:
        _check_tensors("outputs", outputs, {"label": "tensor(string)"}, {"scores": "tensor(float)"})
    else:
        _check_tensors("outputs", outputs, {"value": "tensor(float)"}, {})

    names = list(outputs)

    def run(rows: Rows) -> list[np.ndarray]:
        matrices = {"numbers": rows.numbers, "texts": rows.texts}
        return session.run(names, {name: matrices[name] for name in inputs})

    def answer(rows: Rows) -> Answers:
        starts = range(0, max(len(rows), 1), _ROWS_OF_ONE_RUN)
        runs = [run(rows.take(slice(start, start + _ROWS_OF_ONE_RUN))) for start in starts]
        given = {name: np.concatenate(parts) for name, parts in zip(names, zip(*runs, strict=True), strict=True)}
        value = given.get("value")
        return Answers(given.get("label"), given.get("scores"), None if value is None else value.reshape(-1))

    return answer


def check_parity(
    definition: Definition,
    model: Model,
    served: Callable[[Rows], Answers],
    train: Rows,
    answers: Answers,
    golden: GoldenRows,
) -> int:
    """Compare the ONNX file with the Python model on golden rows, train rows and rows with missing values.

    Parameters
    ----------
    definition : Definition
    model : Model
    served : callable
        What `open_session` makes of the file.
    train : Rows
    answers : Answers
        The Python model's to the train rows.
    golden : GoldenRows

    Returns
    -------
    int
        How many rows were compared.

    Raises
    ------
    JobError
        When a label differs, or a score or value differs by more than the tolerance.
    """
    chosen = np.unique(np.linspace(0, len(train) - 1, min(len(train), MOST_ROWS)).astype(int))
    sample, unfinished = train.take(chosen), _without_each(golden.rows, definition)
    _compare(model.answer(golden.rows), served(golden.rows), "golden rows")
    _compare(answers.take(chosen), served(sample), "train rows")
    if len(unfinished):
        _compare(model.answer(unfinished), served(unfinished), "golden rows with missing values")
    return len(golden.rows) + len(sample) + len(unfinished)


def tolerance_of(values: np.ndarray | None) -> float:
    """Greatest allowed difference: 0.00001 for scores; for values in units of the target as that share of the largest,
    since a 32-bit number has seven digits whatever its size."""
    if values is None or not len(values):
        return TOLERANCE
    return TOLERANCE * max(1.0, float(np.abs(values).max()))


def _compare(python: Answers, served: Answers, where: str) -> None:
    if python.labels is not None:
        assert served.labels is not None
        differing = np.flatnonzero(python.labels != served.labels)
        if len(differing):
            first = differing[0]
            raise JobError(
                f"the ONNX model answers {len(differing)} of {len(python.labels)} {where} with another label, "
                f"for example {served.labels[first]} instead of {python.labels[first]}"
            )
    if (python.scores is None) != (served.scores is None):
        raise JobError("the ONNX model and the Python model do not both give scores")
    for ours, theirs in ((python.scores, served.scores), (python.values, served.values)):
        if ours is None or theirs is None:
            continue
        if ours.shape != theirs.shape:
            raise JobError(f"the ONNX model gives the shape {theirs.shape} for {where} instead of {ours.shape}")
        difference = float(np.abs(ours.astype(np.float64) - theirs).max())
        limit = tolerance_of(python.values)
        # Not a number compares as false, and must fail.
        if not difference <= limit:
            raise JobError(
                f"the ONNX model differs from the Python model by {difference:.3g} on {where}; "
                f"at most {limit:.3g} is allowed"
            )


def _without_each(rows: Rows, definition: Definition) -> Rows:
    """Copies of rows in which one feature after the other that may be missing is."""
    numbers, texts = [rows.numbers[:0]], [rows.texts[:0]]
    for feature in definition.features:
        if not feature.may_be_missing:
            continue
        bare, wordless = rows.numbers.copy(), rows.texts.copy()
        if feature.is_numeric:
            bare[:, definition.numbers.index(feature)] = np.nan
        else:
            wordless[:, definition.texts.index(feature)] = ""
        numbers.append(bare)
        texts.append(wordless)
    return Rows(np.concatenate(numbers), np.concatenate(texts))


def _wanted_inputs(definition: Definition) -> dict[str, str]:
    wanted = {}
    if definition.numbers:
        wanted["numbers"] = "tensor(float)"
    if definition.texts:
        wanted["texts"] = "tensor(string)"
    return wanted


def _check_tensors(what: str, found: dict[str, str], wanted: dict[str, str], allowed: dict[str, str]) -> None:
    fits = wanted.items() <= found.items() <= (wanted | allowed).items()
    if not fits:
        raise JobError(f"the ONNX model has the {what} {found}; the definition asks for {wanted | allowed}")
