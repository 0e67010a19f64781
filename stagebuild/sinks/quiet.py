"""The sink that shows nothing; what ``--quiet`` and ``--progress quiet`` get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from stagebuild.runevents import RunEvent


class QuietSink:
    """Takes every event and shows none."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to give back."""

    def emit(self, event: RunEvent) -> None:
        """Take one event."""
