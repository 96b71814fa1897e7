import json
import time

import pytest
from botocore.exceptions import ClientError
from training_support import wait_until

ROLE = "arn:aws:iam::000000000000:role/states"


class Machines:
    def __init__(self, engine, prefix="machine"):
        self.prefix = prefix
        self.states = engine.client("stepfunctions")
        self.count = 0

    def create(self, states: dict, **top) -> str:
        self.count += 1
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **top}
        return self.states.create_state_machine(
            name=f"{self.prefix}-{self.count}", roleArn=ROLE, definition=json.dumps(definition))["stateMachineArn"]

    def start(self, states: dict, data=None, **top) -> str:
        return self.states.start_execution(stateMachineArn=self.create(states, **top), input=json.dumps(data or {}))["executionArn"]

    def ended(self, arn: str, seconds: float = 20) -> dict:
        wait_until(lambda: self.states.describe_execution(executionArn=arn)["status"] != "RUNNING", seconds)
        return self.states.describe_execution(executionArn=arn)

    def run(self, states: dict, data=None, **top) -> dict:
        return self.ended(self.start(states, data, **top))


@pytest.fixture(scope="module")
def machines(engine):
    return Machines(engine)


def task(action: str, arguments, **more) -> dict:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{action}", "Arguments": arguments, "End": True, **more}


def test_a_sync_task_answers_the_description_of_its_job(bench, machines):
    request = bench.request("import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('m')")
    ended = machines.run({"Train": task("sagemaker:createTrainingJob.sync", request)})
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    output = json.loads(ended["output"])
    assert output["TrainingJobStatus"] == "Completed"
    assert output["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/model.tar.gz")
    assert abs(output["CreationTime"] / 1000 - time.time()) < 60


def test_without_sync_only_the_arn_comes_back(bench, machines):
    request = bench.request("pass")
    ended = machines.run({"Train": task("sagemaker:createTrainingJob", request)})
    assert list(json.loads(ended["output"])) == ["TrainingJobArn"]
    bench.ended(request["TrainingJobName"])


def test_a_failed_job_is_a_failed_task_with_the_description_as_cause(bench, machines):
    ended = machines.run({
        "Train": task("sagemaker:createTrainingJob.sync", bench.request("raise SystemExit(1)"),
                      Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught",
                              "Output": "{% $states.errorOutput %}"}]),
        "Caught": {"Type": "Pass", "Output": "{% $merge([$states.input, {'reason': $parse($states.input.Cause).FailureReason}]) %}",
                   "End": True}})
    output = json.loads(ended["output"])
    assert output["Error"] == "States.TaskFailed" and output["reason"].startswith("AlgorithmError")


@pytest.mark.parametrize("change, error", [
    ({"TrainingJobName": "same-name"}, "SageMaker.ResourceInUseException"),
    ({"TrainingJobName": "bad--"}, "SageMaker.AmazonSageMakerException")])
def test_a_refused_request_has_the_error_name_of_aws(bench, machines, change, error):
    if change["TrainingJobName"] == "same-name":
        bench.run("pass", **change)
    ended = machines.run({"Train": task("sagemaker:createTrainingJob.sync", bench.request("pass", **change))})
    assert (ended["status"], ended["error"]) == ("FAILED", error)


def test_a_retry_gets_a_new_job_name_from_the_retry_count(bench, machines):
    request = bench.request("""
        import os, sys
        sys.exit(0 if os.environ["TRAINING_JOB_NAME"].endswith("-1") else 1)
    """)
    request["TrainingJobName"] = "{% 'again-' & $string($states.context.State.RetryCount) %}"
    ended = machines.run({"Train": task("sagemaker:createTrainingJob.sync", request, Retry=[
        {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 2, "MaxDelaySeconds": 1, "JitterStrategy": "FULL"}])})
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert json.loads(ended["output"])["TrainingJobName"] == "again-1"


SLEEP = "import time\ntime.sleep(60)"


def test_a_task_time_out_stops_the_job(bench, machines):
    request = bench.request(SLEEP)
    ended = machines.run({"Train": task("sagemaker:createTrainingJob.sync", request, TimeoutSeconds="{% 1 %}")})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    assert bench.ended(request["TrainingJobName"])["TrainingJobStatus"] == "Stopped"


def test_stopping_an_execution_stops_the_job_and_stays_aborted(bench, machines):
    request = bench.request(SLEEP)
    arn = machines.start({"Train": task("sagemaker:createTrainingJob.sync", request)})
    wait_until(lambda: bench.sagemaker.list_training_jobs(NameContains=request["TrainingJobName"], StatusEquals="InProgress")["TrainingJobSummaries"])
    machines.states.stop_execution(executionArn=arn, error="Operator", cause="asked")
    assert bench.ended(request["TrainingJobName"])["TrainingJobStatus"] == "Stopped"
    time.sleep(0.2)
    assert machines.ended(arn)["status"] == "ABORTED"


@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_one_failure_stops_what_runs_beside_it_and_is_the_one_told(bench, machines, kind):
    requests = [bench.request(SLEEP), bench.request("raise SystemExit(3)"), bench.request(SLEEP)]
    if kind == "Map":
        train = {"StartAt": "Train", "States": {"Train": task("sagemaker:createTrainingJob.sync", "{% $states.input %}")}}
        state = {"Items": "{% $states.input.requests %}", "ItemProcessor": train}
    else:
        state = {"Branches": [{"StartAt": f"Train{place}", "States": {f"Train{place}": task("sagemaker:createTrainingJob.sync", request)}}
                              for place, request in enumerate(requests)]}
    ended = machines.run({"Side": {"Type": kind, "End": True, **state,
                                   "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught", "Output": "{% $states.errorOutput.Cause %}"}]},
                          "Caught": {"Type": "Pass", "End": True}}, {"requests": requests})
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert json.loads(json.loads(ended["output"]))["TrainingJobName"] == requests[1]["TrainingJobName"]
    statuses = [bench.ended(request["TrainingJobName"])["TrainingJobStatus"] for request in requests]
    assert statuses == ["Stopped", "Failed", "Stopped"]


