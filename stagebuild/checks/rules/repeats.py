"""The same steps, written into several stages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit
from stagebuild.checks.subject import lineage
from stagebuild.dockerfile import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.checks.subject import Subject
    from stagebuild.dockerfile import Stage, Step

_LEAST_LETTERS = 12


def repeated_steps(subject: Subject) -> Iterator[Hit]:
    """Yield each RUN that stands in two stages whose roots are the same image."""
    told: set[tuple[int, int]] = set()
    first: dict[tuple[str, str], tuple[Stage, Step]] = {}
    for stage in subject.graph.stages:
        root = lineage(subject.graph, stage)[0].base_name
        for step in stage.steps:
            text = _normal(step)
            if text is None or step.is_triggered:
                continue
            before, at = first.setdefault((root, text), (stage, step))
            if before.index == stage.index or (before.index, stage.index) in told:
                continue
            told.add((before.index, stage.index))
            yield Hit(
                line=step.instruction.line,
                end_line=step.instruction.lines.end,
                message=f'the same step stands in the stage "{before.label}", line'
                f" {at.instruction.line}: whatever differs above makes it run twice",
                hint="put it into a stage that both stand on, as FROM … AS base",
            )


def _normal(step: Step) -> str | None:
    """Return a RUN in one spelling, or None for what is too small to matter."""
    instruction = step.expanded
    if not isinstance(instruction, Run):
        return None
    text = re.sub(r"\s+", " ", instruction.script).strip()
    if len(text) < _LEAST_LETTERS:
        return None
    return f"{' '.join(instruction.mount_texts)} {text}"
