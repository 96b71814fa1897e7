"""CloudWatch Embedded Metric Format: metrics carried by log lines.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import math
import time
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudwatch

from evergreen_engine.patching import require_attributes

require_attributes("ministack.services.cloudwatch", "_metric_bucket", "_dims_key")
_MAX_METRICS, _MAX_DIMENSIONS, _MAX_VALUES = 100, 30, 100
_HEAD = '"_aws"'


def _numbers(value: Any) -> list[float]:
    values = value if isinstance(value, list) else [value]
    return [float(item) for item in values[:_MAX_VALUES]
            if isinstance(item, (int, float)) and not isinstance(item, bool) and math.isfinite(item)]


def _dimension_sets(directive: dict[str, Any], document: dict[str, Any]) -> list[dict[str, str]]:
    sets = []
    for names in directive.get("Dimensions") or [[]]:
        found = {name: str(document[name]) for name in names[:_MAX_DIMENSIONS] if name in document}
        if len(found) == len(names):
            sets.append(found)
    return sets


def read_line(message: str) -> Iterator[tuple[str, str, dict[str, str], dict[str, Any]]]:
    """Points carried by one log line.

    Yields
    ------
    namespace, name, dimensions, point
        A point as MiniStack stores it: epoch seconds, value, unit.
    """
    if _HEAD not in message:
        return
    try:
        document = json.loads(message[message.index("{"):])
        head = document["_aws"]
        timestamp = float(head.get("Timestamp", time.time() * 1000)) / 1000
        directives = head["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    for directive in directives:
        dimension_sets = _dimension_sets(directive, document)
        for metric in (directive.get("Metrics") or [])[:_MAX_METRICS]:
            name = metric.get("Name")
            for dimensions in dimension_sets:
                for value in _numbers(document.get(name)):
                    yield directive.get("Namespace", "aws-embedded-metrics"), name, dimensions, {
                        "Timestamp": timestamp, "Value": value, "Unit": metric.get("Unit", "None"), "Dimensions": dimensions}


def record(message: str) -> None:
    """Store every point of a log line in the current account and region."""
    for namespace, name, dimensions, point in read_line(message):
        cloudwatch._metric_bucket((namespace, name, cloudwatch._dims_key(dimensions))).append(point)
