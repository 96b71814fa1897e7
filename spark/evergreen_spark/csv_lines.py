"""The strict reader of CSV, one record a line, as lib/data/csv-scanner.ts reads it.

A quoted cell that goes on over a line end would keep the file from being cut into parts: such a file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_CELL = re.compile(r'("(?:[^"]|"")*"|[^,]*)(?:,|$)')
_CELL_START, _UNQUOTED, _QUOTED, _QUOTE_SEEN, _CARRIAGE_SEEN = range(5)


class Line(NamedTuple):
    """What a line is: a record with its cells, broken, or why the whole file is refused; else it is blank."""

    cells: list[str | None] | None = None
    broken: str | None = None
    failure: str | None = None


_BLANK = Line()
_OPEN = "a quote is opened here and not closed on its line; a file as large as this is read line by line: close it, or send Parquet"
_AFTER_QUOTE = "a quote opened here ends before other text; double quotes that belong to the text"


def read_line(raw: bytes, width: int, max_bytes: int) -> Line:
    """Cut one line, without its line feed, into `width` cells; an empty cell is None."""
    cells, trouble = None, None
    if b'"' in raw or b"\x00" in raw or b"\r" in raw[:-1]:
        cells, trouble, failure = _scan(raw)
        if failure:
            return Line(failure=failure)
    line = raw[:-1] if raw.endswith(b"\r") else raw
    if not line:
        return _BLANK
    if len(line) > max_bytes:
        return Line(failure=f"the line is longer than {max_bytes} bytes")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return Line(failure="the text is not UTF-8; save the file as UTF-8")
    if trouble:
        return Line(broken=trouble)
    found = cells if cells is not None else line.count(b",") + 1
    if found != width:
        many = "1 cell" if found == 1 else f"{found} cells"
        return Line(broken=f"has {many}; the header has {width}")
    return Line(cells=[cell or None for cell in (split_record(text) if b'"' in line else text.split(","))])


def _scan(raw: bytes):
    state, cells, trouble = _CELL_START, 1, None
    for byte in raw:
        if byte == 0:
            trouble = trouble or "holds a zero byte"
        if state == _CARRIAGE_SEEN:
            trouble = trouble or "holds a carriage return outside quotes; end lines with LF or CRLF"
            state = _UNQUOTED
        if state == _QUOTED:
            if byte == 0x22:
                state = _QUOTE_SEEN
        elif byte == 0x2C:
            cells += 1
            state = _CELL_START
        elif byte == 0x0D:
            state = _CARRIAGE_SEEN
        elif byte == 0x22:
            if state in (_QUOTE_SEEN, _CELL_START):
                state = _QUOTED
            else:
                trouble = trouble or "has a quote inside a cell that does not begin with one"
        elif state == _QUOTE_SEEN:
            return cells, trouble, _AFTER_QUOTE
        else:
            state = _UNQUOTED
    return cells, trouble, _OPEN if state == _QUOTED else None


def split_record(text: str) -> list[str]:
    """The cells of a record that was found sound."""
    cells, place = [], 0
    while True:
        found = _CELL.match(text, place)
        bare = found.group(1)
        cells.append(bare[1:-1].replace('""', '"') if bare.startswith('"') else bare)
        if found.end() == len(text) and not found.group(0).endswith(","):
            return cells
        place = found.end()


def lines_between(path: str, start: int, end: int, max_bytes: int) -> Iterator[bytes]:
    """Lines that begin in a stretch of a file, each without its line feed; of a longer one the beginning is given."""
    with open(path, "rb") as file:
        if start:
            file.seek(start - 1)
            _skip_line(file)
        while file.tell() < end:
            line = file.readline(max_bytes + 3)
            if not line:
                return
            if line.endswith(b"\n"):
                line = line[:-1]
            elif len(line) > max_bytes + 2:
                _skip_line(file)
            yield line


def _skip_line(file) -> None:
    while True:
        part = file.readline(1 << 20)
        if not part or part.endswith(b"\n"):
            return
