"""
``.dockerignore`` patterns that no engine can read, refused before a build.

The engine finds out when it first asks for the context, and its error names no file; Docker 28.5
ends altogether where two COPYs ask for the context at once.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.planning.spec import BuildSpec

_NAME = ".dockerignore"


def check_patterns(spec: BuildSpec) -> None:
    """
    Refuse a pattern that can't be read, in the files of every local context of a build.

    Raises:
        ContextError: With file and line; or a file can't be read.
    """
    for folder, dockerfile in _contexts(spec):
        files = (f"{dockerfile}{_NAME}", os.path.join(folder, _NAME))  # noqa: PTH118 - no pathlib
        if not any(map(os.path.lexists, files)):
            continue
        from stagebuild.context.ignorefile import read_ignorefile  # noqa: PLC0415 - see above

        found = read_ignorefile(folder, dockerfile=dockerfile)
        if found is not None:
            found.compiled()


def _contexts(spec: BuildSpec) -> Iterator[tuple[str, str]]:
    """Give the folders with the Dockerfile whose own file would win; a named one has none."""
    if os.path.isabs(spec.context):  # noqa: PTH117 - pathlib is not loaded on this path
        yield spec.context, spec.dockerfile
    for source in spec.contexts.values():
        folder = os.path.join(spec.root, source)  # noqa: PTH118 - likewise
        if os.path.isdir(folder):  # noqa: PTH112 - likewise
            yield folder, os.path.join(folder, _NAME, "none")  # noqa: PTH118 - likewise
