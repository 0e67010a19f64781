"""Observed vertices -> the steps and stages of the Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.progress.vertexnames import VertexName
from stagebuild.timeline.intervals import length_s, merged, span_s
from stagebuild.timeline.values import StageTiming, StepTiming
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stagebuild.model import Platform
    from stagebuild.timeline.vertices import ObservedVertex

_Key = tuple[str, "Platform | None", "Platform | None"]


def only_stage_name(stage_order: Sequence[str]) -> str:
    """Return the name of the stage that BuildKit does not name, since it is the file's only one."""
    return (stage_order[0] if len(stage_order) == 1 else "") or "stage-0"


def with_own_name(vertex: ObservedVertex, stage_order: Sequence[str]) -> ObservedVertex:
    """
    Return the vertex as no step where it is a base image under the name of another Dockerfile.

    A vertex that running builds share has the name that the first of them gave it, and none is
    shared as often as an image: as ``[1/4] FROM …``, of a file that has other stages than this one.
    """
    parsed = vertex.parsed
    if parsed.kind != "step" or not parsed.command.startswith("FROM ") or not stage_order:
        return vertex
    if parsed.stage in stage_order if parsed.stage else len(stage_order) == 1:
        return vertex
    return replaced(vertex, parsed=VertexName(kind="image", command=parsed.command))


def stage_timings(
    vertices: Iterable[ObservedVertex], *, stage_order: Sequence[str]
) -> tuple[StageTiming, ...]:
    """
    Return a row for each stage and platform that has steps among ``vertices``.

    Args:
        vertices: In order of appearance; those that are no steps are passed over.
        stage_order: The Dockerfile's stages in its order. Those that are not in it come last, in
            order of appearance.
    """
    only_stage = only_stage_name(stage_order)
    stages: dict[_Key, dict[int, list[ObservedVertex]]] = {}
    for vertex in vertices:
        parsed = vertex.parsed
        if parsed.kind == "step":
            key = (parsed.stage or only_stage, parsed.platform, parsed.built_for)
            stages.setdefault(key, {}).setdefault(parsed.index, []).append(vertex)
    positions = {name: position for position, name in enumerate(stage_order)}
    ordered = sorted(stages, key=lambda key: positions.get(key[0], len(positions)))
    return tuple([_stage(key, stages[key]) for key in ordered])


def _stage(key: _Key, by_index: dict[int, list[ObservedVertex]]) -> StageTiming:
    name, platform, built_for = key
    steps = tuple([_step(name, by_index[index]) for index in sorted(by_index)])
    busy = merged([interval for step in steps for interval in step.intervals])
    ran = merged([i for step in steps if not step.cached for i in step.intervals])
    return StageTiming(
        name=name,
        platform=platform,
        built_for=built_for,
        busy_s=length_s(busy),
        work_s=sum(step.busy_s for step in steps),
        span_s=span_s(ran),
        started_s=ran[0].start_s if ran else None,
        completed_s=ran[-1].end_s if ran else None,
        steps=len(steps),
        cached_steps=sum(step.cached for step in steps),
        step_timings=steps,
        log_bytes=sum(step.log_bytes for step in steps),
        error=next((step.error for step in steps if step.error), ""),
    )


def _step(stage: str, vertices: Sequence[ObservedVertex]) -> StepTiming:
    """Return one instruction, which BuildKit may run as several vertices."""
    first = min(vertices, key=lambda vertex: vertex.parsed.command.startswith("LINK "))
    busy = merged([interval for vertex in vertices for interval in vertex.intervals])
    error = next((vertex.error for vertex in vertices if vertex.error), "")
    return StepTiming(
        vertex=first.digest,
        name=first.name,
        stage=stage,
        platform=first.parsed.platform,
        built_for=first.parsed.built_for,
        index=first.parsed.index,
        total=first.parsed.total,
        command=first.parsed.command,
        intervals=busy,
        busy_s=length_s(busy),
        cached=all(vertex.cached for vertex in vertices),
        error=error,
        canceled=not error and any(vertex.canceled for vertex in vertices),
        log_bytes=sum(vertex.log_bytes for vertex in vertices),
    )
