"""
The seam between running and showing: what every sink is.

A sink is entered before the first event and left after the last one, also when the run raises. The
runner calls ``emit`` from any thread but never from two at once, so a sink that has no thread of
its own needs no lock. A sink returns quickly: the engine's stream waits for it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from stagebuild.runevents import RunEvent


class Sink(Protocol):
    """Somewhere events go."""

    def __enter__(self) -> Self:
        """Begin: take the terminal, open the file."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """End: give back what ``__enter__`` took. Never swallows an exception."""
        ...

    def emit(self, event: RunEvent) -> None:
        """Take one event; never raises because of where it writes to."""
        ...


class Tee:
    """
    A sink that passes every event to several others, in order.

    They are entered in order and left in reverse, each one even if another one raises.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Enter every sink; leave those entered when a later one can't be."""
        with ExitStack() as stack:
            for sink in self._sinks:
                stack.enter_context(sink)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Leave every sink."""
        self._stack.__exit__(kind, error, traceback)

    def emit(self, event: RunEvent) -> None:
        """Pass the event on."""
        for sink in self._sinks:
            sink.emit(event)
