"""Metrics a job prints: read by the regular expressions of its MetricDefinitions."""

import contextlib
import re
from typing import Any

from ministack.services import cloudwatch

from evergreen_engine import aws_time
from evergreen_engine.sagemaker.errors import validation_error

_NAMESPACE = "/aws/sagemaker/TrainingJobs"


class MetricReader:
    """Collects metric values from log lines.

    Parameters
    ----------
    definitions : list of dict
        ``{"Name": ..., "Regex": ...}``; the first group of the expression is the value.
    job_name : str
        Dimension of the CloudWatch metrics.
    """

    def __init__(self, definitions: list[dict[str, str]], job_name: str) -> None:
        self._patterns = [(item["Name"], re.compile(item["Regex"])) for item in definitions]
        self._job_name = job_name
        self._last: dict[str, dict[str, Any]] = {}
        self.history: dict[str, list[float]] = {}

    def read(self, line: str) -> None:
        for name, pattern in self._patterns:
            for match in pattern.finditer(line):
                with contextlib.suppress(ValueError, IndexError, TypeError):
                    self._record(name, float(match.group(1)))

    def _record(self, name: str, value: float) -> None:
        # NaN and infinities are no CloudWatch values; the last finite one stays the final one.
        if value != value or value in (float("inf"), float("-inf")):
            return
        self._last[name] = {"MetricName": name, "Value": value, "Timestamp": aws_time.now()}
        self.history.setdefault(name, []).append(value)
        cloudwatch.record_metric(_NAMESPACE, name, value, dimensions={"TrainingJobName": self._job_name})

    def final_values(self) -> list[dict[str, Any]]:
        """Last value of each metric, in the shape of ``FinalMetricDataList``."""
        return list(self._last.values())


def check_definitions(definitions: list[dict[str, str]] | None) -> None:
    """Raise ``ValidationException`` for an expression that does not compile."""
    for item in definitions or []:
        try:
            re.compile(item["Regex"])
        except re.error as error:
            raise validation_error(f"Metric definition {item['Name']} has an invalid regular expression: {error}") from error
