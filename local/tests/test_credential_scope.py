"""A request must be signed for the service it goes to, as on AWS."""

import json
import urllib.error
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def call(engine, signed_for):
    request = AWSRequest("POST", f"http://127.0.0.1:{engine.port}/", data=b"{}", headers={
        "content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.ListKeys"})
    SigV4Auth(Credentials("test", "test"), signed_for, "us-east-1").add_auth(request)
    prepared = request.prepare()
    with urllib.request.urlopen(urllib.request.Request(prepared.url, prepared.body, dict(prepared.headers))) as answer:
        return json.load(answer)


def test_the_service_of_the_signature_is_the_service_that_is_called(engine):
    assert "Keys" in call(engine, "kms")
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(engine, "dynamodb")
    said = json.load(refused.value)
    assert (refused.value.code, said["__type"]) == (400, "InvalidSignatureException")
    assert said["message"] == "Credential should be scoped to correct service: 'kms'."


def test_every_client_here_signs_for_its_own_service(engine):
    for name, operation in [("dynamodb", "list_tables"), ("kms", "list_keys"), ("stepfunctions", "list_state_machines"),
                            ("sqs", "list_queues"), ("events", "list_rules"), ("logs", "describe_log_groups"),
                            ("sagemaker", "list_training_jobs")]:
        assert getattr(engine.client(name), operation)()["ResponseMetadata"]["HTTPStatusCode"] == 200
