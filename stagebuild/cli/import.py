"""``stagebuild import``: another tool's configuration as ours."""

# ruff: noqa: N999 - a verb's module is called like the verb

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.cli.importing import imported_from
from stagebuild.interop.imported import toml_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import TextIO


def import_(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the import verb's options say and return the exit code."""
    found = imported_from(options.source, options.kind, environ)
    stderr.writelines(f"warning: not carried over: {warning}\n" for warning in found.warnings)
    stdout.write(toml_of(found, options.source))
    return ExitCode.OK


globals()["import"] = import_  # the verb is a word of Python's own
