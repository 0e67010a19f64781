"""What another tool's file came to: a ``stagebuild.toml``, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Table = dict[str, Any]


@frozen
class Imported:
    """
    Environments, read from another tool's file.

    Attributes:
        environments: Their keys by name, as ``stagebuild.toml`` has them.
        project: Keys of ``[project]``.
        warnings: What could not be carried over, a line each.
    """

    environments: Mapping[str, Table]
    project: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def toml_of(imported: Imported, source: str) -> str:
    """
    Return the text of a ``stagebuild.toml``.

    Args:
        imported: What it says.
        source: Where it is from, for its first line.
    """
    lines = [f"# Imported from {source} by `stagebuild import`."]
    lines += [f"# Not carried over: {' '.join(warning.split())}" for warning in imported.warnings]
    if imported.project:
        lines += ["", "[project]", *_pairs(imported.project)]
    for name, table in imported.environments.items():
        lines += ["", f"[environments.{_key(name)}]", *_pairs(table)]
    return "\n".join(lines) + "\n"


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        yield f"{_key(key)} = {_value(value)}"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            pairs = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case _:
            return _quoted(str(value))


def _key(name: str) -> str:
    plain = name and all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in name)
    return name if plain else _quoted(name)


def _quoted(text: str) -> str:
    import json  # noqa: PLC0415 - off the hot path

    # A TOML basic string has JSON's escapes, and DEL must be escaped besides.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def literal(text: str) -> str:
    """Return text that has no variables for ``stagebuild.toml``."""
    return text.replace("$", "$$") if "${" in text or "$$" in text else text
