"""A request must be signed for the service it goes to.

Upstream reads the key of a signature and leaves the rest of its scope alone; AWS refuses what was signed for another
service. So a program that signs wrongly would work here and fail there.

Source: AWS General Reference, "Troubleshooting AWS Signature Version 4 signing of AWS API requests" (credential scope).
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

# Services of the JSON protocols, by what their targets begin with.
_SIGNING_NAMES = {
    b"AWSEvents": "events",
    b"AWSStepFunctions": "states",
    b"AmazonSQS": "sqs",
    b"DynamoDB_20120810": "dynamodb",
    b"Logs_20140328": "logs",
    b"SageMaker": "sagemaker",
    b"TrentService": "kms",
}
_SCOPE = re.compile(rb"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")


def expected_scope(headers: dict[bytes, bytes]) -> str | None:
    """The service a request is to be signed for, when it was signed for another one."""
    signed = _SCOPE.search(headers.get(b"authorization", b""))
    name = _SIGNING_NAMES.get(headers.get(b"x-amz-target", b"").split(b".")[0])
    return name if signed and name and signed[1].decode() != name else None


def refuse_foreign_scopes(app: App) -> App:
    """The same app for requests signed for the service they go to; others are refused as AWS does."""

    async def checked(scope: dict[str, Any], receive: Any, send: Any) -> None:
        expected = expected_scope(dict(scope.get("headers", []))) if scope["type"] == "http" else None
        if expected is None:
            await app(scope, receive, send)
            return
        body = json.dumps({
            "__type": "InvalidSignatureException",
            "message": f"Credential should be scoped to correct service: '{expected}'.",
        }).encode()
        headers = [(b"content-type", b"application/x-amz-json-1.1"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return checked
