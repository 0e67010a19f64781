"""The words and options of ``stagebuild check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file
from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

FORMATS = ("text", "json", "sarif", "github")
SEVERITIES = ("error", "warning", "info")

_EPILOG = """\
examples:
  stagebuild check                   every environment, and what none of them reaches
  stagebuild check prod --strict     let warnings fail, too
  stagebuild check --offline         in milliseconds, without an engine
  stagebuild check --format sarif    for code scanning

exit codes: 0 nothing that matters, 1 errors, 2 usage, 3 configuration
"""


def fill_check_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild check`` takes to an empty parser."""
    parser.description = "Look at Dockerfile, context and configuration before anything is built."
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument(
        "environments", nargs="*", metavar="ENV", help="environments to look at; all by default"
    )
    add_file(parser, environ)
    parser.add_argument("--strict", action="store_true", help="let warnings fail, too")
    parser.add_argument(
        "--severity",
        choices=SEVERITIES,
        default="warning",
        help="show no more than what matters at least so much (warning)",
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="how findings are printed (text)"
    )
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="as --format json"
    )
    parser.add_argument(
        "--offline", action="store_true", help="ask no engine: leave BuildKit's own checks out"
    )
    parser.add_argument("--rules", action="store_true", help="list the rules and exit")
