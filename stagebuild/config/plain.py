"""Readers of plain values: text, flags, lists and tables of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from stagebuild.config.keypaths import Misfit, within
from stagebuild.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence


class SpelledFloat(float):
    """A number that remembers how it was written, so that ``3.10`` does not become ``3.1``."""

    __slots__ = ("spelling",)
    spelling: str

    def __new__(cls, spelling: str) -> Self:
        """Return the number that ``spelling`` is."""
        number = super().__new__(cls, spelling)
        number.spelling = spelling
        return number


def found(value: object) -> str:  # noqa: PLR0911 - one line for each kind
    """Return what ``value`` is, in words and with its beginning: ``the text "x"``."""
    match value:
        case bool():
            return str(value).lower()
        case "":
            return "an empty text"
        case str():
            return f'the text "{value if len(value) <= 40 else value[:40] + "…"}"'  # noqa: PLR2004
        case SpelledFloat():
            return f"the number {value.spelling}"
        case int() | float():
            return f"the number {value}" if abs(value) < 10**40 else "a huge number"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case dict():
            return "a table" if value else "an empty table"
        case _:
            return f"the date or time {value}"


def expected(what: str, value: object) -> Misfit:
    """Return the error for a value of the wrong kind."""
    return Misfit(f"expected {what}, got {found(value)}")


def read_text(value: object) -> str:
    """Return text that is not empty."""
    if isinstance(value, str) and value:
        return value
    raise expected("text", value)


def read_flag(value: object) -> bool:
    """Return true or false."""
    if isinstance(value, bool):
        return value
    raise expected("true or false", value)


def read_size(value: object) -> str:
    """Return a size as text; a number is in bytes."""
    match value:
        case bool():
            raise expected("a size such as 64m", value)
        case int() if value >= 0:
            return str(value)
        case str() if value:
            return value
        case _:
            raise expected("a size such as 64m", value)


def read_count(value: object) -> int:
    """Return a whole number, 0 or more."""
    match value:
        case bool():
            pass
        case int() if value >= 0:
            return value
        case str() if value.isascii() and value.isdecimal():
            return int(value)
    raise expected("a whole number, 0 or more", value)


def read_duration(value: object) -> str:
    """Return a duration as text; a number is in seconds."""
    match value:
        case bool():
            pass
        case SpelledFloat() if value > 0:
            return value.spelling
        case int() | float() if value > 0:
            return str(value)
        case str() if value:
            return value
    raise expected("a duration such as 90s or 1h30m", value)


def read_choice(value: object, choices: Sequence[str]) -> str:
    """Return one of ``choices``, or text with a variable in it."""
    text = read_text(value)
    if text in choices or "${" in text:
        return text
    raise Misfit(f"expected one of {', '.join(choices)}, got {found(value)}")


def read_scalar(value: object) -> str:
    """Return text, a number or a boolean as text: ``3.10`` as written, ``true``, ``false``."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case SpelledFloat():
            return value.spelling
        case int() | float():
            return str(value)
        case _:
            raise expected("text, a number, true or false", value)


def read_list(value: object, *, read: Callable[[object], Any], what: str) -> tuple[Any, ...]:
    """Return the items of a list, each read; or the one item that is not in a list."""
    if not isinstance(value, list):
        if isinstance(value, (str, dict)):
            return (read(value),)
        raise expected(what, value)
    items = []
    for index, item in enumerate(value):
        with within(index):
            items.append(read(item))
    return tuple(items)


def read_text_or_list(value: object) -> tuple[str, ...]:
    """Return one text or a list of them."""
    return read_list(value, read=read_text, what="text or a list of text")


def read_members(
    value: object, *, read: Callable[[str, object], Any], what: str = "a table"
) -> dict[str, Any]:
    """Return a table by name, each member read from its name and value."""
    if not isinstance(value, dict):
        raise expected(what, value)
    members = {}
    for name, member in value.items():
        with within(name):
            if not name:
                raise Misfit("a name can't be empty")
            members[name] = read(name, member)
    return members


def read_texts(value: object) -> dict[str, str]:
    """Return a table of text, numbers and booleans as text, by name."""
    return read_members(value, read=lambda _, member: read_scalar(member))


def read_matrix(value: object) -> dict[str, tuple[str, ...]]:
    """Return values as text by axis; one that is not in a list is the only one."""
    return read_members(value, read=lambda _, member: _read_axis(member))


def _read_axis(value: object) -> tuple[str, ...]:
    return read_list(value if isinstance(value, list) else [value], read=read_scalar, what="a list")


def read_combinations(value: object) -> tuple[dict[str, str], ...]:
    """Return combinations of values by axis."""
    return read_list(value, read=read_texts, what="a table, or a list of tables")


def check_keys(table: Collection[str], known: Collection[str]) -> None:
    """Raise Misfit for the first key of ``table`` that is not known."""
    for key in table:
        if key not in known:
            raise Misfit(f"unknown key{did_you_mean(key, known)}", key)
