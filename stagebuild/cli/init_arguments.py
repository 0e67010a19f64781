"""The words and options of ``stagebuild init``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_EPILOG = """\
examples:
  stagebuild init                       from ./Dockerfile
  stagebuild init docker/Dockerfile     the context is the current folder
  stagebuild init --print               look at it first
"""


def fill_init_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild init`` takes to an empty parser."""
    del environ
    parser.description = "Write a first stagebuild.toml, with comments, from a Dockerfile."
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument(
        "dockerfile",
        nargs="?",
        metavar="DOCKERFILE",
        default="Dockerfile",
        help="the file whose stages become environments (./Dockerfile)",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace a stagebuild.toml that is there already"
    )
    parser.add_argument(
        "--print", action="store_true", help="print it to stdout instead of writing it"
    )
