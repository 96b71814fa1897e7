"""AddTags, ListTags, DeleteTags."""

from typing import Any

from evergreen_engine.sagemaker.errors import validation_error
from evergreen_engine.sagemaker.job_store import tags_by_arn

_MAX_TAGS = 50


def put(arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
    """Add or overwrite tags of a resource; returns all it has now."""
    merged = {tag["Key"]: tag["Value"] for tag in tags_by_arn.get(arn) or []}
    merged |= {tag["Key"]: tag["Value"] for tag in tags}
    if len(merged) > _MAX_TAGS:
        raise validation_error(f"Tag limit exceeded: {len(merged)} tags; {_MAX_TAGS} are allowed")
    all_tags = [{"Key": key, "Value": value} for key, value in merged.items()]
    if all_tags:
        tags_by_arn[arn] = all_tags
    return all_tags


def add_tags(request: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": put(request["ResourceArn"], request["Tags"])}


def list_tags(request: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": tags_by_arn.get(request["ResourceArn"]) or []}


def delete_tags(request: dict[str, Any]) -> dict[str, Any]:
    kept = [tag for tag in tags_by_arn.get(request["ResourceArn"]) or [] if tag["Key"] not in request["TagKeys"]]
    tags_by_arn[request["ResourceArn"]] = kept
    return {}
