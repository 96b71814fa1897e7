"""What EventBridge says of an object that was written."""

import json

from training_support import wait_until

LOCATION = {"LocationConstraint": "eu-central-1"}


def test_an_object_created_event_names_the_version_that_was_written(engine):
    s3, sqs, events = engine.client("s3"), engine.client("sqs"), engine.client("events")
    queue = sqs.create_queue(QueueName="object-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="object-events", EventPattern=json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": ["kept"]}}}))
    events.put_targets(Rule="object-events", Targets=[{"Id": "queue", "Arn": arn}])
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration=LOCATION)
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(Bucket="kept", NotificationConfiguration={"EventBridgeConfiguration": {}})

    written = [s3.put_object(Bucket="kept", Key="a b+ü.csv", Body=body)["VersionId"] for body in (b"1", b"2")]

    told = {}

    def all_told():
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            told_object = json.loads(message["Body"])["detail"]["object"]
            told[told_object["version-id"]] = told_object["key"]
        return len(told) == len(written)

    wait_until(all_told)
    assert told == {version: "a b+ü.csv" for version in written}
