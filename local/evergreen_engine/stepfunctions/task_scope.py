"""Who must hear that an execution or one of its tasks was given up."""

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator


class Scope:
    """Something that can be given up once: an execution, or a task with a time-out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._is_given_up = False

    @property
    def is_given_up(self) -> bool:
        return self._is_given_up

    def give_up(self) -> None:
        """Call every listener, now and at once for later ones."""
        with self._lock:
            self._is_given_up = True
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    @contextlib.contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Have `listener` called if this is given up inside the block (or was before)."""
        with self._lock:
            self._listeners.append(listener)
            late = self._is_given_up
        if late:
            listener()
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)


_executions: dict[str, Scope] = {}
_current: contextvars.ContextVar[str | None] = contextvars.ContextVar("evergreen_execution", default=None)
_scopes: contextvars.ContextVar[tuple[Scope, ...]] = contextvars.ContextVar("evergreen_scopes", default=())


def current_execution() -> str | None:
    """ARN of the execution this thread works for."""
    return _current.get()


def execution_scope(arn: str) -> Scope | None:
    """Scope of a running execution."""
    return _executions.get(arn)


@contextlib.contextmanager
def running(arn: str) -> Iterator[Scope]:
    """Make a scope for an execution while its thread runs."""
    scope = _executions[arn] = Scope()
    token, current = _scopes.set((scope,)), _current.set(arn)
    try:
        yield scope
    finally:
        _scopes.reset(token)
        _current.reset(current)
        _executions.pop(arn, None)


@contextlib.contextmanager
def inner_scope() -> Iterator[Scope]:
    """Make a scope for one task inside the current ones."""
    scope = Scope()
    token = _scopes.set((*_scopes.get(), scope))
    try:
        yield scope
    finally:
        _scopes.reset(token)


def is_given_up() -> bool:
    return any(scope.is_given_up for scope in _scopes.get())


def wait(event: threading.Event, seconds: float | None = None) -> bool:
    """Wait for `event`, but no longer than until a surrounding scope is given up.

    Giving up sets `event` too, so the event must belong to this wait alone.

    Returns
    -------
    bool
        True when the event came by itself; False after `seconds` or when the work was given up.
    """
    with contextlib.ExitStack() as stack:
        for scope in _scopes.get():
            stack.enter_context(scope.calling(event.set))
        came = event.wait(seconds)
    return came and not is_given_up()
