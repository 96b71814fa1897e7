"""CreateProcessingJob, DescribeProcessingJob, StopProcessingJob."""

import copy
from typing import Any

from ministack.core.responses import get_account_id, get_region

from evergreen_engine import aws_time
from evergreen_engine.sagemaker import job_run, role_session, state_events, tags
from evergreen_engine.sagemaker.errors import validation_error
from evergreen_engine.sagemaker.job_store import Record, processing_jobs
from evergreen_engine.sagemaker.processing_run import ProcessingRun
from evergreen_engine.settings import current_settings

_ECHOED = ("ProcessingInputs", "ProcessingOutputConfig", "ProcessingResources", "StoppingCondition", "AppSpecification",
           "Environment", "NetworkConfig", "RoleArn", "ExperimentConfig")


def create_processing_job(request: dict[str, Any]) -> dict[str, Any]:
    role_session.check_role(request["RoleArn"])
    name, now = request["ProcessingJobName"], aws_time.now()
    arn = f"arn:aws:sagemaker:{get_region()}:{get_account_id()}:processing-job/{name.lower()}"
    record: Record = {
        "ProcessingJobName": name, "ProcessingJobArn": arn,
        **{key: copy.deepcopy(request[key]) for key in _ECHOED if key in request},
        "StoppingCondition": request.get("StoppingCondition") or {"MaxRuntimeInSeconds": 86400},
        "ProcessingJobStatus": "InProgress", "CreationTime": now, "LastModifiedTime": now}
    processing_jobs.add(name, record, arn)
    tags.put(arn, request.get("Tags") or [])
    state_events.publish("SageMaker Processing Job State Change", arn, record)
    ProcessingRun(arn, name, record, get_region(), current_settings().endpoint_url).start()
    return {"ProcessingJobArn": arn}


def describe_processing_job(request: dict[str, Any]) -> Record:
    return processing_jobs.get(request["ProcessingJobName"])


def stop_processing_job(request: dict[str, Any]) -> dict[str, Any]:
    record = processing_jobs.get(request["ProcessingJobName"])
    if not processing_jobs.is_running(record):
        raise validation_error(f"The request was rejected because the processing job is in status {record['ProcessingJobStatus']}.")
    run = job_run.live_run(record["ProcessingJobArn"])
    if run:
        record["ProcessingJobStatus"] = "Stopping"
        run.touch()
        run.stop()
    return {}


def summary(record: Record) -> Record:
    """The entry of ListProcessingJobs."""
    names = ("ProcessingJobName", "ProcessingJobArn", "CreationTime", "ProcessingEndTime", "LastModifiedTime",
             "ProcessingJobStatus", "FailureReason", "ExitMessage")
    return {name: record[name] for name in names if record.get(name) is not None}
