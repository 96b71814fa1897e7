"""Every SageMaker operation of the local engine, by its name."""

from collections.abc import Callable
from typing import Any

from evergreen_engine.sagemaker import processing_api, tags, training_api, tuning_api
from evergreen_engine.sagemaker.job_store import (
    processing_jobs,
    training_jobs,
    tuning_jobs,
)
from evergreen_engine.sagemaker.listing import list_jobs

Request = dict[str, Any]
Operation = Callable[[Request], dict[str, Any]]


def list_training_jobs(request: Request) -> dict[str, Any]:
    return list_jobs(training_jobs, request, answer="TrainingJobSummaries", name_member="TrainingJobName",
                     summary=training_api.summary)


def list_processing_jobs(request: Request) -> dict[str, Any]:
    return list_jobs(processing_jobs, request, answer="ProcessingJobSummaries", name_member="ProcessingJobName",
                     summary=processing_api.summary)


def list_tuning_jobs(request: Request) -> dict[str, Any]:
    return list_jobs(tuning_jobs, request, answer="HyperParameterTuningJobSummaries",
                     name_member="HyperParameterTuningJobName", summary=tuning_api.summary)


OPERATIONS: dict[str, Operation] = {
    "CreateTrainingJob": training_api.create_training_job,
    "DescribeTrainingJob": training_api.describe_training_job,
    "StopTrainingJob": training_api.stop_training_job,
    "ListTrainingJobs": list_training_jobs,
    "CreateProcessingJob": processing_api.create_processing_job,
    "DescribeProcessingJob": processing_api.describe_processing_job,
    "StopProcessingJob": processing_api.stop_processing_job,
    "ListProcessingJobs": list_processing_jobs,
    "CreateHyperParameterTuningJob": tuning_api.create_tuning_job,
    "DescribeHyperParameterTuningJob": tuning_api.describe_tuning_job,
    "StopHyperParameterTuningJob": tuning_api.stop_tuning_job,
    "ListHyperParameterTuningJobs": list_tuning_jobs,
    "ListTrainingJobsForHyperParameterTuningJob": tuning_api.list_trials,
    "AddTags": tags.add_tags,
    "ListTags": tags.list_tags,
    "DeleteTags": tags.delete_tags,
}
