"""Command line of the engine: parse, claim the port, run."""

import argparse
import asyncio
import json
import os
import socket
import sys
from pathlib import Path

from evergreen_engine.patching import UpstreamChanged
from evergreen_engine.settings import EngineSettings, use_settings

EXIT_INTERNAL = 1
EXIT_UNAVAILABLE = 6


def _parse(argv: list[str] | None) -> EngineSettings:
    parser = argparse.ArgumentParser(prog="evergreen_engine", description="local AWS endpoint of Evergreen")
    parser.add_argument("--port", type=int, default=4566, help="loopback port (default 4566)")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder that keeps all state")
    parser.add_argument("--auth", action="store_true", help="check every request against IAM policies")
    args = parser.parse_args(argv)
    return EngineSettings(port=args.port, state_dir=args.state_dir.resolve(), checks_iam=args.auth)


def _claim_port(port: int) -> socket.socket:
    """Bind before anything heavy is imported, so a taken port costs no start-up and cannot race."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def _announce(settings: EngineSettings) -> None:
    print(json.dumps({
        "ready": True,
        "endpoint": settings.endpoint_url,
        "port": settings.port,
        "pid": os.getpid(),
        "stateDir": str(settings.state_dir),
        "auth": settings.checks_iam,
    }), flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run the engine until SIGTERM or SIGINT.

    Returns
    -------
    int
        0 after a clean stop, 6 when the port or the state folder is not available, 1 otherwise.
    """
    settings = _parse(argv)
    try:
        listener = _claim_port(settings.port)
    except OSError as error:
        print(f"port {settings.port} on 127.0.0.1 is not available ({error.strerror}); "
              "stop what uses it or choose another with --port", file=sys.stderr)
        return EXIT_UNAVAILABLE
    try:
        settings.apply()
    except OSError as error:
        print(f"state folder {settings.state_dir} cannot be written ({error.strerror}); "
              "choose another with --state-dir", file=sys.stderr)
        return EXIT_UNAVAILABLE
    use_settings(settings)
    try:
        # Imported late: upstream reads the environment while it is imported.
        from evergreen_engine.server import serve

        asyncio.run(serve(settings, listener, on_ready=lambda: _announce(settings)))
    except UpstreamChanged as error:
        print(str(error), file=sys.stderr)
        return EXIT_INTERNAL
    sys.stdout.flush()
    # Upstream leaves non-daemon worker threads that may sleep for minutes; state is saved and
    # children are gone by now, so waiting for them would only delay the exit.
    os._exit(0)
