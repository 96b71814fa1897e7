"""Run one job's program in a process group of its own, and end the whole group for certain."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

STOP_GRACE_SECONDS = 5.0
_ENGINE_END_GRACE_SECONDS = 1.0

_running: set["ProcessGroup"] = set()
_running_lock = threading.Lock()
_engine_is_ending = threading.Event()


class EngineEnding(Exception):
    """The engine is shutting down; the job's record stays as it is."""


def _signal_group(group_id: int, number: int) -> bool:
    try:
        os.killpg(group_id, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM for a group that only has zombies left.
        return False
    return True


def end_group(group_id: int, grace_seconds: float) -> None:
    """SIGTERM to the group, SIGKILL to what is left of it after the grace period."""
    if not _signal_group(group_id, signal.SIGTERM):
        return
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and _signal_group(group_id, 0):
        time.sleep(0.02)
    _signal_group(group_id, signal.SIGKILL)


class ProcessGroup:
    """A started program, its output lines and its end.

    Parameters
    ----------
    command : list of str
    environment : dict
        The complete environment of the program.
    folder : Path
        Working directory.
    on_line : callable
        Called with each line of stdout and stderr, from a thread.
    when_ended : callable
        Called once `exit_code` is there, from a thread.
    """

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path,
                 on_line: Callable[[str], None], when_ended: Callable[[], None]) -> None:
        self._on_line = on_line
        self._reaped = threading.Event()
        with _running_lock:
            if _engine_is_ending.is_set():
                raise EngineEnding
            self._process = subprocess.Popen(
                command, env=environment, cwd=folder, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            _running.add(self)
        self._reader = threading.Thread(target=self._read, name="evergreen-job-output", daemon=True)
        self._reader.start()
        threading.Thread(target=self._reap, args=(when_ended,), name="evergreen-job-exit", daemon=True).start()

    @property
    def group_id(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        for raw in self._process.stdout:
            self._on_line(raw.decode("utf-8", "replace").rstrip("\r\n"))

    def end(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        end_group(self.group_id, grace_seconds)

    @property
    def exit_code(self) -> int | None:
        """None while the program runs; negative codes are signal numbers."""
        return self._process.returncode if self._reaped.is_set() else None

    def _reap(self, when_ended: Callable[[], None]) -> None:
        self._process.wait()
        self._reaped.set()
        when_ended()

    def close(self) -> None:
        """End whatever the program left behind and read its last lines."""
        end_group(self.group_id, 0.0)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        # A daemon that left the group may hold the pipe open for ever.
        self._reader.join(timeout=1)
        with _running_lock:
            _running.discard(self)


def close_all(groups: list[ProcessGroup]) -> None:
    """Close groups; raises `EngineEnding` afterwards when that is why they ended."""
    for group in groups:
        group.close()
    if _engine_is_ending.is_set():
        raise EngineEnding


def end_all() -> None:
    """End every running program because the engine stops; no new one can start afterwards."""
    with _running_lock:
        _engine_is_ending.set()
        groups = list(_running)
    enders = [threading.Thread(target=group.end, args=(_ENGINE_END_GRACE_SECONDS,)) for group in groups]
    for ender in enders:
        ender.start()
    for ender in enders:
        ender.join()


def end_leftover(group_id: int, marker: str) -> None:
    """End a group an engine left behind that was killed, if it is still that job's.

    Process ids are used again, so the environment of the leader has to hold `marker` (the ARN).
    """
    found = subprocess.run(["ps", "eww", "-o", "command=", "-p", str(group_id)],
                           capture_output=True, text=True, check=False).stdout
    if marker in found:
        end_group(group_id, 0.5)
