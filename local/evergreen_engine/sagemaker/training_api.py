"""CreateTrainingJob, DescribeTrainingJob, StopTrainingJob."""

import copy
from typing import Any

from ministack.core.responses import get_account_id, get_region

from evergreen_engine import aws_time
from evergreen_engine.sagemaker import job_run, metrics, role_session, tags
from evergreen_engine.sagemaker.errors import validation_error
from evergreen_engine.sagemaker.job_store import Record, training_jobs
from evergreen_engine.sagemaker.training_run import TrainingRun
from evergreen_engine.settings import current_settings

_ECHOED = ("HyperParameters", "AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig",
           "ResourceConfig", "VpcConfig", "StoppingCondition", "CheckpointConfig", "Environment", "RetryStrategy",
           "DebugHookConfig", "ExperimentConfig", "TensorBoardOutputConfig")
_DEFAULT_MAX_RUNTIME_SECONDS = 86400


def training_job_arn(name: str) -> str:
    return f"arn:aws:sagemaker:{get_region()}:{get_account_id()}:training-job/{name.lower()}"


def _check(request: dict[str, Any]) -> None:
    algorithm = request["AlgorithmSpecification"]
    if not (algorithm.get("TrainingImage") or algorithm.get("AlgorithmName")):
        raise validation_error("You must specify either the algorithm name or the training image.")
    if algorithm.get("TrainingImage") and algorithm.get("AlgorithmName"):
        raise validation_error("You can't specify both the algorithm name and the training image.")
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig") or []]
    if len(names) != len(set(names)):
        raise validation_error("Channel names in InputDataConfig must be unique.")
    metrics.check_definitions(algorithm.get("MetricDefinitions"))
    role_session.check_role(request["RoleArn"])


def launch(request: dict[str, Any], *, tuning_job_arn: str | None = None) -> TrainingRun:
    """Create a training job and start it; raises `ApiError` when the request cannot be met."""
    _check(request)
    name, arn, now = request["TrainingJobName"], training_job_arn(request["TrainingJobName"]), aws_time.now()
    stopping = {"MaxRuntimeInSeconds": _DEFAULT_MAX_RUNTIME_SECONDS, **(request.get("StoppingCondition") or {})}
    record: Record = {
        "TrainingJobName": name, "TrainingJobArn": arn, "TuningJobArn": tuning_job_arn,
        **{key: copy.deepcopy(request[key]) for key in _ECHOED if key in request},
        "StoppingCondition": stopping,
        "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
        "EnableInterContainerTrafficEncryption": request.get("EnableInterContainerTrafficEncryption", False),
        "EnableManagedSpotTraining": request.get("EnableManagedSpotTraining", False),
        "ProfilingStatus": "Disabled",
        "TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting", "SecondaryStatusTransitions": [],
        "CreationTime": now, "LastModifiedTime": now,
    }
    training_jobs.add(name, record, arn)
    tags.put(arn, request.get("Tags") or [])
    run = TrainingRun(arn, name, record, get_region(), current_settings().endpoint_url)
    run.enter("Starting")
    run.start()
    return run


def create_training_job(request: dict[str, Any]) -> dict[str, Any]:
    return {"TrainingJobArn": launch(request).arn}


def describe_training_job(request: dict[str, Any]) -> Record:
    return training_jobs.get(request["TrainingJobName"])


def stop_training_job(request: dict[str, Any]) -> dict[str, Any]:
    record = training_jobs.get(request["TrainingJobName"])
    if not training_jobs.is_running(record):
        raise validation_error(f"The request was rejected because the training job is in status {record['TrainingJobStatus']}.")
    run = job_run.live_run(record["TrainingJobArn"])
    if run:
        record["TrainingJobStatus"] = record["SecondaryStatus"] = "Stopping"
        run.touch()
        run.stop()
    return {}


def summary(record: Record) -> Record:
    """The entry of ListTrainingJobs."""
    names = ("TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingEndTime", "LastModifiedTime",
             "TrainingJobStatus", "SecondaryStatus")
    return {name: record[name] for name in names if record.get(name) is not None}
