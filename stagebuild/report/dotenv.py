"""
What was built as lines ``NAME=value``, for a shell, Compose, a CI system.

Source for the form: docs.docker.com/compose/how-tos/environment-variables; docs.gitlab.com on
``artifacts:reports:dotenv``. No value here needs quotes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from stagebuild.result import BuildResult


def variable_of(build: str) -> str:
    """Return the beginning of a build's variables: ``API_PROD`` for ``api:prod``."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", build).strip("_").upper()
    return f"_{name}" if name[:1].isdigit() else name


def dotenv(results: Mapping[str, BuildResult], *, gates: Collection[str] = ()) -> str:
    """
    Return the lines for every build that made an image.

    Args:
        results: By name.
        gates: Names of those that nobody asked for; they have no lines.

    Raises:
        ValueError: Two builds would have the same variables.
    """
    named: dict[str, str] = {}
    lines: list[str] = []
    for name, result in results.items():
        if name in gates or result.runnable is None:
            continue
        variable = variable_of(name)
        if variable in named:
            raise ValueError(f"{named[variable]} and {name} would both be {variable}_IMAGE")
        named[variable] = name
        lines += (f"{variable}_{key}={value}\n" for key, value in _values(result))
    return "".join(lines)


def _values(result: BuildResult) -> Iterator[tuple[str, str]]:
    yield "IMAGE", str(result.runnable)
    if result.digest is not None:
        yield "DIGEST", result.digest
    if result.reference is not None:
        yield "REPOSITORY", result.reference.rpartition("@")[0]
    if result.spec.tags:
        yield "TAG", result.spec.tags[0].rpartition(":")[2]
