"""Parts of a text file, each read by itself: what they hold, and where their records begin. Without Spark."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Callable, NamedTuple

from evergreen_spark.csv_records import rest_of_open
from evergreen_spark.record import Reader, Record

_CHUNK = 1 << 20


class Part(NamedTuple):
    """What a part of a file holds: where its first record begins and its last one ends, and what they are."""

    begin: int
    stop: int
    lines: int = 0
    rows: int = 0
    broken: int = 0
    first: tuple[tuple[int, str], ...] = ()
    failure: tuple[int, str] | None = None
    names: tuple[str, ...] = ()


class Stretch(NamedTuple):
    """Where rows are read from: bytes, the line that they begin on and the number of the first row."""

    begin: int
    end: int
    line: int
    row: int


class Survey(NamedTuple):
    """What a whole file holds, or why it is refused."""

    stretches: list[Stretch]
    rows: int
    broken: dict[str, Any]
    names: list[str]
    unreadable: dict[str, Any] | None


Spread = Callable[[Callable[[tuple[int, int]], Part], list[tuple[int, int]]], Iterable[Part]]


def survey_file(path: str, reader: Reader, plan: dict[str, Any], part_bytes: int, spread: Spread) -> Survey:
    """Look through a file part by part; `spread` maps a function over parts."""
    header, most, kept = plan["headerBytes"], plan["maxLineBytes"], plan["keptBroken"]
    size = os.path.getsize(path)
    ends = [*_line_starts(path, range(header + part_bytes, size, part_bytes), most), size]
    ranges = [(begin, end) for begin, end in zip([header, *ends], ends) if begin < end]
    closed = list(spread(partial(_look_through, path, reader, None, kept), ranges))
    # A record that goes on over the end of its part: only then is it asked what a part holds that begins inside of quotes.
    goes_on = any(part.stop > end for part, (_, end) in zip(closed, ranges))
    opened = list(spread(partial(_look_through, path, reader, most, kept), ranges)) if goes_on else closed
    found = Survey([], 0, {"count": 0, "first": []}, [], None)
    line, stop, names = plan["firstLine"], header, {}
    for (begin, end), if_closed, if_open in zip(ranges, closed, opened):
        part = if_closed if stop <= begin else if_open
        if part.failure:
            return found._replace(unreadable={"line": line + part.failure[0], "message": part.failure[1]})
        found.stretches.append(Stretch(part.begin, end, line, found.rows))
        found.broken["count"] += part.broken
        room = kept - len(found.broken["first"])
        found.broken["first"].extend({"line": line + at, "message": why} for at, why in part.first[:room])
        names.update(dict.fromkeys(part.names))
        found, line, stop = found._replace(rows=found.rows + part.rows), line + part.lines, max(stop, part.stop)
    return found._replace(names=list(names))


def rows_of(path: str, reader: Reader, stretch: Stretch) -> Iterator[tuple[Any, ...]]:
    """The line, the number and the cells of each sound record that begins in a stretch."""
    line, number = stretch.line, stretch.row
    for record in _records(path, reader, stretch.begin, stretch.end):
        if record.cells:
            yield (line, number, *record.cells)
            number += 1
        line += record.lines


def _line_starts(path: str, places: range, max_bytes: int) -> list[int]:
    """The first beginning of a line at or after each place; in a line that is too long any place, as it is refused."""
    starts = []
    with open(path, "rb") as file:
        for place in places:
            file.seek(place - 1)
            file.readline(max_bytes + 3)
            starts.append(file.tell())
    return starts


def _records(path: str, reader: Reader, begin: int, end: int) -> Iterator[Record]:
    with open(path, "rb", buffering=_CHUNK) as file:
        file.seek(begin)
        while begin < end:
            record = reader(file.readline, begin == 0)
            if record is None:
                return
            begin += record.size
            yield record


def _look_through(path: str, reader: Reader, open_bytes: int | None, kept: int, part: tuple[int, int]) -> Part:
    """What a part holds. One that begins inside of quotes, of which at most so many bytes may follow, begins after them."""
    begin, end = part
    if open_bytes is not None:
        with open(path, "rb", buffering=_CHUNK) as file:
            file.seek(begin)
            size, is_sound = rest_of_open(file.readline, open_bytes)
        begin += size
        if not is_sound:
            # The record before is at fault, and is told by the part in which it begins.
            return Part(begin, begin)
    lines = rows = broken = 0
    stop = begin
    first: list[tuple[int, str]] = []
    names: dict[str, None] = {}
    for record in _records(path, reader, begin, end):
        if record.failure:
            return Part(begin, stop, failure=(lines + record.failed_at, record.failure))
        if record.broken:
            broken += 1
            if len(first) < kept:
                first.append((lines, record.broken))
        elif record.cells:
            rows += 1
            names.update(dict.fromkeys(record.names))
        lines += record.lines
        stop += record.size
    return Part(begin, stop, lines, rows, broken, tuple(first), None, tuple(names))
