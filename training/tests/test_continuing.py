"""Warm starts and online updates: what a job does with the champion it is given."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobs import a_definition, a_job, mixed_data, rows_of, write_job
from test_command import read

from evergreen_training.continuing.course import rows_not_known
from evergreen_training.continuing.state import StateMisfit, carry_over, describe_state, read_state
from evergreen_training.data import Rows, Table
from evergreen_training.errors import JobError
from evergreen_training.estimators import choose_trainer
from evergreen_training.model import FittedModel
from evergreen_training.preprocessing import learn_preprocessing
from train import train

both_tasks = pytest.mark.parametrize("regression", [False, True], ids=["classification", "regression"])


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[dict[str, str]], str]:
    """Runs train.py's job in this process. Returns what it printed."""

    def run(environment: dict[str, str]) -> str:
        with monkeypatch.context() as patch:
            patch.setattr("sys.argv", ["train.py"])
            for name, value in environment.items():
                patch.setenv(name, value)
            train()
        return capsys.readouterr().out

    return run


def a_described(folder: Path, regression: bool, rows: slice = slice(None), **settings: Any) -> dict[str, str]:
    """A job on some of 200 mixed rows. Returns its environment."""
    parts, columns = mixed_data(200, 7, regression)
    definition = a_definition(**parts, algorithm="gradient-descent", hyperparameters=settings, crossValidationFolds=2)
    target = parts["target"]["name"]
    some = {name: column[rows] for name, column in columns.items()}
    return write_job(folder, definition, some, rows_of(columns, range(6), target))


