"""
The ``--flags`` of instructions: which there are, and their values.

Source: moby/buildkit frontend/dockerfile/instructions/bflag.go and parse.go.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from stagebuild.errors import DockerfileError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class FlagKind(Enum):
    """How often a flag may be given, and what it takes."""

    SWITCH = "switch"
    """``--link`` or ``--link=true|false``, once."""
    TEXT = "text"
    """``--chown=user``, once."""
    LIST = "list"
    """``--exclude=pattern``, any number of times."""


_TRANSFER = {
    "chown": FlagKind.TEXT,
    "chmod": FlagKind.TEXT,
    "link": FlagKind.SWITCH,
    "exclude": FlagKind.LIST,
}

KNOWN_FLAGS: Mapping[str, Mapping[str, FlagKind]] = MappingProxyType(
    {
        "ADD": {
            **_TRANSFER,
            "keep-git-dir": FlagKind.SWITCH,
            "checksum": FlagKind.TEXT,
            "unpack": FlagKind.SWITCH,
        },
        "COPY": {**_TRANSFER, "from": FlagKind.TEXT, "parents": FlagKind.SWITCH},
        "FROM": {"platform": FlagKind.TEXT},
        "HEALTHCHECK": {
            "interval": FlagKind.TEXT,
            "timeout": FlagKind.TEXT,
            "start-period": FlagKind.TEXT,
            "start-interval": FlagKind.TEXT,
            "retries": FlagKind.TEXT,
        },
        "RUN": {
            "mount": FlagKind.LIST,
            "network": FlagKind.TEXT,
            "security": FlagKind.TEXT,
            "device": FlagKind.LIST,
        },
    }
)
"""By instruction. One that is missing here has no flags."""


class Flags:
    """The flags of one instruction, checked."""

    def __init__(self, keyword: str, words: Iterable[str]) -> None:
        """
        Read the words.

        Raises:
            DockerfileError: Without a place: a flag is unknown, repeated, or lacks its value.
        """
        known = KNOWN_FLAGS.get(keyword, {})
        self._values: dict[str, list[str]] = {}
        for word in words:
            spelled, equals, value = word.partition("=")
            name = spelled[2:]
            kind = known.get(name)
            if kind is None:
                hint = did_you_mean(name, known).removeprefix("; ")
                raise DockerfileError(f"unknown flag {spelled} of {keyword}", hint=hint or None)
            if name in self._values and kind is not FlagKind.LIST:
                raise DockerfileError(f"{spelled} is given twice", hint="remove one of them")
            value = _checked(kind, spelled, value, has_value=bool(equals))
            self._values.setdefault(name, []).append(value)

    def text(self, name: str, default: str = "") -> str:
        """Return the flag's value, or the default when it was not given."""
        return self._values[name][-1] if name in self._values else default

    def texts(self, name: str) -> tuple[str, ...]:
        """Return every value of a flag that can be repeated."""
        return tuple(self._values.get(name, ()))

    def switch(self, name: str) -> bool | None:
        """Return a switch's state, or None when it was not given."""
        return self._values[name][-1] == "true" if name in self._values else None


def _checked(kind: FlagKind, spelled: str, value: str, *, has_value: bool) -> str:
    if kind is FlagKind.SWITCH and not has_value:
        return "true"
    if not has_value or (kind is FlagKind.SWITCH and not value):
        raise DockerfileError(f"{spelled} has no value", hint=f"write {spelled}=…")
    if kind is not FlagKind.SWITCH:
        return value
    if value.lower() not in ("true", "false"):
        raise DockerfileError(f'{spelled} takes "true" or "false", not "{value}"')
    return value.lower()
