import json

from engine_process import start_engine
from training_support import IMAGE, ROLE, TrainingBench, wait_until

SCRIPT = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--rows"); parser.add_argument("--out")
arguments = parser.parse_args()
text = pathlib.Path(arguments.rows, "rows.csv").read_text()
pathlib.Path(arguments.out, "sub").mkdir()
pathlib.Path(arguments.out, "sub", "report.json").write_text('{"rows": %d}' % (len(text.splitlines()) - 1))
print("config", pathlib.Path(os.environ["CONFIG"], "processingjobconfig.json").exists())
"""


def request(bench, script=SCRIPT, **changes):
    name = bench.name("processing")
    code = bench.put(f"code/{name}.py", script)
    return {
        "ProcessingJobName": name, "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", f"/opt/ml/processing/input/code/{name}.py"],
                             "ContainerArguments": ["--rows", "/opt/ml/processing/input/rows", "--out", "/opt/ml/processing/output"]},
        "Environment": {"CONFIG": "/opt/ml/config"},
        "ProcessingInputs": [
            {"InputName": "code", "S3Input": {"S3Uri": code, "LocalPath": "/opt/ml/processing/input/code", "S3DataType": "S3Prefix", "S3InputMode": "File"}},
            {"InputName": "rows", "S3Input": {"S3Uri": "s3://bench/data/train/", "LocalPath": "/opt/ml/processing/input/rows", "S3DataType": "S3Prefix", "S3InputMode": "File"}}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "report", "S3Output": {
            "S3Uri": f"s3://bench/processed/{name}", "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}}]},
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}, **changes}


def ended(bench, name):
    describe = lambda: bench.sagemaker.describe_processing_job(ProcessingJobName=name)
    wait_until(lambda: describe()["ProcessingJobStatus"] not in ("InProgress", "Stopping"))
    return describe()


def test_a_processing_job_maps_its_inputs_and_outputs(bench):
    asked = request(bench)
    bench.sagemaker.create_processing_job(**asked)
    job = ended(bench, asked["ProcessingJobName"])
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert json.loads(bench.read(f"processed/{job['ProcessingJobName']}/sub/report.json")) == {"rows": 1}
    assert bench.lines(job["ProcessingJobName"], "/aws/sagemaker/ProcessingJobs") == ["config True"]
    listed = bench.sagemaker.list_processing_jobs(NameContains=job["ProcessingJobName"])["ProcessingJobSummaries"]
    assert listed[0]["ProcessingJobStatus"] == "Completed"


def test_a_failing_one_uploads_nothing(bench):
    asked = request(bench, SCRIPT + "\nraise SystemExit(4)")
    bench.sagemaker.create_processing_job(**asked)
    job = ended(bench, asked["ProcessingJobName"])
    assert job["ProcessingJobStatus"] == "Failed" and job["FailureReason"].endswith("exit code: 4")
    assert bench.keys(f"processed/{job['ProcessingJobName']}") == []


def test_one_can_be_stopped(bench):
    asked = request(bench, "import time; time.sleep(60)")
    bench.sagemaker.create_processing_job(**asked)
    bench.sagemaker.stop_processing_job(ProcessingJobName=asked["ProcessingJobName"])
    assert ended(bench, asked["ProcessingJobName"])["ProcessingJobStatus"] == "Stopped"


def test_one_runs_inside_a_state_machine(bench):
    states = bench.engine.client("stepfunctions")
    definition = {"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": {
        "Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync", "Arguments": request(bench), "End": True}}}
    machine = states.create_state_machine(name="processing", roleArn=ROLE, definition=json.dumps(definition))["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    describe = lambda: states.describe_execution(executionArn=arn)
    wait_until(lambda: describe()["status"] != "RUNNING")
    assert json.loads(describe()["output"])["ProcessingJobStatus"] == "Completed"


def test_a_job_of_spark_says_what_is_missing(tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    engine = start_engine(tmp_path / "state", PATH=str(programs), EVERGREEN_SPARK="")
    try:
        bench = TrainingBench(engine)
        assert "pip install -r spark/requirements.txt" in failure_of_spark(bench)
        spark = programs / "spark-submit"
        spark.write_text("#!/bin/sh\n")
        spark.chmod(0o755)
        assert "Spark 3.5 needs Java" in failure_of_spark(bench)
    finally:
        assert engine.stop() == 0


def failure_of_spark(bench):
    asked = request(bench)
    asked["AppSpecification"]["ContainerEntrypoint"] = ["smspark-submit", *asked["AppSpecification"]["ContainerEntrypoint"][1:]]
    bench.sagemaker.create_processing_job(**asked)
    job = ended(bench, asked["ProcessingJobName"])
    assert job["ProcessingJobStatus"] == "Failed"
    return job["FailureReason"]
