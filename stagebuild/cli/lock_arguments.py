"""The words and options of ``stagebuild lock``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file
from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_DESCRIPTION = "Write down the digest of every base image; builds keep to it from then on."

_EPILOG = """\
examples:
  stagebuild lock                      add what is missing, remove what nothing needs, move nothing
  stagebuild lock --upgrade            look at every base image anew, and show what moves
  stagebuild lock --upgrade python:3.12-slim
                                       move this one alone
  stagebuild lock --check              for CI: fail when the lock is stale or a base has moved
  stagebuild lock --check --offline    the same, but ask no registry whether a base has moved

exit codes: 0 ok, 1 --check found something, 2 usage, 3 configuration, 5 registry
"""


def fill_lock_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild lock`` takes to an empty parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    add_file(parser, environ)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument(
        "--upgrade",
        nargs="*",
        metavar="IMAGE",
        help="look at these images anew, at all of them when none is named",
    )
    shape.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 1 when the lock is stale or a base has moved",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="with --check: do not ask whether a base has moved",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
