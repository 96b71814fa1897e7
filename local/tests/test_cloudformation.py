"""Every resource type Evergreen's stacks use deploys, and does something."""

import json
import time

import pytest
from training_support import wait_until

ROLE = {"Fn::GetAtt": ["Role", "Arn"]}
CODE = {"ZipFile": "exports.handler = async (event) => { console.log(JSON.stringify(event)); return { statusCode: 200, body: 'fine' }; };"}


def arn(name):
    return {"Fn::GetAtt": [name, "Arn"]}


def ref(name):
    return {"Ref": name}


RESOURCES = {
    "Key": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True, "KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
    "SigningKey": {"Type": "AWS::KMS::Key", "Properties": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
    "KeyAlias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/evergreen", "TargetKeyId": ref("Key")}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
                                                     "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}]}},
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": ref("Key")}},
    "TopicPolicy": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [ref("Topic")], "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
    "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": {"TopicArn": ref("Topic"), "Protocol": "sqs", "Endpoint": arn("Queue")}},
    "DeadLetters": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1209600}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60, "KmsMasterKeyId": ref("Key"), "RedrivePolicy": {
        "deadLetterTargetArn": arn("DeadLetters"), "maxReceiveCount": 3}}},
    "QueuePolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [ref("Queue")], "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
    "Table": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "gpk")], "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [{"IndexName": "byG", "KeySchema": [{"AttributeName": "gpk", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}],
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"}, "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
        "Replicas": [{"Region": "eu-central-1", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}, "DeletionProtectionEnabled": False,
                      "SSESpecification": {"KMSMasterKeyId": arn("Key")}}]}},
    "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
        "VersioningConfiguration": {"Status": "Enabled"}, "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn("Key")}}]},
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "LifecycleConfiguration": {"Rules": [{"Id": "old", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
                                             {"Id": "tier", "Status": "Enabled", "Prefix": "cold/", "Transitions": [{"StorageClass": "GLACIER_IR", "TransitionInDays": 30}]}]}}},
    "BucketPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": ref("Bucket"), "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arn("Bucket"), "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}}},
    "FunctionLogs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/evergreen/function", "RetentionInDays": 30, "KmsKeyId": arn("Key")}},
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {
        "Runtime": "nodejs24.x", "Handler": "index.handler", "Role": ROLE, "Code": CODE, "Architectures": ["arm64"], "MemorySize": 512, "Timeout": 30,
        "TracingConfig": {"Mode": "Active"}, "ReservedConcurrentExecutions": 5, "LoggingConfig": {"LogGroup": ref("FunctionLogs"), "LogFormat": "JSON"},
        "Environment": {"Variables": {"TABLE": ref("Table")}}, "EphemeralStorage": {"Size": 1024}}},
    "Intel": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs24.x", "Handler": "index.handler", "Role": ROLE, "Code": CODE, "Architectures": ["x86_64"]}},
    "Alias": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": ref("Intel"), "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]}, "Name": "live"}},
    "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": ref("Intel")}},
    "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"EventSourceArn": arn("Queue"), "FunctionName": ref("Function"), "BatchSize": 5,
                                                                        "FunctionResponseTypes": ["ReportBatchItemFailures"], "ScalingConfig": {"MaximumConcurrency": 2}}},
    "Invoke": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {"FunctionName": ref("Function"), "Qualifier": "$LATEST", "MaximumRetryAttempts": 1,
                                                                      "DestinationConfig": {"OnFailure": {"Destination": arn("DeadLetters")}}}},
    "MachineLogs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/vendedlogs/states/evergreen"}},
    "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
        "RoleArn": ROLE, "TracingConfiguration": {"Enabled": True}, "LoggingConfiguration": {"Level": "ALL", "IncludeExecutionData": True, "Destinations": [
            {"CloudWatchLogsLogGroup": {"LogGroupArn": arn("MachineLogs")}}]},
        "DefinitionSubstitutions": {"Answer": "42"}, "DefinitionString": json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Pass", "Output": {"answer": "${Answer}"}, "End": True}}})}},
    "FromS3": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"RoleArn": ROLE, "DefinitionSubstitutions": {"Word": "hello"},
                                                                         "DefinitionS3Location": {"Bucket": "definitions", "Key": "machine.json"}}},
    "ToQueue": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["aws.s3"], "detail": {"bucket": {"name": [ref("Bucket")]}, "object": {"key": [{"prefix": "in/"}]}}},
                                                           "Targets": [{"Id": "q", "Arn": arn("Queue"), "DeadLetterConfig": {"Arn": arn("DeadLetters")}, "RetryPolicy": {"MaximumRetryAttempts": 3}}]}},
    "ToMachine": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["test"]}, "Targets": [
        {"Id": "m", "Arn": ref("Machine"), "RoleArn": ROLE, "InputTransformer": {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"id": <id>}'}}]}},
    "ToFunction": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 day)", "State": "DISABLED", "Targets": [{"Id": "f", "Arn": arn("Function")}]}},
    "Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
                                                                  "Target": {"Arn": arn("Function"), "RoleArn": ROLE, "Input": "{}", "RetryPolicy": {"MaximumRetryAttempts": 2}}}},
    "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": arn("Function"), "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}},
    "ApiLogs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/evergreen/api"}},
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "evergreen", "EndpointConfiguration": {"Types": ["REGIONAL"]}}},
    "Body": {"Type": "AWS::ApiGateway::Model", "Properties": {"RestApiId": ref("Api"), "ContentType": "application/json", "Name": "Body",
                                                            "Schema": {"type": "object", "required": ["rows"], "properties": {"rows": {"type": "array"}}}}},
    "Validator": {"Type": "AWS::ApiGateway::RequestValidator", "Properties": {"RestApiId": ref("Api"), "ValidateRequestBody": True}},
    "Path": {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": ref("Api"), "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "predict"}},
    "Post": {"Type": "AWS::ApiGateway::Method", "Properties": {
        "RestApiId": ref("Api"), "ResourceId": ref("Path"), "HttpMethod": "POST", "AuthorizationType": "NONE", "ApiKeyRequired": True,
        "RequestValidatorId": ref("Validator"), "RequestModels": {"application/json": ref("Body")},
        "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"}}}},
    "BadBody": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": ref("Api"), "ResponseType": "BAD_REQUEST_BODY", "StatusCode": "422", "ResponseTemplates": {
        "application/json": '{"type":"invalid","detail":"$context.error.validationErrorString"}'}}},
    "Deployment": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": ["Post"], "Properties": {"RestApiId": ref("Api")}},
    "Account": {"Type": "AWS::ApiGateway::Account", "Properties": {"CloudWatchRoleArn": ROLE}},
    "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
        "RestApiId": ref("Api"), "DeploymentId": ref("Deployment"), "StageName": "v1", "TracingEnabled": True,
        "AccessLogSetting": {"DestinationArn": arn("ApiLogs"), "Format": '{"requestId":"$context.requestId","status":"$context.status"}'},
        "MethodSettings": [{"HttpMethod": "*", "ResourcePath": "/*", "MetricsEnabled": True, "LoggingLevel": "ERROR", "ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 50}]}},
    "ApiKey": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": True, "Value": "a-secret-key-of-20-characters"}},
    "Plan": {"Type": "AWS::ApiGateway::UsagePlan", "Properties": {"ApiStages": [{"ApiId": ref("Api"), "Stage": ref("Stage")}], "Quota": {"Limit": 3, "Period": "DAY"}, "Throttle": {"RateLimit": 100, "BurstLimit": 100}}},
    "PlanKey": {"Type": "AWS::ApiGateway::UsagePlanKey", "Properties": {"KeyId": ref("ApiKey"), "KeyType": "API_KEY", "UsagePlanId": ref("Plan")}},
    "Acl": {"Type": "AWS::WAFv2::WebACL", "Properties": {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": {"CloudWatchMetricsEnabled": True, "MetricName": "acl", "SampledRequestsEnabled": True},
                                                       "Rules": [{"Name": "rate", "Priority": 1, "Action": {"Block": {}}, "Statement": {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}},
                                                                  "VisibilityConfig": {"CloudWatchMetricsEnabled": True, "MetricName": "rate", "SampledRequestsEnabled": True}}]}},
    "AclUse": {"Type": "AWS::WAFv2::WebACLAssociation", "DependsOn": ["Stage"], "Properties": {"WebACLArn": arn("Acl"), "ResourceArn": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}::/restapis/${Api}/stages/v1"}}},
    "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Namespace": "CFN", "MetricName": "errors", "Statistic": "Sum", "Period": 10, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 1,
                                                             "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching", "AlarmActions": [ref("Topic")], "Dimensions": [{"Name": "model", "Value": "iris"}]}},
    "MathAlarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"EvaluationPeriods": 1, "Threshold": 0.5, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching", "Metrics": [
        {"Id": "rate", "Expression": "errors / calls", "Label": "error rate"},
        {"Id": "errors", "ReturnData": False, "MetricStat": {"Metric": {"Namespace": "CFN", "MetricName": "errors", "Dimensions": [{"Name": "model", "Value": "iris"}]}, "Period": 10, "Stat": "Sum"}},
        {"Id": "calls", "ReturnData": False, "MetricStat": {"Metric": {"Namespace": "CFN", "MetricName": "calls"}, "Period": 10, "Stat": "Sum"}}]}},
    "Either": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmActions": [ref("Topic")], "AlarmRule": {"Fn::Sub": 'ALARM("${Alarm}") OR ALARM("${MathAlarm}")'}}},
    "Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": "evergreen", "DashboardBody": '{"widgets":[]}'}},
    "Filter": {"Type": "AWS::Logs::MetricFilter", "Properties": {"LogGroupName": ref("FunctionLogs"), "FilterPattern": '{ $.level = "ERROR" }', "MetricTransformations": [{"MetricNamespace": "CFN", "MetricName": "logged", "MetricValue": "1"}]}},
    "LogSubscription": {"Type": "AWS::Logs::SubscriptionFilter", "Properties": {"LogGroupName": ref("FunctionLogs"), "FilterPattern": '{ $.kind = "prediction" }', "DestinationArn": arn("Intel")}},
    "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}},
    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "evergreen"}},
}
OUTPUTS = {name: {"Value": value} for name, value in {
    "Machine": ref("Machine"), "FromS3": ref("FromS3"), "Bucket": ref("Bucket"), "Queue": ref("Queue"), "Api": ref("Api"), "Table": ref("Table"),
    "SigningKey": ref("SigningKey"), "Either": ref("Either"), "MathAlarm": ref("MathAlarm"), "EitherArn": arn("Either"), "Function": ref("Function")}.items()}


