"""The words and options of ``stagebuild graph``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file
from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

FORMATS = ("text", "mermaid", "dot", "svg")

_EPILOG = """\
examples:
  stagebuild graph                           every environment, as a tree
  stagebuild graph prod --format mermaid     for a README; GitHub and GitLab draw it
  stagebuild graph --format svg > graph.svg
  stagebuild prod --json > run.json; stagebuild graph --result run.json
                                             with the times of a build
  stagebuild graph --last                    with those of the last one
  stagebuild plan prod --json > plan.json; stagebuild graph --result plan.json
                                             with what the next one will do
"""


def fill_graph_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild graph`` takes to an empty parser."""
    parser.description = "Draw the stages, and how environments reach them."
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument(
        "environments", nargs="*", metavar="ENV", help="environments to draw; all by default"
    )
    add_file(parser, environ)
    parser.add_argument("--format", choices=FORMATS, default="text", help="how (text)")
    figures = parser.add_mutually_exclusive_group()
    figures.add_argument(
        "--result",
        metavar="FILE",
        help="lay a build on it, or a forecast: what stagebuild ENV… or plan printed for --json",
    )
    figures.add_argument(
        "--last", action="store_true", help="lay the last build of the history on it"
    )
