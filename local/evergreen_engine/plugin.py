"""Everything the plug-in adds to MiniStack, in one call."""

import importlib

from evergreen_engine import loopback_transport, patching, registration
from evergreen_engine.cloudformation import rest_api_parts, web_acl_association
from evergreen_engine.cloudwatch import alarm_requests
from evergreen_engine.stepfunctions import sagemaker_tasks

# Modules that declare replacements; importing one changes nothing by itself.
_REPLACEMENTS: tuple[str, ...] = (
    "functions.node_worker",
    "functions.unpacked_archives",
    "s3.object_events",
    "logs.ingestion",
    "cloudwatch.metric_store",
    "cloudwatch.alarm_evaluation",
    "cloudwatch.alarm_actions",
    "cloudwatch.alarm_requests",
    "cloudwatch.service_metrics",
    "stepfunctions.execution_ends",
    "stepfunctions.start_execution",
    "stepfunctions.callbacks",
    "stepfunctions.task_rules",
    "stepfunctions.branches",
    "stepfunctions.role_check",
    "stepfunctions.distributed_map",
    "sagemaker.role_trust",
    "sagemaker.request_resource",
    "loopback_transport",
)


def install() -> None:
    """Register our services and replace the upstream functions that must differ."""
    registration.add_sagemaker()
    for name in _REPLACEMENTS:
        importlib.import_module(f"evergreen_engine.{name}")
    patching.apply_replacements()
    loopback_transport.count_services_as_secure()
    sagemaker_tasks.add_tasks()
    alarm_requests.add_composite_alarms()
    web_acl_association.add_web_acl_associations()
    rest_api_parts.add_rest_api_parts()
