"""CSV and JSON lines as a table of texts: each part of the file is read by itself, with the records that begin in it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from evergreen_spark.parts import Stretch, rows_of, survey_file
from evergreen_spark.readers import reader_of
from evergreen_spark.record import Reader
from evergreen_spark.tables import Scratch

_PART_BYTES = 64 << 20
# A thousand times as much may come out of it.
_PACKED_CHUNK = 1 << 16
_KEPT_IGNORED = 100
# No cell holds one: a record that does is broken.
_BETWEEN = "\0"


def text_table(scratch: Scratch, path: str, plan: dict[str, Any]) -> tuple[DataFrame | None, dict[str, Any], dict[str, Any]]:
    """The table with line, idx (number of the row among sound ones) and a text for each key of the layout.

    Returns
    -------
    The table, or None when the file is refused; `unreadable`, `broken` and how many `rows` there are; and which columns
    the file has that nobody reads.
    """
    context = scratch.spark.sparkContext
    spread = lambda task, parts: context.parallelize(parts, max(1, len(parts))).map(task).collect() if parts else []
    keys, reader = reader_of(plan)
    step = max(1, min(_PART_BYTES, -(-os.path.getsize(path) // context.defaultParallelism)))
    found = survey_file(path, reader, plan, step, spread)
    about = {"ignored": plan.get("ignored", []), "unread": plan.get("unread", [])}
    unreadable = found.unreadable
    if plan["format"] == "jsonl" and not unreadable:
        wanted = [column["name"] for column in plan["columns"]]
        about = {"ignored": [name for name in found.names if name not in wanted][:_KEPT_IGNORED], "unread": []}
        missing = [name for name in wanted if name not in found.names]
        if found.rows + found.broken["count"] == 0:
            unreadable = {"line": 0, "message": "the file is empty"}
        elif found.rows > 0 and missing:
            present = [name for name in found.names if name in wanted]
            unreadable = {"line": 0, "missing": missing, "present": [*present, *about["ignored"]]}
    if unreadable:
        return None, {"unreadable": unreadable}, {}
    rows = context.parallelize(found.stretches, max(1, len(found.stretches))).flatMap(partial(_joined_rows, path, reader))
    joined = scratch.spark.createDataFrame(rows, "line bigint, idx bigint, cells string", verifySchema=False)
    cells = joined.select("line", "idx", F.split("cells", _BETWEEN, -1).alias("cells"))
    table = scratch.keep(cells.select("line", "idx", *[F.expr(f"nullif(cells[{place}], '')").alias(key) for place, key in enumerate(keys)]))
    return table, {"unreadable": None, "broken": found.broken, "rows": found.rows}, about


def _joined_rows(path: str, reader: Reader, stretch: Stretch) -> Iterator[tuple[int, int, str]]:
    """Rows whose cells are one text: each value that goes from Python to Java takes longer than all letters in it."""
    for line, number, *cells in rows_of(path, reader, stretch):
        yield line, number, _BETWEEN.join([cell or "" for cell in cells])


def unpack(path: str, to: str, max_bytes: int) -> str | None:
    """Unpack a gzip file of one or several members; gives why it cannot be, where it cannot be."""
    damaged = lambda why: f"the gzip file is damaged or cut off ({why})"
    decoder, written = zlib.decompressobj(wbits=31), 0
    with open(path, "rb") as packed, open(to, "wb") as plain:
        chunk = packed.read(_PACKED_CHUNK)
        while chunk:
            try:
                text = decoder.decompress(chunk)
            except zlib.error as error:
                return damaged(str(error).split(": ")[-1])
            written += len(text)
            if written > max_bytes:
                return f"the text is longer than the limit of {max_bytes} bytes"
            plain.write(text)
            chunk = decoder.unused_data or packed.read(_PACKED_CHUNK)
            if decoder.eof:
                # Zeros fill up a block; anything else is another member.
                if not chunk or chunk.startswith(b"\0"):
                    return None
                decoder = zlib.decompressobj(wbits=31)
    return damaged("unexpected end of file")
