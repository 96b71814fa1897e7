"""Node functions: errors keep their name, the process survives them, its own end has AWS's name, logs end where the answer begins."""

import json
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime

from evergreen_engine.patching import UpstreamChanged, replaces, require_attributes

_RUNTIME = "ministack.core.lambda_runtime"
require_attributes(_RUNTIME, "_NODEJS_WORKER_SCRIPT", "Worker")

_END_OF_LOG = "\x00evergreen-end"
_LOG_WAIT_SECONDS = 2.0
_LOOK_SECONDS = 0.05

# Upstream's worker answers only the message of a thrown error and reads its log by waiting for silence.
_UPSTREAM_ERROR = 'status: "error", error: String(err.message || err), trace: err.stack || ""'


def _named(error: str) -> str:
    """JavaScript members of the answer for a thrown `error`; status "ok", since upstream ends the process of any other."""
    return (f'status: "ok", result: null, handlerError: {{ errorType: String(({error} && {error}.name) || "Error"), '
            f'errorMessage: String(({error} && {error}.message) ?? {error}), '
            f'trace: String(({error} && {error}.stack) || "").split("\\n") }}')


_MARK = f"_stderrWrite({json.dumps(_END_OF_LOG)} + ctx.request_id + '\\n')"
_UPSTREAM_SETTLE = "        settled = true;\n"
_UPSTREAM_THROW = '{\n        status: "error", error: e.message, trace: e.stack\n      }'
# Upstream's worker of a killed engine lives on while the function has a timer or a socket open.
_END_WITH_ENGINE = '\nprocess.stdin.on("end", () => process.exit(0));\n'

# What upstream answers for a process that ended in the middle of a call.
_DIED = "Worker process died"

_seen = threading.local()


def _adapted_script() -> str:
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    changes = {_UPSTREAM_ERROR: _named("err"), _UPSTREAM_SETTLE: f"{_UPSTREAM_SETTLE}        {_MARK};\n",
               _UPSTREAM_THROW: f"({_MARK}, {{ {_named('e')} }})"}
    for piece, changed in changes.items():
        if script.count(piece) != 1:
            raise UpstreamChanged(f"the Node worker of this MiniStack no longer contains {piece!r}; "
                                  "install the pinned release of local/requirements.txt")
        script = script.replace(piece, changed)
    return script + _END_WITH_ENGINE


@replaces(f"{_RUNTIME}:_detect_runtime_binary")
def _node_with_adapted_script(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream's script drops the name of a thrown error; Step Functions catches errors by that name."""
    script = _adapted_script()

    def _detect_runtime_binary(runtime):
        binary, found = upstream(runtime)
        return (binary, script) if runtime.startswith("nodejs") else (binary, found)

    return _detect_runtime_binary


def read_to_mark(lines: queue.Queue, request_id: str, is_read: Callable[[], bool], wait_seconds: float) -> list[str]:
    """What a call logged, and before it whatever was read too late for the call before.

    A mark has the id of its call. Where any mark would do, one that came late ended the next call at once: its lines were
    told with the call after, and those of the last call never.

    :param is_read: whether lines of the process are still being read.
    """
    found: list[str] = []
    mark = f"{_END_OF_LOG}{request_id}"
    deadline = time.monotonic() + wait_seconds
    while time.monotonic() < deadline:
        try:
            line = lines.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            if not is_read() and lines.empty():
                break
            continue
        if line == mark:
            break
        if not line.startswith(_END_OF_LOG):
            found.append(line)
    return found


@replaces(f"{_RUNTIME}:Worker._drain_stderr_bounded")
def _drain_to_marker(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream waits 50 ms for a first line after each call that logs nothing; our script marks the end instead."""
    def _drain_stderr_bounded(self, first_line_wait=0.050, idle_confirm=0.005, hard_cap=0.250):
        if not str(self.config.get("Runtime", "")).startswith("nodejs"):
            return upstream(self, first_line_wait, idle_confirm, hard_cap)
        thread = self._stderr_thread
        is_read = thread.is_alive if thread else lambda: False
        return "\n".join(read_to_mark(self._stderr_queue, self.evergreen_request, is_read, _LOG_WAIT_SECONDS))

    return _drain_stderr_bounded


@replaces(f"{_RUNTIME}:Worker.invoke")
def _remember_handler_error(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Carries the thrown error, or the end of the process, past upstream, which has no place for its name (see below)."""
    def invoke(self, event, request_id, *, trace_id=None, depth=None, durable=None, invoked_function_arn=None):
        self.evergreen_request = request_id
        answer = upstream(self, event, request_id, trace_id=trace_id, depth=depth, durable=durable,
                          invoked_function_arn=invoked_function_arn)
        _seen.error = answer.pop("handlerError", None)
        if answer.get("error") == _DIED:
            _seen.error = {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request_id} Error: Runtime exited before it answered"}
        return answer

    return invoke


@replaces("ministack.services.lambda_svc:_execute_function_warm")
def _answer_named_error(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream answers every thrown error as Runtime.HandlerError."""
    def _execute_function_warm(func, event, request_id):
        _seen.error = None
        answer = upstream(func, event, request_id)
        error = _seen.error
        if error is None:
            return answer
        log = "\n".join(filter(None, [answer.get("log", ""), f"ERROR\tInvoke Error\t{json.dumps(error)}"]))
        return {"body": error, "error": True, "log": log}

    return _execute_function_warm
