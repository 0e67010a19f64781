"""
A build under way: the call that solves it, and the one that tells how it goes.

Source: moby/buildkit client/solve.go.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from stagebuild.buildkit.calls import Call
from stagebuild.buildkit.errors import (
    BuildKitError,
    CallFailed,
    ConnectionLost,
    MalformedMessage,
    Status,
)
from stagebuild.buildkit.messages import SolveResponse, StatusRequest, StatusResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stagebuild.buildkit.http2 import Connection
    from stagebuild.buildkit.loop import Loop
    from stagebuild.buildkit.messages import SolveRequest

CONTROL = "/moby.buildkit.v1.Control/"

# How long the engine may say nothing of a build that has ended, before its story counts as told.
_STATUS_PATIENCE_S = 5.0


class Running:
    """
    A build under way. One thread reads it; any thread may cancel it.

    Attributes:
        ref: The build's name in the engine.
    """

    def __init__(self, loop: Loop, ref: str) -> None:
        self.ref = ref
        self._loop = loop
        self._told: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._solve: Call | None = None
        self._status: Call | None = None
        self._solved = threading.Event()
        self._when_solved: Callable[[], None] = _nothing
        self._canceled = threading.Event()
        self._answer: bytes | None = None
        self._error: BuildKitError | None = None
        self._heard_s = 0.0
        self._read = False

    @property
    def is_solved(self) -> bool:
        """Whether the engine has answered, or can't any more."""
        return self._solved.is_set()

    def begin(self, connection: Connection, request: SolveRequest) -> None:
        """Make the calls; in the loop's thread."""
        if self._canceled.is_set():
            self._on_solved(CallFailed(Status.CANCELED, "canceled"))
            return
        try:
            self._solve = Call(
                connection, CONTROL + "Solve", on_message=self._on_answer, on_end=self._on_solved
            )
            self._solve.send(request.encode())
            self._solve.finish()
            self._status = Call(
                connection, CONTROL + "Status", on_message=self._on_status, on_end=self._on_told
            )
            self._status.send(StatusRequest(ref=self.ref).encode())
            self._status.finish()
        except BuildKitError as error:
            self._on_solved(error)

    def statuses(self) -> Iterator[StatusResponse]:
        """
        Give what the engine tells, as it comes, until it has told all; the answer comes after.

        Raises:
            MalformedMessage: It can't be read.
        """
        while not self._read and (data := self._told.get()) is not None:
            yield StatusResponse.decode(data)
        self._read = True

    def response(self) -> SolveResponse:
        """
        Return what came of the build; waits for it.

        An engine with a history answers when the build's record is written, some time after it has
        told all.

        Raises:
            CallFailed: The build failed; CANCELED after ``cancel``.
            ConnectionLost: The engine is gone.
            MalformedMessage: The answer can't be read.
        """
        for _ in self.statuses():
            pass
        self._solved.wait()
        if self._error is not None:
            raise self._error
        if self._answer is None:
            raise MalformedMessage("the build was answered with nothing")
        return SolveResponse.decode(self._answer)

    def when_solved(self, function: Callable[[], None]) -> None:
        """Have a function called once the build is answered; in the loop's thread, as the call."""
        if self._solved.is_set():
            function()
        else:
            self._when_solved = function

    def cancel(self) -> None:
        """Stop the build in the engine. ``statuses`` ends when the engine has stopped."""
        self._canceled.set()
        self._loop.call(self._cancel)

    def _cancel(self) -> None:
        if self._solve is not None:
            self._solve.cancel()

    def _on_answer(self, data: bytes) -> None:
        self._answer = data

    def _on_status(self, data: bytes) -> None:
        self._heard_s = time.monotonic()
        self._told.put(data)

    def _on_solved(self, error: BuildKitError | None) -> None:
        """The build has ended; the engine tells the rest of its story, unless it has none."""
        if self._solved.is_set():
            return
        self._error = error
        self._solved.set()
        self._when_solved()
        if self._status is None or isinstance(error, ConnectionLost):
            self._told.put(None)
            return
        self._heard_s = time.monotonic()
        self._end_when_quiet()

    def _end_when_quiet(self) -> None:
        if self._status is None:
            return
        quiet_s = time.monotonic() - self._heard_s
        if quiet_s >= _STATUS_PATIENCE_S:
            self._status.cancel()
        else:
            self._loop.later(_STATUS_PATIENCE_S - quiet_s, self._end_when_quiet)

    def _on_told(self, error: BuildKitError | None) -> None:
        """The story has ended; the answer may still be on its way."""
        del error  # of a build that never began; the solve says why
        self._status = None
        self._told.put(None)


def _nothing() -> None:
    """Waits for nothing."""
