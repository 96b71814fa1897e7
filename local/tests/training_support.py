"""Builders for SageMaker requests and a bucket to run them against."""

import io
import itertools
import json
import tarfile
import textwrap
import time

from engine_process import ACCOUNT

ROLE = f"arn:aws:iam::{ACCOUNT}:role/evergreen-training"
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/script-mode:1"
_numbers = itertools.count(1)


def archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            data = textwrap.dedent(text).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def wait_until(probe, seconds: float = 15.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing within {seconds} s")


class TrainingBench:
    """A bucket, a role, and requests that work unless a test changes them."""

    bucket = "bench"

    def __init__(self, engine):
        self.engine = engine
        self.s3 = engine.client("s3")
        self.sagemaker = engine.client("sagemaker")
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                         "Principal": {"Service": "sagemaker.amazonaws.com"}}]}
        engine.client("iam").create_role(RoleName="evergreen-training", AssumeRolePolicyDocument=json.dumps(trust))
        self.put("data/train/rows.csv", "a,b\n1,2\n")

    def put(self, key: str, body):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def read(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def keys(self, prefix: str) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])]

    def name(self, stem: str = "job") -> str:
        return f"{stem}-{next(_numbers)}"

    def request(self, script: str, *, files: dict[str, str] | None = None, hyperparameters=None, **changes) -> dict:
        name = changes.pop("TrainingJobName", self.name())
        source = self.put(f"source/{name}.tar.gz", archive({"train.py": script, **(files or {})}))
        return {
            "TrainingJobName": name, "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": source,
                                **(hyperparameters or {})},
            "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/data/train/"}}}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60}, **changes}

    def run(self, script: str, **changes) -> dict:
        request = self.request(script, **changes)
        self.sagemaker.create_training_job(**request)
        return self.ended(request["TrainingJobName"])

    def describe(self, name: str) -> dict:
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def ended(self, name: str) -> dict:
        wait_until(lambda: self.describe(name)["TrainingJobStatus"] not in ("InProgress", "Stopping"))
        return self.describe(name)

    def lines(self, name: str, group: str = "/aws/sagemaker/TrainingJobs") -> list[str]:
        logs = self.engine.client("logs")
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
        return [event["message"] for stream in streams for event in logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)["events"]]
