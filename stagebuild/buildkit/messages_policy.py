"""
The source policy of a solve: which source stands in for another.

Source: moby/buildkit sourcepolicy/pb/policy.proto.
"""

from __future__ import annotations

from stagebuild.buildkit.wire import Message, integer, message, messages, text


class Selector(Message):
    """Which sources a rule is about, by a pattern of their identifiers."""

    identifier: str = text(1)


class Update(Message):
    """What a source becomes."""

    identifier: str = text(1)


class Rule(Message):
    """One rule; ``action`` 2 converts."""

    action: int = integer(1)
    selector: Selector | None = message(2, Selector)
    updates: Update | None = message(3, Update)


class SourcePolicy(Message):
    """All rules, in order."""

    version: int = integer(1)
    rules: tuple[Rule, ...] = messages(2, Rule)
