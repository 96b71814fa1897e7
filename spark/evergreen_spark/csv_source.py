"""A CSV file as a table of texts: each part of the file is read by itself, with the lines it holds."""

from __future__ import annotations

import os
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import types as T

from evergreen_spark.csv_lines import lines_between, read_line
from evergreen_spark.tables import Scratch

_PART_BYTES = 64 << 20


def csv_table(scratch: Scratch, path: str, plan: dict[str, Any]) -> tuple[DataFrame | None, dict[str, Any]]:
    """The table with line, idx (number of the row among sound ones) and a text for each key of the layout.

    Returns
    -------
    The table, or None when the file is refused; and `unreadable`, `broken` and how many `rows` there are.
    """
    spark = scratch.spark
    layout, most, kept = plan["layout"], plan["maxLineBytes"], plan["keptBroken"]
    width, start = len(layout), plan["headerBytes"]
    size = os.path.getsize(path)
    cores = spark.sparkContext.defaultParallelism
    step = max(1, min(_PART_BYTES, -(-(size - start) // cores)))
    ranges = [(at, min(at + step, size)) for at in range(start, size, step)]

    def survey(part: tuple[int, int]) -> tuple[int, int, int, list[tuple[int, str]], tuple[int, str] | None]:
        lines = rows = broken = 0
        first: list[tuple[int, str]] = []
        for raw in lines_between(path, part[0], part[1], most):
            line = read_line(raw, width, most)
            if line.failure:
                return lines, rows, broken, first, (lines, line.failure)
            if line.broken:
                broken += 1
                if len(first) < kept:
                    first.append((lines, line.broken))
            elif line.cells:
                rows += 1
            lines += 1
        return lines, rows, broken, first, None

    surveyed = spark.sparkContext.parallelize(ranges, max(1, len(ranges))).map(survey).collect() if ranges else []
    starts, line, idx = [], plan["firstLine"], 0
    broken: dict[str, Any] = {"count": 0, "first": []}
    for lines, rows, many, first, failure in surveyed:
        if failure:
            return None, {"unreadable": {"line": line + failure[0], "message": failure[1]}}
        starts.append((line, idx))
        broken["count"] += many
        room = kept - len(broken["first"])
        broken["first"] += [{"line": line + at, "message": why} for at, why in first[:room]]
        line += lines
        idx += rows

    def rows_of(part: tuple[tuple[int, int], tuple[int, int]]):
        (begin, end), (line_of_first, number) = part
        for at, raw in enumerate(lines_between(path, begin, end, most)):
            found = read_line(raw, width, most)
            if found.cells:
                yield (line_of_first + at, number, *found.cells)
                number += 1

    schema = T.StructType([T.StructField("line", T.LongType(), False), T.StructField("idx", T.LongType(), False),
                           *[T.StructField(key, T.StringType()) for key in layout]])
    parts = list(zip(ranges, starts))
    rows = spark.sparkContext.parallelize(parts, max(1, len(parts))).flatMap(rows_of)
    table = scratch.keep(spark.createDataFrame(rows, schema, verifySchema=False))
    return table, {"unreadable": None, "broken": broken, "rows": idx}
