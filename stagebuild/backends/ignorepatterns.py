"""
``.dockerignore`` patterns that no engine can read, refused before a build.

The engine finds out when it first asks for the context, and its error names no file; Docker 28.5
ends altogether where two COPYs ask for the context at once.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from stagebuild.context.ignoreplaces import ignoreplaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.planning.spec import BuildSpec


def check_patterns(spec: BuildSpec) -> None:
    """
    Refuse a pattern that can't be read, in the files of every local context of a build.

    Raises:
        ContextError: With file and line; or a file can't be read.
    """
    for folder, dockerfile in _contexts(spec):
        if not any(os.path.lexists("/".join(place)) for place in ignoreplaces(folder, dockerfile)):
            continue
        from stagebuild.context.ignorefile import read_ignorefile  # noqa: PLC0415 - few have one

        found = read_ignorefile(folder, dockerfile=dockerfile)
        if found is not None:
            found.compiled()


def _contexts(spec: BuildSpec) -> Iterator[tuple[str, str | None]]:
    """Give the folders, with the Dockerfile beside which a file of its own may be."""
    if os.path.isabs(spec.context):  # noqa: PTH117 - pathlib is not loaded on this path
        yield spec.context, spec.dockerfile
    for source in spec.contexts.values():
        folder = os.path.join(spec.root, source)  # noqa: PTH118 - likewise
        if os.path.isdir(folder):  # noqa: PTH112 - likewise
            yield folder, None
