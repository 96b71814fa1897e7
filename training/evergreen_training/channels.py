"""Reads the channels of a job: train rows from Parquet, golden rows from JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .data import GoldenRows, Rows, Table, to_rows
from .definition import Definition, Feature
from .errors import JobError


def read_training_table(folder: Path, definition: Definition) -> Table:
    """Read all Parquet files of the train channel, in the order of their paths.

    Raises
    ------
    JobError
        When there is no file or row, a column is absent or of another type, a value is missing where the definition
        does not allow it, or a category is not among the declared ones.
    """
    files = sorted(folder.rglob("*.parquet")) if folder.is_dir() else []
    if not files:
        raise JobError(f"the train channel {folder} holds no .parquet file")
    table = _read_parquet(files, [feature.name for feature in definition.features] + [definition.target])
    if table.num_rows == 0:
        raise JobError("the train data has no rows")
    numbers = [_numeric_column(table, feature.name) for feature in definition.numbers]
    texts = [_text_column(table, feature.name) for feature in definition.texts]
    rows = to_rows(table.num_rows, numbers, texts, definition, "the train data")
    return Table(rows, _read_target(table, definition))


def read_golden_rows(folder: Path, definition: Definition) -> GoldenRows:
    """Read golden.json of the golden channel.

    Raises
    ------
    JobError
        When the file is absent, is no golden rows document, or a row does not fit the definition.
    """
    file = folder / "golden.json"
    if not file.is_file():
        raise JobError(f"the golden channel {folder} holds no golden.json")
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise JobError(f"golden.json is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != "evergreen/golden-rows/v1":
        raise JobError("golden.json is not a document of the schema evergreen/golden-rows/v1")
    cells = document.get("rows")
    if not isinstance(cells, list) or not cells or not all(isinstance(row, dict) for row in cells):
        raise JobError("golden.json has no rows; it needs at least one")
    return GoldenRows(cells, rows_of_cells(cells, definition, "golden.json"))


def rows_of_cells(cells: Sequence[Mapping[str, Any]], definition: Definition, where: str) -> Rows:
    """Turn JSON rows into matrices; what is null or absent is missing, other columns are left out.

    Raises
    ------
    JobError
        When a cell does not fit its feature; `where` begins the message.
    """
    numbers = [[_number_of_cell(row, f, where) for row in cells] for f in definition.numbers]
    texts = [[_text_of_cell(row, f, where) for row in cells] for f in definition.texts]
    return to_rows(len(cells), numbers, texts, definition, where)


def _read_parquet(files: Sequence[Path], columns: Sequence[str]) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = []
    for file in files:
        try:
            # Not read_table: it imports pyarrow.dataset, a tenth of a second.
            with pq.ParquetFile(file) as parquet:
                names = parquet.schema_arrow.names
                absent = [name for name in columns if name not in names]
                if absent:
                    raise JobError(f"{file.name} has no column {', '.join(absent)}; it has {', '.join(names)}")
                tables.append(parquet.read(columns=list(columns)))
        except (pa.ArrowException, OSError) as error:
            raise JobError(f"{file.name} cannot be read as Parquet: {error}") from error
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        raise JobError(f"the train files do not have the same column types: {error}") from error


def _numeric_column(table: Any, name: str) -> np.ndarray:
    import pyarrow as pa

    column = table.column(name)
    kind = column.type
    is_numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not (is_numeric or pa.types.is_boolean(kind) or pa.types.is_null(kind)):
        raise JobError(f"the train column {name} holds {kind}; the definition says it is a number")
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _text_column(table: Any, name: str) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table.column(name)
    kind = column.type
    value_kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_text = pa.types.is_string(value_kind) or pa.types.is_large_string(value_kind)
    if not (is_text or pa.types.is_null(kind)):
        raise JobError(f"the train column {name} holds {kind}; the definition says it is text")
    return pc.fill_null(column.cast(pa.string()), "").to_numpy(zero_copy_only=False)


def _read_target(table: Any, definition: Definition) -> np.ndarray:
    name = definition.target
    if not definition.is_classification:
        values = _numeric_column(table, name)
        if not np.isfinite(values).all():
            raise JobError(f"the target {name} is missing or infinite in {int((~np.isfinite(values)).sum())} rows")
        return values
    labels = _text_column(table, name)
    positions = {label: position for position, label in enumerate(definition.categories)}
    known = np.array([positions.get(label, -1) for label in labels], dtype=np.int64)
    if (known < 0).any():
        strange = labels[known < 0][0]
        said = f"is {strange!r}" if strange else "is missing"
        raise JobError(
            f"the target {name} {said} in {int((labels == strange).sum())} train rows; "
            f"the definition allows {', '.join(definition.categories)}"
        )
    return known


def _number_of_cell(row: Mapping[str, Any], feature: Feature, where: str) -> float:
    cell = row.get(feature.name)
    if cell is None:
        return float("nan")
    if not isinstance(cell, int | float):
        raise JobError(f"{where}: {feature.name} holds {cell!r}, which is not a number")
    return float(cell)


def _text_of_cell(row: Mapping[str, Any], feature: Feature, where: str) -> str:
    cell = row.get(feature.name)
    if cell is None:
        return ""
    if not isinstance(cell, str):
        raise JobError(f"{where}: {feature.name} holds {cell!r}, which is not text")
    return cell
