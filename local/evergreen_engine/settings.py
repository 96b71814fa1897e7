"""What the engine is started with, and the environment MiniStack reads it from."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class EngineSettings:
    """Settings of one engine process.

    Parameters
    ----------
    port : int
        TCP port on the loopback interface.
    state_dir : Path
        Everything that outlives the process lies below it.
    checks_iam : bool
        Whether each request is checked against IAM policies.
    """

    port: int
    state_dir: Path
    checks_iam: bool = False

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def jobs_dir(self) -> Path:
        return self.state_dir / "sagemaker"

    def as_environment(self) -> dict[str, str]:
        """Variables MiniStack reads while it is imported."""
        return {
            "GATEWAY_PORT": str(self.port),
            "AUTH": "true" if self.checks_iam else "false",
            "PERSIST_STATE": "1",
            "S3_PERSIST": "1",
            "STATE_DIR": str(self.state_dir / "services"),
            "S3_DATA_DIR": str(self.state_dir / "s3"),
            "LAMBDA_EXECUTOR": "local",
            # Lambda code is unpacked into temporary folders; a killed engine leaves them behind.
            "TMPDIR": str(self.state_dir / "tmp"),
            # Both listen on fixed ports of their own, so two engines would collide.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # Upstream takes whatever key id stands here for the account's root user. A real
            # key of the person's shell must neither become root nor reach a Lambda process.
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def apply(self) -> None:
        """Put the settings into this process's environment and make the folders."""
        shutil.rmtree(self.state_dir / "tmp", ignore_errors=True)
        for folder in ("services", "s3", "sagemaker", "tmp"):
            (self.state_dir / folder).mkdir(parents=True, exist_ok=True)
        for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
            os.environ.pop(name, None)
        os.environ.update(self.as_environment())
        tempfile.tempdir = None
        os.environ.setdefault("LOG_LEVEL", "WARNING")


_current: EngineSettings | None = None


def use_settings(settings: EngineSettings) -> None:
    """Make `settings` the ones of this process."""
    global _current
    _current = settings


def current_settings() -> EngineSettings:
    """Settings of this process; only valid after `use_settings`."""
    if _current is None:
        raise RuntimeError("engine settings are not set yet; start the engine through its command")
    return _current
