"""
What a run leaves for the CI system that it runs in, where there is one.

GitHub Actions, and what speaks like it (Gitea, Forgejo, act): outputs, a summary and annotations.
Each is written where its file or variable is there, and nowhere else.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stagebuild.sinks.reports import Outlet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TextIO

    from stagebuild.sinks.reports import Ended


def ci_outlets(environ: Mapping[str, str], stream: TextIO) -> Iterator[Outlet]:
    """
    Return where a run is told to the CI system.

    Args:
        environ: The process environment.
        stream: What the CI system reads as the job's log.
    """
    output, summary = environ.get("GITHUB_OUTPUT"), environ.get("GITHUB_STEP_SUMMARY")
    if output:
        yield Outlet(name="GITHUB_OUTPUT", write=lambda ended: _outputs(ended, output))
    if summary:
        yield Outlet(name="GITHUB_STEP_SUMMARY", write=lambda ended: _summary(ended, summary))
    if environ.get("GITHUB_ACTIONS") == "true":
        yield Outlet(name="annotations", write=lambda ended: _annotate(ended, stream))


def _outputs(ended: Ended, path: str) -> None:
    from stagebuild.report.citexts import github_outputs  # noqa: PLC0415 - in CI alone

    delimiter = f"stagebuild_{os.urandom(16).hex()}"
    _append(path, github_outputs(ended.report(), delimiter=delimiter))


def _summary(ended: Ended, path: str) -> None:
    from stagebuild.report.markdown import LIMIT_BYTES, markdown  # noqa: PLC0415 - in CI alone

    try:
        taken = os.stat(path).st_size  # noqa: PTH116 - as given
    except OSError:
        taken = 0
    _append(path, markdown(ended.report(), limit_bytes=max(0, LIMIT_BYTES - taken - 1)))


def _annotate(ended: Ended, stream: TextIO) -> None:
    from stagebuild.report.citexts import annotation_lines  # noqa: PLC0415 - in CI alone

    stream.write(annotation_lines(ended.report()))
    stream.flush()


def _append(path: str, text: str) -> None:
    with open(path, "a", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as given
        file.write(text)
