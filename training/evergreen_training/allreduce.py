"""Adds up vectors over hosts: each sends its own to the first, which adds them in order and sends the sum to all.

A ring would move less data through the first host. With the small models trained here a step is over before that
matters, and a star adds in one order, so every host goes on with the same bytes and takes the same decisions.

What travels is a length and float64 numbers, nothing that could be code. SageMaker encrypts the traffic between
containers, because each job asks for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .errors import JobError

# Hosts install their packages before they come, and one may be much slower than another.
_MEETING_SECONDS = 600.0
_ANSWER_SECONDS = 1800.0
_RETRY_SECONDS = 0.1

_HELLO = struct.Struct("<32sI")
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class Exchange:
    """Open connections: the first host has one to each other, in their order; another has one to the first."""

    is_first: bool
    sockets: tuple[socket.socket, ...]
    names: tuple[str, ...]

    def add_up(self, values: np.ndarray) -> np.ndarray:
        """The sum of all hosts' vectors.

        Raises
        ------
        JobError
            When a host ends, is silent for half an hour, or sends a vector of another length.
        """
        if not self.is_first:
            self._send(0, values)
            return self._receive(0, len(values))
        total = values.astype(np.float64)
        for place in range(len(self.sockets)):
            total += self._receive(place, len(values))
        for place in range(len(self.sockets)):
            self._send(place, total)
        return total

    def close(self) -> None:
        """Hang up."""
        for each in self.sockets:
            each.close()

    def _send(self, place: int, values: np.ndarray) -> None:
        content = np.ascontiguousarray(values, dtype="<f8").tobytes()
        with _lost(self.names[place]):
            self.sockets[place].sendall(_LENGTH.pack(len(values)) + content)

    def _receive(self, place: int, length: int) -> np.ndarray:
        with _lost(self.names[place]):
            (found,) = _LENGTH.unpack(_read(self.sockets[place], _LENGTH.size))
            if found != length:
                raise JobError(
                    f"the hosts are not at the same step: {self.names[place]} sent {found} numbers instead of {length}"
                )
            return np.frombuffer(_read(self.sockets[place], 8 * length), dtype="<f8").astype(np.float64)


def open_exchange(names: Sequence[str], rank: int, port: int, job: str, patience: float = _MEETING_SECONDS) -> Exchange:
    """Connect the hosts of a job.

    Parameters
    ----------
    names : sequence of str
        Host names or addresses; the first one listens.
    rank : int
        This host's place among them.
    port : int
    job : str
        Name of the job: a host of another one is turned away.
    patience : float
        Seconds to wait for the others.

    Raises
    ------
    JobError
        When they do not meet in time.
    """
    badge = hashlib.sha256(job.encode()).digest()
    deadline = time.monotonic() + patience
    if rank == 0:
        found = _await_others(names, port, badge, deadline)
        return Exchange(True, tuple(found[place] for place in range(1, len(names))), tuple(names[1:]))
    connection = _call_first(names[0], port, deadline)
    connection.sendall(_HELLO.pack(badge, rank))
    return Exchange(False, (connection,), (names[0],))


def _await_others(names: Sequence[str], port: int, badge: bytes, deadline: float) -> dict[int, socket.socket]:
    found: dict[int, socket.socket] = {}
    with socket.create_server((names[0], port), backlog=len(names)) as server:
        while len(found) < len(names) - 1:
            server.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                connection, _ = server.accept()
                _set_up(connection, 10.0)
                given, rank = _HELLO.unpack(_read(connection, _HELLO.size))
            except TimeoutError:
                if time.monotonic() < deadline:
                    continue
                absent = ", ".join(name for place, name in enumerate(names) if place and place not in found)
                raise JobError(f"the hosts {absent} of the job did not come; look into their logs") from None
            except (OSError, struct.error):
                continue
            if given != badge or not 0 < rank < len(names) or rank in found:
                connection.close()
                continue
            _set_up(connection, _ANSWER_SECONDS)
            found[rank] = connection
    return found


def _call_first(name: str, port: int, deadline: float) -> socket.socket:
    while True:
        try:
            connection = socket.create_connection((name, port), timeout=5.0)
        except OSError as error:
            if time.monotonic() > deadline:
                raise JobError(f"the first host {name} of the job does not answer: {error}") from error
            time.sleep(_RETRY_SECONDS)
            continue
        _set_up(connection, _ANSWER_SECONDS)
        return connection


def _set_up(connection: socket.socket, timeout: float) -> None:
    connection.settimeout(timeout)
    # A step waits for a small message; Nagle's algorithm would hold it back.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _read(connection: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        part = connection.recv(min(length - len(content), 1 << 20))
        if not part:
            raise OSError("the connection was closed")
        content += part
    return bytes(content)


@contextlib.contextmanager
def _lost(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JobError(f"the host {name} of the job was lost ({error}); look into its log") from error
