"""What the channels may hold, and what is said when they hold something else."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jobs import a_definition, category, number, write_job

from evergreen_training.channels import read_golden_rows, read_training_table
from evergreen_training.checks import check_trainable
from evergreen_training.contract import load_job
from evergreen_training.definition import Definition, parse_definition, read_definition
from evergreen_training.errors import JobError

FEATURES = {
    "size.cm": number(mayBeMissing=True),
    "colour": category("red", "blue", mayBeMissing=True),
    "count": {"type": "integer"},
    "flag": {"type": "boolean", "mayBeMissing": True},
}
TARGET = {"name": "kind", **category("b", "a")}
COLUMNS: dict[str, Any] = {
    "row": [10, 11, 12],
    "kind": ["a", "b", "a"],
    "flag": [True, None, False],
    "count": [1, 2, 3],
    "colour": ["red", None, "blue"],
    "size.cm": [1.1, None, 3.3],
}


def definition() -> Definition:
    return parse_definition(a_definition(FEATURES, TARGET))


def read(folder: Path, **columns: Any) -> Any:
    pq.write_table(pa.table({**COLUMNS, **columns}), folder / "train.parquet")
    return read_training_table(folder, definition())


def test_columns_come_in_the_order_of_the_definition(tmp_path: Path) -> None:
    table = read(tmp_path)
    nan = np.nan
    np.testing.assert_array_equal(
        table.rows.numbers, np.array([[1.1, 1, 1], [nan, 2, nan], [3.3, 3, 0]], dtype=np.float32)
    )
    assert table.rows.numbers.dtype == np.float32
    assert table.rows.texts.tolist() == [["red"], [""], ["blue"]]
    assert table.target.tolist() == [1, 0, 1]


def test_types_that_parquet_writers_choose_are_read(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        **{
            "size.cm": pa.array([Decimal("1.10"), None, Decimal("3.30")], pa.decimal128(10, 2)),
            "colour": pa.array(["red", None, "blue"]).dictionary_encode(),
            "count": pa.array([1, 2, 3], pa.uint8()),
            "flag": pa.nulls(3),
            "kind": pa.array(["a", "b", "a"], pa.large_string()),
        },
    )
    assert table.rows.numbers[:, 0].tolist()[::2] == [np.float32(1.1), np.float32(3.3)]
    assert np.isnan(table.rows.numbers[:, 2]).all()
    assert table.rows.texts.tolist() == [["red"], [""], ["blue"]]


def test_several_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, count in (("part-2", 7), ("part-1", 5)):
        pq.write_table(pa.table({**COLUMNS, "count": [count] * 3}), tmp_path / f"{name}.parquet")
    assert read_training_table(tmp_path, definition()).rows.numbers[:, 1].tolist() == [5, 5, 5, 7, 7, 7]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"count": [1, None, 3]}, "count is missing in 1 of 3 rows; set mayBeMissing"),
        ({"colour": ["red", "mauve", None]}, "colour holds 'mauve'; the definition allows red, blue"),
        ({"kind": ["a", "c", "a"]}, "the target kind is 'c' in 1 train rows; the definition allows b, a"),
        ({"kind": ["a", None, "a"]}, "the target kind is missing in 1 train rows"),
        ({"size.cm": [1.0, 1e300, 2.0]}, r"size\.cm holds 1e\+300, which does not fit"),
        ({"size.cm": [1.0, float("inf"), 2.0]}, r"size\.cm holds inf"),
        ({"count": ["1", "2", "3"]}, "the train column count holds string; the definition says it is a number"),
        ({"count": [datetime.date(2026, 1, 1)] * 3}, "the train column count holds date32"),
        ({"colour": [1, 2, 3]}, "the train column colour holds int64; the definition says it is text"),
    ],
)
def test_train_data_that_does_not_fit_is_refused(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match=message):
        read(tmp_path, **columns)


def test_one_name_may_begin_another(tmp_path: Path) -> None:
    parsed = parse_definition(a_definition({"size": number(), "size.cm": number()}, TARGET))
    pq.write_table(pa.table({"size.cm": [1.0], "size": [2.0], "kind": ["a"]}), tmp_path / "train.parquet")
    assert read_training_table(tmp_path, parsed).rows.numbers.tolist() == [[2.0, 1.0]]


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    pq.write_table(pa.table({"kind": ["a"], "count": [1]}), tmp_path / "train.parquet")
    with pytest.raises(JobError, match=r"train\.parquet has no column size\.cm, colour, flag; it has kind, count"):
        read_training_table(tmp_path, definition())


def test_damaged_or_empty_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "train.parquet"
    file.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(JobError, match=r"train\.parquet cannot be read as Parquet"):
        read_training_table(tmp_path, definition())
    pq.write_table(pa.table(COLUMNS).slice(0, 0), file)
    with pytest.raises(JobError, match="the train data has no rows"):
        read_training_table(tmp_path, definition())
    with pytest.raises(JobError, match=r"holds no \.parquet file"):
        read_training_table(tmp_path / "absent", definition())


def test_files_of_different_types_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table(COLUMNS), tmp_path / "a.parquet")
    pq.write_table(pa.table({**COLUMNS, "count": ["1", "2", "3"]}), tmp_path / "b.parquet")
    with pytest.raises(JobError, match="the train files do not have the same column types"):
        read_training_table(tmp_path, definition())


def test_a_feature_missing_in_every_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"size\.cm is missing in all 3 train rows"):
        check_trainable(definition(), read(tmp_path, **{"size.cm": [None, None, None]}))
    with pytest.raises(JobError, match="colour is missing in all 3 train rows"):
        check_trainable(definition(), read(tmp_path, colour=[None, None, None]))


def write_golden(folder: Path, document: Any) -> Path:
    (folder / "golden.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return folder


def test_golden_cells_become_matrices(tmp_path: Path) -> None:
    cells = [
        {"size.cm": None, "count": 2, "flag": True, "kind": "a"},
        {"size.cm": 1.5, "colour": "blue", "count": 3, "flag": False},
    ]
    golden = read_golden_rows(
        write_golden(tmp_path, {"schema": "evergreen/golden-rows/v1", "rows": cells}), definition()
    )
    np.testing.assert_array_equal(golden.rows.numbers, np.array([[np.nan, 2, 1], [1.5, 3, 0]], dtype=np.float32))
    assert golden.rows.texts.tolist() == [[""], ["blue"]]
    assert golden.cells == cells


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", r"golden\.json is not JSON"),
        ([], "evergreen/golden-rows/v1"),
        ({"schema": "evergreen/golden/v1", "rows": [{}]}, "not a document of the schema"),
        ({"schema": "evergreen/golden-rows/v1", "rows": []}, "has no rows"),
        ({"schema": "evergreen/golden-rows/v1", "rows": [{"count": "2"}]}, "count holds '2', which is not a number"),
        ({"schema": "evergreen/golden-rows/v1", "rows": [{"count": 2, "colour": 3}]}, "colour holds 3, which is not"),
        ({"schema": "evergreen/golden-rows/v1", "rows": [{"colour": "red"}]}, "count is missing in 1 of 1 rows"),
    ],
)
def test_golden_rows_that_do_not_fit_are_refused(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(JobError, match=message):
        read_golden_rows(write_golden(tmp_path, document), definition())


def test_the_definition_channel_holds_one_deployed_model(tmp_path: Path) -> None:
    environment = write_job(tmp_path, a_definition(FEATURES, TARGET), COLUMNS, [{"count": 1}])
    assert load_job([], environment).definition == definition()
    folder = Path(environment["SM_CHANNEL_DEFINITION"])
    (folder / "second.json").write_text("{}")
    with pytest.raises(JobError, match=r"holds 2 \.json files; it must hold one"):
        read_definition(folder)
    (folder / "deployed.json").unlink()
    with pytest.raises(JobError, match=r"second\.json is not a deployed model \(KeyError: 'definition'\)"):
        read_definition(folder)


def test_an_unknown_feature_type_is_refused() -> None:
    with pytest.raises(ValueError, match="feature when has the unknown type date"):
        parse_definition(a_definition({"when": {"type": "date"}}, TARGET))
