"""
``.dockerignore`` files, read as the engine reads them.

Source: moby/patternmatcher ignorefile/ignorefile.go; moby/buildkit frontend/dockerui/config.go.
"""

from __future__ import annotations

import errno
import os
from typing import NamedTuple

from stagebuild.context.followpaths import real_path
from stagebuild.context.goglob import BadPattern
from stagebuild.context.ignoreplaces import ignoreplaces
from stagebuild.context.paths import cleaned
from stagebuild.context.patterns import SPACE, Patterns
from stagebuild.errors import ContextError

_MARK = b"\xef\xbb\xbf"
_LONGEST_LINE_BYTES = (64 << 10) - 1  # Go's bufio.Scanner takes no longer one
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR)


class IgnoreFile(NamedTuple):
    """
    A ``.dockerignore`` file.

    Attributes:
        path: As the user would type it, or None for text without a file.
        lines: 1-based line of each pattern.
        patterns: In order, cleaned, with their ``!``.
    """

    path: str | None
    lines: tuple[int, ...]
    patterns: tuple[str, ...]

    def compiled(self) -> Patterns:
        """
        Return the patterns, ready to match.

        Raises:
            ContextError: The engine would refuse one.
        """
        try:
            return Patterns(self.patterns)
        except BadPattern:
            for line, pattern in zip(self.lines, self.patterns, strict=True):
                _check(pattern, path=self.path, line=line)
            raise


def parse_ignorefile(text: bytes, *, path: str | None = None) -> IgnoreFile:
    """
    Return what a ``.dockerignore`` file says.

    Bytes that are no UTF-8 become lone surrogates (``surrogateescape``).

    Raises:
        ContextError: A line is longer than the engine reads.
    """
    lines: list[int] = []
    patterns: list[str] = []
    for number, raw in enumerate(text.removeprefix(_MARK).split(b"\n"), start=1):
        if len(raw) > _LONGEST_LINE_BYTES:
            raise ContextError("this line is longer than 64 KiB", path=path, line=number)
        line = raw.decode(errors="surrogateescape")
        pattern = "" if line.startswith("#") else line.strip(SPACE)
        if pattern:
            lines.append(number)
            patterns.append(_cleaned(pattern))
    return IgnoreFile(path, tuple(lines), tuple(patterns))


def read_ignorefile(context: str, *, dockerfile: str | None) -> IgnoreFile | None:
    """
    Return the file that says what of a context is left out, or None if there is none.

    A link is followed within the Dockerfile's folder or the context, and one that leads out of it
    counts as absent.

    Args:
        context: Folder of the context.
        dockerfile: Path of the Dockerfile; None for a named context. See ``ignoreplaces``.

    Raises:
        ContextError: A file is there and can't be read.
    """
    for root, ignorefile in ignoreplaces(context, dockerfile):
        shown = os.path.join(root, ignorefile)  # noqa: PTH118 - pathlib is not loaded on this path
        text = _content(root, ignorefile, shown)
        if text is not None:
            return parse_ignorefile(text, path=shown)
    return None


def _content(root: str, name: str, shown: str) -> bytes | None:
    base = os.fsencode(os.path.realpath(root))
    try:
        with open(base + b"/" + real_path(base, os.fsencode(name)), "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise ContextError(f"can't be read: {error.strerror}", path=shown) from error


def _cleaned(pattern: str) -> str:
    """Return a pattern without what Go's Clean drops, and without a slash at the start."""
    exception = "!" if pattern.startswith("!") else ""
    path = pattern[1:].strip(SPACE) if exception else pattern
    if path:
        path = cleaned(path)
    return exception + (path.removeprefix("/") if len(path) > 1 else path)


def _check(pattern: str, *, path: str | None, line: int) -> None:
    try:
        Patterns((pattern,))
    except BadPattern as error:
        raise ContextError(str(error), path=path, line=line) from error
