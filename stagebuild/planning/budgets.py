"""A budget's keys, variables filled in -> what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.config.keypaths import Misfit, within
from stagebuild.errors import did_you_mean
from stagebuild.model.budget import BUDGET_KEYS, BUDGET_LISTS, Budget, parse_growth, parse_share
from stagebuild.model.sizes import parse_shown_bytes
from stagebuild.planning.entries import read_duration_s

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_budget(written: Mapping[str, str | tuple[str, ...]]) -> Budget:
    """
    Return the budget that its keys say.

    Raises:
        Misfit: A value is not what its key takes; its place is the key.
    """
    fields: dict[str, Any] = {}
    for key, value in written.items():
        with within(key):
            field, read = _read(key, value)
            fields[field] = read
    return Budget(**fields)


def _read(key: str, value: str | tuple[str, ...]) -> tuple[str, object]:
    if key in BUDGET_LISTS:
        return key, (value,) if isinstance(value, str) else tuple(value)
    if not isinstance(value, str):
        raise Misfit("it takes one value, not a list")
    try:
        return _read_one(key, value)
    except ValueError as error:
        raise Misfit(str(error)) from error


def _read_one(key: str, text: str) -> tuple[str, object]:
    match key:
        case "size":
            return "size_bytes", parse_shown_bytes(text)
        case "growth":
            return "growth", parse_growth(text)
        case "layers":
            if not (text.isascii() and text.isdecimal()):
                raise Misfit(f'"{text}" is not a whole number, 0 or more')
            return "layers", int(text)
        case "user" if text:
            return "user", text
        case "max-duration":
            return "max_duration_s", read_duration_s(text)
        case "min-cached":
            return "min_cached", parse_share(text)
        case _:
            raise Misfit(f"unknown key{did_you_mean(key, BUDGET_KEYS)}")
