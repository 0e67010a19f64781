"""The completion of fish, with a line of help for each word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.completing.words import Option, Value, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEAD = """\
# Completion of stagebuild for fish. Put this into ~/.config/fish/completions/stagebuild.fish:
#   stagebuild completion fish > ~/.config/fish/completions/stagebuild.fish
complete -c stagebuild -f
"""


def fish_script(verbs: Sequence[Verb]) -> str:
    """Return what fish is to source."""
    return "".join((_HEAD, *_lines(verbs)))


def _lines(verbs: Sequence[Verb]) -> Iterator[str]:
    names = " ".join(verb.name for verb in verbs)
    for verb in verbs:
        yield (
            f"complete -c stagebuild -n __fish_use_subcommand -a {verb.name}"
            f" -d {_quoted(verb.help)}\n"
        )
    for verb in verbs:
        seen = f"__fish_seen_subcommand_from {verb.name}"
        if verb.name == "build":
            others = " ".join(other for other in names.split() if other != "build")
            seen = f"not __fish_seen_subcommand_from {others}"
        for option in verb.options:
            yield f"complete -c stagebuild -n '{seen}'{_option(option)} -d {_quoted(option.help)}\n"
        action = _action(verb.words, verb.choices)
        if action:
            yield f"complete -c stagebuild -n '{seen}'{action}\n"


def _option(option: Option) -> str:
    """Return the flags of ``complete`` that say an option's names and what it takes."""
    names = "".join(
        f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}" for name in option.names
    )
    if option.value is Value.NOTHING:
        return names
    only = "-r" if option.value is Value.FILE else "-x"  # -x offers no files besides
    return f"{names} {only}{_action(option.value, option.choices)}"


def _action(value: Value, choices: Sequence[str]) -> str:
    match value:
        case Value.CHOICE:
            return f" -a {_quoted(' '.join(choices))}"
        case Value.ENVIRONMENT:
            return " -a '(stagebuild completion environments 2>/dev/null)'"
        case Value.STAGE:
            return " -a '(stagebuild completion stages 2>/dev/null)'"
        case Value.FILE:
            return " -F"
        case _:
            return ""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
