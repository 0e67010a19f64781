"""
What was found out before about programs and builders, kept in the user's cache folder.

Looking takes a process, so what was found is kept under an identity that changes when the answer
could. Losing the file costs a look, no more: it is written as a whole or not at all, and what can't
be read or written is passed over.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_KEPT = 64


class FactsCache:
    """
    What was found before, in one small file.

    Read when first asked; of two processes that write at once, one's findings are lost.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._kept: dict[str, Any] | None = None

    def get(self, identity: str) -> Any:
        """Return what was kept under ``identity``, or None."""
        if self._kept is None:
            self._kept = _read(self._path)
        return self._kept.get(identity)

    def put(self, identity: str, found: Any) -> None:
        """Keep ``found`` under ``identity``, and forget the oldest of more than 64."""
        kept = {**_read(self._path), identity: found}
        for oldest in list(kept)[:-_MOST_KEPT]:
            del kept[oldest]
        self._kept = kept
        _write(self._path, kept)


def cache_path(environ: Mapping[str, str]) -> str:
    """Return the file in which facts are kept for a user."""
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - no pathlib on this path
    folder = environ.get("XDG_CACHE_HOME") or f"{home}/.cache"
    return f"{folder}/stagebuild/buildx.json"


def program_identity(command: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Return what changes when the program is replaced by another; None when there is none."""
    path = _program_path(command[0], environ)
    stat = None if path is None else stat_of(path)
    if stat is None:
        return None
    return f"buildx {' '.join((str(path), *command[1:]))} {stat.st_size} {stat.st_mtime_ns}"


def _program_path(program: str, environ: Mapping[str, str]) -> str | None:
    if "/" in program:
        return program
    for folder in os.get_exec_path(dict(environ)):
        path = f"{folder}/{program}"
        if os.access(path, os.X_OK):
            return path
    return None


def stat_of(path: str) -> os.stat_result | None:
    """Return what the file system says of a path, or None when there is nothing."""
    try:
        return os.stat(path)  # noqa: PTH116 - no pathlib on this path
    except OSError:
        return None


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - see above
            kept = json.loads(file.read())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _write(path: str, kept: Mapping[str, Any]) -> None:
    unfinished = f"{path}.{os.getpid()}.{threading.get_ident()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - see above
        with open(unfinished, "w", encoding="utf-8") as file:  # noqa: PTH123 - see above
            json.dump(kept, file)
        os.replace(unfinished, path)  # noqa: PTH105 - see above
    except OSError:
        # A read-only home: look again next time.
        return
