"""The machine's processes, as any user could look at them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def running() -> Iterator[tuple[int, Path]]:
    """Yield every other process: its number, and its folder in ``/proc``."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            yield int(entry.name), entry


def having(text: str, *, of: str = "cmdline") -> list[int]:
    """Return the other processes with a text in their ``cmdline`` or ``environ``."""
    found = []
    for pid, entry in running():
        try:
            if text.encode() in (entry / of).read_bytes():
                found.append(pid)
        except OSError:  # it has ended
            continue
    return found


def parent(pid: int) -> int | None:
    """Return a process' parent, or None when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # What is in parentheses is the program's name, which may hold anything.
    return int(stat.rpartition(")")[2].split()[1])
