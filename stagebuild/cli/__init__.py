"""Words and options -> the library's calls -> what is printed, and the exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from stagebuild.cli.arguments import parse, split_verb
from stagebuild.cli.exitcodes import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence


def main(argv: Sequence[str] | None = None, *, environ: Mapping[str, str] | None = None) -> int:
    """
    Do what the command line says and return the exit code.

    Args:
        argv: The words after the program's name; the process' own when not given.
        environ: The process environment; this process' own when not given.
    """
    environ = os.environ if environ is None else environ
    verb, words = split_verb(sys.argv[1:] if argv is None else argv)
    try:
        options = parse(verb, words, environ)
        return _act(verb, options, environ)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else ExitCode.USAGE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our stdout has left. Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BUILD_FAILED


def _act(verb: str, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    # ruff: noqa: PLC0415 - one verb, one import
    match verb:
        case "schema":
            from stagebuild.cli.schema import print_schema

            return print_schema(options.document, sys.stdout)
        case "history":
            from stagebuild.cli.history import history as act
        case "plan":
            from stagebuild.cli.plan import plan as act
        case _:
            from stagebuild.cli.build import build as act
    return act(options, environ=environ, stdout=sys.stdout, stderr=sys.stderr)


def script() -> None:
    """Run ``main`` as the installed ``stagebuild`` program."""
    raise SystemExit(main())
