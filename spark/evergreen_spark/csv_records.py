"""The strict reader of CSV, as lib/data/csv-scanner.ts reads it."""

from __future__ import annotations

import re
from functools import partial

from evergreen_spark.record import NOT_UTF8, Reader, ReadLine, Record, too_long

_QUOTED_CELL = r'"[^"]*(?:""[^"]*)*"'
_CELL = re.compile(rf"({_QUOTED_CELL}|[^,]*)(?:,|$)")
_SOUND_CELL = rb'(?:"[^"\0]*(?:""[^"\0]*)*"|[^",\r\0]*)'
# Of one line: most records with quotes are so, and are not taken apart byte by byte.
_SOUND = re.compile(rb"%b(?:,%b)*" % (_SOUND_CELL, _SOUND_CELL))
_CELL_START, _UNQUOTED, _QUOTED, _QUOTE_SEEN, _CARRIAGE_SEEN = range(5)
_AFTER_QUOTE = "a quote opened here ends before other text; double quotes that belong to the text"


def csv_reader(width: int, max_bytes: int) -> Reader:
    """Reads records of so many cells, each an empty one as None."""
    return partial(_read_record, width, max_bytes)


def _read_record(width: int, max_bytes: int, read_line: ReadLine, _: bool) -> Record | None:
    raw = read_line(max_bytes + 3)
    if not raw:
        return None
    line = _bare(raw)
    if not (b'"' in line or b"\r" in line or b"\x00" in line) or _SOUND.fullmatch(line):
        return _record_of(line, len(raw), 1, None, width, max_bytes)
    scan = Scan()
    scan.feed(raw)
    while scan.is_open and not scan.failure:
        more = read_line(max_bytes + 3) if len(raw) <= max_bytes else b""
        if more:
            raw += more
            scan.feed(more)
        elif len(raw) > max_bytes:
            scan.failure = f"a quote is opened here and not closed within {max_bytes} bytes; close it"
        else:
            scan.failure = "a quote is opened here and never closed; close it, or double quotes that belong to the text"
    if scan.failure:
        return Record(len(raw), scan.line + 1, failure=scan.failure, failed_at=scan.quote_line)
    return _record_of(_bare(raw), len(raw), scan.line + 1, scan, width, max_bytes)


def rest_of_open(read_line: ReadLine, max_bytes: int) -> tuple[int, bool]:
    """How many bytes belong to a record in whose quotes a file stands; and whether it ends well."""
    scan, size = Scan(_QUOTED), 0
    while scan.is_open and not scan.failure and size <= max_bytes:
        more = read_line(max_bytes + 3)
        if not more:
            break
        size += len(more)
        scan.feed(more)
    return size, not (scan.is_open or scan.failure)


def _bare(raw: bytes) -> bytes:
    line = raw[:-1] if raw.endswith(b"\n") else raw
    return line[:-1] if line.endswith(b"\r") else line


def _record_of(line: bytes, size: int, lines: int, scan: Scan | None, width: int, max_bytes: int) -> Record:
    if not line:
        return Record(size, lines)
    if len(line) > max_bytes:
        return Record(size, lines, failure=too_long(max_bytes))
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return Record(size, lines, failure=NOT_UTF8)
    if scan and scan.trouble:
        return Record(size, lines, broken=scan.trouble)
    cells = split_record(text) if b'"' in line else text.split(",")
    found = scan.cells if scan else len(cells)
    if found != width:
        many = "1 cell" if found == 1 else f"{found} cells"
        return Record(size, lines, broken=f"has {many}; the header has {width}")
    return Record(size, lines, cells=[cell or None for cell in cells])


class Scan:
    """Takes a record apart byte by byte: its cells, what is wrong in it, and whether it goes on over the end of a line."""

    def __init__(self, state: int = _CELL_START) -> None:
        self.cells = 1
        self.trouble: str | None = None
        self.failure: str | None = None
        self.line = self.quote_line = 0
        self._state = state

    @property
    def is_open(self) -> bool:
        return self._state == _QUOTED

    def feed(self, raw: bytes) -> None:
        state = self._state
        if self.is_open:
            self.line += 1
        for byte in raw:
            if byte == 0:
                self.trouble = self.trouble or "holds a zero byte"
            if state == _CARRIAGE_SEEN and byte != 0x0A:
                self.trouble = self.trouble or "holds a carriage return outside quotes; end lines with LF or CRLF"
                state = _UNQUOTED
            if state == _QUOTED:
                state = _QUOTE_SEEN if byte == 0x22 else _QUOTED
            elif byte == 0x0A:
                break
            elif byte == 0x2C:
                self.cells += 1
                state = _CELL_START
            elif byte == 0x0D:
                state = _CARRIAGE_SEEN
            elif byte == 0x22:
                if state == _CELL_START:
                    self.quote_line = self.line
                if state in (_QUOTE_SEEN, _CELL_START):
                    state = _QUOTED
                else:
                    self.trouble = self.trouble or "has a quote inside a cell that does not begin with one"
            elif state == _QUOTE_SEEN:
                self.failure = _AFTER_QUOTE
                break
            else:
                state = _UNQUOTED
        self._state = state


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
