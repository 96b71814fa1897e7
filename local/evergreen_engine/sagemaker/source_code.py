"""Fetch a script's source archive, unpack it safely, and have its requirements met."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from evergreen_engine.sagemaker import transfer
from evergreen_engine.sagemaker.errors import JobFailed
from evergreen_engine.settings import current_settings

_MAX_UNPACKED_BYTES = 512 * 1024 * 1024
_install_lock = threading.Lock()


def fetch_and_unpack(s3: Any, uri: str, code: Path, role_arn: str) -> None:
    """Unpack the ``sourcedir.tar.gz`` at `uri` into `code`."""
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "sourcedir.tar.gz"
        transfer.fetch_object(s3, uri, archive, role_arn)
        try:
            _unpack(archive, code)
        except (tarfile.TarError, OSError, EOFError) as error:
            raise JobFailed(f"ClientError: source archive {uri} cannot be unpacked: {error}") from error


def _refuse_unsafe(member: tarfile.TarInfo) -> None:
    """Source is made of files and folders below the archive's root; links and devices have no place in it."""
    name = PurePosixPath(member.name)
    if not (member.isfile() or member.isdir()):
        raise tarfile.TarError(f"{member.name} is neither a file nor a folder")
    if name.is_absolute() or ".." in name.parts:
        raise tarfile.TarError(f"{member.name} would be written outside of the code folder")
    member.mode = 0o755 if member.isdir() else 0o644
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""


def _unpack(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        if sum(member.size for member in members) > _MAX_UNPACKED_BYTES:
            raise tarfile.TarError(f"unpacks to more than {_MAX_UNPACKED_BYTES} bytes")
        for member in members:
            _refuse_unsafe(member)
        # Python before 3.11.4 has no filter of its own for this.
        own = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        tar.extractall(target, members=members, **own)


def _is_met(line: str) -> bool:
    try:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate():
            return True
        return not requirement.extras and requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except (InvalidRequirement, metadata.PackageNotFoundError):
        return False


def _requirement_lines(text: str) -> list[str]:
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def installed_requirements(code: Path) -> Path | None:
    """Folder holding what ``requirements.txt`` of the source asks for.

    Returns
    -------
    Path or None
        None when this Python has everything already (the usual case: no process is started).
    """
    file = code / "requirements.txt"
    if not file.is_file():
        return None
    text = file.read_text()
    if all(_is_met(line) for line in _requirement_lines(text)):
        return None
    digest = hashlib.sha256(f"{sys.version_info[:2]}\n{text}".encode()).hexdigest()[:32]
    folder = current_settings().jobs_dir / "packages" / digest
    with _install_lock:
        if not folder.is_dir():
            _install(file, folder)
    return folder


def _install(requirements: Path, folder: Path) -> None:
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet",
         "--target", str(unfinished), "-r", str(requirements)],
        cwd=requirements.parent, capture_output=True, text=True, check=False)
    if run.returncode:
        raise JobFailed(f"AlgorithmError: InstallRequirementsError:\nExitCode {run.returncode}\n"
                        f"ErrorMessage \"{run.stderr.strip()[-600:]}\"", run.returncode)
    # Renamed only when complete, so a killed installation is never taken for a finished one.
    with contextlib.suppress(FileExistsError):
        unfinished.rename(folder)
