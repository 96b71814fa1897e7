"""The strict reader of JSON lines, as lib/data/json-rows.ts reads them: cells are texts, and keep their JSON type beside."""

from __future__ import annotations

import json
import math
import re
import sys
from decimal import Decimal
from functools import partial
from typing import Any

from evergreen_spark.record import (
    NOT_UTF8,
    Reader,
    ReadLine,
    Record,
    too_long,
    whole_line,
)

_GREATEST_EXACT = 2**53 - 1
_MOST_INDEX = 2**32 - 2
_MOST_DEEP = 100
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_BRACKET_OR_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)

# Deeper than Python lets C go by itself: what is deeper still is told as too deep before it is read to its end.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))


class Number(str):
    """A number as it stood in the line."""


class Members(dict):
    """Members of an object, in the order in which JavaScript has them, and whether one was named twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        given = dict(pairs)
        is_index = lambda name: bool(_INDEX.fullmatch(name)) and int(name) <= _MOST_INDEX
        first = sorted(filter(is_index, given), key=int)
        super().__init__({name: given[name] for name in [*first, *given]})
        self.names_twice = len(given) < len(pairs)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=Members, parse_int=Number, parse_float=Number, parse_constant=_no_constant)


def json_reader(columns: list[dict[str, Any]], blanks: str, max_bytes: int) -> Reader:
    """Reads objects; the cells are the keys of those that have another type, apart by blanks, and the texts of the columns."""
    return partial(_read_row, columns, blanks, max_bytes)


def _read_row(columns: list[dict[str, Any]], blanks: str, max_bytes: int, read_line: ReadLine, is_first: bool) -> Record | None:
    line, size = whole_line(read_line, max_bytes)
    if size == 0:
        return None
    if len(line) > max_bytes:
        return Record(size, failure=too_long(max_bytes))
    try:
        text = line.decode("utf-8").strip(blanks)
    except UnicodeDecodeError:
        return Record(size, failure=NOT_UTF8)
    if not text:
        return Record(size)
    if is_first and text.startswith("["):
        return Record(size, failure="the file is a JSON array; write one object on each line")
    too_deep = Record(size, broken=f"is nested more than {_MOST_DEEP} deep")
    try:
        row = _DECODER.decode(text)
    except ValueError:
        return Record(size, broken="is not JSON")
    except RecursionError:
        return too_deep
    if not isinstance(row, Members):
        return Record(size, broken="is JSON, but not an object with a value for each column")
    if _depth(text) > _MOST_DEEP:
        return too_deep
    if row.names_twice:
        return Record(size, broken="names a column twice")
    mistyped, cells = [], []
    for column in columns:
        value = row.get(column["name"])
        if value is None or (value == "" and not isinstance(value, Number)):
            cells.append(None)
            continue
        if not _fits(value, column):
            mistyped.append(column["key"])
        cells.append(_text_of(value))
    if any(cell is not None and ("\0" in cell or _HALF_PAIR.search(cell)) for cell in cells):
        return Record(size, broken="holds a zero byte or half a surrogate pair")
    return Record(size, cells=[" ".join(mistyped) or None, *cells], names=tuple(row))


def _depth(text: str) -> int:
    deep = deepest = 0
    for found in _BRACKET_OR_TEXT.finditer(text):
        deep += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found.group(), 0)
        deepest = max(deepest, deep)
    return deepest


def _fits(value: Any, column: dict[str, Any]) -> bool:
    is_number = isinstance(value, Number)
    is_text = isinstance(value, str) and not is_number
    if column["role"] == "identity":
        return is_text or is_number
    if column["type"] in ("number", "integer"):
        return is_number or (is_text and bool(column.get("units")))
    return isinstance(value, bool) if column["type"] == "boolean" else is_text


def _text_of(value: Any) -> str:
    if isinstance(value, Number):
        double = float(value)
        return str(value) if abs(double) > _GREATEST_EXACT else number_text(double)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    # Half of a pair is written as an escape where it is inside something else.
    return _HALF_PAIR.sub(lambda half: f"\\u{ord(half.group()):04x}", _written(value))


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(name)}:{_written(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(member) for member in value) + "]"
    if isinstance(value, Number):
        return number_text(float(value)) if math.isfinite(float(value)) else "null"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def number_text(value: float) -> str:
    """A finite number as JavaScript writes it."""
    if value == 0:
        return "0"
    # The fewest digits that tell the number, which both languages find.
    written = Decimal(repr(value)).normalize().as_tuple()
    digits, place = "".join(map(str, written.digits)), len(written.digits) - 1 + written.exponent
    sign = "-" if value < 0 else ""
    if not -7 < place < 21:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{mantissa}e{'+' if place > 0 else '-'}{abs(place)}"
    if place < 0:
        return f"{sign}0.{'0' * (-place - 1)}{digits}"
    whole = digits[:place + 1].ljust(place + 1, "0")
    return f"{sign}{whole}" + ("." + digits[place + 1:] if len(digits) > place + 1 else "")
