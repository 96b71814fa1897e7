"""Reads a list of {operation, request} from stdin and prints what SageMaker's service model has against each."""

import json
import sys

from evergreen_engine.sagemaker.errors import ApiError
from evergreen_engine.sagemaker.request_model import check_request


def complaint(item: dict) -> str:
    try:
        check_request(item["operation"], item["request"])
    except ApiError as error:
        return str(error)
    return ""


print(json.dumps([complaint(item) for item in json.load(sys.stdin)]))
