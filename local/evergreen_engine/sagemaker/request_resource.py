"""IAM checks of SageMaker requests know which job a request is about."""

import json
from collections.abc import Callable
from typing import Any

from evergreen_engine.patching import replaces

_KINDS = {"TrainingJobName": "training-job", "ProcessingJobName": "processing-job",
          "HyperParameterTuningJobName": "hyper-parameter-tuning-job"}


@replaces("ministack.core.iam_actions:extract_resource_arn")
def _with_jobs(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream takes every SageMaker request for one about `*`, so that no grant on a job would count."""
    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        if service != "sagemaker":
            return upstream(service, method, path, headers, body, query_params, region, account_id)
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            return "*"
        if "ResourceArn" in request:
            return request["ResourceArn"]
        for member, kind in _KINDS.items():
            if member in request:
                return f"arn:aws:sagemaker:{region}:{account_id}:{kind}/{str(request[member]).lower()}"
        return "*"

    return extract_resource_arn
