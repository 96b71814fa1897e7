"""Whether a cell fits its column. What is said of one that does not never holds its value: the reason of a failed job
is read by others than its party."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..definition import Definition

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+(\.0*)?")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
# Larger ones lose digits in JSON and in the model's numbers.
_GREATEST_INTEGER = 2**53 - 1


@dataclass(frozen=True)
class Column:
    """What a cell is held against: a feature, the target, or with the type ``identity`` anything."""

    name: str
    type: str
    may_be_missing: bool
    categories: tuple[str, ...]
    range: tuple[float, float]


def columns_of(definition: Definition, identity: tuple[str, ...]) -> list[Column]:
    """The features in their order, the target, then columns that only tell rows apart."""
    features = [Column(f.name, f.type, f.may_be_missing, f.categories, f.range) for f in definition.features]
    kind = "category" if definition.is_classification else "number"
    columns = [*features, Column(definition.target, kind, False, definition.categories, definition.target_range)]
    known = {column.name for column in columns}
    return [*columns, *(Column(name, "identity", True, (), (0.0, 0.0)) for name in identity if name not in known)]


def parse_cell(column: Column, text: str) -> Any:
    """The value that a cell of a CSV file spells; what spells none stays text, and None is missing."""
    if column.type not in ("number", "integer", "boolean"):
        return text or None
    bare = text.strip(" \t")
    if not bare:
        return None
    if column.type == "boolean":
        return _BOOLEANS.get(bare.lower(), text)
    if column.type == "integer":
        return int(bare.split(".")[0]) if _INTEGER.fullmatch(bare) else text
    return float(bare) if _NUMBER.fullmatch(bare) else text


def fit_cell(column: Column, value: Any) -> tuple[Any, str | None]:
    """The value as the model takes it, and None or what is wrong with it.

    Numbers and booleans become float, NaN where they are missing; texts become str, empty where they are missing.
    """
    is_number = column.type in ("number", "integer")
    if column.type == "identity":
        return str(value or ""), None
    if isinstance(value, Decimal):
        value = float(value)
    # Other tools write NaN into Parquet for a missing number, and JSON has no NaN.
    if value is None or value == "" or (is_number and isinstance(value, float) and value != value):
        missing = float("nan") if column.type != "category" else ""
        return missing, None if column.may_be_missing else f"{column.name} is missing"
    if column.type == "boolean":
        return (float(value), None) if isinstance(value, bool) else (None, f"{column.name} is no boolean")
    if column.type == "category":
        if value in column.categories:
            return value, None
        return None, f"{column.name} is none of {', '.join(column.categories)}"
    return _fit_number(column, value)


def _fit_number(column: Column, value: Any) -> tuple[Any, str | None]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, f"{column.name} is no number"
    if column.type == "integer" and (value != value // 1 or abs(value) > _GREATEST_INTEGER):
        return None, f"{column.name} is no whole number"
    least, greatest = column.range
    if not least <= value <= greatest:
        side = f"below {least:.12g}" if value < least else f"above {greatest:.12g}"
        return None, f"{column.name} is {side}"
    return float(value), None
