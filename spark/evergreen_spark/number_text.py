"""Numbers as DuckDB writes them as text, which decides about sides of a split."""

from __future__ import annotations

import struct


def double_text(value: float | None) -> str | None:
    """A double, shortest first: Python and DuckDB agree from the sign of zero to the exponent."""
    return None if value is None else repr(value)


def float_text(value: float | None) -> str | None:
    """A number of single precision by the fewest digits that tell it."""
    if value is None:
        return None
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if struct.pack("f", float(text)) == struct.pack("f", value):
            return repr(float(text))
    return repr(value)