def test_a_machine_time_out_ends_the_execution(machines):
    ended = machines.run({"Wait": {"Type": "Wait", "Seconds": 30, "End": True}}, TimeoutSeconds=1)
    assert ended["status"] == "TIMED_OUT"


def test_the_same_start_twice_is_one_execution(machines):
    machine = machines.create({"Wait": {"Type": "Wait", "Seconds": 1, "End": True}})
    first, second = (machines.states.start_execution(stateMachineArn=machine, name="upload-1", input="{}") for _ in range(2))
    assert first == {**second, "ResponseMetadata": first["ResponseMetadata"]}
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.states.start_execution(stateMachineArn=machine, name="upload-1", input='{"other": 1}')
    machines.ended(first["executionArn"])
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.states.start_execution(stateMachineArn=machine, name="upload-1", input="{}")


def test_a_nested_execution_answers_its_parsed_output(machines):
    child = machines.create({"Double": {"Type": "Pass", "Output": {"twice": "{% $states.input.n * 2 %}"}, "End": True}})
    ended = machines.run({"Nest": task("states:startExecution.sync:2", {"StateMachineArn": child, "Input": {"n": 21}},
                                       Output="{% $states.result.Output.twice %}")})
    assert ended["output"] == "42", ended.get("cause")


def test_a_failed_nested_execution_is_a_failed_task(machines):
    child = machines.create({"Fail": {"Type": "Fail", "Error": "GateFailed", "Cause": "worse"}})
    ended = machines.run({"Nest": task("states:startExecution.sync:2", {"StateMachineArn": child, "Input": {}})})
    assert ended["error"] == "States.TaskFailed"
    assert (json.loads(ended["cause"])["Status"], json.loads(ended["cause"])["Error"]) == ("FAILED", "GateFailed")


def test_stopping_a_parent_stops_its_child(machines):
    child = machines.create({"Wait": {"Type": "Wait", "Seconds": 60, "End": True}})
    arn = machines.start({"Nest": task("states:startExecution.sync:2", {"StateMachineArn": child, "Input": {}})})
    running = wait_until(lambda: machines.states.list_executions(stateMachineArn=child, statusFilter="RUNNING")["executions"])
    machines.states.stop_execution(executionArn=arn)
    assert machines.ended(running[0]["executionArn"])["status"] == "ABORTED"


def test_a_function_is_retried_and_its_error_caught(machines, function):
    arn = function("failing", "const e = new Error('not yet'); e.name = 'NotYet'; throw e;")
    ended = machines.run({
        "Call": task("lambda:invoke", {"FunctionName": arn, "Payload": {}},
                     Retry=[{"ErrorEquals": ["NotYet"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}],
                     Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught", "Assign": {"tries": "{% $states.context.State.RetryCount %}"}}]),
        "Caught": {"Type": "Pass", "Output": {"tries": "{% $tries %}", "error": "{% $states.input.Error %}"}, "End": True}})
    assert json.loads(ended["output"]) == {"tries": 1, "error": "NotYet"}


def test_a_function_whose_process_dies_fails_by_the_name_of_aws_and_is_tried_again(machines, function):
    arn = function("dying", "if (event.tries === 0) process.kill(process.pid, 'SIGKILL'); await new Promise((done) => setTimeout(done, 200)); return event.tries;")
    call = {"FunctionName": arn, "Payload": {"tries": "{% $states.context.State.RetryCount %}"}}
    ended = machines.run({"Call": task("lambda:invoke", call, Output="{% $states.result.Payload %}",
                                       Retry=[{"ErrorEquals": ["Runtime.ExitError"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}])})
    assert ended["output"] == "1", ended.get("cause")


def test_a_task_token_reaches_its_function_and_ends_the_task(machines, function):
    arn = function("told", "console.log(JSON.stringify(event)); return null;")
    execution = machines.start({"Ask": task("lambda:invoke.waitForTaskToken", {
        "FunctionName": arn, "Payload": {"token": "{% $states.context.Task.Token %}"}}, TimeoutSeconds=20)})
    history = lambda: [event["taskScheduledEventDetails"] for event in machines.states.get_execution_history(
        executionArn=execution)["events"] if event["type"] == "TaskScheduled"]
    assert wait_until(history)


def test_a_missing_heartbeat_fails_the_task(machines, function):
    arn = function("silent", "return null;")
    ended = machines.run({"Ask": task("lambda:invoke.waitForTaskToken", {
        "FunctionName": arn, "Payload": {"token": "{% $states.context.Task.Token %}"}}, HeartbeatSeconds=1, TimeoutSeconds=20)})
    assert ended["error"] == "States.HeartbeatTimeout"


def test_a_function_that_throws_before_its_token_is_answered_fails_the_task(machines, function):
    arn = function("thrower", "throw new Error('no');")
    ended = machines.run({"Ask": task("lambda:invoke.waitForTaskToken", {
        "FunctionName": arn, "Payload": {"token": "{% $states.context.Task.Token %}"}}, TimeoutSeconds=20)})
    assert ended["error"] == "Error"


def test_a_whole_run_takes_little_longer_than_its_work(bench, machines):
    states = {"Train": task("sagemaker:createTrainingJob.sync", bench.request("pass"))}
    started = time.perf_counter()
    assert machines.run(states)["status"] == "SUCCEEDED"
    assert time.perf_counter() - started < 1.5
