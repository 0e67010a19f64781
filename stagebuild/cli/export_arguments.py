"""The words and options of ``stagebuild export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file
from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_EPILOG = """\
examples:
  stagebuild export bake                      every environment, on stdout
  stagebuild export bake prod > docker-bake.json
"""


def fill_export_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild export`` takes to an empty parser."""
    parser.description = "Write a docker-bake.json that builds the same digests."
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument("format", choices=("bake",), help="bake: for docker buildx bake")
    parser.add_argument("environments", nargs="*", metavar="ENV", help="all by default")
    add_file(parser, environ)
