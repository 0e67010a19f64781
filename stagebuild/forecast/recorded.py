"""What a record says of stages and steps, in the forms that forecasts are made of. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.fingerprint.values import StagePrint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.fingerprint.values import StepPrint
    from stagebuild.history.records import BuildRecord

Place = tuple[str, str | None, int]
"""Stage, platform (None where the engine named none) and number."""


def stages_of(prints: Sequence[StepPrint]) -> tuple[StagePrint, ...]:
    """Return the stages that recorded steps belong to, in their order."""
    grouped: dict[tuple[str, str], list[StepPrint]] = {}
    for step in prints:
        grouped.setdefault((step.stage, step.platform), []).append(step)
    return tuple(
        StagePrint(
            name=name,
            platform=platform,
            steps=tuple(sorted(steps, key=lambda step: step.number)),
            key=steps[-1].key,
            depends_on=tuple(dict.fromkeys(label for step in steps for label in step.sources)),
        )
        for (name, platform), steps in grouped.items()
    )


def what_it_did(record: BuildRecord) -> dict[Place, tuple[bool, float]]:
    """Return whether each step that was announced ran, and how long."""
    return {
        (stage.name, stage.platform, step.number): (not step.cached, step.busy_s)
        for stage in record.stages
        for step in stage.steps
    }


def did_run(step: StepPrint, did: Mapping[Place, tuple[bool, float]]) -> tuple[bool, float]:
    """Return whether a step ran, and how long; one that was not announced did not."""
    named = did.get((step.stage, step.platform, step.number))
    return named or did.get((step.stage, None, step.number), (False, 0.0))
