"""What a reader makes of the next record of a file."""

from __future__ import annotations

from typing import Callable, NamedTuple


class Record(NamedTuple):
    """A record with its cells, broken, or why the whole file is refused; else it is blank."""

    size: int
    """Bytes, the line end with them."""
    lines: int = 1
    cells: list[str | None] | None = None
    broken: str | None = None
    failure: str | None = None
    failed_at: int = 0
    """Lines between the first of the record and the one that is at fault."""
    names: tuple[str, ...] = ()
    """Of JSON, what the object names."""


ReadLine = Callable[[int], bytes]
Reader = Callable[[ReadLine, bool], "Record | None"]
"""Reads a record from where a file stands, which may be its beginning; None at its end."""

NOT_UTF8 = "the text is not UTF-8; save the file as UTF-8"


def too_long(max_bytes: int) -> str:
    return f"the line is longer than {max_bytes} bytes"


def whole_line(read_line: ReadLine, max_bytes: int) -> tuple[bytes, int]:
    """The next line without its line feed, or a little more of it than may be; and how many bytes it takes."""
    raw = read_line(max_bytes + 3)
    return (raw[:-1] if raw.endswith(b"\n") else raw), len(raw)
