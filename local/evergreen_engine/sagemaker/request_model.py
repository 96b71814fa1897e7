"""Check a request against AWS's own description of the SageMaker API (shipped in botocore).

botocore's `ParamValidator` knows types, required and unknown members. Lengths, ranges, patterns
and enumerations are in the model too but only the service checks them; that part is here, with
the wording of the service.
"""

import functools
import re
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

from evergreen_engine.sagemaker.errors import ApiError, validation_error


@functools.cache
def service_model() -> ServiceModel:
    """SageMaker's service model (about 0.2 s to load, then kept)."""
    return botocore.session.get_session().get_service_model("sagemaker")


@functools.cache
def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except re.error:
        # A few patterns use Java classes such as \p{L}; they cannot be checked here.
        return None


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _failure(value: object, path: str, rule: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: Member must {rule}"


def _size_failures(size: int, shape: Shape, path: str, value: object, noun: str) -> list[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    found = []
    if low is not None and size < low:
        found.append(_failure(value, path, f"have {noun} greater than or equal to {low}"))
    if high is not None and size > high:
        found.append(_failure(value, path, f"have {noun} less than or equal to {high}"))
    return found


def _string_failures(value: str, shape: Shape, path: str) -> list[str]:
    found = _size_failures(len(value), shape, path, value, "length")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        found.append(_failure(value, path, f"satisfy enum value set: [{', '.join(allowed)}]"))
    text = shape.metadata.get("pattern")
    pattern = _pattern(text) if text else None
    if pattern and not pattern.fullmatch(value):
        found.append(_failure(value, path, f"satisfy regular expression pattern: {text}"))
    return found


def _failures(value: Any, shape: Shape, path: str) -> list[str]:
    found: list[str] = []
    if shape.type_name == "structure":
        prefix = f"{path}." if path else ""
        for name in shape.required_members:
            if value.get(name) is None:
                found.append(_failure(None, prefix + _camel(name), "not be null"))
        for name, member in shape.members.items():
            if value.get(name) is not None:
                found += _failures(value[name], member, prefix + _camel(name))
    elif shape.type_name == "list":
        found += _size_failures(len(value), shape, path, value, "length")
        for position, item in enumerate(value, start=1):
            found += _failures(item, shape.member, f"{path}.{position}.member")
    elif shape.type_name == "map":
        found += _size_failures(len(value), shape, path, value, "length")
        for key, item in value.items():
            found += _failures(key, shape.key, f"{path}.key")
            found += _failures(item, shape.value, f"{path}.{key}.member")
    elif shape.type_name == "string":
        found += _string_failures(value, shape, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        found += _size_failures(value, shape, path, value, "value")
    return found


def operation(name: str) -> OperationModel | None:
    """The model of operation `name`, or None if SageMaker has no such operation."""
    model = service_model()
    return model.operation_model(name) if name in model.operation_names else None


def check_request(name: str, request: dict[str, Any]) -> None:
    """Raise what SageMaker answers to a request that does not fit its model.

    Raises
    ------
    ApiError
        ``ValidationException`` with each violated constraint, or ``SerializationException``
        for a member of the wrong type or an unknown one.
    """
    shape = operation(name).input_shape
    report = ParamValidator().validate(request, shape)
    wrong_shape = [error for error in report._errors if error[0] in ("invalid type", "unknown field")]
    if wrong_shape:
        report._errors = wrong_shape
        raise ApiError("SerializationException", report.generate_report().replace("\n", "; "))
    found = _failures(request, shape, "")
    if found:
        plural = "" if len(found) == 1 else "s"
        raise validation_error(f"{len(found)} validation error{plural} detected: " + "; ".join(found))


def only_output_members(name: str, record: dict[str, Any]) -> dict[str, Any]:
    """`record` without what the operation's output shape does not know, nor members that are None."""
    members = operation(name).output_shape.members
    return {key: value for key, value in record.items() if key in members and value is not None}
