"""Settings with variables -> the same settings without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.config.keypaths import within
from stagebuild.config.plain import expected
from stagebuild.model.entries import Attestation, CacheEntry, Output, Secret, SshForward
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Callable


def map_text(  # noqa: PLR0911 - one line for each kind of value
    value: Any, change: Callable[[str], str]
) -> Any:
    """
    Return ``value`` with every text in it changed; names and keys of tables stay.

    Raises:
        Misfit: What ``change`` raised, with the place of the text within ``value``; or a number
            stands where text should, which only Python can write.
    """
    match value:
        case str():
            return change(value)
        case tuple():
            return tuple(_inside(index, item, change) for index, item in enumerate(value))
        case dict():
            return {name: _inside(name, item, change) for name, item in value.items()}
        case CacheEntry() | Attestation():
            return replaced(value, attributes=map_text(dict(value.attributes), change))
        case Output():
            return Output(
                type=value.type,
                dest=_inside("dest", value.dest, change),
                attributes=map_text(dict(value.attributes), change),
            )
        case Secret():
            return Secret(
                env=_inside("env", value.env, change),
                file=_inside("file", value.file, change),
                command=_inside("command", value.command, change),
            )
        case SshForward():
            return SshForward(paths=map_text(value.paths, change))
        case int() | float() if not isinstance(value, bool):
            raise expected("text", value)
        case _:
            return value


def _inside(part: str | int, value: Any, change: Callable[[str], str]) -> Any:
    with within(part):
        return map_text(value, change)
