"""Run one processing job: its entry point as a process, its inputs and outputs as folders."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from evergreen_engine import aws_time
from evergreen_engine.sagemaker import role_session, script_mode, state_events, transfer
from evergreen_engine.sagemaker.errors import JobFailed
from evergreen_engine.sagemaker.job_folder import JobFolder
from evergreen_engine.sagemaker.program_run import Program, ProgramRun
from evergreen_engine.sagemaker.training_run import role_variables

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
# Programs that images of AWS put on the path, and what stands for them here.
_SPARK_SUBMIT = ("smspark-submit", "spark-submit")


def _spark_submit() -> str:
    """The program on the PATH, or the one in the environment that `EVERGREEN_SPARK` names.

    Spark is 320 MB and few need it here, so the engine does not bring it along.
    """
    own = os.environ.get("EVERGREEN_SPARK", "")
    program = shutil.which("spark-submit") or shutil.which("spark-submit", path=str(Path(own, "bin")) if own else "")
    if program is None:
        where = f" or in {own}" if own else ""
        raise JobFailed(f"AlgorithmError: spark-submit is not on the PATH of the engine{where}; make it there with "
                        "`python3 -m venv` and `pip install -r spark/requirements.txt`, and start the engine anew", 127)
    if shutil.which("java") is None:
        raise JobFailed("AlgorithmError: no java is on the PATH of the engine; Spark 3.5 needs Java 8, 11 or 17", 127)
    return program


def _spark_variables(program: str) -> dict[str, str]:
    """Spark runs Python programs by the Python beside it, and binds loopback alone."""
    beside = Path(program).with_name("python")
    return {"SPARK_LOCAL_IP": "127.0.0.1", **({"PYSPARK_PYTHON": str(beside)} if beside.exists() else {})}


class ProcessingRun(ProgramRun):
    """A processing job; see `ProgramRun`.

    The container's paths below ``/opt/ml`` are rewritten to the job's folder wherever they stand
    in the entry point, the arguments and the environment. A program that has such a path written
    into itself does not find it; let it take the path as an argument.
    """

    def __init__(self, arn: str, name: str, record: dict[str, Any], region: str, endpoint: str) -> None:
        super().__init__(arn, name, record)
        self._region, self._endpoint = region, endpoint

    def work(self, session: role_session.RoleSession) -> None:
        folder = JobFolder.create("processing", self.name)
        folder.output.mkdir()
        self.record["ProcessingStartTime"] = aws_time.now()
        self._fetch(session.s3, folder)
        command = self._command(folder)
        spark = _spark_variables(command[0]) if Path(command[0]).name == "spark-submit" else {}
        environment = {**script_mode.base_environment(), **spark, **role_variables(session.credentials, self._region, self._endpoint),
                       "PROCESSING_JOB_NAME": self.name, "PROCESSING_JOB_ARN": self.arn,
                       **{name: folder.localise(value) for name, value in (self.record.get("Environment") or {}).items()}}
        limit = self.record["StoppingCondition"].get("MaxRuntimeInSeconds", 86400)
        code = self.execute([Program(command, environment, folder.root)], LOG_GROUP, limit)
        self.record["ExitMessage"] = folder.read_failure()[:1024] or None
        if code:
            raise self.failure_of(code, folder, command)
        self._upload(self.open_session().s3, folder)
        self._end("Completed")
        folder.remove()

    def _fetch(self, s3: Any, folder: JobFolder) -> None:
        role = self.record["RoleArn"]
        for item in self.record.get("ProcessingInputs") or []:
            self.check_stop()
            source = item.get("S3Input")
            if source is None:
                raise JobFailed(f"ClientError: input {item['InputName']} has no S3Input; only S3 is there locally")
            target = Path(folder.localise(source.get("LocalPath") or f"/opt/ml/processing/input/{item['InputName']}"))
            transfer.fetch(s3, source["S3Uri"], target, role, data_type=source.get("S3DataType", "S3Prefix"),
                           is_gzip=source.get("S3CompressionType") == "Gzip")
        for item in self._outputs():
            Path(folder.localise(item["S3Output"]["LocalPath"])).mkdir(parents=True, exist_ok=True)
        document = {"ProcessingJobArn": self.arn, "ProcessingJobName": self.name,
                    **{key: self.record.get(key) for key in ("AppSpecification", "Environment", "ProcessingInputs",
                                                             "ProcessingOutputConfig", "ProcessingResources", "RoleArn",
                                                             "StoppingCondition")}}
        (folder.root / "config").mkdir(exist_ok=True)
        folder.write_json(folder.root / "config" / "processingjobconfig.json", document)

    def _outputs(self) -> list[dict[str, Any]]:
        return (self.record.get("ProcessingOutputConfig") or {}).get("Outputs") or []

    def _command(self, folder: JobFolder) -> list[str]:
        application = self.record["AppSpecification"]
        words = [*(application.get("ContainerEntrypoint") or []), *(application.get("ContainerArguments") or [])]
        if not application.get("ContainerEntrypoint"):
            raise JobFailed("ClientError: AppSpecification.ContainerEntrypoint is needed; there is no image to take it from locally")
        program, *arguments = [folder.localise(word) for word in words]
        if Path(program).name in ("python", "python3"):
            program = sys.executable
        elif Path(program).name in _SPARK_SUBMIT:
            program = _spark_submit()
        return [program, *arguments]

    def _upload(self, s3: Any, folder: JobFolder) -> None:
        kms_key_id = (self.record.get("ProcessingOutputConfig") or {}).get("KmsKeyId")
        for item in self._outputs():
            self.check_stop()
            target = item["S3Output"]
            transfer.upload_folder(s3, Path(folder.localise(target["LocalPath"])), target["S3Uri"], self.record["RoleArn"], kms_key_id)

    def _end(self, status: str) -> None:
        self.record["ProcessingEndTime"] = self.touch()
        self.record["ProcessingJobStatus"] = status
        state_events.publish("SageMaker Processing Job State Change", self.arn, self.record)

    def failed(self, failure: JobFailed) -> None:
        self.record["FailureReason"] = failure.reason
        self._end("Failed")

    def stopped(self, secondary_status: str) -> None:
        if secondary_status == "MaxRuntimeExceeded":
            self.record["ExitMessage"] = "the job ran longer than MaxRuntimeInSeconds"
        self._end("Stopped")
