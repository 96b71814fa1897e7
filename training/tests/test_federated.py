"""Federated averaging: a round against the descent on all rows, a party's job against what it may leave and say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jobs import a_definition, category, mixed_data, number, rows_of, write_job
from test_command import read
from test_continuing import work  # noqa: F401

from evergreen_training.contract import load_job
from evergreen_training.declared import declare_model
from evergreen_training.definition import Definition, parse_definition
from evergreen_training.errors import JobError
from evergreen_training.estimators import Trainer, choose_trainer
from evergreen_training.federated.coordinator import choose_federated_course
from evergreen_training.federated.party import make_update, train_party
from evergreen_training.federated.party_rows import read_party_rows
from evergreen_training.optimisers.descent import Objective
from evergreen_training.optimisers.update_rules import make_rule

STEP = {"optimizer": "sgd", "learning_rate": 0.3, "batch_size": 0, "l2": 0.01}
PARTIES = ["north", "south", "west"]


def federated(parts: dict[str, Any], settings: dict[str, Any], **data: Any) -> dict[str, Any]:
    """A definition of the mixed data whose numbers all have a range."""
    ranges = {"length": (-20, 120), "pressure": (98_000, 105_000), "count": (0, 9)}
    features = {
        name: each | (dict(zip(("min", "max"), ranges[name], strict=True)) if name in ranges else {})
        for name, each in parts["features"].items()
    }
    target = parts["target"] | ({"min": -1e6, "max": 2e6} if parts["target"]["type"] == "number" else {})
    asked = {"parties": PARTIES, "rounds": 2, "localEpochs": 1}
    definition = a_definition(features, target, "gradient-descent", hyperparameters=settings, federated=asked)
    return {**definition, "data": {"minRows": 5, **data}}


def write_rows(folder: Path, columns: dict[str, list[Any]], name: str = "rows.parquet") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if name.endswith(".parquet"):
        pq.write_table(pa.table(columns), folder / name)
        return
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def party_job(
    folder: Path, definition: dict[str, Any], party: str, columns: dict[str, list[Any]], name: str = "rows.parquet"
) -> dict[str, str]:
    """A party's channels; no golden rows, no dataset. Returns the variables of its job."""
    write_rows(folder / "train", columns, name)
    channel = folder / "definition"
    channel.mkdir(parents=True)
    (channel / "deployed.json").write_text(json.dumps({"definition": definition, "digest": "1" * 64}))
    return {
        "EVERGREEN_PARTY": party,
        "SM_CHANNEL_TRAIN": str(folder / "train"),
        "SM_CHANNEL_DEFINITION": str(channel),
        "SM_MODEL_DIR": str(folder / "model"),
        "SM_OUTPUT_DIR": str(folder / "output"),
    }


def parted(columns: dict[str, list[Any]]) -> dict[str, dict[str, list[Any]]]:
    """The rows of each party, as unequal as possible."""
    ends = dict(zip(PARTIES, [(0, 20), (20, 90), (90, 200)], strict=True))
    return {party: {name: cells[low:high] for name, cells in columns.items()} for party, (low, high) in ends.items()}


def trainer_of(definition: dict[str, Any]) -> Trainer:
    parsed = parse_definition(definition)
    return choose_trainer(parsed, parsed.hyperparameters)


@pytest.mark.parametrize(
    ("is_regression", "settings"), [(False, STEP), (True, STEP), (False, {**STEP, "hidden_units": 4})]
)
def test_a_round_of_one_full_step_is_the_step_on_all_rows(
    tmp_path: Path, is_regression: bool, settings: dict[str, Any]
) -> None:
    parts, columns = mixed_data(200, 3, is_regression)
    definition = federated(parts, settings, duplicates="keep")
    updates = [
        make_update(party, [], party_job(tmp_path / party, definition, party, rows))
        for party, rows in parted(columns).items()
    ]
    assert [update["rows"] for update in updates] == [20, 70, 110]
    averaged = np.average([update["weights"] for update in updates], axis=0, weights=[u["rows"] for u in updates])

    write_rows(tmp_path / "all", columns)
    trainer = trainer_of(definition)
    model = declare_model(trainer)
    federation = trainer.definition.federation
    assert federation
    part = model.prepare(read_party_rows(tmp_path / "all", trainer.definition, federation)[0])
    start = model.network.begin(np.random.default_rng(trainer.definition.seed))
    gradient = Objective(model.network, model.estimator.loss, 0.01).measure(start, *part)[2]
    central = make_rule("sgd", 0.3).step(start, gradient)
    assert np.abs(central - start).max() > 0.01
    np.testing.assert_allclose(averaged, central, rtol=0, atol=1e-12)


