"""Numbers as DuckDB writes them as text, which decides about sides of a split."""

from __future__ import annotations

import struct

from pyspark.sql import Column
from pyspark.sql import functions as F

# Fifteen digits, or fewer and a sign, and a point.
_SHORT = 16


def double_text(value: float | None) -> str | None:
    """A double, shortest first: Python and DuckDB agree from the sign of zero to the exponent."""
    return None if value is None else repr(value)


def java_text(number: Column) -> Column:
    """The same text where Java is sure to write it so, else null: whole numbers, and others of at most 15 digits.

    No two decimals of 15 digits are one double, so what Java writes in so few is the shortest. From a thousandth to ten millions
    it does without an exponent, as others do.
    """
    text, size = number.cast("string"), F.abs(number)
    whole = F.concat(number.cast("bigint").cast("string"), F.lit(".0"))
    is_short = (size >= F.lit(1e-3)) & (size < F.lit(1e7)) & (F.length(text) <= _SHORT)
    return F.when((number == F.rint(number)) & (size < F.lit(1e15)), whole).when(is_short, text)


def float_text(value: float | None) -> str | None:
    """A number of single precision by the fewest digits that tell it."""
    if value is None:
        return None
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if struct.pack("f", float(text)) == struct.pack("f", value):
            return repr(float(text))
    return repr(value)
