"""The engine as a process: its port, its end, and what it still knows after it was killed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from engine_process import LOCAL, start_engine
from training_support import TrainingBench, wait_until

SLEEP = "import os, pathlib, time\nprint('begun')\ntime.sleep(60)"


@pytest.fixture
def own_engine(tmp_path):
    started = start_engine(tmp_path / "state")
    yield started
    started.stop(signal.SIGKILL)


def running_job(engine):
    bench = TrainingBench(engine)
    request = bench.request(SLEEP)
    bench.sagemaker.create_training_job(**request)
    wait_until(lambda: bench.describe(request["TrainingJobName"])["SecondaryStatus"] == "Training")
    return request["TrainingJobName"]


def processes_of(text):
    return subprocess.run(["pgrep", "-f", text], capture_output=True, text=True, check=False).stdout.split()


def test_a_taken_port_is_one_line_and_exit_code_6(own_engine, tmp_path):
    second = subprocess.run([sys.executable, "-m", "evergreen_engine", "--port", str(own_engine.port), "--state-dir", str(tmp_path / "two")],
                            env={**os.environ, "PYTHONPATH": str(LOCAL)}, capture_output=True, text=True, timeout=20, check=False)
    assert (second.returncode, second.stdout) == (6, "")
    assert second.stderr.count("\n") == 1 and f"port {own_engine.port}" in second.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_engine_and_its_jobs(own_engine, number):
    name = running_job(own_engine)
    started = time.monotonic()
    assert own_engine.stop(number) == 0
    assert time.monotonic() - started < 5
    assert processes_of(f"training/{name}/") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_state_outlives_the_process_and_a_running_job_is_interrupted(own_engine, number):
    name = running_job(own_engine)
    own_engine.client("dynamodb").create_table(
        TableName="registry", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
    own_engine.client("dynamodb").put_item(TableName="registry", Item={"pk": {"S": "iris"}})
    s3 = own_engine.client("s3")
    s3.put_bucket_versioning(Bucket="bench", VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(Bucket="bench", Key="twice", Body=text)["VersionId"] for text in ("one", "two")]
    time.sleep(2.5)
    own_engine.stop(number)
    again = start_engine(own_engine.state_dir)
    try:
        job = again.client("sagemaker").describe_training_job(TrainingJobName=name)
        assert job["TrainingJobStatus"] == "Failed" and "interrupted" in job["FailureReason"]
        assert processes_of(f"training/{name}/") == []
        assert again.client("dynamodb").get_item(TableName="registry", Key={"pk": {"S": "iris"}})["Item"] == {"pk": {"S": "iris"}}
        read = [again.client("s3").get_object(Bucket="bench", Key="twice", VersionId=version)["Body"].read() for version in versions]
        assert read == [b"one", b"two"]
    finally:
        again.stop()


def test_a_file_in_place_of_the_state_folder_is_a_clear_message(tmp_path):
    (tmp_path / "file").write_text("")
    run = subprocess.run([sys.executable, "-m", "evergreen_engine", "--port", "0", "--state-dir", str(tmp_path / "file")],
                         env={**os.environ, "PYTHONPATH": str(LOCAL)}, capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 6 and "state folder" in run.stderr


def test_state_in_pieces_is_the_same_json():
    from evergreen_engine.durability import json_pieces

    value = {"a": [1, 2.5, {"b": None, "ü": "\n"}], 3: {"": []}, "deep": {"1": {"2": {"3": {"4": {"5": {"6": {"7": {"8": [1]}}}}}}}}}
    assert "".join(json_pieces(value)) == json.dumps(value)
