"""The words and options of ``stagebuild completion``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.arguments import add_file
from stagebuild.cli.helping import HelpText

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

WHAT = ("bash", "zsh", "fish", "environments", "stages")

_EPILOG = """\
examples:
  source <(stagebuild completion bash)      in ~/.bashrc
  source <(stagebuild completion zsh)       in ~/.zshrc, below compinit
  stagebuild completion fish > ~/.config/fish/completions/stagebuild.fish
"""


def fill_completion_parser(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add what ``stagebuild completion`` takes to an empty parser."""
    parser.description = "Print a shell's completion script, or the words that it asks for."
    parser.epilog = _EPILOG
    parser.formatter_class = HelpText
    parser.add_argument(
        "what", choices=WHAT, help="a shell; or environments, stages: what the scripts ask for"
    )
    add_file(parser, environ)
