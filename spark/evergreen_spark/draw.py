"""The draw of lib/data/draw-sql.ts in Spark SQL: the same rows are taken as samples."""

from __future__ import annotations


def draw_sql(number: str) -> str:
    """SQL of a number from 0 to 2^32 - 1, drawn by a whole number that is not negative."""
    first = f"((({number} + 2654435769) % 4294967296) * 747796405 % 4294967296)"
    second = f"(({first} ^ ({first} div 65536)) * 73244475 % 4294967296)"
    return f"({second} ^ ({second} div 65536))"
