"""A Map in distributed mode: items from S3, children as executions, thresholds, rights."""

import json
import signal
import time

import pytest
from engine_process import REGION, start_engine
from test_state_machines import Machines
from training_support import wait_until

BUCKET = "map-items"


@pytest.fixture(scope="module")
def machines(engine):
    engine.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Machines(engine, "map")


def put(engine, key: str, document) -> None:
    engine.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(document))


def over_s3(key: str, states: dict, pointer: str | None = "/parts", **more) -> dict:
    config = {"InputType": "JSON", **({"ItemsPointer": pointer} if pointer else {})}
    return {"Type": "Map", "Label": "Parts", "End": True, "ToleratedFailurePercentage": 0,
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config, "Arguments": {"Bucket": BUCKET, "Key": key}},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": next(iter(states)), "States": states}, **more}


def over(items, states: dict, **more) -> dict:
    state = over_s3("none", states, **more)
    del state["ItemReader"]
    return {**state, "Items": items}


ECHO = {"Echo": {"Type": "Pass", "End": True}}
FAIL_ON_1 = {"Choose": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input = 1 %}", "Next": "Fail"}], "Default": "Rest"},
             "Rest": {"Type": "Wait", "Seconds": 60, "End": True}, "Fail": {"Type": "Fail", "Error": "Broken", "Cause": "one"}}


def map_run(machines, arn: str) -> dict:
    [run] = machines.states.list_map_runs(executionArn=arn)["mapRuns"]
    return machines.states.describe_map_run(mapRunArn=run["mapRunArn"])


def test_items_come_from_a_document_in_s3_and_each_is_an_execution(engine, machines):
    put(engine, "manifest.json", {"parts": [{"n": n} for n in range(5)]})
    ended = machines.run({
        "Begin": {"Type": "Pass", "Assign": {"key": "manifest.json", "batch": "b-1"}, "Next": "Map"},
        "Map": over_s3("{% $key %}", {"Double": {"Type": "Pass", "Output": "{% $states.input.part.n * 2 %}", "End": True}},
                       MaxConcurrency="{% 2 %}", ItemSelector={"batch": "{% $batch %}", "part": "{% $states.context.Map.Item.Value %}"},
                       Output={"sum": "{% $sum($states.result) %}"})})
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert json.loads(ended["output"]) == {"sum": 20}
    run = map_run(machines, ended["executionArn"])
    assert (run["status"], run["maxConcurrency"], run["itemCounts"]["succeeded"], run["itemCounts"]["total"]) == ("SUCCEEDED", 2, 5, 5)
    children = machines.states.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    assert len(children) == 5 and {child["status"] for child in children} == {"SUCCEEDED"}
    assert all("/Parts:" in child["executionArn"] for child in children)
    first = machines.states.describe_execution(executionArn=children[-1]["executionArn"])
    assert json.loads(first["input"])["batch"] == "b-1"


def test_a_child_sees_no_variable_of_its_parent(machines):
    ended = machines.run({"Begin": {"Type": "Pass", "Assign": {"secret": 1}, "Next": "Map"},
                          "Map": over([1], {"Read": {"Type": "Pass", "Output": "{% $secret %}", "End": True}})})
    assert ended["error"] == "States.ExceedToleratedFailureThreshold"


def test_the_first_failure_stops_the_others_when_none_is_tolerated(machines):
    started = time.perf_counter()
    ended = machines.run({"Map": over([0, 0, 1, 0, 0], FAIL_ON_1, MaxConcurrency=3)})
    assert time.perf_counter() - started < 10
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    run = map_run(machines, ended["executionArn"])
    assert run["status"] == "FAILED"
    assert {name: run["itemCounts"][name] for name in ("failed", "aborted", "running", "pending")} == {"failed": 1, "aborted": 4, "running": 0, "pending": 0}


def test_as_many_may_fail_as_are_tolerated(machines):
    fail = {**FAIL_ON_1, "Rest": {"Type": "Pass", "End": True}}
    tolerant = machines.run({"Map": over([0, 1, 0, 0], fail, ToleratedFailurePercentage=25)})
    assert tolerant["status"] == "SUCCEEDED", tolerant.get("cause")
    assert json.loads(tolerant["output"]) == [0, None, 0, 0]
    strict = machines.run({"Map": over([0, 1, 0, 1], fail, ToleratedFailurePercentage=25)})
    assert strict["error"] == "States.ExceedToleratedFailureThreshold"


