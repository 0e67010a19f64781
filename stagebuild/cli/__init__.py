"""Words and options -> the library's calls -> what is printed, and the exit code."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from stagebuild.cli.arguments import parse, split_verb
from stagebuild.cli.exitcodes import ExitCode, exit_code_of
from stagebuild.errors import StagebuildError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

_OBJECTS_UNTIL_LOOKED_AT = 50_000


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
        return _done(verb, options, environ)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else ExitCode.USAGE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our stdout has left. Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BUILD_FAILED


def _done(verb: str, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Import the module of a verb, which nobody else pays for, and return its exit code."""
    if verb == "schema":
        from stagebuild.cli.schema import print_schema  # noqa: PLC0415 - see above

        return print_schema(options.document, sys.stdout)
    do = getattr(import_module(f"stagebuild.cli.{verb}"), verb)
    try:
        code: int = do(options, environ=environ, stdout=sys.stdout, stderr=sys.stderr)
    except StagebuildError as error:
        sys.stderr.write(f"stagebuild {verb}: {error}\n")
        return exit_code_of(error)
    return code


def script() -> None:
    """Run ``main`` as a program of its own, ``stagebuild`` or ``python -m stagebuild``."""
    # What is made in a short life is modules, nearly all, and what they hold: never rubbish, and
    # looking through them again and again is a twentieth of it.
    gc.set_threshold(_OBJECTS_UNTIL_LOOKED_AT)
    code = main()
    # As it ends Python looks through everything once more: a tenth of a build that is skipped.
    gc.freeze()
    raise SystemExit(code)
