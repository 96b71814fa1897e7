"""Command line and environment of a training script, as SageMaker's training toolkit makes them.

Source: https://github.com/aws/sagemaker-training-toolkit (ENVIRONMENT_VARIABLES.md).
"""

import json
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evergreen_engine.sagemaker.job_folder import JobFolder

# Of SageMaker's PyTorch containers.
_MASTER_PORT = 7777
# A container does not see the shell it was started from; these are what a process cannot do without.
_KEPT_FROM_ENGINE = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "JAVA_HOME",
                     "SPARK_HOME", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY")


@dataclass(frozen=True)
class Host:
    """One of a job's hosts: its name among all names, and the port at which the first may listen."""

    name: str
    names: list[str]
    port: int

    @property
    def is_first(self) -> bool:
        return self.name == self.names[0]


def hosts_of(record: dict[str, Any]) -> list[Host]:
    """The hosts of a training job.

    Names such as algo-2 resolve in SageMaker's network only, so several hosts of this machine go by loopback addresses.
    Where the first is to listen a free port is found for each job: two jobs would be in each other's way at a fixed one.
    """
    count = (record.get("ResourceConfig") or {}).get("InstanceCount", 1)
    if count == 1:
        return [Host("algo-1", ["algo-1"], _MASTER_PORT)]
    names = [f"127.0.0.{number}" for number in range(1, count + 1)]
    with socket.create_server((names[0], 0)) as server:
        port = server.getsockname()[1]
    return [Host(name, names, port) for name in names]


def decode_hyperparameters(raw: dict[str, str]) -> dict[str, Any]:
    """Values are JSON when they parse as JSON and plain strings when they do not."""
    decoded = {}
    for name, text in raw.items():
        try:
            decoded[name] = json.loads(text)
        except json.JSONDecodeError:
            decoded[name] = text
    return decoded