@pytest.fixture(scope="module")
def stack(engine):
    s3, cloudformation = engine.client("s3"), engine.client("cloudformation")
    s3.create_bucket(Bucket="definitions", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="definitions", Key="machine.json", Body=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Word}", "End": True}}}))
    cloudformation.create_stack(StackName="all", TemplateBody=json.dumps({"Resources": RESOURCES, "Outputs": OUTPUTS}), Capabilities=["CAPABILITY_IAM"])
    describe = lambda: cloudformation.describe_stacks(StackName="all")["Stacks"][0]
    wait_until(lambda: not describe()["StackStatus"].endswith("IN_PROGRESS"), 60)
    if describe()["StackStatus"] != "CREATE_COMPLETE":
        events = cloudformation.describe_stack_events(StackName="all")["StackEvents"]
        pytest.fail("; ".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in events if "FAILED" in event["ResourceStatus"]))
    return {item["OutputKey"]: item["OutputValue"] for item in describe()["Outputs"]}


def run_machine(engine, machine):
    states = engine.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    wait_until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")
    return json.loads(states.describe_execution(executionArn=execution)["output"])


def test_definitions_are_substituted(engine, stack):
    assert run_machine(engine, stack["Machine"]) == {"answer": "42"}
    assert run_machine(engine, stack["FromS3"]) == "hello"