def test_rounds_go_on_from_the_weights_of_all_and_lead_to_a_package(tmp_path: Path, work: Any) -> None:  # noqa: F811
    parts, columns = mixed_data(200, 4, False)
    definition = federated(parts, {"learning_rate": 0.1, "optimizer": "adam", "batch_size": 8})
    definition["train"]["federated"]["localEpochs"] = 10
    result: dict[str, Any] = {}
    for number_of_round in (1, 2):
        updates = []
        for party, rows in parted(columns).items():
            folder = tmp_path / f"{party}{number_of_round}"
            environment = party_job(folder, definition, party, rows)
            if result:
                (folder / "weights").mkdir()
                (folder / "weights" / "weights.json").write_text(json.dumps(result))
                environment["SM_CHANNEL_WEIGHTS"] = str(folder / "weights")
            updates.append(make_update(party, [], environment))
        assert {update["round"] for update in updates} == {number_of_round}
        weights = np.average([u["weights"] for u in updates], axis=0, weights=[u["rows"] for u in updates])
        result = {"schema": "evergreen/federated-round/v1", "round": number_of_round, "weights": weights.tolist()}
    counts = [{"name": update["party"], "rows": update["rows"]} for update in updates]
    left = {**result, "schema": "evergreen/federated-result/v1", "parties": counts, "rounds": 2}

    _, reference = mixed_data(120, 5, False)
    environment = write_job(tmp_path / "last", definition, reference, rows_of(reference, range(8), "grade"))
    with pytest.raises(JobError, match="was not given what they left"):
        job = load_job([], environment)
        choose_federated_course(job, trainer_of(definition), environment)
    (tmp_path / "federation").mkdir()
    (tmp_path / "federation" / "federation.json").write_text(json.dumps(left))
    printed = work({**environment, "SM_CHANNEL_FEDERATION": str(tmp_path / "federation")})
    assert "200 rows of 3 parties in 2 rounds" in printed
    record = read(environment, "training.json")
    assert record["federation"] == {"parties": counts, "rounds": 2, "localEpochs": 10}
    # Nothing was learned from the reference rows, so a score on them is one on rows unseen.
    assert record["metrics"]["validation_score"] == record["metrics"]["train_score"] > 0.6
    state = read(environment, "state.json")
    np.testing.assert_array_equal(np.array(state["layers"][0]["weights"]).ravel(), left["weights"][:-4])


def test_a_party_leaves_its_weights_and_a_number_of_rows(tmp_path: Path, work: Any) -> None:  # noqa: F811
    parts, columns = mixed_data(40, 6, False)
    columns["pressure"][7] = -123456.5
    definition = federated(parts, STEP, maxRejectedShare=0.1)
    environment = party_job(tmp_path, definition, "north", columns, "rows.jsonl")
    printed = work(environment)
    left = [path.name for path in Path(environment["SM_MODEL_DIR"]).rglob("*")]
    assert left == ["update.json"]
    assert not Path(environment["SM_OUTPUT_DIR"], "data").exists()
    update = read(environment, "update.json")
    assert sorted(update) == ["party", "round", "rows", "schema", "weights"]
    assert (update["party"], update["round"], update["rows"]) == ("north", 1, 39)
    assert "1 do not fit, 0 are duplicates: rows.jsonl, line 8: pressure is below 98000" in printed
    assert "-123456.5" not in printed
    assert "loss" not in printed


FLOWER = {
    "length": number(min=0, max=8),
    "on": {"type": "boolean", "mayBeMissing": True},
    "n": {"type": "integer", "min": 0, "max": 9},
}
KIND = {"name": "kind", "type": "category", "categories": ["a", "b"]}


