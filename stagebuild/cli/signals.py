"""Ctrl-C and termination: the first signal cancels the run, a second one ends it at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, NoReturn, Self

from stagebuild.backends.leftovers import remove_all

if TYPE_CHECKING:
    from types import FrameType

    from stagebuild.backends.base import Cancel

_SHOW_CURSOR = b"\x1b[?25h\n"


class Interrupts:
    """
    While entered, SIGINT and SIGTERM cancel a run; the handlers before are put back at the end.

    The engine is asked to end the build and gets its time; whoever sends a second signal does not
    want to wait for that. Then children are killed, temporary files removed, and nothing else
    happens. The engine notices that nobody listens any more, and ends the build by itself.

    Attributes:
        number: The signal that came, or None.
    """

    def __init__(self, cancel: Cancel) -> None:
        self.number: int | None = None
        self._cancel = cancel
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        # Python delivers signals to the main thread alone, and lets no other one install handlers.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() gave us

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.number is not None:
            _end_at_once(number)
        self.number = number
        self._cancel.cancel(f"interrupted by {signal.Signals(number).name}")


def _end_at_once(number: int) -> NoReturn:
    """End the process with the exit code of a signal, whatever it is doing."""
    remove_all()
    if sys.stderr.isatty():
        os.write(2, _SHOW_CURSOR)
    os._exit(128 + number)
