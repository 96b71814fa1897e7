"""Times as AWS writes them."""

import time
from datetime import UTC, datetime


def now() -> float:
    """Epoch seconds with milliseconds, as AWS's JSON protocols carry them."""
    return round(time.time(), 3)


def iso_millis(epoch_seconds: float) -> str:
    """``2026-01-31T12:00:00.000Z``."""
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def iso_offset(epoch_seconds: float) -> str:
    """``2026-01-31T12:00:00.000+0000``, the form of CloudWatch alarm messages."""
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
