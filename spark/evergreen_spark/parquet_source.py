"""A Parquet file as a table by its own schema; lines are row numbers."""

from __future__ import annotations

import re
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from evergreen_spark.cells import Cell, typed_cell
from evergreen_spark.tables import Scratch

_KEPT_IGNORED = 100
_MOST_COLUMNS = 20_000
# What DuckDB calls the number of a row: the function cannot read a file that has one itself.
_ROW_NUMBER = "file_row_number"
_TYPE_NAMES = {"string": "VARCHAR", "binary": "BLOB", "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER",
               "timestamp": "TIMESTAMP WITH TIME ZONE", "timestamp_ntz": "TIMESTAMP"}


def parquet_table(scratch: Scratch, path: str, plan: dict[str, Any]
                  ) -> tuple[DataFrame | None, dict[str, Any], list[Cell], dict[str, Any]]:
    """The table with line, idx and a column for each key, what is known of the file, and a cell for each column."""
    columns = plan["columns"]
    refuse = lambda message: (None, {"unreadable": {"line": 0, "message": message}}, [], {})
    try:
        raw = scratch.spark.read.parquet(f"file://{path}")
    except Exception as failure:  # noqa: BLE001 - whatever a reader of a foreign file throws, its first line says why
        first = str(failure).split("\n")[0].replace(path, "upload")
        return refuse(f"the Parquet file cannot be read ({first})")
    top = [field.name for field in raw.schema.fields]
    reserved = next((name for name in top if name.lower() == _ROW_NUMBER), None)
    if reserved is not None:
        return refuse(f"no column may be called {reserved}; rename it")
    if len(top) > _MOST_COLUMNS:
        return refuse(f"the file has {len(top)} columns; at most {_MOST_COLUMNS} are read: leave out what the model does not")
    missing = [column["name"] for column in columns if column["name"] not in top]
    if missing:
        return None, {"unreadable": {"line": 0, "missing": missing, "present": top}}, [], {}
    types = {field.name: field.dataType.simpleString() for field in raw.schema.fields}
    keys = {column["name"]: column["key"] for column in columns}
    named = [*keys.items(), *((name, f"ignored{place}") for place, name in enumerate(top)
                              if name not in keys and types[name] == "string")]
    quote = lambda name: "`" + name.replace("`", "``") + "`"
    # Not by its name, which a column of the file may have too.
    row = Column(raw._jdf.metadataColumn("_metadata")).getField("row_index")
    table = raw.select((row + 1).alias("line"), row.alias("idx"),
                       *[F.col(quote(name)).alias(key) for name, key in named])
    cells = []
    for column in columns:
        kind = types[column["name"]]
        cell = typed_cell(column, kind, plan)
        if cell is None:
            return refuse(f"column {column['name']} is {_duck_type(kind)} in the file; {_needed(column)} is needed")
        cells.append(cell)
    ignored = [name for name in top if name not in keys]
    about = {"ignored": ignored[:_KEPT_IGNORED],
             "unread": [{"name": name, "key": key} for name, key in named if name not in keys]}
    return table, {"unreadable": None, "broken": {"count": 0, "first": []}, "rows": table.count()}, cells, about


def _duck_type(kind: str) -> str:
    return _TYPE_NAMES.get(kind, re.sub(r"^array<(.*)>$", r"\1[]", kind).upper())


def _needed(column: dict[str, Any]) -> str:
    if column["role"] == "identity":
        return "a plain value"
    return {"number": "a number", "integer": "a whole number", "timestamp": "a timestamp",
            "boolean": "a boolean"}.get(column["type"], "text")
