"""Where something stands in a Dockerfile, and how an error learns about it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from stagebuild.errors import DockerfileError
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator


@frozen(kw_only=False, order=True)
class LineRange:
    """
    The physical lines of an instruction, 1-based, both ends included.

    Attributes:
        start: The line of the keyword.
        end: The last continuation line, or the line of the last heredoc's terminator.
    """

    start: int
    end: int


def placed(error: DockerfileError, *, path: str, line: int) -> DockerfileError:
    """
    Return the error with a place, unless it has one.

    The readers of words, flags, mounts and expansions know nothing of files; whoever calls them
    does.
    """
    if error.line is not None:
        return error
    return DockerfileError(error.message, path=path, line=line, hint=error.hint)


@contextmanager
def located(path: str, line: int) -> Iterator[None]:
    """Give a place to every ``DockerfileError`` raised inside that has none yet."""
    try:
        yield
    except DockerfileError as error:
        raise placed(error, path=path, line=line) from error.__cause__
