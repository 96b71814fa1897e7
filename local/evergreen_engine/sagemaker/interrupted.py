"""What becomes of jobs that ran while the engine died."""

from typing import Any

from evergreen_engine import aws_time
from evergreen_engine.sagemaker import process_groups

REASON = "InternalServerError: interrupted: the engine ended while the job ran"
_MEMBERS = {"training": ("TrainingJobArn", "TrainingJobStatus", "TrainingEndTime"),
            "processing": ("ProcessingJobArn", "ProcessingJobStatus", "ProcessingEndTime"),
            "tuning": ("HyperParameterTuningJobArn", "HyperParameterTuningJobStatus", "HyperParameterTuningEndTime")}


def settle(kind: str, record: dict[str, Any]) -> None:
    """End what is left of the job's processes and turn its record to Failed."""
    arn, status, end_time = _MEMBERS[kind]
    for group_id in record.pop("_GroupIds", None) or []:
        process_groups.end_leftover(group_id, record[arn])
    now = aws_time.now()
    record |= {status: "Failed", "FailureReason": REASON, end_time: now, "LastModifiedTime": now}
    if kind == "training":
        for transition in record["SecondaryStatusTransitions"][-1:]:
            transition.setdefault("EndTime", now)
        record["SecondaryStatus"] = "Failed"
        record["SecondaryStatusTransitions"].append(
            {"Status": "Failed", "StartTime": now, "EndTime": now, "StatusMessage": REASON})
