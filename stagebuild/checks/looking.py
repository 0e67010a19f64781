"""What a build context sends, for the rules about it: the one place of the checks that walks."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from stagebuild.checks.subject import ContextFile, ContextView
from stagebuild.context.filestat import GO_TYPE
from stagebuild.context.ignorefile import read_ignorefile
from stagebuild.context.walk import walk
from stagebuild.planning.locations import is_remote, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.planning import BuildSpec


def look_at_context(spec: BuildSpec) -> ContextView | None:
    """
    Return what is known of a build's context; None for a remote one.

    The folder is walked when a rule asks for its files, and only then.

    Raises:
        ContextError: The ignore file can't be read.
    """
    if is_remote(spec.context):
        return None
    ignorefile = read_ignorefile(spec.context, dockerfile=spec.dockerfile)
    folder = os.getcwd()  # noqa: PTH109 - text all the way

    @cache
    def files() -> Sequence[ContextFile]:
        excludes = None if ignorefile is None else ignorefile.compiled()
        return tuple(
            ContextFile(path=entry.path.decode(errors="replace"), size_bytes=entry.size)
            for entry in walk(os.fsencode(spec.context), excludes=excludes)
            if not entry.mode & GO_TYPE
        )

    path = None if ignorefile is None or ignorefile.path is None else ignorefile.path
    return ContextView(
        folder=shown(spec.context, folder),
        ignore_file=None if path is None else shown(path, folder),
        files=files,
    )
