"""
What people decided to live with: comments in the Dockerfile, and the configuration.

A comment counts for the instruction below it, or around it where it stands between continuations::

    # stagebuild: ignore=runs-as-root the entrypoint changes the user
    FROM postgres:17 AS prod

``ignore-file=`` counts for the whole file, wherever it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stagebuild.checks.findings import Finding
    from stagebuild.dockerfile import Dockerfile

_COMMENT = re.compile(
    r"^[ \t]*#[ \t]*stagebuild:[ \t]*(ignore(?:-file)?)=([\w-]+(?:,[\w-]+)*)[ \t]*(.*?)[ \t]*\r?$",
    re.MULTILINE,
)


@frozen
class Suppression:
    """
    One id of one comment.

    Attributes:
        rule: The id.
        line: 1-based line of the comment.
        start: First line that it counts for; 0 for the whole file.
        end: Last line that it counts for.
        reason: What the comment says after it.
    """

    rule: str
    line: int
    start: int
    end: int
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Say whether a finding of the same file is put aside by it."""
        if self.rule != finding.rule:
            return False
        return self.start == 0 or (
            finding.line is not None and self.start <= finding.line <= self.end
        )


def suppressions(text: str, tree: Dockerfile | None) -> tuple[Suppression, ...]:
    """
    Return what the comments of a Dockerfile put aside.

    Args:
        text: The file.
        tree: Its syntax tree; without one a comment counts for the next line.
    """
    if "stagebuild:" not in text:
        return ()
    found = []
    for comment in _COMMENT.finditer(text):
        line = text.count("\n", 0, comment.start()) + 1
        start, end = (0, 0) if comment[1] == "ignore-file" else _meant(line, tree)
        found += [
            Suppression(rule=rule, line=line, start=start, end=end, reason=comment[3])
            for rule in comment[2].split(",")
        ]
    return tuple(found)


def _meant(line: int, tree: Dockerfile | None) -> tuple[int, int]:
    """Return the lines of the instruction around or below a comment."""
    for instruction in () if tree is None else tree.instructions:
        if instruction.lines.end >= line:
            return instruction.lines.start, instruction.lines.end
    return line + 1, line + 1


def covering(finding: Finding, given: Iterable[Suppression]) -> Suppression | None:
    """Return what puts a finding aside, or None."""
    return next((each for each in given if each.covers(finding)), None)
