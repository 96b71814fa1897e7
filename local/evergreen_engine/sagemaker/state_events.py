"""Job state changes on EventBridge."""

import json
import logging
from typing import Any

from ministack.services import eventbridge

from evergreen_engine.patching import require_attributes

require_attributes("ministack.services.eventbridge", "_put_events")
logger = logging.getLogger("evergreen.sagemaker")


def with_millis(value: Any, name: str = "") -> Any:
    """Times in these events are epoch milliseconds, unlike the API's seconds."""
    if isinstance(value, dict):
        return {key: with_millis(item, key) for key, item in value.items() if not key.startswith("_")}
    if isinstance(value, list):
        return [with_millis(item) for item in value]
    return int(value * 1000) if isinstance(value, float) and name.endswith("Time") else value


def publish(detail_type: str, arn: str, record: dict[str, Any]) -> None:
    """Put ``SageMaker ... Job State Change`` on the default bus; never fails the job."""
    try:
        eventbridge._put_events({"Entries": [{
            "Source": "aws.sagemaker", "DetailType": detail_type, "Resources": [arn],
            "Detail": json.dumps(with_millis(record))}]}, allow_aws_source=True)
    except Exception:
        logger.warning("state change of %s could not be published", arn, exc_info=True)
