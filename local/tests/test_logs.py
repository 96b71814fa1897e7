import base64
import gzip
import json
import time

import pytest
from training_support import wait_until

from evergreen_engine.logs.filter_pattern import PatternError, compile_pattern

LINE = json.dumps({"kind": "prediction", "ms": 12.5, "model": {"name": "iris"}, "rows": [1, 2], "ok": True, "error": None})


@pytest.mark.parametrize("pattern, matches", [
    ('{ $.kind = "prediction" }', True), ('{ $.kind = "predic*" }', True), ('{ $.kind != "prediction" }', False),
    ("{ $.ms > 12 && $.ms <= 12.5 }", True), ("{ $.ms < 1 || $.model.name = iris }", True), ("{ $.rows[1] = 2 }", True),
    ("{ $.ok IS TRUE }", True), ("{ $.error IS NULL }", True), ("{ $.absent NOT EXISTS }", True), ("{ $.absent = 1 }", False),
    ('{ ($.ms = 1 || $.ms = 12.5) && $.model.name = "iris" }', True), ("", True), ("prediction", True), ("prediction -iris", False),
    ("?nothing ?prediction", True), ('"kind\\": \\"prediction"', True)])
def test_filter_patterns(pattern, matches):
    assert compile_pattern(pattern)(LINE) is matches


def test_a_json_pattern_never_matches_plain_text():
    assert compile_pattern('{ $.kind = "prediction" }')("START RequestId: 1") is False


@pytest.mark.parametrize("pattern", ["{ $.a = }", "{ a = 1 }", "{ ($.a = 1 }"])
def test_a_broken_pattern_is_an_error(pattern):
    with pytest.raises(PatternError):
        compile_pattern(pattern)


def emf(**members):
    return json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [{
        "Namespace": "Evergreen", "Dimensions": [["model"], ["model", "version"]],
        "Metrics": [{"Name": "latency", "Unit": "Milliseconds", "StorageResolution": 1}, {"Name": "count", "Unit": "Count"}]}]},
        "model": "iris", "version": "7", "count": 1, **members})


def sums(engine, name, **dimensions):
    found = engine.client("cloudwatch").get_metric_statistics(
        Namespace="Evergreen", MetricName=name, StartTime=time.time() - 300, EndTime=time.time() + 60, Period=3600,
        Statistics=["Sum", "SampleCount"], Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()])
    return [(point["Sum"], point["SampleCount"]) for point in found["Datapoints"]]


def test_embedded_metrics_of_a_log_event_have_each_dimension_set(engine):
    logs = engine.client("logs")
    logs.create_log_group(logGroupName="emf")
    logs.create_log_stream(logGroupName="emf", logStreamName="s")
    logs.put_log_events(logGroupName="emf", logStreamName="s", logEvents=[
        {"timestamp": int(time.time() * 1000), "message": emf(latency=[10, 20, 30])}])
    assert sums(engine, "latency", model="iris") == [(60.0, 3.0)]
    assert sums(engine, "latency", model="iris", version="7") == [(60.0, 3.0)]
    assert sums(engine, "count", model="iris", version="7") == [(1.0, 1.0)]


def test_lines_of_a_function_become_metrics_and_reach_its_subscriber(engine, function):
    lambdas, logs = engine.client("lambda"), engine.client("logs")
    speaker = "console.log(JSON.stringify({kind: 'prediction', id: event.id})); console.log('plain prediction'); console.log(event.emf); return 1;"
    logs.create_log_group(logGroupName="/own/group")
    function("speaker", speaker, LoggingConfig={"LogGroup": "/own/group"})
    listener = function("listener", "console.log(event.awslogs.data);")
    logs.put_subscription_filter(logGroupName="/own/group", filterName="predictions", filterPattern='{ $.kind = "prediction" }',
                                 destinationArn=listener)
    lambdas.invoke(FunctionName="speaker", Payload=json.dumps({"id": "p-1", "emf": emf(model="spoken", latency=5)}))
    assert sums(engine, "latency", model="spoken") == [(5.0, 1.0)]

    def received():
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/listener")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        return [event["message"] for event in events if event["message"].startswith("H4s")]

    [data] = wait_until(received)
    document = json.loads(gzip.decompress(base64.b64decode(data)))
    assert (document["messageType"], document["logGroup"], document["subscriptionFilters"]) == ("DATA_MESSAGE", "/own/group", ["predictions"])
    assert [json.loads(event["message"]) for event in document["logEvents"]] == [{"kind": "prediction", "id": "p-1"}]


def test_a_subscriber_that_fails_is_given_the_lines_again(engine, function):
    logs = engine.client("logs")
    logs.create_log_group(logGroupName="again")
    logs.create_log_stream(logGroupName="again", logStreamName="s")
    body = "globalThis.calls = (globalThis.calls ?? 0) + 1; if (globalThis.calls < 3) throw new Error('not yet'); console.log('taken');"
    logs.put_subscription_filter(logGroupName="again", filterName="all", filterPattern="", destinationArn=function("reluctant", body))
    logs.put_log_events(logGroupName="again", logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000), "message": "a line"}])

    def messages():
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/reluctant")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        found = [event["message"].strip() for event in events]
        return found if "taken" in found else None

    found = wait_until(messages)
    assert sum("START" in message for message in found) == 3


def test_a_metric_filter_counts_matching_lines(engine):
    logs = engine.client("logs")
    logs.create_log_group(logGroupName="counted")
    logs.create_log_stream(logGroupName="counted", logStreamName="s")
    logs.put_metric_filter(logGroupName="counted", filterName="errors", filterPattern='{ $.level = "ERROR" }', metricTransformations=[
        {"metricNamespace": "Evergreen", "metricName": "errors", "metricValue": "1"}])
    logs.put_log_events(logGroupName="counted", logStreamName="s", logEvents=[
        {"timestamp": int(time.time() * 1000), "message": json.dumps({"level": level})} for level in ("ERROR", "INFO", "ERROR")])
    assert sums(engine, "errors") == [(2.0, 2.0)]
