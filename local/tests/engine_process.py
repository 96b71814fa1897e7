"""Start and stop a real engine for the tests."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

LOCAL = Path(__file__).resolve().parents[1]
REGION = "eu-central-1"
ACCOUNT = "000000000000"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Engine:
    process: subprocess.Popen
    port: int
    state_dir: Path

    def client(self, service: str, access_key: str = "test", secret: str = "test", token: str | None = None):
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{self.port}", region_name=REGION,
                            aws_access_key_id=access_key, aws_secret_access_key=secret, aws_session_token=token,
                            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}))

    def stop(self, number: int = signal.SIGTERM, timeout: float = 10) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)


def start_engine(state_dir: Path, *arguments: str, port: int | None = None, **environment: str) -> Engine:
    port = port or free_port()
    log = (state_dir.parent / f"{state_dir.name}.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "evergreen_engine", "--port", str(port), "--state-dir", str(state_dir), *arguments],
        env={**os.environ, "PYTHONPATH": str(LOCAL), **environment}, stdout=subprocess.PIPE, stderr=log, text=True)
    line = process.stdout.readline()
    assert line, (state_dir.parent / f"{state_dir.name}.log").read_text()
    assert json.loads(line)["ready"] is True
    return Engine(process, port, state_dir)
