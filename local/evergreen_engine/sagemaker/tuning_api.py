"""CreateHyperParameterTuningJob, Describe, Stop, and the list of a tuning job's training jobs."""

import copy
import math
from typing import Any

from ministack.core.responses import get_account_id, get_region

from evergreen_engine import aws_time
from evergreen_engine.sagemaker import (
    job_run,
    metrics,
    role_session,
    state_events,
    tags,
    tuning_run,
)
from evergreen_engine.sagemaker.errors import validation_error
from evergreen_engine.sagemaker.job_store import Record, training_jobs, tuning_jobs
from evergreen_engine.sagemaker.listing import list_jobs
from evergreen_engine.sagemaker.search_space import SearchSpace
from evergreen_engine.sagemaker.search_strategy import make_strategy

_DEFAULT_MAX_JOBS = 500


def _limit(config: dict[str, Any], space: SearchSpace) -> int:
    """Most training jobs, by SageMaker's rules for each strategy."""
    asked = config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    if config["Strategy"] == "Grid":
        if space.numbers:
            raise validation_error("Grid search takes categorical parameter ranges only.")
        combinations = math.prod(len(choice.values) for choice in space.choices)
        if asked not in (None, combinations):
            raise validation_error(f"MaxNumberOfTrainingJobs must equal the {combinations} combinations of a grid search, or be left out.")
        return combinations
    if config["Strategy"] == "Hyperband":
        raise validation_error("Strategy Hyperband is not part of the local engine; use Bayesian, Random or Grid.")
    if asked is None and not config.get("TuningJobCompletionCriteria"):
        raise validation_error("MaxNumberOfTrainingJobs is required for this strategy.")
    return asked or _DEFAULT_MAX_JOBS


def _parents(request: dict[str, Any]) -> list[Record]:
    """The tuning jobs a warm start learns from."""
    asked = (request.get("WarmStartConfig") or {}).get("ParentHyperParameterTuningJobs") or []
    return [tuning_jobs.get(item["HyperParameterTuningJobName"]) for item in asked]


def _check_parents(request: dict[str, Any]) -> None:
    parents = _parents(request)
    if parents and request["HyperParameterTuningJobConfig"]["Strategy"] == "Grid":
        raise validation_error("Grid search cannot be started warm.")
    for parent in parents:
        name = parent["HyperParameterTuningJobName"]
        if tuning_jobs.is_running(parent):
            raise validation_error(f"Parent tuning job {name} is still in status {parent['HyperParameterTuningJobStatus']}.")
        ranges = [record["HyperParameterTuningJobConfig"].get("ParameterRanges") or {} for record in (request, parent)]
        if SearchSpace.from_request(ranges[0]) != SearchSpace.from_request(ranges[1]):
            raise validation_error(f"The local engine starts warm from the same ParameterRanges only; those of {name} are others.")


def _check(request: dict[str, Any]) -> None:
    config, definition = request["HyperParameterTuningJobConfig"], request.get("TrainingJobDefinition")
    if definition is None:
        raise validation_error("TrainingJobDefinition is required; TrainingJobDefinitions are not part of the local engine.")
    objective = config.get("HyperParameterTuningJobObjective")
    if objective is None:
        raise validation_error("HyperParameterTuningJobObjective is required.")
    _check_parents(request)
    defined = definition["AlgorithmSpecification"].get("MetricDefinitions") or []
    metrics.check_definitions(defined)
    if objective["MetricName"] not in [item["Name"] for item in defined]:
        raise validation_error(f"Objective metric {objective['MetricName']} is not among the MetricDefinitions of the training job.")
    role_session.check_role(definition["RoleArn"])


