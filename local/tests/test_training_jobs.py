import io
import json
import os
import subprocess
import tarfile
import time

import pytest
from botocore.exceptions import ClientError
from training_support import archive, wait_until

WRITE_MODEL = """
    import os, pathlib
    pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("weights")
"""


def is_alive(pid: str) -> bool:
    """A zombie only waits for its parent to look; it runs nothing."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")


def error_of(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]


def test_a_script_sees_its_channel_and_leaves_a_model(bench):
    job = bench.run("""
        import os, pathlib
        rows = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "rows.csv").read_text()
        pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(rows)
        pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "report.txt").write_text("fine")
    """)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    output = f"out/{job['TrainingJobName']}/output"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://bench/{output}/model.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(bench.read(f"{output}/model.tar.gz"))) as tar:
        assert tar.extractfile("model.txt").read() == b"a,b\n1,2\n"
    with tarfile.open(fileobj=io.BytesIO(bench.read(f"{output}/output.tar.gz"))) as tar:
        assert tar.getnames() == ["report.txt"]
    steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]


def test_hyperparameters_become_arguments_and_variables(bench):
    job = bench.run("""
        import json, os, sys
        names = ("SM_HPS", "SM_HP_MAX_DEPTH", "SM_CHANNELS", "SM_NUM_CPUS", "SM_HOSTS", "SM_CURRENT_HOST",
                 "TRAINING_JOB_NAME", "TRAINING_JOB_ARN", "COLOUR")
        print(json.dumps({"argv": sys.argv[1:], **{name: os.environ[name] for name in names}}))
        print(json.loads(os.environ["SM_TRAINING_ENV"])["hyperparameters"]["max-depth"] + 1)
    """, hyperparameters={"max-depth": "4", "kind": '"linear"', "l": "0.5"}, Environment={"COLOUR": "green"})
    seen, next_depth = bench.lines(job["TrainingJobName"])
    seen = json.loads(seen)
    assert seen["argv"] == ["--kind", "linear", "-l", "0.5", "--max-depth", "4"]
    assert json.loads(seen["SM_HPS"]) == {"kind": "linear", "l": 0.5, "max-depth": 4}
    assert (seen["SM_HP_MAX_DEPTH"], seen["SM_CHANNELS"], seen["SM_NUM_CPUS"]) == ("4", '["train"]', str(os.cpu_count()))
    assert (seen["SM_HOSTS"], seen["SM_CURRENT_HOST"], seen["COLOUR"]) == ('["algo-1"]', "algo-1", "green")
    assert seen["TRAINING_JOB_ARN"] == job["TrainingJobArn"]
    assert next_depth == "5"


@pytest.mark.parametrize("prefix, expected", [
    ("data/one/file.csv", ["file.csv"]), ("data/one", ["file.csv", "sub/more.csv"]), ("data/one/fi", ["file.csv"])])
def test_a_prefix_names_files_as_sagemaker_does(bench, prefix, expected):
    bench.put("data/one/file.csv", "x")
    bench.put("data/one/sub/more.csv", "y")
    job = bench.run("""
        import os, pathlib, json
        root = pathlib.Path(os.environ["SM_CHANNEL_ROWS"])
        print(json.dumps(sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())))
    """, InputDataConfig=[{"ChannelName": "rows", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": f"s3://bench/{prefix}"}}}])
    assert json.loads(bench.lines(job["TrainingJobName"])[0]) == expected


def test_printed_metrics_end_in_the_description_and_in_cloudwatch(bench):
    job = bench.run("""
        for value in (0.5, 0.75):
            print(f"accuracy={value};")
    """, AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File", "MetricDefinitions": [
        {"Name": "accuracy", "Regex": "accuracy=([0-9.]+);"}]})
    [metric] = job["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("accuracy", 0.75)
    listed = bench.engine.client("cloudwatch").list_metrics(Namespace="/aws/sagemaker/TrainingJobs", MetricName="accuracy")
    assert {"Name": "TrainingJobName", "Value": job["TrainingJobName"]} in listed["Metrics"][0]["Dimensions"]


def test_a_failing_script_tells_why_and_leaves_no_artifact(bench):
    job = bench.run(WRITE_MODEL + """
    (pathlib.Path(os.environ["SM_OUTPUT_DIR"]) / "failure").write_text("target column is missing")
    raise SystemExit(3)
    """)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: target column is missing")
    assert job["FailureReason"].endswith("exit code: 3")
    assert bench.keys(f"out/{job['TrainingJobName']}/") == []


def test_a_traceback_is_the_reason_when_no_failure_file_is_written(bench):
    job = bench.run("raise ValueError('no rows left')")
    assert "ExecuteUserScriptError" in job["FailureReason"] and "ValueError: no rows left" in job["FailureReason"]


def test_lines_are_readable_while_the_job_runs(bench):
    request = bench.request("import time\nprint('begun')\ntime.sleep(30)")
    bench.sagemaker.create_training_job(**request)
    name = request["TrainingJobName"]
    wait_until(lambda: bench.describe(name)["SecondaryStatus"] == "Training")
    wait_until(lambda: bench.lines(name) == ["begun"])
    bench.sagemaker.stop_training_job(TrainingJobName=name)
    assert bench.ended(name)["TrainingJobStatus"] == "Stopped"


def test_stopping_ends_the_whole_tree_and_keeps_no_half_artifact(bench, tmp_path):
    request = bench.request(f"""
        import os, pathlib, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        pathlib.Path(os.environ["SM_MODEL_DIR"], "half").write_text("half")
        pathlib.Path({str(tmp_path / "pids")!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
        time.sleep(60)
    """)
    bench.sagemaker.create_training_job(**request)
    pids = wait_until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().split())
    bench.sagemaker.stop_training_job(TrainingJobName=request["TrainingJobName"])
    job = bench.ended(request["TrainingJobName"])
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert bench.keys(f"out/{request['TrainingJobName']}/") == []
    assert [pid for pid in pids if is_alive(pid)] == []


def test_a_job_over_its_time_stops_with_the_documented_status(bench):
    job = bench.run("import time\ntime.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_requirements_already_there_start_nothing(bench):
    job = bench.run(WRITE_MODEL, files={"requirements.txt": "# comment\nbotocore>=1.0\n"})
    assert job["TrainingJobStatus"] == "Completed"


def test_an_archive_that_leads_out_is_refused(bench):
    request = bench.request("print(1)")
    bench.put(f"source/{request['TrainingJobName']}.tar.gz", archive({"train.py": "print(1)", "../evil.py": "x"}))
    bench.sagemaker.create_training_job(**request)
    job = bench.ended(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Failed" and "outside of the code folder" in job["FailureReason"]


def test_an_input_that_is_not_there_fails_as_a_client_error(bench):
    job = bench.run("print(1)", InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://bench/nothing/"}}}])
    assert job["FailureReason"].startswith("ClientError: Data download failed:No S3 objects found")


def test_a_name_is_used_once(bench):
    request = bench.request("print(1)")
    bench.sagemaker.create_training_job(**request)
    error = error_of(bench.sagemaker.create_training_job, **request)
    assert error["Code"] == "ResourceInUse" and "already exists" in error["Message"]
    bench.ended(request["TrainingJobName"])


def test_an_unknown_job_is_a_validation_error(bench):
    for call in (bench.sagemaker.describe_training_job, bench.sagemaker.stop_training_job):
        assert error_of(call, TrainingJobName="nobody") == {"Code": "ValidationException", "Message": "Requested resource not found."}


def test_constraints_of_the_model_are_checked(bench):
    request = bench.request("print(1)", TrainingJobName="bad--")
    request["RoleArn"] = "no-role-at-all-but-long-enough"
    request["ResourceConfig"]["InstanceType"] = "ml.huge"
    message = error_of(bench.sagemaker.create_training_job, **request)["Message"]
    assert message.startswith("3 validation errors detected: Value 'bad--' at 'trainingJobName' failed to satisfy")
    assert "at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern" in message
    assert "Member must satisfy enum value set" in message


def test_jobs_are_listed_by_status_and_name(bench):
    stem = bench.name("listed")
    for suffix in ("a", "b"):
        bench.run(WRITE_MODEL, TrainingJobName=f"{stem}-{suffix}")
    first = bench.sagemaker.list_training_jobs(NameContains=stem, StatusEquals="Completed", MaxResults=1, SortBy="Name", SortOrder="Ascending")
    second = bench.sagemaker.list_training_jobs(NameContains=stem, StatusEquals="Completed", MaxResults=1, SortBy="Name",
                                                SortOrder="Ascending", NextToken=first["NextToken"])
    names = [page["TrainingJobSummaries"][0]["TrainingJobName"] for page in (first, second)]
    assert names == [f"{stem}-a", f"{stem}-b"] and "NextToken" not in second


def test_tags_are_kept(bench):
    job = bench.run(WRITE_MODEL, Tags=[{"Key": "model", "Value": "iris"}])
    arn = job["TrainingJobArn"]
    bench.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
    bench.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["model"])
    assert bench.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "test"}]


def test_a_job_costs_little_more_than_its_script(bench):
    bench.run("pass")
    started = time.perf_counter()
    bench.run("pass")
    assert time.perf_counter() - started < 1.0


COUNT = """
    import json, os, pathlib, socket
    hosts, own = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
    config = json.loads(pathlib.Path(os.environ["SM_INPUT_CONFIG_DIR"], "resourceconfig.json").read_text())
    assert (config["hosts"], config["current_host"]) == (hosts, own)
    address = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    rows = sorted(path.name for path in pathlib.Path(os.environ["SM_CHANNEL_ROWS"]).iterdir())
    if own == hosts[0]:
        with socket.create_server(address) as server:
            other = server.accept()[0].recv(100).decode()
        print(f"rows={len(rows)}; {rows} {other}")
        pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("first")
    else:
        import time
        for _ in range(100):
            try:
                socket.create_connection(address).sendall(str(rows).encode())
                break
            except OSError:
                time.sleep(0.05)
        pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("second")
        pathlib.Path(os.environ["SM_MODEL_DIR"], "more.txt").write_text("second")
"""


@pytest.mark.parametrize("distribution, expected", [
    ("FullyReplicated", "rows=2; ['a.csv', 'b.csv'] ['a.csv', 'b.csv']"), ("ShardedByS3Key", "rows=1; ['a.csv'] ['b.csv']")])
def test_two_instances_are_two_processes_that_can_meet(bench, distribution, expected):
    bench.put("data/pair/a.csv", "x")
    bench.put("data/pair/b.csv", "y")
    job = bench.run(COUNT, ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
                    InputDataConfig=[{"ChannelName": "rows", "DataSource": {"S3DataSource": {
                        "S3DataType": "S3Prefix", "S3Uri": "s3://bench/data/pair/", "S3DataDistributionType": distribution}}}])
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert bench.lines(job["TrainingJobName"]) == [expected]
    with tarfile.open(fileobj=io.BytesIO(bench.read(f"out/{job['TrainingJobName']}/output/model.tar.gz"))) as tar:
        assert {name: tar.extractfile(name).read() for name in tar.getnames()} == {"model.txt": b"first", "more.txt": b"second"}


def test_one_failing_instance_ends_the_others_and_the_job(bench):
    job = bench.run("""
        import json, os, time
        if os.environ["SM_CURRENT_HOST"] == json.loads(os.environ["SM_HOSTS"])[1]:
            raise ValueError("no rows on the second")
        time.sleep(60)
    """, ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1})
    assert job["TrainingJobStatus"] == "Failed" and "no rows on the second" in job["FailureReason"]
