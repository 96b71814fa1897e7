"""Run MiniStack with the plug-in inside one asyncio loop."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable

from hypercorn.asyncio import serve as serve_http
from hypercorn.config import Config
from ministack import app as upstream

from evergreen_engine import durability, plugin
from evergreen_engine.cloudwatch.alarm_evaluation import AlarmTicker
from evergreen_engine.credential_scope import refuse_foreign_scopes
from evergreen_engine.sagemaker import process_groups
from evergreen_engine.settings import EngineSettings

_GRACE_SECONDS = 1.0


def _http_config(listener: socket.socket) -> Config:
    config = Config()
    # The socket was bound before start-up (see command.py), hence a descriptor and no address.
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = _GRACE_SECONDS
    config.shutdown_timeout = 5
    config.loglevel = "WARNING"
    return config


async def _when_listening(port: int, on_ready: Callable[[], None]) -> None:
    """Call `on_ready` once a request is really answered."""
    request = b"GET /_ministack/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            answer = await reader.readline()
            writer.close()
            if b" 200" in answer:
                on_ready()
                return
        await asyncio.sleep(0.02)


def _end_lambda_workers() -> None:
    from ministack.core import lambda_runtime

    with contextlib.suppress(Exception):
        lambda_runtime.reset()


async def serve(settings: EngineSettings, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then end every child and save all state."""
    logging.getLogger("hypercorn.error").setLevel(logging.ERROR)
    plugin.install()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    async def wait_for_stop() -> None:
        await stopping.wait()
        # Before the state is saved, so that no job can turn "Completed" in between.
        await asyncio.to_thread(process_groups.end_all)

    checkpoints = durability.Checkpoints()
    ready = asyncio.create_task(_when_listening(settings.port, on_ready))
    alarms = AlarmTicker()
    checkpoints.start()
    alarms.start()
    try:
        app = checkpoints.watch(refuse_foreign_scopes(upstream.app))
        await serve_http(app, _http_config(listener), shutdown_trigger=wait_for_stop)
    finally:
        ready.cancel()
        alarms.stop()
        checkpoints.stop()
        await asyncio.to_thread(_end_lambda_workers)
