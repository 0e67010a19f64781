"""Durations as Go writes them: ``30s``, ``1m30s``, ``1.5h``."""

from __future__ import annotations

import re

from stagebuild.errors import DockerfileError

_PART = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h)"
_DURATION = rf"([+-]?)(0|(?:{_PART})+)"
_NUMBER = r"([0-9.]+)([^0-9.]+)"
_UNIT_S = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_LONGEST_S = 2**63 / 1e9


def seconds(text: str) -> float:
    """
    Return the seconds that a duration lasts; negative after a minus sign.

    Raises:
        DockerfileError: Without a place: it is no duration, or longer than Go can count.
    """
    found = re.fullmatch(_DURATION, text)
    if found is None:
        raise DockerfileError(f'"{text}" is no duration', hint="write it as 30s or 1m30s")
    value_s = sum(float(number) * _UNIT_S[unit] for number, unit in re.findall(_NUMBER, found[2]))
    if value_s >= _LONGEST_S:
        raise DockerfileError(f'"{text}" is too long a duration')
    return -value_s if found[1] == "-" else value_s
