import json
import time

import pytest
from botocore.exceptions import ClientError
from training_support import wait_until


@pytest.fixture(scope="module")
def watch(engine):
    return engine.client("cloudwatch")


@pytest.fixture(scope="module")
def mailbox(engine):
    """An SNS topic, and a function that answers what reached it."""
    sqs, sns = engine.client("sqs"), engine.client("sns")
    queue = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    events = engine.client("events")
    events.put_rule(Name="alarm-changes", EventPattern=json.dumps({"source": ["aws.cloudwatch"]}))
    events.put_targets(Rule="alarm-changes", Targets=[{"Id": "queue", "Arn": arn}])
    seen = []

    def read(matching):
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            body = json.loads(message["Body"])
            seen.append(json.loads(body["Message"]) if "Message" in body else body)
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return next((item for item in seen if matching(item)), None)

    return topic, read


def state(watch, name):
    found = watch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return (found["MetricAlarms"] + found["CompositeAlarms"])[0]["StateValue"]


def alarm(watch, name, **changes):
    watch.put_metric_alarm(**{"AlarmName": name, "Namespace": "Test", "MetricName": name, "Statistic": "Sum", "Period": 10,
                              "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold", **changes})


def put(watch, name, value, dimensions=(), age=0.0):
    watch.put_metric_data(Namespace="Test", MetricData=[{
        "MetricName": name, "Value": value, "Timestamp": time.time() - age, "StorageResolution": 1,
        "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions]}])


def test_an_alarm_sees_its_own_dimensions_only(watch):
    alarm(watch, "errors", Dimensions=[{"Name": "model", "Value": "iris"}], TreatMissingData="notBreaching")
    put(watch, "errors", 5, [("model", "other")])
    wait_until(lambda: state(watch, "errors") == "OK", 5)
    put(watch, "errors", 5, [("model", "iris")])
    wait_until(lambda: state(watch, "errors") == "ALARM", 5)


def test_two_of_three_datapoints(watch):
    alarm(watch, "two", EvaluationPeriods=3, DatapointsToAlarm=2)
    put(watch, "two", 2, age=25)
    put(watch, "two", 0, age=15)
    wait_until(lambda: state(watch, "two") == "OK", 5)
    put(watch, "two", 2, age=1)
    wait_until(lambda: state(watch, "two") == "ALARM", 5)


def test_a_percentile(watch):
    watch.put_metric_alarm(
        AlarmName="latency", Namespace="Test", MetricName="latency", ExtendedStatistic="p99", Period=10, EvaluationPeriods=1,
        Threshold=100, ComparisonOperator="GreaterThanThreshold")
    for value in [10] * 50 + [500] * 2:
        put(watch, "latency", value)
    wait_until(lambda: state(watch, "latency") == "ALARM", 5)


def test_metric_math_over_two_metrics(watch):
    metric = lambda name: {"Metric": {"Namespace": "Test", "MetricName": name}, "Period": 10, "Stat": "Sum"}
    watch.put_metric_alarm(AlarmName="rate", EvaluationPeriods=1, Threshold=0.1, ComparisonOperator="GreaterThanThreshold", Metrics=[
        {"Id": "rate", "Expression": "IF(calls >= 10, FILL(failed, 0) / calls, 0)", "ReturnData": True},
        {"Id": "failed", "MetricStat": metric("failed"), "ReturnData": False},
        {"Id": "calls", "MetricStat": metric("calls"), "ReturnData": False}])
    put(watch, "calls", 20)
    wait_until(lambda: state(watch, "rate") == "OK", 5)
    put(watch, "failed", 5)
    wait_until(lambda: state(watch, "rate") == "ALARM", 5)
    assert [query["Id"] for query in watch.describe_alarms(AlarmNames=["rate"])["MetricAlarms"][0]["Metrics"]] == ["rate", "failed", "calls"]


def test_silence_is_noticed_without_any_request(watch):
    alarm(watch, "heartbeat", Statistic="SampleCount", ComparisonOperator="LessThanThreshold", TreatMissingData="breaching")
    wait_until(lambda: state(watch, "heartbeat") == "ALARM", 5)


def test_a_change_reaches_sns_and_eventbridge(watch, mailbox):
    topic, read = mailbox
    alarm(watch, "loud", AlarmActions=[topic], AlarmDescription="too loud", Dimensions=[{"Name": "a", "Value": "b"}])
    put(watch, "loud", 3, [("a", "b")])
    message = wait_until(lambda: read(lambda item: item.get("AlarmName") == "loud"), 6)
    assert (message["NewStateValue"], message["OldStateValue"], message["Region"]) == ("ALARM", "INSUFFICIENT_DATA", "Europe (Frankfurt)")
    assert message["Trigger"]["Dimensions"] == [{"value": "b", "name": "a"}] and message["Trigger"]["Statistic"] == "SUM"
    event = wait_until(lambda: read(lambda item: item.get("detail", {}).get("alarmName") == "loud"), 6)
    assert event["detail-type"] == "CloudWatch Alarm State Change" and event["resources"] == [message["AlarmArn"]]
    assert event["detail"]["state"]["value"] == "ALARM" and event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"] == {"a": "b"}


def test_a_state_set_by_hand_acts_and_is_then_corrected(watch, mailbox):
    topic, read = mailbox
    alarm(watch, "drill", AlarmActions=[topic], TreatMissingData="notBreaching")
    wait_until(lambda: state(watch, "drill") == "OK", 5)
    watch.set_alarm_state(AlarmName="drill", StateValue="ALARM", StateReason="drill")
    assert state(watch, "drill") == "ALARM"
    assert wait_until(lambda: read(lambda item: item.get("AlarmName") == "drill"), 6)["NewStateReason"] == "drill"
    wait_until(lambda: state(watch, "drill") == "OK", 9)


def test_a_composite_follows_its_children(watch):
    alarm(watch, "child", TreatMissingData="notBreaching")
    wait_until(lambda: state(watch, "child") == "OK", 5)
    watch.put_composite_alarm(AlarmName="parent", AlarmRule='ALARM("child")')
    put(watch, "child", 1)
    wait_until(lambda: state(watch, "parent") == "ALARM", 5)


@pytest.mark.parametrize("changes, text", [({"Period": 15}, "multiple of 60"), ({"DatapointsToAlarm": 2}, "DatapointsToAlarm")])
def test_settings_aws_refuses_are_refused(watch, changes, text):
    with pytest.raises(ClientError, match=text):
        alarm(watch, "refused", **changes)
