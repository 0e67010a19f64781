"""
The comma-separated ``key=value`` form of buildx's options, read and written with Go's CSV quoting.

``type=local,dest=out`` and ``type=registry,"ref=host/a,b"``: a field that holds a comma, a quote
or a line end is quoted as a whole, and a quote inside it is doubled.

Source: docker/buildx util/buildflags, tonistiigi/go-csvvalue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def split_fields(text: str) -> list[str]:
    """
    Return the fields of one CSV record, unquoted.

    Raises:
        ValueError: A quote is left open, or stands inside an unquoted field.
    """
    fields: list[str] = []
    position = 0
    while True:
        if text[position : position + 1] == '"':
            field, position = _quoted(text, position + 1)
        else:
            end = text.find(",", position)
            end = len(text) if end < 0 else end
            field, position = text[position:end], end
            if '"' in field:
                raise ValueError(f"a quote inside the field {field!r}: quote the whole field")
        fields.append(field)
        if position >= len(text):
            return fields
        position += 1


def _quoted(text: str, start: int) -> tuple[str, int]:
    """Return the quoted field that begins at ``start`` and the index of what ends it."""
    parts: list[str] = []
    while True:
        end = text.find('"', start)
        if end < 0:
            raise ValueError("a quoted field is not closed")
        parts.append(text[start:end])
        following = text[end + 1 : end + 2]
        if following == '"':
            parts.append('"')
            start = end + 2
        elif following in ("", ","):
            return "".join(parts), end + 1
        else:
            raise ValueError(f"text after a closing quote: {text[end + 1 :]!r}")


def join_fields(fields: Iterable[str]) -> str:
    """Return the fields as one CSV record, quoted where Go's reader requires it."""
    return ",".join(map(_quote, fields))


def _quote(field: str) -> str:
    if field and not any(character in field for character in ',"\r\n') and field[0] != " ":
        return field
    return '"' + field.replace('"', '""') + '"'


def parse_pairs(text: str) -> dict[str, str]:
    """
    Return the ``key=value`` fields of one record, in order; keys are lower-cased as buildx does.

    Raises:
        ValueError: A field has no ``=``, a key comes twice, or the quoting is broken.
    """
    pairs: dict[str, str] = {}
    for field in split_fields(text):
        key, equals, value = field.partition("=")
        key = key.strip().lower()
        if not equals or not key:
            raise ValueError(f'"{field}" is not key=value')
        if key in pairs:
            raise ValueError(f'"{key}" is given twice')
        pairs[key] = value
    return pairs
