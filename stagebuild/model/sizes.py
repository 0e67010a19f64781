"""Sizes as docker writes them: ``64m``, ``1.5GiB``."""

from __future__ import annotations

import re

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
