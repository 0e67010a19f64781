"""
A source policy: which base images, URLs and repositories a build may use, and what instead.

BuildKit reads it as a message; people write it as JSON, in a file that the variable
``EXPERIMENTAL_BUILDKIT_SOURCE_POLICY`` names, as for buildx.

Source: docker/buildx build/build.go (ReadSourcePolicy); moby/buildkit sourcepolicy/pb.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stagebuild.backends.base import SolveFailed
from stagebuild.buildkit.wire import Message, integer, mapping, message, messages, text

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"

_ACTIONS = ("ALLOW", "DENY", "CONVERT")
_MATCHES = ("WILDCARD", "EXACT", "REGEX")
_CONDITIONS = ("EQUAL", "NOTEQUAL", "MATCHES")


class _Constraint(Message):
    key: str = text(1)
    value: str = text(2)
    condition: int = integer(3)


class _Selector(Message):
    identifier: str = text(1)
    match_type: int = integer(2)
    constraints: tuple[_Constraint, ...] = messages(3, _Constraint)


class _Update(Message):
    identifier: str = text(1)
    attrs: Mapping[str, str] = mapping(2)


class _Rule(Message):
    action: int = integer(1)
    selector: _Selector | None = message(2, _Selector)
    updates: _Update | None = message(3, _Update)


class _Policy(Message):
    version: int = integer(1)
    rules: tuple[_Rule, ...] = messages(2, _Rule)


def source_policy(environ: Mapping[str, str]) -> bytes:
    """
    Return the policy as a solve's request has it; empty when there is none.

    Raises:
        SolveFailed: The file can't be read, or is no policy.
    """
    path = environ.get(VARIABLE)
    if not path:
        return b""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is not loaded on this path
            return _policy(json.load(file)).encode()
    except OSError as error:
        raise SolveFailed(f"{VARIABLE}: {path}: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise SolveFailed(f"{VARIABLE}: {path} is no source policy: {error}") from error


def _policy(said: Mapping[str, Any]) -> _Policy:
    rules = tuple(map(_rule, said.get("rules") or ()))
    return _Policy(version=int(said.get("version") or 0), rules=rules)


def _rule(said: Mapping[str, Any]) -> _Rule:
    selector, updates = said.get("selector") or {}, said.get("updates")
    constraints = tuple(
        _Constraint(
            key=str(one.get("key", "")),
            value=str(one.get("value", "")),
            condition=_number(one.get("condition"), _CONDITIONS),
        )
        for one in selector.get("constraints") or ()
    )
    return _Rule(
        action=_number(said.get("action"), _ACTIONS),
        selector=_Selector(
            identifier=str(selector.get("identifier", "")),
            match_type=_number(selector.get("match_type", selector.get("matchType")), _MATCHES),
            constraints=constraints,
        ),
        updates=None
        if updates is None
        else _Update(
            identifier=str(updates.get("identifier", "")), attrs=dict(updates.get("attrs") or {})
        ),
    )


def _number(said: object, names: tuple[str, ...]) -> int:
    """
    Return an enumeration's number, which may be written as its name.

    Raises:
        ValueError: It is neither.
    """
    if said is None:
        return 0
    if isinstance(said, int):
        return said
    if said in names:
        return names.index(str(said))
    raise ValueError(f"{said!r} is none of {', '.join(names)}")
