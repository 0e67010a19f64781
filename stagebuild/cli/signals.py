"""Ctrl-C and termination: the first signal cancels the run, a second one ends the process."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType

    from stagebuild.backends.base import Cancel


class Interrupts:
    """
    While entered, SIGINT and SIGTERM cancel a run; the handlers before are put back at the end.

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
            raise KeyboardInterrupt
        self.number = number
        self._cancel.cancel(f"interrupted by {signal.Signals(number).name}")
