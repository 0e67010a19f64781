"""Where the history of a project is kept: one file for each, in the user's state folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "STAGEBUILD_HISTORY"
_OFF = frozenset({"0", "no", "off", "false"})


def history_path(root: str, environ: Mapping[str, str]) -> str | None:
    """
    Return the absolute path of a project's history, or None when it is turned off.

    ``STAGEBUILD_HISTORY`` is ``0`` to turn it off, or the path of the file: CI, which checks a
    project out somewhere else each time, keeps one so. Otherwise the file lies in
    ``$XDG_STATE_HOME/stagebuild``, and is called like the project's folder and a digest of its
    path, since two checkouts on one machine are built from different files.

    Args:
        root: The project's folder; symbolic links are followed.
        environ: The process environment.
    """
    wish = environ.get(VARIABLE, "")
    if wish.lower() in _OFF:
        return None
    if wish and wish != "1":
        return os.path.abspath(wish)  # noqa: PTH100 - pathlib is not loaded on this path
    real = os.path.realpath(root)
    path = os.fsencode(real)
    # hashlib takes 4 ms to import, and nobody attacks this.
    digest = f"{crc32(path):08x}{crc32(path[::-1]):08x}"
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in os.path.basename(real))  # noqa: PTH119 - as above
    return f"{state_folder(environ)}/{name or 'root'}-{digest}.sqlite"


def state_folder(environ: Mapping[str, str]) -> str:
    """
    Return the folder for what stagebuild remembers, absolute; it need not exist.

    Source: the XDG Base Directory Specification; a relative XDG_STATE_HOME is ignored, as it asks.
    """
    state = environ.get("XDG_STATE_HOME", "")
    if not state.startswith("/"):
        state = f"{environ.get('HOME') or os.path.expanduser('~')}/.local/state"  # noqa: PTH111 - as above
    return f"{state}/stagebuild"
