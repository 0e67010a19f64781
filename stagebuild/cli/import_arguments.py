"""The words and options of ``stagebuild import``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_EPILOG = """\
examples:
  stagebuild import docker-bake.hcl > stagebuild.toml
  stagebuild import compose.yaml
"""


def fill_import_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild import`` takes to an empty parser."""
    del environ
    parser.description = (
        "Print a stagebuild.toml for a bake file (HCL or JSON, read by docker buildx bake) or a"
        " Compose or Skaffold file. What can't be carried over is named in a warning each."
    )
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument("source", metavar="FILE", help="docker-bake.hcl, compose.yaml, …")
    parser.add_argument(
        "--from",
        dest="kind",
        choices=("auto", "bake", "compose", "skaffold"),
        default="auto",
        help="what the file is; by its name (auto)",
    )
