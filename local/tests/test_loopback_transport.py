"""With IAM checks on, policies that ask for TLS let requests of this machine pass, and no others."""

import json
import signal

import pytest
from engine_process import start_engine
from training_support import wait_until

from evergreen_engine.loopback_transport import is_loopback


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = start_engine(tmp_path_factory.mktemp("tls") / "state", "--auth")
    yield engine
    engine.stop(signal.SIGTERM)


def tls_only(action: str, resources: list[str]) -> str:
    deny = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resources, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    return json.dumps({"Version": "2012-10-17", "Statement": [deny]})


def user(engine, *actions):
    iam = engine.client("iam")
    iam.create_user(UserName="caller")
    allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    iam.put_user_policy(UserName="caller", PolicyName="rights", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    key = iam.create_access_key(UserName="caller")["AccessKey"]
    return lambda service: engine.client(service, key["AccessKeyId"], key["SecretAccessKey"])


def test_a_bucket_and_a_queue_that_ask_for_tls_are_reached(engine):
    location = {"LocationConstraint": engine.client("s3").meta.region_name}
    engine.client("s3").create_bucket(Bucket="guarded", CreateBucketConfiguration=location)
    engine.client("s3").put_bucket_policy(Bucket="guarded", Policy=tls_only("s3:*", ["arn:aws:s3:::guarded", "arn:aws:s3:::guarded/*"]))
    sqs = engine.client("sqs")
    url = sqs.create_queue(QueueName="guarded")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": tls_only("sqs:*", [arn])})
    client = user(engine, "s3:PutObject", "s3:GetObject", "sqs:SendMessage", "sqs:ReceiveMessage")

    client("s3").put_object(Bucket="guarded", Key="a", Body=b"1")
    assert client("s3").get_object(Bucket="guarded", Key="a")["Body"].read() == b"1"
    client("sqs").send_message(QueueUrl=url, MessageBody="hello")
    assert client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"


def test_an_alarm_reaches_a_queue_that_asks_for_tls(engine):
    sqs, sns, cloudwatch = (engine.client(name) for name in ("sqs", "sns", "cloudwatch"))
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    url = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.loads(tls_only("sqs:*", [arn]))
    policy["Statement"].append({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                                "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    cloudwatch.put_metric_alarm(AlarmName="full", Namespace="N", MetricName="M", Statistic="Sum", Period=10, EvaluationPeriods=1,
                                Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic])

    # The alarm goes off in the engine's own clock, not in a request.
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "M", "Value": 5, "StorageResolution": 1}])

    messages = wait_until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert json.loads(json.loads(messages[0]["Body"])["Message"])["AlarmName"] == "full"


@pytest.mark.parametrize(("address", "expected"), [("127.0.0.1", True), ("::1", True), ("10.0.0.7", False), ("localhost.example", False), ("", False)])
def test_only_addresses_of_this_machine_count(address, expected):
    assert is_loopback(address) is expected
