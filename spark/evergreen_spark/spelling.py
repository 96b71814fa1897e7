"""What becomes of the texts of a column: one spelling, and what takes the place of personal ones. The rules are the plan's."""

from __future__ import annotations

import hmac
import re
import unicodedata
from typing import Any, Callable

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

_HASH_DIGITS, _BUCKET_DIGITS = 32, 8


def spelled(text: Column, column: dict[str, Any], plan: dict[str, Any]) -> Column:
    """The spelling that a text is taken for, as lib/data/cleaning/normalise-sql.ts makes it; empty is missing."""
    asked, keep = column.get("normalise"), column.get("keep")
    blanks = plan["spelling"]["blanks"]
    # Letter by letter as the plan has them: what Python and Java know of capitals differs from version to version.
    small = str.maketrans(plan["spelling"]["small"])

    def spell(written: str | None) -> str | None:
        if written is None:
            return None
        if asked:
            written = written.strip(blanks) if asked["trim"] else written
            written = written.translate(small) if asked["case"] == "lower" else written
            written = unicodedata.normalize("NFC", written) if asked["unicode"] else written
        return written[:keep] or None

    return F.udf(spell, T.StringType())(text)


def stored(value: Column, column: dict[str, Any], key: bytes | None) -> Column:
    """What is kept of a value once it was checked: a coarser one, or what takes the place of a personal text."""
    width, disguise = column.get("width"), column.get("disguise")
    if width is not None:
        share = value.cast("double") / F.lit(float(width))
        # Spark's floor makes whole numbers of 64 bits, which not all doubles are.
        near = F.rint(share)
        return (near - F.when(near > share, F.lit(1.0)).otherwise(F.lit(0.0))) * F.lit(float(width))
    if disguise is None:
        return value
    take = _masked(disguise["keepLast"]) if disguise["kind"] == "mask" else _hashed(disguise, _known(key))
    return F.udf(lambda text: None if text is None else take(text), T.StringType())(value)


def _known(key: bytes | None) -> bytes:
    if key is None:
        raise ValueError("the plan hashes values, and names no key")
    return key


def _masked(keep_last: int) -> Callable[[str], str]:
    def mask(text: str) -> str:
        hidden = len(text) - min(keep_last, len(text) // 2)
        return "*" * hidden + text[hidden:]
    return mask


def _hashed(disguise: dict[str, Any], key: bytes) -> Callable[[str], str]:
    """As lib/model/disguise.ts hashes: what was hashed before it came is left as it is."""
    before, buckets, prefix = disguise["before"].encode(), disguise.get("buckets"), disguise.get("prefix")
    known = frozenset(buckets or [])
    is_hashed = re.compile(disguise["pattern"]) if prefix is not None else None

    def mac_of(text: str) -> str:
        return hmac.digest(key, before + text.encode(), "sha256").hex()

    def bucket(text: str) -> str:
        return text if text in known else buckets[int(mac_of(text)[:_BUCKET_DIGITS], 16) % len(buckets)]

    def hashed(text: str) -> str:
        return text if is_hashed.fullmatch(text) else prefix + mac_of(text)[:_HASH_DIGITS]

    return hashed if buckets is None else bucket
