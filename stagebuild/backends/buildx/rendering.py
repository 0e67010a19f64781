"""An invocation as text that can be pasted into a shell, secrets blotted out."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from stagebuild.model.csvfields import join_fields, split_fields
from stagebuild.secrecy import BLOT, is_secret_like, without_url_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.backends.buildx.argv import Invocation

_PAIR_OPTIONS = frozenset({"--build-arg", "--label", "--annotation"})
_RECORD_OPTIONS = frozenset({"--cache-from", "--cache-to", "--output", "--attest"})


def render(invocation: Invocation) -> str:
    """
    Return the one line that starts the build in a POSIX shell.

    Build args that are passed by name stand before the program, as ``NAME=value``. Values that
    look like secrets are blotted out, wherever they are.
    """
    return " ".join([*_assignments(invocation), *map(quote, _shown(invocation.argv))])


def _assignments(invocation: Invocation) -> Iterator[str]:
    for name, value in invocation.added.items():
        shown = BLOT if _is_secret(name, value) else value
        if name.isidentifier():
            yield f"{name}={quote(shown)}"
        else:
            yield f"env {quote(f'{name}={shown}')}"


def _is_secret(name: str, value: str) -> bool:
    given = name.startswith("STAGEBUILD_SECRET_") or "_GIT_AUTH_" in name
    return given or is_secret_like(name, value)


def _shown(argv: Sequence[str]) -> Iterator[str]:
    """Yield the arguments as they may be shown."""
    option = ""
    for argument in argv:
        if option in _PAIR_OPTIONS:
            yield _pair(argument)
        elif option in _RECORD_OPTIONS:
            yield _record(argument)
        else:
            yield without_url_passwords(argument)
        option = argument


def _pair(text: str) -> str:
    name, equals, value = text.partition("=")
    return f"{name}={BLOT}" if equals and is_secret_like(name, value) else text


def _record(text: str) -> str:
    return without_url_passwords(join_fields(map(_pair, split_fields(text))))
