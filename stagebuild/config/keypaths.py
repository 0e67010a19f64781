"""Where a value stands in a document: dotted key paths, and values that do not fit their place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

_BARE = r"[A-Za-z0-9_-]+"


def dotted(parts: Iterable[str | int]) -> str:
    """
    Return the key path as TOML writes it: ``environments.prod.tags[1]``, ``labels."org.x"``.

    Args:
        parts: From the outermost key; a number is an index into a list.
    """
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{quoted(part)}" if path else quoted(part)
    return path


def quoted(key: str) -> str:
    """Return one key as TOML writes it, in quotes only where it needs them."""
    if re.fullmatch(_BARE, key):
        return key
    from json import dumps  # noqa: PLC0415 - unusual keys only, and json takes 3 ms to import

    return dumps(key, ensure_ascii=False)


class Misfit(ValueError):
    """
    A value that can't be used where it stands; becomes a ``ConfigError`` where the file is known.

    Attributes:
        message: What was expected and what was found.
        parts: The value's place, outermost key first; grows while the error travels outwards.
        hint: What to do next, or None.
        settled: Whether ``parts`` begins at the document itself and must grow no more.
    """

    def __init__(
        self, message: str, *parts: str | int, hint: str | None = None, settled: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.parts = parts
        self.hint = hint
        self.settled = settled

    def inside(self, *outer: str | int) -> Self:
        """Return this same error with its place lying in ``outer``."""
        if not self.settled:
            self.parts = (*outer, *self.parts)
        return self


class within:  # noqa: N801 - reads as a word: with within("tags", 1)
    """
    A block whose misfits lie within a place.

    Args:
        outer: The place, outermost key first.
        settled: Whether it begins at the document itself.
    """

    __slots__ = ("_outer", "_settled")

    def __init__(self, *outer: str | int, settled: bool = False) -> None:
        self._outer = outer
        self._settled = settled

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Misfit):
            error.inside(*self._outer)
            error.settled = error.settled or self._settled
