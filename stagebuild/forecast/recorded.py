"""What a record says of stages and steps, in the forms that forecasts are made of. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.fingerprint.values import StagePrint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.fingerprint.values import StepPrint
    from stagebuild.history.records import BuildRecord


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


def what_it_did(record: BuildRecord) -> dict[str, tuple[bool, float]]:
    """
    Return whether each finished step ran, and how long, by key.

    What several stages or platforms have in common is one vertex, which has the name of one of
    them: so it counts for all that have its key.
    """
    announced = {
        (stage.name, stage.platform, step.number): (not step.cached, step.busy_s)
        for stage in record.stages
        for step in stage.steps
    }
    did: dict[str, tuple[bool, float]] = {}
    for step in record.prints:
        own = announced.get((step.stage, step.platform, step.number))
        own = own or announced.get((step.stage, None, step.number), (False, 0.0))
        did[step.key] = max(did.get(step.key, (False, 0.0)), own)
    return did
