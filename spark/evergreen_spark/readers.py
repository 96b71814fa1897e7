"""Which reader a plan asks for."""

from __future__ import annotations

from typing import Any

from evergreen_spark.csv_records import csv_reader
from evergreen_spark.json_records import json_reader
from evergreen_spark.record import Reader


def reader_of(plan: dict[str, Any]) -> tuple[list[str], Reader]:
    """Keys of a record's cells, and what reads one."""
    if plan["format"] == "csv":
        return plan["layout"], csv_reader(len(plan["layout"]), plan["maxLineBytes"])
    keys = ["mistyped", *[column["key"] for column in plan["columns"]]]
    return keys, json_reader(plan["columns"], plan["spelling"]["blanks"], plan["maxLineBytes"])