def as_champion(environment: dict[str, str], folder: Path, known: bool = False) -> dict[str, str]:
    """Variables that give a finished job's package to another job, as the pipeline does."""
    folder.mkdir()
    files = {path.name: path.read_bytes() for path in Path(environment["SM_MODEL_DIR"]).iterdir()}
    named = {name: {"sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()}
    files["manifest.json"] = json.dumps({"files": named}).encode()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return {
        "SM_CHANNEL_CHAMPION": str(folder),
        "EVERGREEN_CHAMPION_VERSION": "3",
        "EVERGREEN_CHAMPION_DIGEST": hashlib.sha256(files["manifest.json"]).hexdigest(),
        **({"SM_CHANNEL_KNOWN": environment["SM_CHANNEL_TRAIN"]} if known else {}),
    }


@both_tasks
def test_a_warm_start_begins_where_the_champion_stands(tmp_path: Path, regression: bool, work: Any) -> None:
    settings = {"hidden_units": 6, "activation": "tanh", "epochs": 40, "patience": 40}
    first = a_described(tmp_path / "first", regression, slice(0, 150), **settings)
    work(first)
    cold = a_described(tmp_path / "cold", regression, **settings)
    warm = a_described(tmp_path / "warm", regression, **settings)
    work(cold)
    printed = work({**warm, **as_champion(first, tmp_path / "champion")})
    assert "note: warm start from version 3" in printed
    records = {name: read(each, "training.json") for name, each in (("cold", cold), ("warm", warm))}
    losses = {
        name: [point["trainLoss"] for point in record["learningCurve"]["points"]] for name, record in records.items()
    }
    assert losses["warm"][0] < losses["cold"][0] / 2
    assert losses["warm"][0] < 1.5 * losses["cold"][-1]
    assert records["warm"]["continuedFrom"]["version"] == 3
    assert records["warm"]["continuedFrom"]["mode"] == "warm start"
    # The folds are trained anew: the champion has seen the rows they are scored on.
    assert records["warm"]["folds"] == records["cold"]["folds"]


@both_tasks
def test_an_online_update_learns_from_the_new_rows_only(tmp_path: Path, regression: bool, work: Any) -> None:
    first = a_described(tmp_path / "first", regression, slice(0, 120), epochs=60)
    work(first)
    update = a_described(tmp_path / "update", regression, batch_size=16, learning_rate=0.005)
    printed = work({**update, **as_champion(first, tmp_path / "champion", known=True)})
    assert "note: online update of version 3 with 80 new rows in batches of 16" in printed
    record = read(update, "training.json")
    assert record["continuedFrom"]["mode"] == "online"
    assert (record["learningCurve"]["ended"], len(record["learningCurve"]["points"])) == ("one pass", 5)
    assert record["folds"] == []
    assert record["metrics"]["validation_score"] > 0.7
    before, after = (read(each, "state.json") for each in (first, update))
    assert before["preprocessing"] == after["preprocessing"]
    moved = np.array(after["layers"][0]["weights"]) - before["layers"][0]["weights"]
    assert np.abs(moved).max() > 0
    if not regression:
        # Five steps of Adam move no weight by more than five times the learning rate, but for its start.
        assert np.abs(moved).max() < 5.5 * 0.005


def test_a_champion_that_does_not_fit_is_not_continued(tmp_path: Path, work: Any) -> None:
    first = a_described(tmp_path / "first", False, epochs=5)
    work(first)
    other = a_described(tmp_path / "other", False, epochs=5, hidden_units=3)
    printed = work({**other, **as_champion(first, tmp_path / "champion")})
    assert "note: version 3 is not continued: it has another hidden_units and activation" in printed
    assert "continuedFrom" not in read(other, "training.json")


def test_a_state_that_is_not_the_registrys_ends_the_job(tmp_path: Path, work: Any) -> None:
    first = a_described(tmp_path / "first", False, epochs=5)
    work(first)
    again = a_described(tmp_path / "again", False, epochs=5)
    champion = as_champion(first, tmp_path / "champion")
    state = Path(champion["SM_CHANNEL_CHAMPION"]) / "state.json"
    state.write_bytes(state.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(JobError, match=r"the champion's state\.json is missing or not the one in the registry"):
        work({**again, **champion})


@both_tasks
def test_weights_carried_to_another_scale_answer_as_before(tmp_path: Path, regression: bool) -> None:
    parts, columns = mixed_data(200, 7, regression)
    definition = a_definition(**parts, algorithm="gradient-descent", hyperparameters={"hidden_units": 4, "epochs": 10})
    job = a_job(tmp_path, definition, columns, rows_of(columns, range(3), parts["target"]["name"]))
    model = choose_trainer(job.definition, job.hyperparameters).fit(job.train)
    document = json.loads(json.dumps(describe_state(model)))
    state = read_state(document, job.definition, 4, "relu")
    complete = ~np.isnan(job.train.rows.numbers).any(axis=1) & (job.train.rows.texts != "").all(axis=1)
    some = job.train.rows.take(complete)
    elsewhere = learn_preprocessing(job.definition, some.take(slice(0, 60)), scale=True)
    model.estimator.layers_ = carry_over(state.layers, state.preprocessing, elsewhere)
    moved = FittedModel(job.definition, elsewhere, model.estimator).answer(some)
    model.estimator.layers_ = state.layers
    before = FittedModel(job.definition, state.preprocessing, model.estimator).answer(some)
    if regression:
        np.testing.assert_allclose(moved.values, before.values, rtol=1e-6)
    else:
        np.testing.assert_allclose(moved.scores, before.scores, atol=1e-6)
    with pytest.raises(StateMisfit, match="another version of the trainer"):
        read_state({**document, "preprocessing": {}}, job.definition, 4, "relu")


def test_rows_that_stand_twice_are_new_once() -> None:
    def table(*cells: tuple[float, str, int]) -> Table:
        numbers = np.array([[cell[0]] for cell in cells], dtype=np.float32)
        texts = np.array([[cell[1]] for cell in cells], dtype=object)
        return Table(Rows(numbers, texts), np.array([cell[2] for cell in cells]))

    known = table((1, "a", 0), (np.nan, "", 1))
    new = rows_not_known(table((np.nan, "", 1), (1, "a", 0), (1, "a", 0), (1, "a", 1), (-0.0, "b", 0)), known)
    assert new.rows.texts[:, 0].tolist() == ["a", "a", "b"]
    assert new.target.tolist() == [0, 1, 0]


def test_epochs_are_printed_for_the_model_and_not_for_its_folds(tmp_path: Path, work: Any) -> None:
    environment = a_described(tmp_path, False, epochs=7, patience=50)
    printed_lines = work(environment)
    printed = re.findall(r"^epoch=(\d+) train_loss=([0-9.]+) validation_loss=([0-9.]+)$", printed_lines, re.MULTILINE)
    curve = read(environment, "training.json")["learningCurve"]
    assert [int(epoch) for epoch, _, _ in printed] == [1, 2, 3, 4, 5, 6, 7]
    assert [float(loss) for _, loss, _ in printed] == pytest.approx(
        [point["trainLoss"] for point in curve["points"]], rel=1e-5
    )
    assert (curve["loss"], curve["ended"]) == ("log loss", "epochs")
