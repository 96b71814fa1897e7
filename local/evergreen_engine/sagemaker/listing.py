"""List operations: filters, order and pages, the same for every kind of job."""

import base64
from collections.abc import Callable
from typing import Any

from botocore.utils import parse_to_aware_datetime

from evergreen_engine.sagemaker.errors import validation_error
from evergreen_engine.sagemaker.job_store import JobStore, Record

_DEFAULT_PAGE = 10


def _seconds(value: Any) -> float:
    return parse_to_aware_datetime(value).timestamp()


def _decode_token(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise validation_error("Invalid NextToken") from error


def _passes(record: Record, request: dict[str, Any], store: JobStore, name_member: str) -> bool:
    limits = (("CreationTimeAfter", "CreationTime", 1), ("CreationTimeBefore", "CreationTime", -1),
              ("LastModifiedTimeAfter", "LastModifiedTime", 1), ("LastModifiedTimeBefore", "LastModifiedTime", -1))
    for asked, member, sign in limits:
        if asked in request and (record[member] - _seconds(request[asked])) * sign < 0:
            return False
    return (request.get("NameContains", "").lower() in record[name_member].lower()
            and request.get("StatusEquals", record[store.status_member]) == record[store.status_member])


def list_jobs(store: JobStore, request: dict[str, Any], *, answer: str, name_member: str,
              summary: Callable[[Record], Record], only: Callable[[Record], bool] = lambda record: True) -> dict[str, Any]:
    """One page of a List operation.

    Parameters
    ----------
    answer : str
        Member of the answer that holds the page.
    """
    found = [record for record in store.records.values() if only(record) and _passes(record, request, store, name_member)]
    keys = {"Name": name_member, "Status": store.status_member}
    key = keys.get(request.get("SortBy", "CreationTime"), "CreationTime")
    found.sort(key=lambda record: (record[key], record["CreationTime"]), reverse=request.get("SortOrder", "Descending") == "Descending")
    start = _decode_token(request["NextToken"]) if request.get("NextToken") else 0
    end = start + request.get("MaxResults", _DEFAULT_PAGE)
    page: dict[str, Any] = {answer: [summary(record) for record in found[start:end]]}
    if end < len(found):
        page["NextToken"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return page
