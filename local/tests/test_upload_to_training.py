"""The way of an upload: S3, EventBridge, SQS, function, state machine, training job."""

import json
import time

import pytest
from training_support import wait_until

STARTER = """
    const { SFNClient, StartExecutionCommand } = require('@aws-sdk/client-sfn');
    const client = new SFNClient({});
    for (const record of event.Records) {
        const detail = JSON.parse(record.body).detail;
        await client.send(new StartExecutionCommand({ stateMachineArn: process.env.MACHINE, input: JSON.stringify({ key: detail.object.key, version: detail.object['version-id'] }) }));
    }
    return { batchItemFailures: [] };
"""


@pytest.fixture(scope="module")
def way(engine, bench, function):
    sqs, events, states = engine.client("sqs"), engine.client("events"), engine.client("stepfunctions")
    bench.s3.create_bucket(Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    bench.s3.put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Enabled"})
    bench.s3.put_bucket_notification_configuration(Bucket="uploads", NotificationConfiguration={"EventBridgeConfiguration": {}})
    request = bench.request("import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('m')")
    request["TrainingJobName"] = "{% 'run-' & $substringBefore($states.context.Execution.Name, '-') & '-' & $string($millis()) %}"
    definition = {"QueryLanguage": "JSONata", "StartAt": "Train", "States": {"Train": {
        "Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Arguments": request,
        "Output": {"upload": "{% $states.input %}", "model": "{% $states.result.ModelArtifacts.S3ModelArtifacts %}"}, "End": True}}}
    machine = states.create_state_machine(name="pipeline", roleArn="arn:aws:iam::000000000000:role/states", definition=json.dumps(definition))["stateMachineArn"]
    function("starter", STARTER, Environment={"Variables": {"MACHINE": machine}})
    queue = sqs.create_queue(QueueName="arrivals")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    engine.client("lambda").create_event_source_mapping(EventSourceArn=queue_arn, FunctionName="starter", BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"])
    events.put_rule(Name="uploads", EventPattern=json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["uploads"]}}}))
    events.put_targets(Rule="uploads", Targets=[{"Id": "queue", "Arn": queue_arn}])

    def upload(key: str) -> tuple[float, dict]:
        started = time.perf_counter()
        bench.s3.put_object(Bucket="uploads", Key=key, Body="a,b\n1,2\n")

        def done():
            for execution in states.list_executions(stateMachineArn=machine)["executions"]:
                found = states.describe_execution(executionArn=execution["executionArn"])
                if json.loads(found["input"])["key"] == key and found["status"] != "RUNNING":
                    return found
            return None

        found = wait_until(done, 20)
        return time.perf_counter() - started, found

    return upload


def test_an_upload_is_trained_within_seconds(way):
    seconds, found = way("one.csv")
    assert found["status"] == "SUCCEEDED", found.get("cause")
    assert json.loads(found["output"])["upload"]["version"]
    assert seconds < 6
    warm, _ = way("two.csv")
    print(f"cold {seconds:.2f} s, warm {warm:.2f} s")
    assert warm < 3


def test_an_event_whose_function_always_fails_ends_in_the_dead_letters_and_alarms(engine, function):
    sqs, watch = engine.client("sqs"), engine.client("cloudwatch")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    queue = sqs.create_queue(QueueName="failing", Attributes={"VisibilityTimeout": "1", "RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"})})["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function("breaks", "throw new Error('always');")
    watch.put_metric_alarm(AlarmName="dead-letters", Namespace="AWS/SQS", MetricName="ApproximateNumberOfMessagesVisible", Statistic="Maximum", Period=60,
                           EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold", Dimensions=[{"Name": "QueueName", "Value": "dead"}])
    engine.client("lambda").create_event_source_mapping(EventSourceArn=queue_arn, FunctionName="breaks")
    sqs.send_message(QueueUrl=queue, MessageBody="lost")
    visible = lambda: sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]["ApproximateNumberOfMessages"]
    wait_until(lambda: visible() == "1", 15)
    wait_until(lambda: watch.describe_alarms(AlarmNames=["dead-letters"])["MetricAlarms"][0]["StateValue"] == "ALARM", 15)
    errors = watch.get_metric_statistics(Namespace="AWS/Lambda", MetricName="Errors", Dimensions=[{"Name": "FunctionName", "Value": "breaks"}],
                                         StartTime=time.time() - 60, EndTime=time.time() + 60, Period=3600, Statistics=["Sum"])
    assert errors["Datapoints"][0]["Sum"] == 2
