"""The options that ``stagebuild plan`` has besides those of a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse

GRAPHS = ("text", "mermaid")

_DESCRIPTION = "Say what a build will do, and why, before it is done. Builds nothing."

_EPILOG = """\
examples:
  stagebuild plan prod                 which steps run, what causes it, how long it takes
  stagebuild plan prod --offline       ask nobody about base images
  stagebuild plan prod --exit-code     exit with 1 when there is something to build, for CI
  stagebuild plan prod --graph mermaid draw it
  stagebuild plan prod --build-arg PYTHON=3.13
                                       what if: any option of a build changes the plan
"""


def fill_plan_parser(parser: argparse.ArgumentParser) -> None:
    """Add what ``stagebuild plan`` alone takes."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    group = parser.add_argument_group("what is shown")
    shape = group.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON document")
    shape.add_argument(
        "--graph",
        nargs="?",
        const="text",
        choices=GRAPHS,
        help="draw the stages and what becomes of them: text (the default) or mermaid",
    )
    group.add_argument(
        "--exit-code",
        action="store_true",
        help="exit with 0 when there is nothing to build, and with 1 when there is",
    )
    group.add_argument(
        "--offline",
        action="store_true",
        help="ask nobody which base images there are now; take them to be unchanged",
    )
