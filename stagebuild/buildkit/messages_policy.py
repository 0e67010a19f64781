"""
The source policy of a solve: which sources it may use, and which stands in for another.

Source: moby/buildkit sourcepolicy/pb/policy.proto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.buildkit.wire import Message, integer, mapping, message, messages, text

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIONS = ("ALLOW", "DENY", "CONVERT")
MATCHES = ("WILDCARD", "EXACT", "REGEX")
CONDITIONS = ("EQUAL", "NOTEQUAL", "MATCHES")


class Constraint(Message):
    """What an attribute of a source must be; ``condition`` is an index of CONDITIONS."""

    key: str = text(1)
    value: str = text(2)
    condition: int = integer(3)


class Selector(Message):
    """Which sources a rule is about, by a pattern of their identifiers."""

    identifier: str = text(1)
    match_type: int = integer(2)
    constraints: tuple[Constraint, ...] = messages(3, Constraint)


class Update(Message):
    """What a source becomes."""

    identifier: str = text(1)
    attrs: Mapping[str, str] = mapping(2)


class Rule(Message):
    """One rule; ``action`` is an index of ACTIONS."""

    action: int = integer(1)
    selector: Selector | None = message(2, Selector)
    updates: Update | None = message(3, Update)


class SourcePolicy(Message):
    """All rules, in order."""

    version: int = integer(1)
    rules: tuple[Rule, ...] = messages(2, Rule)
