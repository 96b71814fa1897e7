"""The SageMaker service as MiniStack sees it: one request handler, state, reset."""

import json
import logging
from typing import Any

from ministack.core.responses import new_uuid

from evergreen_engine.sagemaker import interrupted, job_store, role_session
from evergreen_engine.sagemaker.errors import ApiError
from evergreen_engine.sagemaker.operations import OPERATIONS
from evergreen_engine.sagemaker.request_model import (
    check_request,
    only_output_members,
    operation,
)

logger = logging.getLogger("evergreen.sagemaker")

Answer = tuple[int, dict[str, str], bytes]


def _answer(status: int, document: dict[str, Any]) -> Answer:
    return status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": new_uuid()}, json.dumps(document).encode()


def call(name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Perform operation `name` in the caller's account and region; raises `ApiError`."""
    perform = OPERATIONS.get(name)
    if perform is None:
        known = "is not part of the local engine" if operation(name) else "is unknown"
        raise ApiError("UnknownOperationException", f"SageMaker operation {name} {known}; there are {', '.join(sorted(OPERATIONS))}")
    check_request(name, request)
    answer = perform(request)
    return only_output_members(name, answer) if operation(name).output_shape else {}


async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]) -> Answer:
    """Answer one HTTP request of the ``SageMaker`` JSON protocol."""
    name = headers.get("x-amz-target", "").rpartition(".")[2]
    try:
        request = json.loads(body or b"{}")
        return _answer(200, call(name, request))
    except json.JSONDecodeError as error:
        return _answer(400, {"__type": "SerializationException", "message": str(error)})
    except ApiError as error:
        return _answer(400, {"__type": error.code, "message": error.message, "Message": error.message})


def get_state() -> dict[str, Any]:
    return job_store.snapshot()


def load_persisted_state(data: dict[str, Any]) -> None:
    """Restore the records; jobs that were running when the engine died become Failed."""
    for kind, record in job_store.restore(data or {}):
        interrupted.settle(kind, record)


def reset() -> None:
    job_store.clear()
    role_session.forget_sessions()