def split_hyperparameters(decoded: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split into (the toolkit's own ``sagemaker_*``, the script's)."""
    own = {name: value for name, value in decoded.items() if name.startswith("sagemaker_")}
    script = {name: value for name, value in decoded.items()
              if not name.startswith("sagemaker_") and name != "_tuning_objective_metric"}
    return own, script


def arguments(hyperparameters: dict[str, Any]) -> list[str]:
    """``--name value`` for each hyperparameter, sorted by name; one-letter names get one dash."""
    found = []
    for name in sorted(hyperparameters):
        found += [f"--{name}" if len(name) > 1 else f"-{name}", str(hyperparameters[name])]
    return found


def _as_variable(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def base_environment() -> dict[str, str]:
    """What any job's process gets from the engine's own environment."""
    kept = {name: os.environ[name] for name in _KEPT_FROM_ENGINE if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _resource_config(record: dict[str, Any], host: Host) -> dict[str, Any]:
    instance = (record.get("ResourceConfig") or {}).get("InstanceType", "local")
    return {"current_host": host.name, "hosts": host.names, "network_interface_name": "lo",
            "current_instance_type": instance, "current_group_name": "homogeneousCluster",
            "instance_groups": [{"instance_group_name": "homogeneousCluster", "instance_type": instance,
                                 "hosts": host.names}]}


def distribution_of(channel: dict[str, Any]) -> str:
    """``FullyReplicated`` or ``ShardedByS3Key``."""
    return (channel["DataSource"].get("S3DataSource") or {}).get("S3DataDistributionType") or "FullyReplicated"


def _channel_configs(record: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {channel["ChannelName"]: {"TrainingInputMode": channel.get("InputMode", "File"),
                                     "S3DistributionType": distribution_of(channel),
                                     "RecordWrapperType": channel.get("RecordWrapperType", "None")}
            for channel in record.get("InputDataConfig") or []}


def write_config_files(record: dict[str, Any], folder: JobFolder, host: Host) -> None:
    """The three files below ``/opt/ml/input/config``."""
    folder.write_config("hyperparameters.json", record.get("HyperParameters") or {})
    folder.write_config("inputdataconfig.json", _channel_configs(record))
    folder.write_config("resourceconfig.json", _resource_config(record, host))


def training_environment(record: dict[str, Any], folder: JobFolder, host: Host) -> dict[str, str]:
    """All ``SM_*`` variables of a training job, and the job's own `Environment`."""
    own, script = split_hyperparameters(decode_hyperparameters(record.get("HyperParameters") or {}))
    resources, channels = _resource_config(record, host), _channel_configs(record)
    program = str(own.get("sagemaker_program", ""))
    directories = {"SM_MODEL_DIR": folder.model, "SM_OUTPUT_DIR": folder.output,
                   "SM_OUTPUT_DATA_DIR": folder.output_data, "SM_OUTPUT_INTERMEDIATE_DIR": folder.intermediate,
                   "SM_INPUT_DIR": folder.input, "SM_INPUT_CONFIG_DIR": folder.config}
    details = {
        "additional_framework_parameters": {}, "channel_input_dirs": {name: str(folder.data / name) for name in channels},
        "current_host": host.name, "hosts": host.names, "hyperparameters": script, "input_config_dir": str(folder.config),
        "input_data_config": channels, "input_dir": str(folder.input), "is_master": host.is_first,
        "job_name": record["TrainingJobName"], "log_level": 20, "master_hostname": host.names[0],
        "model_dir": str(folder.model), "module_dir": str(own.get("sagemaker_submit_directory", "")),
        "module_name": Path(program).stem, "network_interface_name": "lo", "num_cpus": os.cpu_count() or 1,
        "num_gpus": 0, "output_data_dir": str(folder.output_data), "output_dir": str(folder.output),
        "output_intermediate_dir": str(folder.intermediate), "resource_config": resources, "user_entry_point": program}
    variables = {
        **{name: str(path) for name, path in directories.items()},
        "SM_CHANNELS": json.dumps(sorted(channels)), "SM_HPS": json.dumps(script), "SM_HOSTS": json.dumps(host.names),
        "SM_CURRENT_HOST": host.name, "SM_MASTER_ADDR": host.names[0], "MASTER_ADDR": host.names[0],
        "MASTER_PORT": str(host.port), "SM_NETWORK_INTERFACE_NAME": "lo",
        "SM_NUM_CPUS": str(os.cpu_count() or 1), "SM_NUM_GPUS": "0", "SM_NUM_NEURONS": "0", "SM_LOG_LEVEL": "20",
        "SM_CURRENT_INSTANCE_TYPE": resources["current_instance_type"], "SM_RESOURCE_CONFIG": json.dumps(resources),
        "SM_INPUT_DATA_CONFIG": json.dumps(channels), "SM_USER_ENTRY_POINT": program,
        "SM_MODULE_NAME": Path(program).stem, "SM_MODULE_DIR": details["module_dir"],
        "SM_FRAMEWORK_PARAMS": "{}", "SM_USER_ARGS": json.dumps(arguments(script)),
        "SM_TRAINING_ENV": json.dumps(details),
        "TRAINING_JOB_NAME": record["TrainingJobName"], "TRAINING_JOB_ARN": record["TrainingJobArn"]}
    variables |= {f"SM_CHANNEL_{name.upper()}": str(folder.data / name) for name in channels}
    variables |= {f"SM_HP_{name.upper().replace('-', '_')}": _as_variable(value) for name, value in script.items()}
    return {**variables, **(record.get("Environment") or {})}


def training_command(program: str, hyperparameters: dict[str, Any]) -> list[str]:
    """The command line of a script; a ``.sh`` program runs in a shell, as in the toolkit."""
    interpreter = ["/bin/sh"] if program.endswith(".sh") else [sys.executable]
    return [*interpreter, program, *arguments(hyperparameters)]
