"""Add a service of ours to MiniStack's tables."""

import sys

from ministack import app as upstream
from ministack.core import iam_actions, router

from evergreen_engine.patching import require_attributes

require_attributes("ministack.app", "SERVICE_REGISTRY", "SERVICE_HANDLERS", "_lazy_handler", "_loaded_modules")
require_attributes("ministack.core.router", "SERVICE_PATTERNS")
require_attributes("ministack.core.iam_actions", "SERVICE_TO_IAM_NAMESPACE")


def add_sagemaker() -> None:
    """Make SageMaker a service like any other: routed, persisted, reset and checked by IAM."""
    from evergreen_engine.sagemaker import service

    # Upstream finds a service module by its name below ministack.services, both for requests
    # and for saving state; ours lives elsewhere, so it is entered under that name.
    sys.modules["ministack.services.sagemaker"] = service
    upstream._loaded_modules["sagemaker"] = service
    upstream.SERVICE_REGISTRY["sagemaker"] = {"module": "sagemaker"}
    upstream.SERVICE_HANDLERS["sagemaker"] = upstream._lazy_handler("sagemaker")
    upstream._state_map["sagemaker"] = "sagemaker"
    router.SERVICE_PATTERNS["sagemaker"] = {"target_prefixes": ["SageMaker"], "host_patterns": [r"api\.sagemaker\."]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE["sagemaker"] = "sagemaker"
