"""`AWS::WAFv2::WebACLAssociation`, which MiniStack's API knows and its templates do not.

Rules are stored and never applied to requests, neither by MiniStack nor here.
"""

from typing import Any

from ministack.services import waf
from ministack.services.cloudformation import provisioners

from evergreen_engine.patching import require_attributes

require_attributes("ministack.services.waf", "_associate_web_acl", "_disassociate_web_acl")


def _create(logical_id: str, properties: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
    status, _, body = waf._associate_web_acl(properties)
    if status >= 400:
        raise ValueError(f"AWS::WAFv2::WebACLAssociation: {body.decode()}")
    return f"{properties['WebACLArn']}|{properties['ResourceArn']}", {}


def _update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
    _delete(physical_id, old)
    return _create("", new, stack_name)


def _delete(physical_id: str, properties: dict[str, Any]) -> None:
    waf._disassociate_web_acl({"ResourceArn": physical_id.rpartition("|")[2]})


def add_web_acl_associations() -> None:
    """Enter the type into MiniStack's table of resource types."""
    provisioners._RESOURCE_HANDLERS["AWS::WAFv2::WebACLAssociation"] = {"create": _create, "update": _update, "delete": _delete}
