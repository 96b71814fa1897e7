"""Reads a party's rows, each strictly against the definition; rows that do not fit are counted and left out."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Table, to_rows
from ..definition import Definition, Federation
from ..errors import JobError
from .fitting import Column, columns_of, fit_cell, parse_cell

# Those of lib/model/source-format.ts.
_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
_TOLD = 3

# Where a row stands, and its cells in the order of the columns, or what makes it unreadable.
Found = tuple[str, list[Any] | str]


@dataclass
class Tally:
    """How many rows were read, and what was left out."""

    read: int = 0
    rejected: int = 0
    duplicates: int = 0
    first: list[str] = field(default_factory=list)

    def reject(self, place: str, problem: str) -> None:
        """Count a row that does not fit, and keep what is wrong with the first ones."""
        self.rejected += 1
        if len(self.first) < _TOLD:
            self.first.append(f"{place}: {problem}")


def read_party_rows(folder: Path, definition: Definition, federation: Federation) -> tuple[Table, Tally]:
    """Read all files below a folder.

    Raises
    ------
    JobError
        When there is no row, a file cannot be read, more rows do not fit than the definition allows, or too few do.
        The message names files, rows and columns, never a value.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    if not files:
        raise JobError("there is no file of rows; upload one below the party's prefix")
    columns, tally, rows = columns_of(definition, federation.identity), Tally(), []
    seen: set[tuple[Any, ...]] = set()
    for file in files:
        name = file.relative_to(folder).as_posix()
        for place, found in _read(file, name, columns, federation.formats):
            tally.read += 1
            cells = found if isinstance(found, str) else _fit(columns, found)
            if isinstance(cells, str):
                tally.reject(place, cells)
                continue
            # NaN is not equal to itself.
            key = tuple(None if cell != cell else cell for cell in cells)
            if federation.drops_duplicates and key in seen:
                tally.duplicates += 1
                continue
            seen.add(key)
            rows.append(cells)
    _judge(tally, len(rows), federation)
    return _to_table(rows, columns, definition), tally


def _judge(tally: Tally, left: int, federation: Federation) -> None:
    if tally.read == 0:
        raise JobError("the party's files have no rows")
    share = tally.rejected / tally.read
    if share > federation.most_rejected:
        raise JobError(
            f"{tally.rejected} of {tally.read} rows do not fit the definition, and data.maxRejectedShare allows "
            f"{federation.most_rejected:.3g} of them; the first: {'; '.join(tally.first)}"
        )
    if left < federation.least_rows:
        raise JobError(
            f"{left} rows are left of {tally.read}, and data.minRows asks each party for {federation.least_rows}; "
            "weights of a few rows tell much of each"
        )


def _fit(columns: Sequence[Column], found: Sequence[Any]) -> list[Any] | str:
    cells = []
    for column, value in zip(columns, found, strict=True):
        cell, problem = fit_cell(column, value)
        if problem:
            return problem
        cells.append(cell)
    return cells


def _to_table(rows: list[list[Any]], columns: Sequence[Column], definition: Definition) -> Table:
    of_column = dict(zip((column.name for column in columns), zip(*rows, strict=True), strict=True))
    numbers = [np.array(of_column[feature.name], dtype=np.float64) for feature in definition.numbers]
    texts = [np.array(of_column[feature.name], dtype=object) for feature in definition.texts]
    target = of_column[definition.target]
    if definition.is_classification:
        positions = {label: position for position, label in enumerate(definition.categories)}
        labels = np.array([positions[label] for label in target], dtype=np.int64)
    else:
        labels = np.array(target, dtype=np.float64)
    return Table(to_rows(len(rows), numbers, texts, definition, "the party's rows"), labels)


def _read(file: Path, name: str, columns: Sequence[Column], formats: Sequence[str]) -> Iterator[Found]:
    is_zipped = name.lower().endswith(".gz")
    kind = _FORMATS.get(Path(name.lower().removesuffix(".gz")).suffix)
    if kind not in formats or (is_zipped and kind == "parquet"):
        raise JobError(f"{name} is in no format that the model takes; its data.formats are {', '.join(formats)}")
    if kind == "parquet":
        yield from _read_parquet(file, name, columns)
        return
    try:
        content = gzip.decompress(file.read_bytes()) if is_zipped else file.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, EOFError) as error:
        raise JobError(f"{name} is no sound gzip file") from error
    except UnicodeDecodeError as error:
        raise JobError(f"{name} is no UTF-8 text from byte {error.start} on") from None
    yield from (_read_csv if kind == "csv" else _read_lines)(text, name, columns)


def _read_csv(text: str, name: str, columns: Sequence[Column]) -> Iterator[Found]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [written.strip() for written in next(reader, [])]
    _require_columns(name, columns, header)
    twice = [column.name for column in columns if header.count(column.name) > 1]
    if twice:
        raise JobError(f"{name} has the column {twice[0]} twice")
    places = [header.index(column.name) for column in columns]
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            # Where quotes are wrong nobody can tell where the next row begins.
            raise JobError(f"{name}, line {line}: the row cannot be cut into cells ({error})") from None
        if row is None:
            return
        if not row:
            continue
        if len(row) != len(header):
            yield f"{name}, line {line}", f"{len(row)} cells where the header has {len(header)}"
            continue
        cells = [parse_cell(column, row[at]) for column, at in zip(columns, places, strict=True)]
        yield f"{name}, line {line}", cells


def _read_lines(text: str, name: str, columns: Sequence[Column]) -> Iterator[Found]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_each_once, parse_constant=_refuse)
        except (ValueError, RecursionError):
            row = None
        is_object = isinstance(row, dict)
        yield f"{name}, line {number}", [row.get(c.name) for c in columns] if is_object else "it is no JSON object"


def _read_parquet(file: Path, name: str, columns: Sequence[Column]) -> Iterator[Found]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            _require_columns(name, columns, parquet.schema_arrow.names)
            number = 0
            for batch in parquet.iter_batches(columns=[column.name for column in columns]):
                of_column = [batch.column(column.name).to_pylist() for column in columns]
                for cells in zip(*of_column, strict=True):
                    number += 1
                    yield f"{name}, row {number}", list(cells)
    except (pa.ArrowException, OSError):
        # What Arrow says may quote a value.
        raise JobError(f"{name} cannot be read as Parquet") from None


def _require_columns(name: str, columns: Sequence[Column], found: Sequence[str]) -> None:
    # What is there instead is not told: a file without a header has a row in its place.
    absent = [column.name for column in columns if column.name not in found]
    if absent:
        raise JobError(f"{name} has no column {', '.join(absent)}")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a name stands there twice")
    return row


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")
