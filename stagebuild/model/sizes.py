"""Sizes as docker writes them: ``64m``, ``1.5GiB``."""

from __future__ import annotations

import re

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_SIZE = r"(?i)([0-9]+(?:\.[0-9]+)?) ?(?:([kmgtp])i?b?|b)?"
_EXPONENTS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def parse_size_bytes(text: str) -> int:
    """
    Return the number of bytes that ``text`` names; every unit is a power of 1,024.

    Raises:
        ValueError: It has another form.

    Source: docker/go-units, size.go, RAMInBytes.
    """
    found = re.fullmatch(_SIZE, text.strip())
    if found is None:
        raise ValueError(f'"{text}" is not a size such as 64m or 1.5g')
    number, unit = found[1], (found[2] or "").lower()
    scale: int = 1024 ** _EXPONENTS[unit]
    if "." not in number:
        return int(number) * scale
    return int(float(number) * scale)


def parse_shown_bytes(text: str) -> int:
    """
    Return the number of bytes of a size as images are shown: ``120MB`` is 120,000,000 of them.

    Units are powers of 1,000, or of 1,024 with an ``i``: ``115MiB``.

    Raises:
        ValueError: It has another form.

    Source: docker/go-units, size.go, FromHumanSize; docker/cli, ``docker images``.
    """
    found = re.fullmatch(r"(?i)([0-9]+(?:\.[0-9]+)?) ?(?:([kmgtp])(i?)b?|b)?", text.strip())
    if found is None:
        raise ValueError(f'"{text}" is not a size such as 120MB or 1.5GB')
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** _EXPONENTS[(found[2] or "").lower()])


def shown_bytes(size_bytes: int) -> str:
    """Return a size in decimal units, as docker prints them: ``512 B``, ``34.5 MB``."""
    if size_bytes < 1000:  # noqa: PLR2004 - decimal units
        return f"{size_bytes} B"
    value = float(size_bytes)
    unit = 0
    while round(value, 1) >= 1000 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - as above
        value /= 1000
        unit += 1
    return f"{value:.1f} {_UNITS[unit]}"
