"""Read and keep metric points: safe among threads, cheap when there are many."""

import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch

from evergreen_engine.patching import replaces, require_attributes

_CLOUDWATCH = "ministack.services.cloudwatch"
require_attributes(_CLOUDWATCH, "_metrics", "_point_stats", "_calc_stats", "_stat_value", "_dims_key", "TWO_WEEKS_SECONDS")
_EVICTION_SECONDS = 300
# Points may arrive this late and still be seen by a window that ended before they came.
_LATE_SECONDS = 900
# Longer looks back than a day are rare; they read the points themselves.
_FOLDED_SECONDS = 86400

_next_eviction = 0.0
_eviction_lock = threading.Lock()


@replaces(f"{_CLOUDWATCH}:_metric_bucket")
def _one_bucket_per_key(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream looks a bucket up and then stores a new one: two threads may each store theirs and one is lost."""
    def _metric_bucket(key):
        return cloudwatch._metrics.setdefault(key, [])

    return _metric_bucket


@replaces(f"{_CLOUDWATCH}:_evict_old_metrics")
def _evict_now_and_then(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream copies every point of every metric on each request, and loses points added meanwhile."""
    def _evict_old_metrics():
        global _next_eviction
        with _eviction_lock:
            if time.monotonic() < _next_eviction:
                return
            _next_eviction = time.monotonic() + _EVICTION_SECONDS
        cutoff = time.time() - cloudwatch.TWO_WEEKS_SECONDS
        for bucket in cloudwatch._metrics.all_values():
            old = next((index for index, point in enumerate(bucket) if point["Timestamp"] >= cutoff), len(bucket))
            del bucket[:old]

    return _evict_old_metrics


class _Seconds:
    """One bucket's points folded into one cell a second, kept up to date as points are added.

    Alarms look at the same points again and again; folded, a busy metric costs as much as a quiet one.
    """

    def __init__(self) -> None:
        self._read = 0
        self._first: dict[str, Any] | None = None
        self.cells: dict[int, tuple[float, float, float, float]] = {}

    def catch_up(self, bucket: list[dict[str, Any]], now: float) -> None:
        if self._read > len(bucket) or (bucket and bucket[0] is not self._first):
            # Old points were dropped from the front, or the metric was reset.
            self._read, self.cells = 0, {}
            self._first = bucket[0] if bucket else None
        for point in bucket[self._read:]:
            if point["Timestamp"] > now - _FOLDED_SECONDS:
                self._fold(int(point["Timestamp"]), *cloudwatch._point_stats(point))
        self._read = len(bucket)
        if len(self.cells) > 2 * _FOLDED_SECONDS:
            self.cells = {second: cell for second, cell in self.cells.items() if second > now - _FOLDED_SECONDS}

    def _fold(self, second: int, count: float, total: float, low: float, high: float) -> None:
        if count > 0:
            old = self.cells.get(second)
            self.cells[second] = (count, total, low, high) if old is None else (
                old[0] + count, old[1] + total, min(old[2], low), max(old[3], high))

    def between(self, start: int, end: int) -> list[tuple[int, tuple[float, float, float, float]]]:
        """Cells of the seconds ``start < second <= end``."""
        if len(self.cells) < end - start:
            return [(second, cell) for second, cell in self.cells.items() if start < second <= end]
        return [(second, self.cells[second]) for second in range(start + 1, end + 1) if second in self.cells]


_folded: dict[tuple[str, str, tuple[str, str, str]], _Seconds] = {}
_STATISTICS: dict[str, Callable[[float, float, float, float], float]] = {
    "SampleCount": lambda count, total, low, high: count, "Sum": lambda count, total, low, high: total,
    "Average": lambda count, total, low, high: total / count, "Minimum": lambda count, total, low, high: low,
    "Maximum": lambda count, total, low, high: high}


def windows(namespace: str, name: str, dimensions: dict[str, str], statistic: str, period: int, count: int,
            end: float, unit: str | None = None) -> list[float | None]:
    """Statistic of a metric in `count` periods that end at `end`.

    Parameters
    ----------
    period : int
        Seconds of one period.
    end : float
        Epoch seconds; the newest period holds the `period` seconds up to and including that second.

    Returns
    -------
    list of float or None
        Oldest first; None where no point was received.
    """
    key = (namespace, name, cloudwatch._dims_key(dimensions))
    bucket = cloudwatch._metrics.get(key)
    if not bucket:
        return [None] * count
    last = int(end)
    if statistic in _STATISTICS and not unit and period * count < _FOLDED_SECONDS:
        seconds = _folded.setdefault((get_account_id(), get_region(), key), _Seconds())
        seconds.catch_up(bucket, end)
        groups: list[list[Any]] = [[] for _ in range(count)]
        for second, cell in seconds.between(last - period * count, last):
            groups[count - 1 - (last - second) // period].append(cell)
        return [_fold_cells(group, statistic) for group in groups]
    return _from_points(bucket, statistic, period, count, last, unit)


def _fold_cells(cells: list[tuple[float, float, float, float]], statistic: str) -> float | None:
    if not cells:
        return None
    counts, totals, lows, highs = zip(*cells, strict=True)
    return _STATISTICS[statistic](sum(counts), sum(totals), min(lows), max(highs))


def _from_points(bucket: list[dict[str, Any]], statistic: str, period: int, count: int, last: int, unit: str | None) -> list[float | None]:
    groups: list[list[dict[str, Any]]] = [[] for _ in range(count)]
    start = last - period * count
    for point in reversed(bucket):
        second = int(point["Timestamp"])
        if second < start - _LATE_SECONDS:
            break
        if start < second <= last and (not unit or point.get("Unit") == unit):
            groups[count - 1 - (last - second) // period].append(point)
    found = []
    for group in groups:
        stats = cloudwatch._calc_stats(group) if group else {}
        found.append(cloudwatch._stat_value(stats, statistic, group) if stats else None)
    return found
