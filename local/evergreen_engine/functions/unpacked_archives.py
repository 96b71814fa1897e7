"""Layers are unpacked once, not for each process that starts: AWS mounts them, too."""

import hashlib
import os
import shutil
import tempfile
import time
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime, persistence

from evergreen_engine.patching import replaces, require_attributes

_RUNTIME = "ministack.core.lambda_runtime"
require_attributes(_RUNTIME, "zipfile", "Worker")
require_attributes("ministack.core.persistence", "STATE_DIR")

_SMALL_BYTES = 5_000_000
_KEPT_SECONDS = 14 * 86_400


def _folder() -> Path:
    return Path(persistence.STATE_DIR).parent / "unpacked"


def _digest(archive: zipfile.ZipFile) -> str:
    entries = ((each.filename, each.CRC, each.file_size, each.external_attr) for each in archive.infolist())
    return hashlib.sha256(repr(sorted(entries)).encode()).hexdigest()


def forget_unused(now: float) -> None:
    """Remove what no function was started with for two weeks."""
    for kept in _folder().glob("*"):
        if now - kept.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(kept, ignore_errors=True)


class UnpackedOnce(zipfile.ZipFile):
    """An archive whose large contents are kept unpacked in the state folder and linked to where they are wanted."""

    def extractall(self, path=None, members=None, pwd=None):
        is_small = sum(each.file_size for each in self.infolist()) < _SMALL_BYTES
        if is_small or path is None or members is not None or pwd is not None:
            return super().extractall(path, members, pwd)
        kept = _folder() / _digest(self)
        if not kept.is_dir():
            self._unpack(kept)
        os.utime(kept)
        for entry in kept.iterdir():
            os.symlink(entry, Path(path) / entry.name)

    def _unpack(self, kept: Path) -> None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Renamed when whole: a killed engine leaves no half of it, and of two processes one is first.
        part = Path(tempfile.mkdtemp(dir=kept.parent))
        try:
            super().extractall(part)
            os.rename(part, kept)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            if not kept.is_dir():
                raise


@replaces(f"{_RUNTIME}:Worker._spawn")
def _spawn_with_unpacked_layers(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream unpacks every layer anew for each process, which takes a second for the two of a model."""
    forget_unused(time.time())
    lambda_runtime.zipfile = types.SimpleNamespace(**{**vars(zipfile), "ZipFile": UnpackedOnce})

    def _spawn(self):
        return upstream(self)

    return _spawn
