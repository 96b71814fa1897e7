"""Parts of REST APIs that MiniStack's templates drop: request validators and access logs.

MiniStack validates requests, but its `AWS::ApiGateway::RequestValidator` only invents an id and
its `AWS::ApiGateway::Method` drops the reference, so an API from a template validated nothing.
Its `AWS::ApiGateway::Stage` drops `AccessLogSetting`. It holds a body of any content type against the
model of `application/json`, where AWS validates only the types that have a model.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

from evergreen_engine.patching import replaces, require_attributes

require_attributes("ministack.services.apigateway_v1", "_create_request_validator", "_request_validators", "_resources", "_header_ci")
require_attributes("ministack.services.cloudformation.provisioners", "_apigw_method_create", "_apigw_method_update")
Properties = dict[str, Any]
Made = tuple[str, dict[str, str]]


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _settings(properties: Properties) -> dict[str, Any]:
    return {"name": properties.get("Name", ""), "validateRequestBody": _is_true(properties.get("ValidateRequestBody")),
            "validateRequestParameters": _is_true(properties.get("ValidateRequestParameters"))}


def _create(logical_id: str, properties: Properties, stack_name: str) -> Made:
    status, _, body = apigateway_v1._create_request_validator(properties["RestApiId"], _settings(properties))
    if status >= 400:
        raise ValueError(f"AWS::ApiGateway::RequestValidator: {body.decode()}")
    identifier = json.loads(body)["id"]
    return identifier, {"RequestValidatorId": identifier}


def _update(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Made:
    validators = apigateway_v1._request_validators.get(new["RestApiId"], {})
    if physical_id not in validators:
        return _create("", new, stack_name)
    validators[physical_id].update(_settings(new))
    return physical_id, {"RequestValidatorId": physical_id}


def _delete(physical_id: str, properties: Properties) -> None:
    apigateway_v1._request_validators.get(properties["RestApiId"], {}).pop(physical_id, None)


def _name_validator(made: Made, properties: Properties) -> Made:
    resource = apigateway_v1._resources.get(properties.get("RestApiId", ""), {}).get(properties.get("ResourceId", ""), {})
    method = resource.get("resourceMethods", {}).get(properties.get("HttpMethod", "ANY"))
    if method is not None and properties.get("RequestValidatorId"):
        method["requestValidatorId"] = properties["RequestValidatorId"]
    return made


@replaces("ministack.services.apigateway_v1:_check_request_validation")
def _validate_types_with_a_model(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream takes the model of application/json for types that have none."""
    def _check_request_validation(method_obj, api_id, request, headers, body, query_params):
        models = method_obj.get("requestModels") or {}
        given = (apigateway_v1._header_ci(headers, "content-type") or "application/json").split(";", 1)[0].strip()
        model = models.get(given) or models.get("$default")
        own = {**method_obj, "requestModels": {given: model} if model else {}}
        return upstream(own, api_id, request, headers, body, query_params)

    return _check_request_validation


def _created(upstream: Callable[..., Made], complete: Callable[[Made, Properties], Made]) -> Callable[..., Made]:
    return lambda logical_id, properties, stack_name: complete(upstream(logical_id, properties, stack_name), properties)


def _updated(upstream: Callable[..., Made], complete: Callable[[Made, Properties], Made]) -> Callable[..., Made]:
    return lambda physical_id, old, new, *rest, **named: complete(upstream(physical_id, old, new, *rest, **named), new)


def _keep_access_log(made: Made, properties: Properties) -> Made:
    stage = apigateway_v1._stages_v1.get(properties.get("RestApiId", ""), {}).get(properties.get("StageName", ""))
    setting = properties.get("AccessLogSetting") or {}
    if stage is not None:
        stage["accessLogSettings"] = {"destinationArn": setting["DestinationArn"], "format": setting.get("Format", "")} if setting else {}
    return made


def add_rest_api_parts() -> None:
    """Replace the placeholders in MiniStack's table of resource types."""
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::ApiGateway::RequestValidator"] = {"create": _create, "update": _update, "delete": _delete}
    for type_name, complete in (("AWS::ApiGateway::Method", _name_validator), ("AWS::ApiGateway::Stage", _keep_access_log)):
        upstream = handlers[type_name]
        handlers[type_name] = {**upstream, "create": _created(upstream["create"], complete), "update": _updated(upstream["update"], complete)}