def flowers(**data: Any) -> Definition:
    asked = {"parties": ["north", "south"]}
    definition = a_definition(FLOWER, KIND, "gradient-descent", federated=asked)
    return parse_definition({**definition, "data": {"minRows": 1, "maxRejectedShare": 0.5, **data}})


def lines(*broken: str) -> str:
    return "\n".join(["length,on,n,kind,other", *broken, *(f"{i / 10},true,{i % 9},a,x" for i in range(30))]) + "\n"


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("long,true,1,a,x", "length is no number"),
        ("nan,true,1,a,x", "length is no number"),
        ("8.1,true,1,a,x", "length is above 8"),
        (",true,1,a,x", "length is missing"),
        ("1,perhaps,1,a,x", "on is no boolean"),
        ("1,,1.5,a,x", "n is no number"),
        ("1,,-1,a,x", "n is below 0"),
        ("1,,1,c,x", "kind is none of a, b"),
        ("1,,1,,x", "kind is missing"),
        ("1,,1,a", "4 cells where the header has 5"),
    ],
)
def test_a_row_that_does_not_fit_is_counted_and_left_out(tmp_path: Path, cells: str, problem: str) -> None:
    definition = flowers()
    assert definition.federation
    (tmp_path / "rows.csv").write_text(lines(cells))
    table, tally = read_party_rows(tmp_path, definition, definition.federation)
    assert (len(table), tally.rejected, tally.first) == (30, 1, [f"rows.csv, line 2: {problem}"])


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ('{"length": "1", "n": 1, "kind": "a"}', "length is no number"),
        ('{"length": true, "n": 1, "kind": "a"}', "length is no number"),
        ('{"length": 1, "n": 1.5, "kind": "a"}', "n is no whole number"),
        ('{"length": 1, "n": 1, "on": 1, "kind": "a"}', "on is no boolean"),
        ('{"length": 1, "n": 1, "kind": ["a"]}', "kind is none of a, b"),
        ('{"length": 1, "length": 2, "n": 1, "kind": "a"}', "it is no JSON object"),
        ('{"length": NaN, "n": 1, "kind": "a"}', "it is no JSON object"),
        ("[1]", "it is no JSON object"),
    ],
)
def test_json_rows_are_read_by_their_types(tmp_path: Path, row: str, problem: str) -> None:
    definition = flowers()
    assert definition.federation
    with gzip.open(tmp_path / "rows.jsonl.gz", "wt") as file:
        file.write(f'{{"length": 1, "n": 1.0, "kind": "a"}}\n\n{row}\n')
    table, tally = read_party_rows(tmp_path, definition, definition.federation)
    assert (len(table), tally.first) == (1, [f"rows.jsonl.gz, line 3: {problem}"])


def test_parquet_rows_are_named_by_their_number(tmp_path: Path) -> None:
    definition = flowers()
    assert definition.federation
    columns = {"length": [1.0, float("nan"), 9.0, 2.0], "on": [None] * 4, "n": [1] * 4, "kind": ["a", "a", "b", "b"]}
    write_rows(tmp_path, columns)
    table, tally = read_party_rows(tmp_path, definition, definition.federation)
    assert len(table) == 2
    assert tally.first == ["rows.parquet, row 2: length is missing", "rows.parquet, row 3: length is above 8"]


