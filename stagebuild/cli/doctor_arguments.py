"""The words and options of ``stagebuild doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def fill_doctor_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild doctor`` takes to an empty parser."""
    parser.description = (
        "Say whether this machine can build this project, and what to do where it can't."
    )
    add_file(parser, environ)
    parser.add_argument("--json", action="store_true", help="one JSON document")
