"""The /opt/ml tree of one job, below the engine's state folder."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.core.responses import get_account_id, get_region

from evergreen_engine.settings import current_settings

CONTAINER_ROOT = "/opt/ml"


@dataclass(frozen=True)
class JobFolder:
    """Folders of one job; `root` stands for ``/opt/ml`` of the container on AWS."""

    root: Path

    @classmethod
    def create(cls, kind: str, name: str) -> "JobFolder":
        """Make the folder of a new job, replacing what an earlier life of the name left."""
        base = current_settings().jobs_dir / get_account_id() / get_region() / kind / name
        shutil.rmtree(base, ignore_errors=True)
        folder = cls(base / "opt" / "ml")
        folder.root.mkdir(parents=True)
        return folder

    def of_host(self, host: str) -> "JobFolder":
        """The /opt/ml tree of another host of the job, removed with this one."""
        return JobFolder(self.root.parent.parent / "hosts" / host / "opt" / "ml")

    @property
    def input(self) -> Path:
        return self.root / "input"

    @property
    def config(self) -> Path:
        return self.input / "config"

    @property
    def data(self) -> Path:
        return self.input / "data"

    @property
    def code(self) -> Path:
        return self.root / "code"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def output_data(self) -> Path:
        return self.output / "data"

    @property
    def intermediate(self) -> Path:
        return self.output / "intermediate"

    @property
    def failure_file(self) -> Path:
        return self.output / "failure"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    def make_training_tree(self) -> None:
        for path in (self.config, self.data, self.code, self.model, self.output_data, self.intermediate,
                     self.checkpoints):
            path.mkdir(parents=True, exist_ok=True)

    def write_config(self, name: str, document: Any) -> None:
        self.config.mkdir(parents=True, exist_ok=True)
        self.write_json(self.config / name, document)

    @staticmethod
    def write_json(path: Path, document: Any) -> None:
        path.write_text(json.dumps(document))

    def localise(self, text: str) -> str:
        """`text` with a container path below /opt/ml turned into this folder's path."""
        return text.replace(CONTAINER_ROOT, str(self.root))

    def read_failure(self) -> str:
        """What the program wrote to ``/opt/ml/output/failure``; empty when it wrote nothing."""
        try:
            return self.failure_file.read_text(errors="replace").strip()
        except OSError:
            return ""

    def remove(self) -> None:
        """Delete the whole tree; what counts is in S3 by now."""
        shutil.rmtree(self.root.parent.parent, ignore_errors=True)
