"""
What has to go when the process ends at once, with no time for ``finally``: children and folders.

A second Ctrl-C is for people who don't want to wait; what they leave behind must be as little as
after a first one.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_removals: dict[int, Callable[[], None]] = {}


@contextlib.contextmanager
def at_once(remove: Callable[[], None]) -> Iterator[None]:
    """
    While entered, ``remove`` is called should the process end at once.

    It may be called in a signal handler, in the middle of anything, and must not wait.
    """
    key = id(remove)
    # One step of the interpreter each, so that no signal and no thread comes in between.
    _removals[key] = remove
    try:
        yield
    finally:
        _removals.pop(key, None)


def remove_all() -> None:
    """Do at once what would be done in order; the newest first, errors passed over."""
    for remove in reversed(list(_removals.values())):
        with contextlib.suppress(Exception):
            remove()
