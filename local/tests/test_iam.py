"""With IAM checks on, a job can do what its role may do and nothing else."""

import json
import signal

import pytest
from botocore.exceptions import ClientError
from engine_process import start_engine
from training_support import ROLE, TrainingBench, wait_until


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    engine = start_engine(tmp_path_factory.mktemp("iam") / "state", "--auth")
    yield TrainingBench(engine)
    engine.stop(signal.SIGTERM)


def allow(bench, *actions):
    bench.engine.client("iam").put_role_policy(RoleName="evergreen-training", PolicyName="data", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}))


def test_a_role_without_read_access_fails_the_job(bench):
    allow(bench, "s3:ListBucket", "s3:PutObject")
    job = bench.run("pass")
    assert job["TrainingJobStatus"] == "Failed"
    assert "AccessDenied" in job["FailureReason"] and "is not authorized to perform: s3:GetObject" in job["FailureReason"]
    assert "assumed-role/evergreen-training/SageMaker" in job["FailureReason"]


def test_a_role_without_write_access_fails_the_upload(bench):
    allow(bench, "s3:ListBucket", "s3:GetObject")
    job = bench.run("import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('m')")
    assert job["TrainingJobStatus"] == "Failed" and "s3:PutObject" in job["FailureReason"]


def test_a_role_with_all_it_needs_completes(bench):
    allow(bench, "s3:ListBucket", "s3:GetObject", "s3:PutObject")
    job = bench.run("import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('m')")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


def test_a_role_encrypts_with_the_key_of_the_output(bench):
    key = bench.engine.client("kms").create_key()["KeyMetadata"]["Arn"]
    program = "import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('m')"
    output = {"S3OutputPath": f"s3://{bench.bucket}/out", "KmsKeyId": key}
    rights = ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "kms:GenerateDataKey", "kms:Decrypt"]
    allow(bench, *rights)
    job = bench.run(program, OutputDataConfig=output)
    assert job["TrainingJobStatus"] == "Failed" and "is not authorized to perform: kms:Encrypt" in job["FailureReason"]
    allow(bench, *rights, "kms:Encrypt")
    job = bench.run(program, OutputDataConfig=output)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


def test_a_role_that_does_not_trust_sagemaker_is_refused(bench):
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}
    bench.engine.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(trust))
    request = bench.request("pass", RoleArn=ROLE.replace("evergreen-training", "other"))
    with pytest.raises(ClientError, match="Could not assume role"):
        bench.sagemaker.create_training_job(**request)


def test_a_caller_without_the_action_is_refused(bench):
    iam = bench.engine.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = bench.engine.client("sagemaker", key["AccessKeyId"], key["SecretAccessKey"])
    with pytest.raises(ClientError, match="sagemaker:CreateTrainingJob"):
        reader.create_training_job(**bench.request("pass"))


def run_machine(bench, name, actions, task):
    iam, states = bench.engine.client("iam"), bench.engine.client("stepfunctions")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}))
    definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Task", "End": True, **task}}}
    machine = states.create_state_machine(name=name, roleArn=role, definition=json.dumps(definition))["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    wait_until(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING")
    return states.describe_execution(executionArn=arn)


SYNC = ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob", "sagemaker:ListTags", "events:PutTargets", "events:PutRule", "events:DescribeRule"]


@pytest.mark.parametrize("name, actions, denied", [
    ("all", [*SYNC, "iam:PassRole"], None), ("no-pass", SYNC, "iam:PassRole"), ("no-stop", [a for a in SYNC if "Stop" not in a] + ["iam:PassRole"], "sagemaker:StopTrainingJob"),
    ("no-tags", [a for a in SYNC if "Tags" not in a] + ["iam:PassRole"], "sagemaker:ListTags")])
def test_a_state_machine_trains_with_its_own_role(bench, name, actions, denied):
    allow(bench, "s3:ListBucket", "s3:GetObject", "s3:PutObject")
    found = run_machine(bench, name, actions, {"Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Arguments": bench.request("pass")})
    assert found["status"] == ("FAILED" if denied else "SUCCEEDED"), found.get("cause")
    assert denied is None or f"is not authorized to perform: {denied}" in found["cause"]


def test_a_state_machine_writes_where_its_role_may(bench):
    bench.engine.client("dynamodb").create_table(TableName="locks", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
                                                 AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
    put = {"Resource": "arn:aws:states:::dynamodb:putItem", "Arguments": {"TableName": "locks", "Item": {"pk": {"S": "a"}}}}
    assert run_machine(bench, "writer", ["dynamodb:PutItem"], put)["status"] == "SUCCEEDED"
    refused = run_machine(bench, "reader", ["dynamodb:GetItem"], put)
    assert refused["error"] == "DynamoDB.AmazonDynamoDBException" and "dynamodb:PutItem" in refused["cause"] and "table/locks" in refused["cause"]


def test_a_role_that_trusts_jobs_of_this_account_only_is_assumed(bench):
    def trust(account):
        return json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": account}}}]})
    iam = bench.engine.client("iam")
    rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"], "Resource": "*"}]}
    for name, account in [("ours", ROLE.split(":")[4]), ("others", "999999999999")]:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(account))
        iam.put_role_policy(RoleName=name, PolicyName="data", PolicyDocument=json.dumps(rights))
    program = "import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('m')"
    ours = bench.run(program, RoleArn=ROLE.replace("evergreen-training", "ours"))
    assert ours["TrainingJobStatus"] == "Completed", ours.get("FailureReason")
    others = bench.run(program, RoleArn=ROLE.replace("evergreen-training", "others"))
    assert others["TrainingJobStatus"] == "Failed" and "could not assume role" in others["FailureReason"]


def test_a_grant_on_some_jobs_counts_for_those_alone(bench):
    iam = bench.engine.client("iam")
    iam.create_user(UserName="collector")
    iam.put_user_policy(UserName="collector", PolicyName="some", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sagemaker:DescribeTrainingJob",
                                                 "Resource": "arn:aws:sagemaker:*:*:training-job/mine-*"}]}))
    key = iam.create_access_key(UserName="collector")["AccessKey"]
    collector = bench.engine.client("sagemaker", key["AccessKeyId"], key["SecretAccessKey"])
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:DescribeTrainingJob"):
        collector.describe_training_job(TrainingJobName="yours-1")
    with pytest.raises(ClientError, match="ValidationException"):
        collector.describe_training_job(TrainingJobName="mine-1")
