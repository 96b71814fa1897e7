"""The isolation forest against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from jobs import a_definition, category, number
from sklearn.ensemble import IsolationForest

from evergreen_training.data import Rows, Table
from evergreen_training.definition import Definition, parse_definition
from evergreen_training.errors import JobError
from evergreen_training.estimators import choose_trainer
from evergreen_training.parity import open_session


def a_detector(columns: int) -> Definition:
    target = {"name": "state", **category("normal", "odd")}
    features = {f"x{i}": number() for i in range(columns)}
    return parse_definition(a_definition(features, target, "isolation-forest", "anomaly-detection"))


def as_rows(values: np.ndarray) -> Rows:
    return Rows(values.astype(np.float32), np.empty((len(values), 0), dtype=object))


def cloud(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 4)).astype(np.float32)


@pytest.mark.parametrize("contamination", [0.01, 0.05, 0.2])
def test_scores_threshold_and_labels_are_scikit_learns(contamination: float) -> None:
    train, fresh = cloud(1000, 1), cloud(2000, 2) * 1.5
    labels = np.zeros(1000, dtype=np.int64)
    model = choose_trainer(a_detector(4), {"contamination": contamination}).fit(Table(as_rows(train), labels))
    theirs = IsolationForest(contamination=contamination, max_samples=256, random_state=42).fit(train)
    np.testing.assert_allclose(model.measure(as_rows(fresh)), -theirs.score_samples(fresh), rtol=0, atol=1e-6)
    assert model.threshold == pytest.approx(-theirs.offset_, abs=1e-6)
    ours = model.answer(as_rows(fresh)).labels == "odd"
    # Rows closer to the threshold than the rounding may fall to either side.
    clear = np.abs(theirs.decision_function(fresh)) > 1e-6
    assert clear.mean() > 0.99
    np.testing.assert_array_equal(ours[clear], theirs.predict(fresh)[clear] == -1)


def test_scores_rise_with_the_anomaly_and_part_at_one_half() -> None:
    model = choose_trainer(a_detector(4), {}).fit(Table(as_rows(cloud(500, 3)), np.zeros(500, dtype=np.int64)))
    fresh = as_rows(cloud(1000, 4) * 2)
    answers, measured = model.answer(fresh), model.measure(fresh)
    order = np.argsort(measured)
    assert (np.diff(answers.scores[order, 1]) >= 0).all()
    assert ((answers.scores >= 0) & (answers.scores <= 1)).all()
    np.testing.assert_array_equal(answers.labels == "odd", answers.scores[:, 1] > 0.5)


def test_labels_are_not_looked_at() -> None:
    rows = as_rows(cloud(200, 5))
    files = {
        choose_trainer(a_detector(4), {}).fit(Table(rows, target)).to_onnx()
        for target in (np.zeros(200, dtype=np.int64), np.arange(200) % 2)
    }
    assert len(files) == 1


def test_rows_at_the_threshold_have_one_label() -> None:
    # Few distinct rows: many lie exactly at the threshold.
    rows = as_rows(np.random.default_rng(6).integers(0, 3, size=(400, 2)))
    definition = a_detector(2)
    for contamination in (0.05, 0.1, 0.3):
        model = choose_trainer(definition, {"contamination": contamination}).fit(Table(rows, np.zeros(400, int)))
        served = open_session(definition, model.to_onnx())(rows)
        assert np.isclose(model.measure(rows), model.threshold, rtol=0, atol=1e-12).any()
        assert served.labels.tolist() == model.answer(rows).labels.tolist()


def test_equal_rows_are_normal_and_impossible_shares_refused() -> None:
    rows = as_rows(np.ones((30, 2)))
    model = choose_trainer(a_detector(2), {}).fit(Table(rows, np.zeros(30, dtype=np.int64)))
    assert set(model.answer(rows).labels) == {"normal"}
    for share in (0.0, 0.5, 1.5):
        with pytest.raises(JobError, match=f"'contamination' parameter is {share}; it must be above 0 and below 0.5"):
            choose_trainer(a_detector(2), {"contamination": share}).fit(Table(rows, np.zeros(30, dtype=np.int64)))
