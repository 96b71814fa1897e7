"""What training and processing jobs have in common: a role, a program, a deadline, a log."""

import contextlib
import contextvars
import logging
import threading
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evergreen_engine.sagemaker import role_session
from evergreen_engine.sagemaker.errors import JobFailed, JobStopped
from evergreen_engine.sagemaker.job_folder import JobFolder
from evergreen_engine.sagemaker.job_log import JobLog
from evergreen_engine.sagemaker.job_run import JobRun
from evergreen_engine.sagemaker.process_groups import EngineEnding, ProcessGroup

logger = logging.getLogger("evergreen.sagemaker")


class ProgramRun(JobRun):
    """A job that is one program of this machine; see `JobRun` for the parameters."""

    def __init__(self, arn: str, name: str, record: dict[str, Any]) -> None:
        super().__init__(arn, name, record)
        self._log: JobLog | None = None
        self._last_lines: deque[str] = deque(maxlen=5)

    def check_stop(self) -> None:
        if self._stop_requested:
            raise JobStopped("Stopped")

    def run(self) -> None:
        try:
            self.work(self.open_session())
        except JobStopped as stopped:
            self.stopped(stopped.secondary_status)
        except JobFailed as failed:
            self.failed(failed)
        except EngineEnding:
            return
        except Exception as error:
            logger.exception("job %s broke", self.arn)
            self.failed(JobFailed(f"InternalServerError: {error}"))
        finally:
            with contextlib.suppress(Exception):
                if self._log:
                    self._log.flush()

    def open_session(self) -> role_session.RoleSession:
        """A session of the job's role; ask again after a long wait, since sessions end."""
        try:
            return role_session.session_of(self.record["RoleArn"])
        except Exception as error:
            raise JobFailed(f"ClientError: could not assume role {self.record['RoleArn']}: {error}") from error

    def execute(self, command: list[str], environment: dict[str, str], cwd: Path, log_group: str,
                max_seconds: float, on_line: Callable[[str], None] = lambda line: None) -> int:
        """Run the job's program to its end.

        Returns
        -------
        int
            Exit code of the program.

        Raises
        ------
        JobStopped
            When the job was stopped or ran longer than `max_seconds`.
        JobFailed
            When the program could not be started.
        """
        self.check_stop()
        log = self._log = JobLog(log_group, f"{self.name}/algo-1-{int(time.time())}")

        def take(line: str) -> None:
            log.add(line)
            self._last_lines.append(line)
            on_line(line)

        # The reader thread has no context of its own; metrics need the job's account and region.
        context = contextvars.copy_context()
        try:
            group = ProcessGroup(command, environment, cwd, lambda line: context.run(take, line))
        except OSError as error:
            raise JobFailed(f"AlgorithmError: {command[0]} could not be started: {error.strerror}", 127) from error
        self.record["_GroupId"] = group.group_id
        ended = threading.Event()
        threading.Thread(target=contextvars.copy_context().run, args=(log.keep_flushing, ended), daemon=True).start()
        try:
            code = group.wait(self._wake, time.monotonic() + max_seconds)
            if code is None:
                group.end()
        finally:
            ended.set()
            self.record.pop("_GroupId", None)
            group.close()
            log.flush()
        if self._stop_requested:
            raise JobStopped("Stopped")
        if code is None:
            raise JobStopped("MaxRuntimeExceeded")
        return code

    def failure_of(self, code: int, folder: JobFolder, command: list[str]) -> JobFailed:
        """The failure of a program that exited with `code`, told by its failure file or its last lines."""
        told = folder.read_failure()
        if not told:
            tail = " ".join(self._last_lines)[-500:]
            told = f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{tail}"\nCommand "{" ".join(command)}"'
        return JobFailed(f"AlgorithmError: {told[:900]}, exit code: {code}", code)

    @abstractmethod
    def work(self, session: role_session.RoleSession) -> None:
        """Do the job; returning means it succeeded."""

    @abstractmethod
    def failed(self, failure: JobFailed) -> None:
        """Write a failed end into the record."""

    @abstractmethod
    def stopped(self, secondary_status: str) -> None:
        """Write a stopped end into the record."""
