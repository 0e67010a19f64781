"""Paths as Go's ``filepath.Clean`` leaves them."""

from __future__ import annotations

from posixpath import normpath


def cleaned(path: str) -> str:
    """
    Return the shortest spelling of a path: no ``//``, ``.`` or ``name/..``, no slash at the end.

    An empty path is ``.``; ``..`` at the start of a relative path stays.

    Source: Go's path/filepath, Clean.
    """
    clean = normpath(path)
    return clean[1:] if clean.startswith("//") else clean  # POSIX keeps two slashes, Go does not
