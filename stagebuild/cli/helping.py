"""How ``--help`` is laid out."""

from __future__ import annotations

import argparse
import os
import sys

_USUAL_COLUMNS = 80


class HelpText(argparse.RawDescriptionHelpFormatter):
    """
    Texts as they are written, as wide as the terminal.

    ``argparse`` makes one for every option that it is told of, and asks ``shutil`` for the width
    each time: to load that takes 3 ms of every start.

    Args:
        prog: The program's name.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or _USUAL_COLUMNS  # type: ignore[union-attr]  # None where there is no stdout, as below
    except (AttributeError, ValueError, OSError):
        return _USUAL_COLUMNS
