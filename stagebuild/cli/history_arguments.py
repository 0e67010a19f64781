"""The words and options of ``stagebuild history``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file
from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIONS = ("show", "export", "import", "prune")

_DESCRIPTION = "Show what earlier builds were: time, cached share and size, and what got worse."

_EPILOG = """\
examples:
  stagebuild history                     every environment
  stagebuild history prod                its stages and its last builds
  stagebuild history prod --stage test   the steps of one stage
  stagebuild history prod --fail-on-regression
                                         exit with 1 when the latest build got slower or larger
  stagebuild history export h.jsonl      write it to a file (- for stdout), for CI to carry
  stagebuild history import h.jsonl      add what another machine recorded
  stagebuild history prune --keep 500    forget all but the newest 500 of each environment
  stagebuild history show prune          an environment that is called like one of these words
"""


def fill_history_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild history`` takes to an empty parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument(
        "words",
        nargs="*",
        metavar="[ACTION] [ENV|FILE]",
        help="an environment; or export FILE, import FILE, prune",
    )
    add_file(parser, environ)
    parser.add_argument("--stage", metavar="STAGE", help="show the steps of this stage")
    parser.add_argument(
        "-n", "--limit", type=_count, metavar="N", default=100, help="look at the newest N (100)"
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON document")
    shape.add_argument("--csv", action="store_true", help="one line for each build, newest first")
    parser.add_argument(
        "--fail-on-regression",
        action="store_true",
        help="exit with 1 when the latest build of ENV got slower or larger",
    )
    parser.add_argument(
        "--keep", type=_count, metavar="N", help="prune: keep the newest N of each environment"
    )
    parser.add_argument(
        "--older-than", type=_count, metavar="DAYS", help="prune: forget what is older"
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from 1 up')
    return int(text)