def test_rows_twice_count_once_unless_they_are_kept_or_told_apart(tmp_path: Path) -> None:
    row = '{"id": %d, "length": 1, "n": 1, "kind": "a"}\n'
    for name in ("a.jsonl", "b/a.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(row % 1 + row % 2)
    plain = a_definition(FLOWER, KIND, "gradient-descent", federated={"parties": ["north", "south"]})
    for more, count in (({}, 1), ({"identity": ["id"]}, 2), ({"data": {"duplicates": "keep", "minRows": 1}}, 4)):
        definition = parse_definition({**plain, "data": {"minRows": 1}, **more})
        assert definition.federation
        assert len(read_party_rows(tmp_path, definition, definition.federation)[0]) == count


@pytest.mark.parametrize(
    ("files", "data", "reason"),
    [
        ({}, {}, "there is no file of rows"),
        ({"rows.csv": "length,on,n,kind\n"}, {}, "the party's files have no rows"),
        ({"rows.csv": ""}, {}, "rows.csv has no column length, on, n, kind"),
        ({"rows.csv": "5.1,secret\n"}, {}, "rows.csv has no column length"),
        ({"notes.txt": "hello"}, {}, "notes.txt is in no format that the model takes; its data.formats are csv"),
        ({"rows.jsonl": "{}"}, {"formats": ["csv"]}, "rows.jsonl is in no format"),
        ({"rows.csv": b"\xff\xfe"}, {}, "rows.csv is no UTF-8 text from byte 0 on"),
        ({"rows.csv.gz": "plain"}, {}, "rows.csv.gz is no sound gzip file"),
        ({"rows.parquet": "plain"}, {}, "rows.parquet cannot be read as Parquet"),
        ({"rows.csv": lines('"1"x,true,1,a,x')}, {}, "rows.csv, line 2: the row cannot be cut into cells"),
        ({"rows.csv": lines()}, {"minRows": 31}, "30 rows are left of 30, and data.minRows asks each party for 31"),
        (
            {"rows.csv": lines("9,,1,a,x", "1,,1,c,x")},
            {"maxRejectedShare": 0.05},
            "2 of 32 rows do not fit the definition, and data.maxRejectedShare allows 0.05 of them; "
            "the first: rows.csv, line 2: length is above 8; rows.csv, line 3: kind is none of a, b",
        ),
    ],
)
def test_a_party_without_rows_to_learn_from_is_told_why(
    tmp_path: Path, files: dict[str, Any], data: dict[str, Any], reason: str
) -> None:
    definition = flowers(**data)
    assert definition.federation
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(JobError) as told:
        read_party_rows(tmp_path, definition, definition.federation)
    assert str(told.value).startswith(reason)
    assert "secret" not in str(told.value)


def test_a_job_refuses_what_is_not_its_own(tmp_path: Path) -> None:
    parts, columns = mixed_data(40, 6, False)
    definition = federated(parts, STEP)
    environment = party_job(tmp_path / "a", definition, "east", columns)
    with pytest.raises(JobError, match="party east: it is no party of the model sample"):
        train_party([], environment)
    (tmp_path / "weights").mkdir()
    given = {**environment, "EVERGREEN_PARTY": "north", "SM_CHANNEL_WEIGHTS": str(tmp_path / "weights")}
    document = {"schema": "evergreen/federated-round/v1", "round": 1, "weights": [0.0]}
    (tmp_path / "weights" / "weights.json").write_text(json.dumps(document))
    with pytest.raises(JobError, match="party north: the federation's weights are not the 44 finite numbers"):
        train_party([], given)
    (tmp_path / "weights" / "weights.json").write_text("{}")
    with pytest.raises(JobError, match=r"weights.json is no document of the schema"):
        train_party([], given)
    wild = federated(parts, {**STEP, "learning_rate": 1e300, "l2": 10.0}, duplicates="keep")
    wild["train"]["federated"]["localEpochs"] = 5
    with pytest.raises(JobError, match=r"party north: training diverged with a learning_rate of 1e\+300"):
        train_party([], party_job(tmp_path / "b", wild, "north", columns))
    loose = federated(parts, STEP)
    del loose["features"]["length"]["max"]
    with pytest.raises(JobError, match="party north: length has no range"):
        train_party([], party_job(tmp_path / "c", loose, "north", columns))
    direct = federated(parts, {"optimizer": "sgd"})
    direct["train"]["algorithm"] = "logistic-regression"
    direct["train"]["hyperparameters"] = {}
    with pytest.raises(JobError, match="parties train together by gradient-descent"):
        train_party([], party_job(tmp_path / "d", direct, "north", columns))


def test_the_words_of_a_category_are_held_against_the_definition() -> None:
    definition = parse_definition(
        {**a_definition({"c": category("x", "y")}, KIND, federated={"parties": ["north", "south"]}), "identity": ["c"]}
    )
    assert definition.federation
    # An identity that is a feature is one column.
    from evergreen_training.federated.fitting import columns_of

    assert [column.name for column in columns_of(definition, definition.federation.identity)] == ["c", "kind"]
