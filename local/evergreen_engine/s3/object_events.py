"""EventBridge events of S3 name the version of the object, as AWS's do for a versioned bucket.

MiniStack hands the version to its SQS, SNS and Lambda notifications, but leaves `version-id` out of
the `object` of the event on EventBridge. Who reads an object by its event would then read whatever
is newest, not what the event is about.

Source: Amazon S3 User Guide, "EventBridge event message structure".
"""

import json
from contextvars import ContextVar
from typing import Any

from evergreen_engine.patching import Function, replaces

_version_id: ContextVar[str | None] = ContextVar("version of the object whose event is on its way", default=None)


@replaces("ministack.services.s3:_fire_s3_event")
def _remember_version(upstream: Function) -> Function:
    def fire(*args: Any, **kwargs: Any) -> None:
        token = _version_id.set(kwargs.get("version_id"))
        try:
            upstream(*args, **kwargs)
        finally:
            _version_id.reset(token)

    return fire


@replaces("ministack.services.eventbridge:_dispatch_event")
def _name_version(upstream: Function) -> Function:
    def dispatch(*args: Any, **kwargs: Any) -> Any:
        event, *others = args
        version_id = _version_id.get()
        if version_id and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"].setdefault("version-id", version_id)
            event = {**event, "Detail": json.dumps(detail)}
        return upstream(event, *others, **kwargs)

    return dispatch
