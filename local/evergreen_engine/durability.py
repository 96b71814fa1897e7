"""Keep MiniStack's state on disk while it runs, not only when it ends.

Upstream writes its state files in the ASGI shutdown event, so a killed process loses everything
since its start (S3 objects excepted: those are written at once). Here a thread looks once a
second and rewrites the files of the services whose state changed.
"""

import contextlib
import json
import logging
import os
import sys
import threading
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from types import ModuleType
from typing import Any

from ministack import app as upstream
from ministack.core import persistence
from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

from evergreen_engine.patching import require_attributes

require_attributes("ministack.core.persistence", "STATE_DIR", "_json_default", "_state_format_version")
require_attributes("ministack.app", "_state_map", "_loaded_modules")

logger = logging.getLogger("evergreen.durability")

_INTERVAL_SECONDS = 1.0
_IDLE_INTERVAL_SECONDS = 5.0
# Logs and metrics grow with every call; what they only grow by is saved this often.
_GROWING = {"cloudwatch", "cloudwatch_logs"}
_GROWING_SECONDS = 60
# Deep enough that one item of a table, or one log stream, is a piece.
_PIECE_DEPTH = 8
# A checkpoint may cost at most this share of one core, however large the state grows.
_SHARE_OF_TIME = 0.05


def _loaded(module_name: str):
    return upstream._loaded_modules.get(module_name) or sys.modules.get(f"ministack.services.{module_name}")


def _key(key: object) -> str:
    return json.dumps(key) if isinstance(key, str) else json.dumps({key: 0})[1:-4]


def json_pieces(value: object, depth: int = 0) -> Iterator[str]:
    """JSON of `value` in small pieces.

    The C encoder lets no other thread run until it is done, so a large state encoded at once
    would hold up every request; piece by piece they take turns.
    """
    if isinstance(value, (AccountRegionScopedDict, AccountScopedDict)):
        value = persistence._json_default(value)
    if isinstance(value, dict) and depth < _PIECE_DEPTH:
        yield "{"
        for position, (key, item) in enumerate(value.items()):
            yield f"{', ' if position else ''}{_key(key)}: "
            yield from json_pieces(item, depth + 1)
        yield "}"
    elif isinstance(value, list) and depth < _PIECE_DEPTH:
        yield "["
        for position, item in enumerate(value):
            yield ", " if position else ""
            yield from json_pieces(item, depth + 1)
        yield "]"
    else:
        yield json.dumps(value, default=persistence._json_default)


def _encode(service: str, state: object) -> bytes:
    document = {"__ministack_format__": persistence._state_format_version(service), "payload": state}
    return "".join(json_pieces(document)).encode()


def _alarms_and_filters(module: ModuleType) -> object:
    """What of logs and metrics must be on disk soon; lines and points may wait."""
    if module.__name__.endswith("cloudwatch_logs"):
        groups = {key: (sorted(group["subscriptionFilters"]), group["retentionInDays"]) for key, group in module._log_groups.all_items()}
        return groups, sorted(map(str, module._metric_filters._data))
    return ([(key, alarm["StateValue"], alarm.get("AlarmConfigurationUpdatedTimestamp")) for store in (module._alarms, module._composite_alarms)
             for key, alarm in store.all_items()], sorted(map(str, module._dashboards._data)))


def _write(service: str, document: bytes) -> None:
    path = os.path.join(persistence.STATE_DIR, f"{service}.json")
    temporary = f"{path}.checkpoint"
    try:
        with open(temporary, "wb") as file:
            file.write(document)
        os.replace(temporary, path)
    except OSError:
        # A full disk: the last complete file stays, the torn one goes.
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise


class Checkpoints:
    """Thread that saves changed services until it is stopped."""

    def __init__(self) -> None:
        self._saved: dict[str, int] = {}
        self._settings: dict[str, object] = {}
        self._next_growth: dict[str, float] = {}
        self._is_busy = True
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="evergreen-checkpoints", daemon=True)

    def watch(self, app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """The ASGI application `app`, each request of which makes the next look come soon."""
        async def watched(scope: Any, receive: Any, send: Any) -> None:
            self._is_busy = True
            await app(scope, receive, send)

        return watched

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _is_due(self, service: str, module: ModuleType) -> bool:
        settings = _alarms_and_filters(module)
        if settings == self._settings.get(service) and time.monotonic() < self._next_growth.get(service, 0):
            return False
        self._settings[service] = settings
        self._next_growth[service] = time.monotonic() + _GROWING_SECONDS
        return True

    def save_changed(self) -> list[str]:
        """Save the services whose state differs from what was saved last; returns their names."""
        written = []
        for service, module_name in upstream._state_map.items():
            module = _loaded(module_name)
            if module is None or not hasattr(module, "get_state"):
                continue
            try:
                if service in _GROWING and not self._is_due(service, module):
                    continue
                state = module.get_state()
                if not state:
                    continue
                document = _encode(service, state)
                checksum = zlib.crc32(document)
                if self._saved.get(service) != checksum:
                    _write(service, document)
                    self._saved[service] = checksum
                    written.append(service)
            except RuntimeError:
                # A store was changed while it was copied; the next round, a second on, gets it.
                continue
            except Exception:
                logger.warning("state of %s could not be saved", service, exc_info=True)
        return written

    def _run(self) -> None:
        pause, last_look = _INTERVAL_SECONDS, 0.0
        while not self._stop.wait(pause):
            # Schedules and jobs change state without a request, hence a look now and then when idle too.
            if not self._is_busy and time.monotonic() < last_look + _IDLE_INTERVAL_SECONDS:
                continue
            self._is_busy = False
            started = last_look = time.monotonic()
            if self.save_changed():
                self._is_busy = True
            pause = max(_INTERVAL_SECONDS, (time.monotonic() - started) / _SHARE_OF_TIME)
