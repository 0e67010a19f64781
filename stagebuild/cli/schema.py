"""``stagebuild schema``: the JSON Schemas, for editors and for programs that read our output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode

if TYPE_CHECKING:
    from typing import TextIO


def print_schema(document: str, stdout: TextIO) -> int:
    """Print the schema of ``config`` or ``result`` and return the exit code."""
    json.dump(_schema(document), stdout, indent=2, ensure_ascii=False)
    stdout.write("\n")
    return ExitCode.OK


def _schema(document: str) -> dict[str, object]:
    # ruff: noqa: PLC0415 - one of them is asked for
    if document == "result":
        from stagebuild.report.schemas import result_schema

        return result_schema()
    from stagebuild.config import schema

    return schema()
