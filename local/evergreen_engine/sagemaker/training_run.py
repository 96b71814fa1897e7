"""Run one training job in script mode."""

import shutil
import tarfile
from pathlib import Path
from typing import Any

from evergreen_engine import aws_time
from evergreen_engine.sagemaker import (
    role_session,
    script_mode,
    source_code,
    state_events,
    transfer,
)
from evergreen_engine.sagemaker.errors import JobFailed
from evergreen_engine.sagemaker.job_folder import JobFolder
from evergreen_engine.sagemaker.metrics import MetricReader
from evergreen_engine.sagemaker.program_run import Program, ProgramRun

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_STATUS_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
_ENDINGS = {"Completed": "Completed", "Failed": "Failed", "Stopped": "Stopped", "MaxRuntimeExceeded": "Stopped"}


def role_variables(credentials: role_session.RoleCredentials, region: str, endpoint: str) -> dict[str, str]:
    """Variables that make an AWS SDK inside the job work as the job's role, against this engine."""
    return {"AWS_ACCESS_KEY_ID": credentials.access_key_id, "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": endpoint}


def pack_folder(folder: Path, archive: Path) -> bool:
    """Write the files of `folder` into a tar.gz; False when there are none."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    if not entries:
        return False
    # Level 1: models are packed on every run, and the archive never travels further than the disk.
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for entry in entries:
            tar.add(entry, arcname=entry.name)
    return True


def merge_folder(source: Path, target: Path) -> None:
    """Copy what `target` lacks: what several hosts leave under one name is the first one's."""
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_file() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


class TrainingRun(ProgramRun):
    """A training job; see `ProgramRun`."""

    def __init__(self, arn: str, name: str, record: dict[str, Any], region: str, endpoint: str) -> None:
        super().__init__(arn, name, record)
        self._region, self._endpoint = region, endpoint
        definitions = record["AlgorithmSpecification"].get("MetricDefinitions") or []
        self.metrics = MetricReader(definitions, name)

    def enter(self, secondary: str, message: str | None = None) -> None:
        """Move the record to a secondary status, with AWS's transition entry and event."""
        now = self.touch()
        transitions = self.record["SecondaryStatusTransitions"]
        if transitions:
            transitions[-1].setdefault("EndTime", now)
        entry = {"Status": secondary, "StartTime": now,
                 "StatusMessage": message or _STATUS_MESSAGES.get(secondary, secondary)}
        if secondary in _ENDINGS:
            entry["EndTime"] = now
            self.record["TrainingEndTime"] = now
            seconds = int(now - self.record.get("TrainingStartTime", now)) + 1
            self.record["TrainingTimeInSeconds"] = self.record["BillableTimeInSeconds"] = seconds
            self.record["FinalMetricDataList"] = self.metrics.final_values() or None
        transitions.append(entry)
        # The primary status last: whoever polls for the end must find everything else in place.
        self.record["SecondaryStatus"] = secondary
        self.record["TrainingJobStatus"] = _ENDINGS.get(secondary, "InProgress")
        self._publish()

    def _publish(self) -> None:
        state_events.publish("SageMaker Training Job State Change", self.arn, self.record)

    def work(self, session: role_session.RoleSession) -> None:
        folder = JobFolder.create("training", self.name)
        hosts = script_mode.hosts_of(self.record)
        folders = [folder, *(folder.of_host(host.name) for host in hosts[1:])]
        for each in folders:
            each.make_training_tree()
        self.enter("Downloading")
        program, hyperparameters = self._fetch(session.s3, folders)
        packages = source_code.installed_requirements(folder.code)
        command = script_mode.training_command(program, hyperparameters)
        programs = []
        for host, own in zip(hosts, folders, strict=True):
            script_mode.write_config_files(self.record, own, host)
            environment = {**script_mode.base_environment(),
                           **role_variables(session.credentials, self._region, self._endpoint),
                           **script_mode.training_environment(self.record, own, host),
                           "PYTHONPATH": ":".join(str(path) for path in (folder.code, packages) if path)}
            programs.append(Program(command, environment, folder.code))
        self.enter("Training")
        self.record["TrainingStartTime"] = aws_time.now()
        limit = self.record["StoppingCondition"].get("MaxRuntimeInSeconds", 86400)
        code = self.execute(programs, LOG_GROUP, limit, self.metrics.read)
        if code:
            # The first to tell: what others say is that they lost it.
            told = [own for own in folders if own.read_failure()]
            first = min(told, key=lambda own: own.failure_file.stat().st_mtime, default=folder)
            raise self.failure_of(code, first, command)
        self.enter("Uploading")
        for own in folders[1:]:
            merge_folder(own.model, folder.model)
            merge_folder(own.output_data, folder.output_data)
        self._upload(self.open_session().s3, folder)
        self.enter("Completed")
        folder.remove()

    def _fetch(self, s3: Any, folders: list[JobFolder]) -> tuple[str, dict[str, Any]]:
        role = self.record["RoleArn"]
        for channel in self.record.get("InputDataConfig") or []:
            self.check_stop()
            source = channel["DataSource"].get("S3DataSource")
            if source is None:
                raise JobFailed(f"ClientError: channel {channel['ChannelName']} has no S3DataSource; only S3 is there locally")
            is_sharded = script_mode.distribution_of(channel) == "ShardedByS3Key"
            for place, folder in enumerate(folders):
                target = folder.data / channel["ChannelName"]
                if place and not is_sharded:
                    target.symlink_to(folders[0].data / channel["ChannelName"])
                    continue
                transfer.fetch(s3, source["S3Uri"], target, role, data_type=source["S3DataType"],
                               is_gzip=channel.get("CompressionType") == "Gzip",
                               shard=(place, len(folders)) if is_sharded else (0, 1))
        own, script = script_mode.split_hyperparameters(
            script_mode.decode_hyperparameters(self.record.get("HyperParameters") or {}))
        program, archive = own.get("sagemaker_program"), own.get("sagemaker_submit_directory")
        if not program or not archive:
            raise JobFailed("ClientError: hyperparameters sagemaker_program and sagemaker_submit_directory are needed; "
                            "training runs in script mode only")
        code = folders[0].code
        source_code.fetch_and_unpack(s3, str(archive), code, role)
        if not (code / str(program)).is_file():
            raise JobFailed(f"AlgorithmError: {program} is not in {archive}", 1)
        return str(program), script

    def _upload(self, s3: Any, folder: JobFolder) -> None:
        config = self.record["OutputDataConfig"]
        prefix = f"{config['S3OutputPath'].rstrip('/')}/{self.name}/output"
        for source, name in ((folder.output_data, "output.tar.gz"), (folder.model, "model.tar.gz")):
            self.check_stop()
            archive = folder.root / name
            if pack_folder(source, archive):
                transfer.upload(s3, archive, f"{prefix}/{name}", self.record["RoleArn"], config.get("KmsKeyId"))
        self.record["ModelArtifacts"] = {"S3ModelArtifacts": f"{prefix}/model.tar.gz"}

    def failed(self, failure: JobFailed) -> None:
        self.record["FailureReason"] = failure.reason
        self.enter("Failed", failure.reason)

    def stopped(self, secondary_status: str) -> None:
        self.enter(secondary_status)
