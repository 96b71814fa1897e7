"""A job's lines in CloudWatch Logs, while it runs."""

import threading
import time

from ministack.services import cloudwatch_logs

from evergreen_engine.patching import require_attributes

require_attributes("ministack.services.cloudwatch_logs", "_create_log_group", "_create_log_stream", "_put_log_events")

_FLUSH_SECONDS = 0.2
_MAX_BATCH = 1000
_MAX_LINE = 256 * 1024


class JobLog:
    """Lines of one job, written to `group`/`stream` in batches by a thread.

    The thread shares the job's context variables, hence its account and region.
    """

    def __init__(self, group: str, stream: str) -> None:
        self._group, self._stream = group, stream
        self._lines: list[dict[str, object]] = []
        self._lock = threading.Lock()
        cloudwatch_logs._create_log_group({"logGroupName": group})
        cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})

    def add(self, line: str) -> None:
        if not line:
            return
        event = {"timestamp": int(time.time() * 1000), "message": line[:_MAX_LINE]}
        with self._lock:
            self._lines.append(event)

    def flush(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        for start in range(0, len(lines), _MAX_BATCH):
            cloudwatch_logs._put_log_events({"logGroupName": self._group, "logStreamName": self._stream,
                                             "logEvents": lines[start:start + _MAX_BATCH]})

    def keep_flushing(self, until: threading.Event) -> None:
        """Flush several times a second until `until` is set."""
        while not until.wait(_FLUSH_SECONDS):
            self.flush()
