"""With IAM checks on, a task may do what the role of its state machine may do.

MiniStack calls services inside the process, so a state machine can do everything there. What a
role needs for each integration: https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import stepfunctions as upstream_states
from ministack.services import sts

from evergreen_engine.patching import replaces, require_attributes
from evergreen_engine.settings import current_settings
from evergreen_engine.stepfunctions import task_scope

_STATES = "ministack.services.stepfunctions"
require_attributes("ministack.core.iam_evaluator", "enforce")
require_attributes("ministack.core.iam_actions", "extract_resource_arn", "SERVICE_TO_IAM_NAMESPACE")
require_attributes("ministack.services.sts", "register_session")

Need = tuple[str, str, str]
_JOB_KINDS = {"createTrainingJob": ("TrainingJob", "training-job", "StepFunctionsGetEventsForSageMakerTrainingJobsRule"),
              "createProcessingJob": ("ProcessingJob", "processing-job", "StepFunctionsGetEventsForSageMakerProcessingJobsRule"),
              "createHyperParameterTuningJob": ("HyperParameterTuningJob", "hyper-parameter-tuning-job", "StepFunctionsGetEventsForSageMakerTuningJobsRule")}
_ERROR_NAMES = {"lambda": "Lambda.AWSLambdaException", "sagemaker": "SageMaker.AmazonSageMakerException", "dynamodb": "DynamoDB.AmazonDynamoDBException",
                "sqs": "SQS.AmazonSQSException", "sns": "SNS.AmazonSNSException", "events": "EventBridge.AmazonEventBridgeException",
                "states": "StepFunctions.AWSStepFunctionsException"}


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def _managed_rule(name: str) -> list[Need]:
    return [("events", f"events:{action}", _arn("events", f"rule/{name}")) for action in ("PutTargets", "PutRule", "DescribeRule")]


def _job_needs(action: str, is_sync: bool, data: dict[str, Any]) -> list[Need]:
    noun, path, rule = _JOB_KINDS[action]
    job = _arn("sagemaker", f"{path}/{str(data.get(f'{noun}Name', '')).lower()}")
    role = data.get("RoleArn") or (data.get("TrainingJobDefinition") or {}).get("RoleArn", "*")
    needs = [("sagemaker", f"sagemaker:Create{noun}", job), ("sagemaker", "sagemaker:ListTags", job), ("iam", "iam:PassRole", role)]
    if data.get("Tags"):
        needs.append(("sagemaker", "sagemaker:AddTags", job))
    if is_sync:
        needs += [("sagemaker", f"sagemaker:Describe{noun}", job), ("sagemaker", f"sagemaker:Stop{noun}", job), *_managed_rule(rule)]
    return needs


def _execution_needs(is_sync: bool, data: dict[str, Any]) -> list[Need]:
    machine = data.get("StateMachineArn", "*")
    needs = [("states", "states:StartExecution", machine)]
    if is_sync:
        execution = machine.replace(":stateMachine:", ":execution:") + ":*"
        needs += [("states", f"states:{action}", execution) for action in ("DescribeExecution", "StopExecution")]
        needs += _managed_rule("StepFunctionsGetEventsForStepFunctionsExecutionRule")
    return needs


def _function_arn(reference: str) -> str:
    return reference if reference.startswith("arn:") else _arn("lambda", f"function:{reference}")


def _json_needs(service: str, action: str, data: Any) -> Iterator[Need]:
    operation = action[:1].upper() + action[1:]
    namespace = iam_actions.SERVICE_TO_IAM_NAMESPACE.get(service)
    if not namespace:
        return
    resource = iam_actions.extract_resource_arn(service, "POST", "/", {"x-amz-target": f"X.{operation}"}, json.dumps(data).encode(), {},
                                                get_region(), get_account_id())
    # Without a resource the check could only guess; a policy for one resource must not look like none.
    if resource != "*":
        yield service, f"{namespace}:{operation}", resource


def needs_of(resource: str, data: Any) -> list[Need]:
    """What the role needs for a task, as (service, action, resource)."""
    data = data if isinstance(data, dict) else {}
    is_sync = ".sync" in resource
    name = resource.removeprefix("arn:aws:states:::").replace(".sync:2", "").replace(".sync", "").replace(".waitForTaskToken", "")
    service, _, action = name.partition(":")
    if resource.startswith("arn:aws:lambda:"):
        return [("lambda", "lambda:InvokeFunction", resource)]
    if service == "lambda":
        return [("lambda", "lambda:InvokeFunction", _function_arn(data.get("FunctionName", "*")))]
    if service == "sagemaker" and action in _JOB_KINDS:
        return _job_needs(action, is_sync, data)
    if service == "states":
        return _execution_needs(is_sync, data)
    if service == "sns":
        return [("sns", "sns:Publish", data.get("TopicArn", "*"))]
    if service == "sqs":
        return [("sqs", "sqs:SendMessage", _arn("sqs", str(data.get("QueueUrl", "")).rsplit("/", 1)[-1]))]
    if service == "events":
        buses = {entry.get("EventBusName") or "default" for entry in data.get("Entries", [])}
        return [("events", "events:PutEvents", bus if bus.startswith("arn:") else _arn("events", f"event-bus/{bus}")) for bus in sorted(buses)]
    if service == "aws-sdk":
        service, _, action = action.partition(":")
    return list(_json_needs(service.lower(), action, data))


def _session_key(role_arn: str, execution_name: str) -> str:
    """Access key of a session of the role; made anew for each task, so that it cannot expire in between."""
    digest = hashlib.sha256(f"{role_arn} {execution_name}".encode()).hexdigest()
    key = f"ASIA{digest[:16].upper()}"
    session = execution_name[:64]
    role = role_arn.rsplit("/", 1)[-1]
    sts.register_session(key, {"Arn": f"arn:aws:sts::{role_arn.split(':')[4]}:assumed-role/{role}/{session}", "UserId": f"{role}:{session}",
                               "SecretAccessKey": digest, "SessionToken": digest})
    return key


def require(error_name: str | None, needs: list[Need]) -> None:
    """With checks on, raise unless the role of the running machine may do all this; without a name, by the service's own."""
    if not current_settings().checks_iam:
        return
    execution = upstream_states._executions.get(task_scope.current_execution() or "")
    machine = upstream_states._state_machines.get(execution["stateMachineArn"]) if execution else None
    if not machine:
        return
    key = _session_key(machine["roleArn"], execution["name"])
    for service, action, needed_arn in needs:
        context = {"iam:PassedToService": "sagemaker.amazonaws.com"} if action == "iam:PassRole" else None
        denied = iam_evaluator.enforce(key, action, service, get_region(), resource_arn=needed_arn, service_context=context)
        if denied:
            principal = getattr(denied, "principal_arn", machine["roleArn"])
            raise upstream_states._ExecutionError(
                error_name or _ERROR_NAMES.get(service, "States.Permissions"),
                f"User: {principal} is not authorized to perform: {action} on resource: {needed_arn} because no identity-based policy allows the {action} action")


@replaces(f"{_STATES}:_invoke_resource")
def _check_role_first(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream never looks at the role of a state machine."""
    def _invoke_resource(resource, input_data):
        if current_settings().checks_iam:
            require(None, needs_of(resource, input_data))
        return upstream(resource, input_data)

    return _invoke_resource
