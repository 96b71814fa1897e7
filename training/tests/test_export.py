"""Where a plain export would differ: thresholds, ties, borders; and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobs import a_definition, a_job, category, number

from evergreen_training.data import Rows, Table
from evergreen_training.definition import Definition, parse_definition
from evergreen_training.errors import JobError
from evergreen_training.estimators import choose_trainer
from evergreen_training.model import Answers, fit_sklearn
from evergreen_training.package import train_package
from evergreen_training.parity import open_session


def a_classifier(columns: int, algorithm: str = "random-forest", **train: Any) -> Definition:
    features = {f"x{i}": number() for i in range(columns)}
    return parse_definition(a_definition(features, {"name": "y", **category("a", "b", "c")}, algorithm, **train))


def numbers(values: Any) -> Rows:
    matrix = np.asarray(values, dtype=np.float32)
    return Rows(matrix, np.empty((len(matrix), 0), dtype=object))


@pytest.mark.parametrize("algorithm", ["random-forest", "gradient-boosting"])
def test_rows_beside_a_tree_threshold_take_the_same_branch(algorithm: str) -> None:
    # Neighbouring 32-bit numbers: each threshold lies between two of them, where no 32-bit number is.
    steps = np.full(400, np.float32(16_777_216), dtype=np.float32)
    for position in range(1, len(steps)):
        steps[position] = np.nextafter(steps[position - 1], np.float32(np.inf))
    definition = a_classifier(1, algorithm)
    target = np.random.default_rng(2).integers(0, 3, len(steps))
    trainer = choose_trainer(definition, {"min_samples_leaf": 1, "n_estimators": 30})
    rows = numbers(steps[:, None])
    model = trainer.fit(Table(rows, target))
    served = open_session(definition, model.to_onnx())(rows)
    python = model.answer(rows)
    assert len(set(python.labels)) == 3
    np.testing.assert_allclose(served.scores, python.scores, rtol=0, atol=1e-6)
    assert served.labels.tolist() == python.labels.tolist()


def test_forest_scores_are_scikit_learns_own() -> None:
    random = np.random.default_rng(4)
    definition = a_classifier(3)
    rows = numbers(random.normal(size=(200, 3)))
    model = choose_trainer(definition, {}).fit(Table(rows, random.integers(0, 3, 200)))
    fresh = numbers(random.normal(size=(2000, 3)))
    expected = model.estimator.predict_proba(fresh.numbers)
    np.testing.assert_allclose(open_session(definition, model.to_onnx())(fresh).scores, expected, atol=1e-7)


def test_tied_votes_of_a_forest_go_to_the_first_category() -> None:
    # Three trees on equal rows with leaves of thirds: sums in another order would differ in their last bit.
    definition = a_classifier(1)
    rows = numbers(np.zeros((99, 1)))
    model = choose_trainer(definition, {"n_estimators": 33}).fit(Table(rows, np.arange(99) % 3))
    for tree in model.estimator.estimators_:
        tree.tree_.value[:] = 1 / 3
    served = open_session(definition, model.to_onnx())(rows)
    assert set(served.labels) == set(model.answer(rows).labels) == {"a"}


def test_rows_on_the_border_of_a_linear_svc_get_one_label() -> None:
    definition = a_classifier(2, "linear-svc")
    corners = numbers([[1, 1], [-1, -1], [2, 1], [-2, -1], [1, 2], [-1, -2]])
    model = choose_trainer(definition, {}).fit(Table(corners, np.array([0, 2, 0, 2, 0, 2])))
    between = numbers([[step / 7, -step / 7] for step in range(-50, 50)])
    python = model.answer(between)
    served = open_session(definition, model.to_onnx())(between)
    assert python.labels.tolist() == served.labels.tolist() == ["c"] * 100


def test_a_linear_svc_does_not_grow_with_its_support_vectors() -> None:
    random = np.random.default_rng(6)
    definition = a_classifier(4, "linear-svc")
    noise = Table(numbers(random.normal(size=(500, 4))), random.integers(0, 3, 500))
    model = choose_trainer(definition, {}).fit(noise)
    assert model.estimator.n_support_.sum() > 400
    assert len(model.to_onnx()) < 2000


def test_an_estimator_without_probabilities_gives_labels_only() -> None:
    from sklearn.linear_model import RidgeClassifier

    random = np.random.default_rng(8)
    definition = a_classifier(3)
    table = Table(numbers(random.normal(size=(90, 3))), random.integers(0, 3, 90))
    model = fit_sklearn(definition, table, RidgeClassifier(), scale=True)
    served = open_session(definition, model.to_onnx())(table.rows)
    assert served.scores is None
    assert served.labels.tolist() == model.answer(table.rows).labels.tolist()


def test_a_pipeline_of_scikit_learn_is_converted() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    random = np.random.default_rng(8)
    definition = a_classifier(3)
    table = Table(numbers(random.normal(size=(90, 3))), random.integers(0, 3, 90))
    model = fit_sklearn(definition, table, make_pipeline(PolynomialFeatures(2), LogisticRegression()))
    served = open_session(definition, model.to_onnx())(table.rows)
    np.testing.assert_allclose(served.scores, model.answer(table.rows).scores, atol=1e-6)


def test_an_estimator_that_onnx_does_not_know_is_refused() -> None:
    from sklearn.neighbors import NearestCentroid

    definition = a_classifier(1)
    table = Table(numbers([[0], [1], [2], [3]]), np.array([0, 0, 1, 1]))
    with pytest.raises(JobError, match="NearestCentroid cannot be written as ONNX"):
        fit_sklearn(definition, table, NearestCentroid()).to_onnx()


def test_an_estimator_that_needs_a_loop_is_refused() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    definition = a_classifier(1)
    table = Table(numbers([[0], [1], [2], [3]]), np.array([0, 0, 1, 1]))
    with pytest.raises(JobError, match=r"KNeighborsClassifier needs ai\.onnx\.Scan, which is never served"):
        fit_sklearn(definition, table, KNeighborsClassifier(2)).to_onnx()


def test_free_text_needs_a_program_of_the_models_own() -> None:
    features = {"comment": {"type": "text"}}
    definition = parse_definition(a_definition(features, {"name": "y", **category("a", "b")}))
    rows = Rows(np.empty((2, 0), dtype=np.float32), np.array([["good"], ["bad"]], dtype=object))
    with pytest.raises(JobError, match=r"classification does not read free text \(comment\); .* text-classification"):
        choose_trainer(definition, {}).fit(Table(rows, np.array([0, 1])))


def test_categories_alone_and_the_same_word_in_two_columns(tmp_path: Path) -> None:
    features = {"left": category("on", "off", mayBeMissing=True), "right": category("off", "on", "on\x00é")}
    definition = a_definition(features, {"name": "y", **category("same", "other")}, "random-forest")
    left = ["on", "off", "on", "off", None] * 8
    right = ["on", "off", "off", "on", "on\x00é"] * 8
    columns = {
        "left": left,
        "right": right,
        "y": [str(np.where(a == b, "same", "other")) for a, b in zip(left, right, strict=True)],
    }
    job = a_job(
        tmp_path, definition, columns, [{"left": a, "right": b} for a, b in zip(left[:5], right[:5], strict=True)]
    )
    train_package(job, choose_trainer(job.definition, job.hyperparameters).fit)
    session = open_session(job.definition, (job.model_folder / "model.onnx").read_bytes())
    assert session(job.golden.rows).labels.tolist() == ["same", "same", "other", "other", "other"]


class Altered:
    """A model whose Python half answers otherwise than its ONNX file."""

    def __init__(self, model: Any, answers: Any) -> None:
        self._model, self._answers = model, answers

    def answer(self, rows: Rows) -> Answers:
        return self._answers(self._model.answer(rows))

    def to_onnx(self) -> bytes:
        return self._model.to_onnx()


def test_a_model_that_its_file_contradicts_is_refused(tmp_path: Path) -> None:
    columns = {"x": [1.0, 2.0, 3.0, 4.0] * 5, "y": ["a", "a", "b", "b"] * 5}
    definition = a_definition({"x": number()}, {"name": "y", **category("a", "b")}, "logistic-regression")
    job = a_job(tmp_path, definition, columns, [{"x": 1.0}, {"x": 4.0}])
    fit = choose_trainer(job.definition, {}).fit
    swap = {"a": "b", "b": "a"}

    def swapped(answers: Answers) -> Answers:
        return Answers(np.array([swap[label] for label in answers.labels], dtype=object), answers.scores)

    def shifted(answers: Answers) -> Answers:
        return Answers(answers.labels, answers.scores + np.float32(2e-5))

    def endless(answers: Answers) -> Answers:
        return Answers(answers.labels, answers.scores * np.float32("nan"))

    for change, message in (
        (swapped, "answers 2 of 2 golden rows with another label, for example a instead of b"),
        (shifted, r"differs from the Python model by 2e-05 on golden rows; at most 1e-05 is allowed"),
        (endless, "differs from the Python model by nan"),
        (lambda answers: Answers(answers.labels), "do not both give scores"),
    ):
        with pytest.raises(JobError, match=message):
            train_package(job, lambda table, change=change: Altered(fit(table), change))
    assert not job.model_folder.exists()


def test_a_model_too_large_to_be_served_or_without_numbers_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    columns = {"x": [1.0, 2.0, 3.0, 4.0] * 5, "y": [1.0, 2.0, 3.0, 4.0] * 5}
    definition = a_definition({"x": number()}, {"name": "y", "type": "number"}, "random-forest")
    job = a_job(tmp_path, definition, columns, [{"x": 1.0}])
    fit = choose_trainer(job.definition, {"n_estimators": 5}).fit

    def lost(answers: Answers) -> Answers:
        return Answers(values=answers.values * np.float32("nan"))

    with pytest.raises(JobError, match="train_score is nan: the model answers with no numbers"):
        train_package(job, lambda table: Altered(fit(table), lost))
    monkeypatch.setattr("evergreen_training.package._MOST_BYTES", 1 << 9)
    with pytest.raises(JobError, match="are served; train fewer or smaller trees"):
        train_package(job, fit)
    assert not job.model_folder.exists()


def test_a_file_with_other_tensors_is_refused() -> None:
    definition, other = a_classifier(2), a_classifier(2, "linear-svc")
    table = Table(numbers([[0, 1], [1, 0], [2, 1], [3, 5]]), np.array([0, 0, 1, 1]))
    content = choose_trainer(other, {}).fit(table).to_onnx()
    assert open_session(definition, content) is not None
    regression = parse_definition(a_definition({"x": number()}, {"name": "y", "type": "number"}))
    with pytest.raises(JobError, match=r"has the outputs .*label.*; the definition asks for .*value"):
        open_session(regression, content)
    texts = parse_definition(a_definition({"x": category("a", "b")}, {"name": "y", **category("a", "b")}))
    with pytest.raises(JobError, match=r"has the inputs .*numbers.*; the definition asks for .*texts"):
        open_session(texts, content)
    with pytest.raises(JobError, match="onnxruntime cannot load the model"):
        open_session(definition, content[:100])
