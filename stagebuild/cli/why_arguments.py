"""The words and options of ``stagebuild why``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file
from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_DESCRIPTION = "Say why a build did what it did: which steps ran, and what made them."

_EPILOG = """\
examples:
  stagebuild why prod                  the last build of prod
  stagebuild why prod build:3          one step of it, with every reason
  stagebuild why prod --build 2        the build before
"""


def fill_why_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild why`` takes to an empty parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument("environment", metavar="ENV", help="the environment")
    parser.add_argument("step", nargs="?", metavar="STAGE[:N]", help="a stage, or one step of it")
    add_file(parser, environ)
    parser.add_argument(
        "--build",
        metavar="N",
        default="1",
        help="which build: 1 is the last, 2 the one before; or the beginning of its uid",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
