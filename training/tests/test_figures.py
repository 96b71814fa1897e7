"""Figures against scikit-learn, and the lines that metric definitions read."""

from __future__ import annotations

import numpy as np
import pytest
from jobs import a_definition, category, number
from sklearn.metrics import r2_score, root_mean_squared_error

from evergreen_training.cross_validation import cross_validate
from evergreen_training.data import Rows, Table
from evergreen_training.definition import Definition, parse_definition
from evergreen_training.figures import print_figures, score_answers
from evergreen_training.model import Answers

REGRESSION = parse_definition(a_definition({"x": number()}, {"name": "y", "type": "number"}))
CLASSES = parse_definition(
    a_definition({"x": number()}, {"name": "y", **category("a", "b", "c")}, crossValidationFolds=5)
)


class Constant:
    """A model that answers the same to every row."""

    def __init__(self, definition: Definition) -> None:
        self._is_classifier = definition.is_classification

    def answer(self, rows: Rows) -> Answers:
        if self._is_classifier:
            return Answers(labels=np.full(len(rows), "a", dtype=object))
        return Answers(values=np.full(len(rows), 2.0, dtype=np.float32))

    def to_onnx(self) -> bytes:
        raise NotImplementedError


def table(target: list[float] | list[int]) -> Table:
    rows = Rows(np.zeros((len(target), 1), dtype=np.float32), np.empty((len(target), 0), dtype=object))
    return Table(rows, np.array(target))


def test_regression_figures_equal_scikit_learns() -> None:
    random = np.random.default_rng(1)
    truth = random.normal(1000, 50, 200)
    values = (truth + random.normal(0, 20, 200)).astype(np.float32)
    figures = score_answers(REGRESSION, Answers(values=values), truth)
    assert figures["score"] == pytest.approx(r2_score(truth, values), abs=1e-12)
    assert figures["rmse"] == pytest.approx(root_mean_squared_error(truth, values), abs=1e-9)


@pytest.mark.parametrize(("value", "score"), [(3.0, 1.0), (4.0, 0.0)])
def test_r2_of_equal_targets_follows_scikit_learn(value: float, score: float) -> None:
    truth, values = np.full(5, 3.0), np.full(5, value, dtype=np.float32)
    assert score_answers(REGRESSION, Answers(values=values), truth)["score"] == score == r2_score(truth, values)


def test_accuracy_is_the_share_of_right_labels() -> None:
    labels = np.array(["a", "b", "c", "a"], dtype=object)
    assert score_answers(CLASSES, Answers(labels=labels), np.array([0, 1, 1, 0])) == {"score": 0.75}


def test_numbers_are_printed_without_exponents(capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(fold=1, score=29 / 30, rmse=0.0000012345678)
    print_figures(rmse=123456789.0)
    print_figures(score=1.0)
    print_figures(score=-12.5)
    assert capsys.readouterr().out.splitlines() == [
        "fold=1 score=0.966667 rmse=0.00000123457",
        "rmse=123457000.0",
        "score=1.0",
        "score=-12.5",
    ]


def test_fewer_folds_when_a_class_is_small(capsys: pytest.CaptureFixture[str]) -> None:
    folds = cross_validate(CLASSES, table([0] * 20 + [1] * 3), lambda _: Constant(CLASSES))
    assert len(folds) == 3
    assert "note: cross-validation with 3 folds instead of 5, because b has 3 train rows" in capsys.readouterr().out
    assert sorted(fold["score"] for fold in folds) == [6 / 7, 7 / 8, 7 / 8]


def test_no_folds_when_a_class_has_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert cross_validate(CLASSES, table([0] * 20 + [2]), lambda _: Constant(CLASSES)) == []
    assert "no cross-validation and so no validation_score, because c has 1 train rows" in capsys.readouterr().out


def test_regression_folds_hold_at_least_two_rows(capsys: pytest.CaptureFixture[str]) -> None:
    folds = cross_validate(REGRESSION, table([1.0, 2.0, 3.0, 4.0, 5.0]), lambda _: Constant(REGRESSION))
    assert len(folds) == 2
    assert all(np.isfinite(fold["rmse"]) for fold in folds)
    assert cross_validate(REGRESSION, table([1.0, 2.0, 3.0]), lambda _: Constant(REGRESSION)) == []
    assert "because there are 3 train rows" in capsys.readouterr().out


def test_folds_are_seeded_and_never_train_on_the_rows_they_score() -> None:
    target = [0, 1, 2] * 10
    rows = Rows(np.arange(30, dtype=np.float32)[:, None], np.empty((30, 0), dtype=object))
    seen: list[list[float]] = []

    def fit(learned: Table) -> Constant:
        seen.append(learned.rows.numbers[:, 0].tolist())
        assert np.bincount(learned.target).tolist() == [8, 8, 8]
        return Constant(CLASSES)

    for _ in range(2):
        cross_validate(CLASSES, Table(rows, np.array(target)), fit)
    assert seen[:5] == seen[5:]
    held = [set(range(30)) - set(learned) for learned in seen[:5]]
    assert sorted(row for fold in held for row in fold) == list(range(30))


def test_each_fold_is_followed_by_the_mean_so_far(capsys):
    folds = cross_validate(CLASSES, table([0] * 20 + [1] * 3), lambda _: Constant(CLASSES))
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("validation_score=")]
    means = [np.mean([fold["score"] for fold in folds[:number]]) for number in range(1, len(folds) + 1)]
    assert [float(line.partition("=")[2]) for line in printed] == pytest.approx(means, abs=1e-6)
