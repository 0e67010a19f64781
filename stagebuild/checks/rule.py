"""A rule, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stagebuild.checks.findings import Hit, Severity
    from stagebuild.checks.subject import Subject

PAGE = "docs/reference/rules.md"


class Rule(NamedTuple):
    """
    One rule.

    Attributes:
        id: Its name, words with hyphens; also the anchor of its section in the reference.
        severity: How much a finding matters, unless the finding says otherwise.
        summary: What it finds, one sentence without a full stop.
        check: Yields what it finds in a subject.
    """

    id: str
    severity: Severity
    summary: str
    check: Callable[[Subject], Iterator[Hit]]

    @property
    def page(self) -> str:
        """Its section of the documentation, from the top of this project."""
        return f"{PAGE}#{self.id}"
