"""The starter model equals scikit-learn, row for row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from iris import iris_cells, iris_columns, iris_definition, iris_rows, iris_split
from jobs import IRIS_CSV, a_job
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from evergreen_training.data import Rows
from evergreen_training.estimators import choose_trainer
from evergreen_training.parity import open_session


def test_the_file_holds_scikit_learns_rows_in_its_order() -> None:
    lengths, species = iris_rows()
    source = load_iris()
    assert np.array_equal(lengths, source.data)
    assert species.tolist() == source.target_names[source.target].tolist()
    assert b"\r" not in IRIS_CSV.read_bytes()


def test_linear_svc_labels_the_held_out_rows_as_plain_scikit_learn_does(tmp_path: Path) -> None:
    train, held, species, truth = iris_split()
    plain = SVC(kernel="linear", C=1.0).fit(train, species)
    job = a_job(tmp_path, iris_definition(), iris_columns(train, species), iris_cells(held))
    model = choose_trainer(job.definition, job.hyperparameters).fit(job.train)
    rows = Rows(held.astype(np.float32), np.empty((30, 0), dtype=object))
    expected = plain.predict(held).tolist()
    assert expected == truth.tolist()
    assert model.answer(rows).labels.tolist() == expected
    assert open_session(job.definition, model.to_onnx())(rows).labels.tolist() == expected


@pytest.mark.parametrize("c", [0.01, 0.1, 10.0, 1000.0])
def test_linear_svc_equals_plain_scikit_learn_on_a_grid_of_flowers(tmp_path: Path, c: float) -> None:
    train, held, species, _ = iris_split()
    definition = iris_definition(hyperparameters={"C": c})
    job = a_job(tmp_path, definition, iris_columns(train, species), iris_cells(held[:3]))
    model = choose_trainer(job.definition, job.hyperparameters).fit(job.train)
    flowers = np.random.default_rng(1).uniform(train.min(axis=0), train.max(axis=0), (5000, 4)).astype(np.float32)
    rows = Rows(flowers, np.empty((5000, 0), dtype=object))
    plain = SVC(kernel="linear", C=c).fit(train.astype(np.float32), species).predict(flowers.astype(np.float64))
    assert model.answer(rows).labels.tolist() == plain.tolist()
    assert open_session(job.definition, model.to_onnx())(rows).labels.tolist() == plain.tolist()
