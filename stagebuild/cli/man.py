"""``stagebuild man``: the manual page, made from the parsers, so that it can't be out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.arguments import VERBS, parser_of
from stagebuild.cli.exitcodes import ExitCode
from stagebuild.version import __version__

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from typing import TextIO

_FILES = (
    (
        "stagebuild.toml",
        "the configuration; the nearest one upwards from the current folder",
    ),
    ("pyproject.toml", "its table tool.stagebuild, where there is no stagebuild.toml"),
    ("Dockerfile", "enough by itself: every named stage is an environment"),
)


def man(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Print the page and return the exit code."""
    del options, environ, stderr
    stdout.write(manual_page())
    return ExitCode.OK


def manual_page() -> str:
    """
    Return the page in roff, with the macros of man(7).

    Source: man7.org, man(7); groff_char(7) for the characters.
    """
    parser = parser_of("build", {})
    lines = [
        f'.TH STAGEBUILD 1 "" "stagebuild {_text(__version__)}"',
        ".SH NAME",
        f"stagebuild \\- {_text(_first(parser.description))}",
        ".SH SYNOPSIS",
        "\\fBstagebuild\\fR \\fIENV\\fR… [\\fIoptions\\fR]",
        ".br",
        "\\fBstagebuild\\fR \\fIVERB\\fR [\\fIwords\\fR] [\\fIoptions\\fR]",
        *_options("OPTIONS", parser),
    ]
    for verb in VERBS:
        if verb != "build":
            lines += _verb(verb)
    lines += [".SH FILES", *(line for pair in _FILES for line in _item(*pair))]
    lines += _epilog(parser)
    return "\n".join(lines) + "\n"


def _verb(name: str) -> Iterator[str]:
    parser = parser_of(name, {})
    yield f".SH {name.upper()}"
    yield _text(_first(parser.description))
    yield from _groups(parser)


def _options(title: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f".SH {title}"
    yield from _groups(parser)


def _groups(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the options, below the titles that ``--help`` has for them."""
    for group in parser._action_groups:  # noqa: SLF001 - argparse has no public way
        actions = [action for action in group._group_actions if action.help]  # noqa: SLF001 - as above
        if not actions:
            continue
        if group.title not in ("positional arguments", "options"):
            yield f".SS {_text(group.title or '')}"
        for action in actions:
            yield from _item(_named(action), (action.help or "").replace("%%", "%"))


def _named(action: argparse.Action) -> str:
    metavar = action.metavar
    if metavar is None and action.choices is not None and action.nargs != 0:
        metavar = "|".join(map(str, action.choices))
    if not action.option_strings:
        return str(metavar or action.dest)
    value = f" {metavar or action.dest.upper()}" if action.nargs != 0 else ""
    return ", ".join(action.option_strings) + value


def _item(name: str, text: str) -> tuple[str, str, str]:
    return ".TP", f"\\fB{_text(name)}\\fR", _text(text)


def _epilog(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield examples and exit codes as ``--help`` has them."""
    yield ".SH EXAMPLES AND EXIT CODES"
    yield ".nf"
    yield from (_text(line) for line in (parser.epilog or "").splitlines())
    yield ".fi"


def _first(text: str | None) -> str:
    return " ".join((text or "").split())


def _text(text: str) -> str:
    """Return text in which roff sees no escape, no request and no hyphen that may be broken at."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