def test_the_failure_is_retried_and_caught_by_its_name(machines):
    ended = machines.run({"Map": over([1], FAIL_ON_1, Retry=[{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "IntervalSeconds": 1, "MaxAttempts": 1}],
                                      Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught", "Output": "{% $states.errorOutput.Error %}"}]),
                          "Caught": {"Type": "Pass", "End": True}})
    assert json.loads(ended["output"]) == "States.ExceedToleratedFailureThreshold"
    assert len(machines.states.list_map_runs(executionArn=ended["executionArn"])["mapRuns"]) == 2


@pytest.mark.parametrize("key, document, pointer", [("gone.json", None, "/parts"), ("object.json", {"parts": {"a": 1}}, "/parts"),
                                                    ("other.json", {"a": []}, "/parts"), ("plain.json", {"a": 1}, None)])
def test_items_that_cannot_be_read_fail_the_state(engine, machines, key, document, pointer):
    if document is not None:
        put(engine, key, document)
    ended = machines.run({"Map": over_s3(key, ECHO, pointer)})
    assert ended["error"] == "States.ItemReaderFailed", ended


def test_more_output_than_a_state_may_have_fails_it(machines):
    ended = machines.run({"Map": over(list(range(10)), {"Long": {"Type": "Pass", "Output": "{% $pad('x', 30000) %}", "End": True}})})
    assert ended["error"] == "States.DataLimitExceeded"


def test_what_the_engine_lacks_is_said(machines):
    ended = machines.run({"Map": over([1], ECHO, ItemBatcher={"MaxItemsPerBatch": 2})})
    assert ended["error"] == "States.Runtime" and "ItemBatcher" in ended["cause"]


def test_stopping_an_execution_aborts_its_map_run(machines):
    arn = machines.start({"Map": over([0, 0], FAIL_ON_1)})
    wait_until(lambda: machines.states.list_map_runs(executionArn=arn)["mapRuns"] and map_run(machines, arn)["itemCounts"]["running"] == 2)
    machines.states.stop_execution(executionArn=arn)
    wait_until(lambda: map_run(machines, arn)["status"] != "RUNNING")
    run = map_run(machines, arn)
    assert (run["status"], run["itemCounts"]["aborted"], machines.ended(arn)["status"]) == ("ABORTED", 2, "ABORTED")


def test_a_map_run_does_not_outlive_the_engine(tmp_path):
    engine = start_engine(tmp_path / "state")
    machines = Machines(engine)
    arn = machines.start({"Map": over([0], FAIL_ON_1)})
    wait_until(lambda: machines.states.list_map_runs(executionArn=arn)["mapRuns"])
    time.sleep(2.5)
    engine.stop(signal.SIGKILL)
    engine = start_engine(tmp_path / "state")
    try:
        assert map_run(Machines(engine), arn)["status"] == "FAILED"
    finally:
        engine.stop()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    engine = start_engine(tmp_path_factory.mktemp("map-iam") / "state", "--auth")
    engine.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    put(engine, "manifest.json", {"parts": [1]})
    yield engine
    engine.stop(signal.SIGTERM)


READ, START = "s3:GetObject", "states:StartExecution"
WATCH, STOP = "states:DescribeExecution", "states:StopExecution"


@pytest.mark.parametrize("missing, error", [(None, None), (READ, "States.ItemReaderFailed"), (START, "States.Permissions"), (WATCH, "States.Permissions"),
                                            (STOP, "States.Permissions")])
def test_the_role_of_the_machine_reads_the_items_and_starts_the_children(guarded, missing, error):
    iam, states = guarded.client("iam"), guarded.client("stepfunctions")
    name = f"map-{(missing or 'all').replace(':', '-')}"
    machine = f"arn:aws:states:{REGION}:000000000000:stateMachine:{name}"
    resources = {READ: f"arn:aws:s3:::{BUCKET}/manifest*", START: machine, WATCH: f"{machine.replace(':stateMachine:', ':execution:')}:*",
                 STOP: f"{machine.replace(':stateMachine:', ':execution:')}:*"}
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    rights = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in resources.items() if action != missing]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": rights}))
    definition = {"QueryLanguage": "JSONata", "StartAt": "Map", "States": {"Map": over_s3("manifest.json", ECHO)}}
    states.create_state_machine(name=name, roleArn=role, definition=json.dumps(definition))
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    wait_until(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING")
    ended = states.describe_execution(executionArn=arn)
    assert ended.get("error") == error, ended.get("cause")
    if missing:
        assert f"not authorized to perform: {missing}" in ended["cause"]
