"""The words and options of ``stagebuild compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file
from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_EPILOG = """\
examples:
  stagebuild compare dev prod                 what prod does not carry
  stagebuild compare shop:1 shop:2 --all      two images, every difference
  stagebuild compare prod registry.example/shop@sha256:… --json
"""


def fill_compare_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild compare`` takes to an empty parser."""
    parser.description = (
        "Compare two images: sizes, layers, files, packages, environment and user. An environment"
        " stands for its last build; nothing is built or run."
    )
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument(
        "images", nargs=2, metavar="ENV|IMAGE", help="an environment, a reference or a digest"
    )
    add_file(parser, environ)
    parser.add_argument("--platform", metavar="OS/ARCH", help="which of several platforms")
    parser.add_argument("--all", action="store_true", help="show every difference")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
