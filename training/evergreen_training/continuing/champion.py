"""The champion's package as a channel of the job, held against the registry's digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import JobError


@dataclass(frozen=True)
class Champion:
    """The version a training may go on from.

    Attributes
    ----------
    version : int
    package_digest : str
    state : dict or None
        Its state document; None when its trainer left none.
    known : Path or None
        Folder of the train rows it was trained on, given for an online update.
    """

    version: int
    package_digest: str
    state: dict[str, Any] | None
    known: Path | None


def read_champion(environment: Mapping[str, str]) -> Champion | None:
    """Read the champion a job was given.

    EVERGREEN_CHAMPION_VERSION and EVERGREEN_CHAMPION_DIGEST come from the registry; the channel ``champion`` is its
    package, and the channel ``known`` its train rows.

    Raises
    ------
    JobError
        When a file is not the one that the registry names.
    """
    folder = environment.get("SM_CHANNEL_CHAMPION")
    digest = environment.get("EVERGREEN_CHAMPION_DIGEST")
    if not folder or not digest:
        return None
    manifest = _checked(Path(folder) / "manifest.json", digest)
    named = json.loads(manifest)["files"].get("state.json")
    state = None if named is None else json.loads(_checked(Path(folder) / "state.json", named["sha256"]))
    known = environment.get("SM_CHANNEL_KNOWN")
    version = int(environment.get("EVERGREEN_CHAMPION_VERSION") or 0)
    return Champion(version, digest, state, Path(known) if known else None)


def _checked(file: Path, digest: str) -> bytes:
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != digest:
        raise JobError(f"the champion's {file.name} is missing or not the one in the registry; training stops here")
    return content
