"""A request that never leaves the machine counts as one over TLS.

Policies of buckets and queues deny what does not come over TLS. The engine listens on the loopback
address alone, where there is no wire to protect, and speaks plain HTTP there: without this every
such policy would deny everything while IAM checks are on.
"""

from contextvars import ContextVar
from ipaddress import ip_address

from ministack.core import iam_evaluator

from evergreen_engine.patching import Function, replaces, require_attributes


def is_loopback(address: str) -> bool:
    """Whether an address, as written by the server, is one of this machine alone."""
    try:
        return ip_address(address.split("%")[0]).is_loopback
    except ValueError:
        return False


@replaces("ministack.app:pin_request_origin")
def _count_loopback_as_secure(upstream: Function) -> Function:
    def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
        upstream(source_ip, secure_transport or is_loopback(source_ip))

    return pin_request_origin


def count_services_as_secure() -> None:
    """What one service sends another, such as a topic to a queue, belongs to no request; on AWS it goes over TLS.

    Upstream's value for "no request" is plain HTTP, which the TLS-only policies of queues then deny.
    """
    require_attributes("ministack.core.iam_evaluator", "_request_origin")
    iam_evaluator._request_origin = ContextVar("origin of the request", default=("127.0.0.1", True))
