"""The words and options of ``stagebuild promote``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file
from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_DESCRIPTION = (
    "Give the image that one environment runs the tags of another one, in the registry, without a"
    " rebuild."
)

_EPILOG = """\
examples:
  stagebuild promote staging prod --dry-run   say what would be done, and whether it may
  stagebuild promote staging prod             do it
  stagebuild promote staging prod --digest sha256:…
                                              an earlier image, to go back to it

It is refused unless the history tells that this very digest has passed the gates of both.

exit codes: 0 ok, 1 refused, 2 usage, 3 configuration, 5 registry
"""


def fill_promote_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild promote`` takes to an empty parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument("source", metavar="FROM-ENV", help="the environment that runs the image")
    parser.add_argument("target", metavar="TO-ENV", help="the environment that gets it")
    add_file(parser, environ)
    parser.add_argument(
        "--digest",
        metavar="DIGEST",
        help="this image of FROM-ENV, instead of the one that was pushed last",
    )
    parser.add_argument("--dry-run", action="store_true", help="look at everything, write nothing")
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print the reference alone, repository@sha256:…"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
