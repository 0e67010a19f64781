"""The words and options of ``stagebuild man``: none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_EPILOG = """\
examples:
  stagebuild man | man -l -
  stagebuild man > ~/.local/share/man/man1/stagebuild.1
"""


def fill_man_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Say what ``stagebuild man`` is for."""
    del environ
    parser.description = "Print the manual page, for man."
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
