"""The words and options of ``stagebuild report``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file
from stagebuild.cli.helping import HelpText
from stagebuild.report.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping

_DESCRIPTION = "Tell of a run that has ended: as a page, in Markdown, as a trace, as test results."

_EPILOG = """\
examples:
  stagebuild report -o run.html              the last run, as a page for a browser
  stagebuild report --format markdown        for a job's summary or a comment
  stagebuild report --run 2 -o run.trace.json
                                             the run before, to open in ui.perfetto.dev
  stagebuild report --list                   which runs there are
  stagebuild prod --json > run.json; stagebuild report run.json -o run.html
                                             what --json printed, perhaps on another machine

forms: html, markdown, json, chrome-trace, otlp, junit, dotenv; told by the ending of -o:
.html, .md, .json, .trace.json, .otlp.json, .xml, .env
"""


def fill_report_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild report`` takes to an empty parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument(
        "result",
        nargs="?",
        metavar="FILE",
        help="what stagebuild --json printed, - for stdin; the last run by default",
    )
    add_file(parser, environ)
    parser.add_argument(
        "--run", type=_count, metavar="N", default=1, help="the Nth run of the history from the end"
    )
    parser.add_argument("--list", action="store_true", help="list the runs that can be told of")
    parser.add_argument("--format", choices=FORMATS, help="in which form (html)")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to; stdout by default")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from 1 up')
    return int(text)