def create_tuning_job(request: dict[str, Any]) -> dict[str, Any]:
    _check(request)
    config = copy.deepcopy(request["HyperParameterTuningJobConfig"])
    space = SearchSpace.from_request(config.get("ParameterRanges") or {})
    name, now, limit = request["HyperParameterTuningJobName"], aws_time.now(), _limit(config, space)
    arn = f"arn:aws:sagemaker:{get_region()}:{get_account_id()}:hyper-parameter-tuning-job/{name.lower()}"
    record: Record = {
        "HyperParameterTuningJobName": name, "HyperParameterTuningJobArn": arn, "HyperParameterTuningJobConfig": config,
        "TrainingJobDefinition": copy.deepcopy(request["TrainingJobDefinition"]), "HyperParameterTuningJobStatus": "InProgress",
        "CreationTime": now, "LastModifiedTime": now}
    record["TrainingJobStatusCounters"], record["ObjectiveStatusCounters"] = tuning_run.training_counts(name)
    tuning_jobs.add(name, record, arn)
    tags.put(arn, request.get("Tags") or [])
    state_events.publish("SageMaker HyperParameter Tuning Job State Change", arn, record)
    if request.get("WarmStartConfig"):
        record["WarmStartConfig"] = copy.deepcopy(request["WarmStartConfig"])
    objective = config["HyperParameterTuningJobObjective"]
    strategy = make_strategy(config["Strategy"], space, config.get("RandomSeed"), objective["Type"] == "Maximize")
    for parent in _parents(request):
        for item in tuning_run.trials_of(parent["HyperParameterTuningJobName"]):
            final = tuning_run.summary(item, objective).get("FinalHyperParameterTuningJobObjectiveMetric")
            if final:
                strategy.learn(item["_TunedHyperParameters"], final["Value"])
    tuning_run.TuningRun(arn, name, record, strategy, limit).start()
    return {"HyperParameterTuningJobArn": arn}


def describe_tuning_job(request: dict[str, Any]) -> Record:
    return tuning_jobs.get(request["HyperParameterTuningJobName"])


def stop_tuning_job(request: dict[str, Any]) -> dict[str, Any]:
    record = tuning_jobs.get(request["HyperParameterTuningJobName"])
    if not tuning_jobs.is_running(record):
        raise validation_error("The request was rejected because the hyperparameter tuning job is in status "
                               f"{record['HyperParameterTuningJobStatus']}.")
    run = job_run.live_run(record["HyperParameterTuningJobArn"])
    if run:
        record["HyperParameterTuningJobStatus"] = "Stopping"
        run.stop()
    return {}


def list_trials(request: dict[str, Any]) -> dict[str, Any]:
    record = tuning_jobs.get(request["HyperParameterTuningJobName"])
    objective = record["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    if request.get("SortBy") == "FinalObjectiveMetricValue":
        return _list_by_objective(request, objective)
    return list_jobs(training_jobs, request, answer="TrainingJobSummaries", name_member="TrainingJobName",
                     summary=lambda item: tuning_run.summary(item, objective),
                     only=lambda item: item.get("_TuningJobName") == request["HyperParameterTuningJobName"])


def _list_by_objective(request: dict[str, Any], objective: dict[str, str]) -> dict[str, Any]:
    found = [tuning_run.summary(item, objective) for item in tuning_run.trials_of(request["HyperParameterTuningJobName"])]
    valued = [item for item in found if "FinalHyperParameterTuningJobObjectiveMetric" in item]
    valued.sort(key=lambda item: item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"], reverse=request.get("SortOrder") == "Descending")
    return {"TrainingJobSummaries": valued[:request.get("MaxResults", 10)]}


def summary(record: Record) -> Record:
    """The entry of ListHyperParameterTuningJobs."""
    names = ("HyperParameterTuningJobName", "HyperParameterTuningJobArn", "HyperParameterTuningJobStatus", "CreationTime",
             "HyperParameterTuningEndTime", "LastModifiedTime", "TrainingJobStatusCounters", "ObjectiveStatusCounters")
    config = record["HyperParameterTuningJobConfig"]
    return {**{name: record[name] for name in names if record.get(name) is not None},
            "Strategy": config["Strategy"], "ResourceLimits": config["ResourceLimits"]}
