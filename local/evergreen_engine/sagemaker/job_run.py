"""What every job is while it lives: a thread, a way to stop it, an end others can wait for."""

import contextvars
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from evergreen_engine import aws_time

_live: dict[str, "JobRun"] = {}


def live_run(arn: str) -> "JobRun | None":
    """The run of a job that has not ended yet in this process."""
    return _live.get(arn)


class JobRun(ABC):
    """One job from its start to its end, in a thread of its own.

    Parameters
    ----------
    arn, name : str
    record : dict
        The job's Describe answer; kept up to date while the job runs.
    """

    def __init__(self, arn: str, name: str, record: dict[str, Any]) -> None:
        self.arn, self.name, self.record = arn, name, record
        self.finished = threading.Event()
        self._finish_lock = threading.Lock()
        self._when_finished: list[Callable[[], None]] = []
        self._wake = threading.Event()
        self._stop_requested = False

    def start(self) -> None:
        """Begin in a thread that keeps the caller's account and region."""
        _live[self.arn] = self
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._live_and_end,), name=f"evergreen-{self.name}", daemon=True).start()

    def _live_and_end(self) -> None:
        try:
            self.run()
        finally:
            _live.pop(self.arn, None)
            with self._finish_lock:
                self.finished.set()
            for listener in self._when_finished:
                listener()

    def stop(self) -> None:
        """Ask the job to end; its record says Stopped once every process is gone."""
        self._stop_requested = True
        self._wake.set()

    def call_when_finished(self, listener: Callable[[], None]) -> bool:
        """Have `listener` called at the end; True when the job has ended already."""
        with self._finish_lock:
            self._when_finished.append(listener)
            return self.finished.is_set()

    def touch(self) -> float:
        """Note the change in the record; returns the time."""
        self.record["LastModifiedTime"] = aws_time.now()
        return self.record["LastModifiedTime"]

    @abstractmethod
    def run(self) -> None:
        """Do the job and write its end into the record; must not raise."""
