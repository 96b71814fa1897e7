"""What training and processing jobs have in common: a role, a program, a deadline, a log."""

import contextlib
import contextvars
import logging
import threading
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evergreen_engine.sagemaker import role_session
from evergreen_engine.sagemaker.errors import JobFailed, JobStopped
from evergreen_engine.sagemaker.job_folder import JobFolder
from evergreen_engine.sagemaker.job_log import JobLog
from evergreen_engine.sagemaker.job_run import JobRun
from evergreen_engine.sagemaker.process_groups import (
    EngineEnding,
    ProcessGroup,
    close_all,
)

logger = logging.getLogger("evergreen.sagemaker")


@dataclass(frozen=True)
class Program:
    """What a host of a job runs."""

    command: list[str]
    environment: dict[str, str]
    cwd: Path


class ProgramRun(JobRun):
    """A job that is a program of this machine, or one for each of its hosts; see `JobRun` for the parameters."""

    def __init__(self, arn: str, name: str, record: dict[str, Any]) -> None:
        super().__init__(arn, name, record)
        self._logs: list[JobLog] = []
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
                for log in self._logs:
                    log.flush()

    def open_session(self) -> role_session.RoleSession:
        """A session of the job's role; ask again after a long wait, since sessions end."""
        try:
            return role_session.session_of(self.record["RoleArn"])
        except Exception as error:
            raise JobFailed(f"ClientError: could not assume role {self.record['RoleArn']}: {error}") from error

    def execute(self, programs: list[Program], log_group: str, max_seconds: float,
                on_line: Callable[[str], None] = lambda line: None) -> int:
        """Run the job's programs, one for each host, until all have ended or one has failed.

        Returns
        -------
        int
            Exit code of the program that failed first; 0 when all ended well.

        Raises
        ------
        JobStopped
            When the job was stopped or ran longer than `max_seconds`.
        JobFailed
            When a program could not be started.
        """
        self.check_stop()
        started, ended = int(time.time()), threading.Event()
        groups: list[ProcessGroup] = []
        self._logs = [JobLog(log_group, f"{self.name}/algo-{number}-{started}") for number in range(1, len(programs) + 1)]
        try:
            for program, log in zip(programs, self._logs, strict=True):
                groups.append(self._start(program, log, on_line))
                self.record["_GroupIds"] = [group.group_id for group in groups]
                threading.Thread(target=contextvars.copy_context().run, args=(log.keep_flushing, ended), daemon=True).start()
            code = self._wait(groups, time.monotonic() + max_seconds)
            for group in groups:
                if group.exit_code is None:
                    group.end()
        finally:
            ended.set()
            self.record.pop("_GroupIds", None)
            close_all(groups)
            for log in self._logs:
                log.flush()
        if self._stop_requested:
            raise JobStopped("Stopped")
        if code is None:
            raise JobStopped("MaxRuntimeExceeded")
        return code

    def _start(self, program: Program, log: JobLog, on_line: Callable[[str], None]) -> ProcessGroup:
        def take(line: str) -> None:
            log.add(line)
            self._last_lines.append(line)
            on_line(line)

        # The reader thread has no context of its own; metrics need the job's account and region.
        context = contextvars.copy_context()
        try:
            return ProcessGroup(program.command, program.environment, program.cwd, lambda line: context.run(take, line),
                                self._wake.set)
        except OSError as error:
            raise JobFailed(f"AlgorithmError: {program.command[0]} could not be started: {error.strerror}", 127) from error

    def _wait(self, groups: list[ProcessGroup], deadline: float) -> int | None:
        """The first exit code that is not 0, or 0; None when the job was stopped or its time is over."""
        while not self._stop_requested:
            codes = [group.exit_code for group in groups]
            failed = [code for code in codes if code]
            if failed or None not in codes:
                return failed[0] if failed else 0
            if time.monotonic() >= deadline:
                return None
            self._wake.wait(max(0.0, deadline - time.monotonic()))
            # A stop is remembered besides, so nothing is lost that comes between.
            self._wake.clear()
        return None

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
