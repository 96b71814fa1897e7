"""Credentials of a job's role, and the S3 client that works with them.

A job reads its inputs and writes its outputs as its own role, over HTTP like any other caller,
so that a grant missing on AWS is missing here.
"""

import functools
import json
import time
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam

from evergreen_engine.sagemaker.errors import validation_error
from evergreen_engine.settings import current_settings

_PRINCIPAL = "sagemaker.amazonaws.com"
SESSION_NAME = "SageMaker"
_KEPT_SECONDS = 900


@dataclass(frozen=True)
class RoleCredentials:
    access_key_id: str
    secret_access_key: str
    session_token: str


@functools.cache
def _session() -> botocore.session.Session:
    session = botocore.session.Session()
    # The person's own profiles and config files must not steer the engine's calls to itself.
    session.set_config_variable("config_file", "/dev/null")
    session.set_config_variable("credentials_file", "/dev/null")
    return session


def client(service: str, credentials: RoleCredentials) -> Any:
    """A botocore client of `service` at this engine."""
    return _session().create_client(
        service, region_name=get_region(), endpoint_url=current_settings().endpoint_url,
        aws_access_key_id=credentials.access_key_id, aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token or None,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3, "mode": "standard"},
                      connect_timeout=5, read_timeout=60, max_pool_connections=8))


@functools.cache
def _engine_sts(region: str, account: str) -> Any:
    # An account id as key id is that account's root user for MiniStack.
    return client("sts", RoleCredentials(account, "test", ""))


def _trusts_sagemaker(role: dict[str, Any]) -> bool:
    document = role.get("AssumeRolePolicyDocument") or "{}"
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        named = principal.get("Service", []) if isinstance(principal, dict) else principal
        if statement.get("Effect") == "Allow" and (named == "*" or _PRINCIPAL in ([named] if isinstance(named, str) else named)):
            return True
    return False


def check_role(role_arn: str) -> None:
    """Raise SageMaker's answer to a role it cannot assume (only while IAM is checked)."""
    if not current_settings().checks_iam:
        return
    role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
    if role is None or not _trusts_sagemaker(role):
        raise validation_error(f"Could not assume role {role_arn}. Please ensure that the role exists and allows "
                               f"principal '{_PRINCIPAL}' to assume the role.")


@dataclass(frozen=True)
class RoleSession:
    """A role's credentials, valid for another three quarters of an hour at least, and its S3 client."""

    credentials: RoleCredentials
    s3: Any
    started: float


_sessions: dict[tuple[str, str, str], RoleSession] = {}


def session_of(role_arn: str) -> RoleSession:
    """A session of a job's role.

    Kept for a quarter of an hour: making one costs more than a short job. Policies are looked up at
    each request, so a grant that is taken away counts at once all the same.
    """
    key = (get_account_id(), get_region(), role_arn)
    session = _sessions.get(key)
    if session is None or time.monotonic() > session.started + _KEPT_SECONDS:
        answer = _engine_sts(get_region(), get_account_id()).assume_role(
            RoleArn=role_arn, RoleSessionName=SESSION_NAME)["Credentials"]
        credentials = RoleCredentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        session = _sessions[key] = RoleSession(credentials, client("s3", credentials), time.monotonic())
    return session


def forget_sessions() -> None:
    """Drop kept sessions, because MiniStack was reset and knows them no more."""
    _sessions.clear()