def test_an_upload_travels_to_the_function(engine, stack):
    engine.client("s3").put_object(Bucket=stack["Bucket"], Key="in/rows.csv", Body="a")
    logs = engine.client("logs")
    found = wait_until(lambda: [event["message"] for event in logs.filter_log_events(logGroupName="/evergreen/function")["events"] if "in/rows.csv" in event["message"]])
    assert "aws:sqs" in found[0]


def test_the_api_validates_and_counts(engine, stack):
    import urllib.request

    def post(body, key="a-secret-key-of-20-characters", content_type="application/json"):
        request = urllib.request.Request(f"http://127.0.0.1:{engine.port}/restapis/{stack['Api']}/v1/_user_request_/predict", data=body.encode(),
                                         headers={"content-type": content_type, **({"x-api-key": key} if key else {})})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    assert post('{"rows": []}', key=None)[0] == 403
    assert post('{"rows": []}') == (200, "fine")
    status, text = post("{}")
    assert status == 422 and json.loads(text)["type"] == "invalid"
    # A type without a model is not validated.
    assert post("no JSON", content_type="application/octet-stream")[0] == 200
    assert post('{"rows": []}')[0] == 429
    lines = [json.loads(event["message"]) for event in engine.client("logs").filter_log_events(logGroupName="/evergreen/api")["events"]]
    assert [line["status"] for line in lines] == ["403", "200", "422", "200", "429"]
    watch = engine.client("cloudwatch")
    calls = watch.get_metric_statistics(Namespace="AWS/Lambda", MetricName="Invocations", StartTime=time.time() - 60, EndTime=time.time() + 60, Period=3600,
                                        Statistics=["Sum"], Dimensions=[{"Name": "FunctionName", "Value": stack["Function"]}])
    assert calls["Datapoints"][0]["Sum"] >= 2
    found = watch.get_metric_statistics(Namespace="AWS/ApiGateway", MetricName="4XXError", StartTime=time.time() - 60, EndTime=time.time() + 60, Period=3600,
                                        Statistics=["Sum", "SampleCount"], Dimensions=[{"Name": "ApiName", "Value": "evergreen"}, {"Name": "Stage", "Value": "v1"}])
    assert found["Datapoints"][0]["Sum"] == 3 and found["Datapoints"][0]["SampleCount"] == len(lines)


def test_a_composite_of_metric_math_fires(engine, stack):
    watch = engine.client("cloudwatch")
    watch.put_metric_data(Namespace="CFN", MetricData=[{"MetricName": "errors", "Value": 9, "Dimensions": [{"Name": "model", "Value": "iris"}]}, {"MetricName": "calls", "Value": 10}])
    state = lambda: watch.describe_alarms(AlarmNames=[stack["Either"]], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]["StateValue"]
    wait_until(lambda: state() == "ALARM", 5)
    assert stack["EitherArn"].endswith(f":alarm:{stack['Either']}")


def test_a_kms_key_signs(engine, stack):
    kms = engine.client("kms")
    signed = kms.sign(KeyId=stack["SigningKey"], Message=b"digest", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")
    assert kms.verify(KeyId=stack["SigningKey"], Message=b"digest", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256", Signature=signed["Signature"])["SignatureValid"]


def test_the_stack_goes_away(engine, stack):
    cloudformation = engine.client("cloudformation")
    cloudformation.delete_stack(StackName="all")
    time.sleep(0.2)
    wait_until(lambda: not [item for item in cloudformation.list_stacks()["StackSummaries"] if item["StackName"] == "all" and item["StackStatus"] != "DELETE_COMPLETE"], 30)
