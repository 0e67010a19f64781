"""
The state of a run as a display needs it: builds, their stages, their steps, the ends of their logs.

Taking an event costs the same however much came before it, and memory is bounded by the number of
steps. Nothing here knows of a terminal or reads a clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.progress.events import (
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.progress.vertexnames import VertexName, parse_vertex_name
from stagebuild.runevents import (
    BuildEnded,
    BuildStarted,
    GatesAwaited,
    Progressed,
    Retrying,
    RunEnded,
    RunEvent,
)
from stagebuild.sinks.naming import only_stage, stage_names, title
from stagebuild.sinks.states import BuildState, GroupState, StepState

if TYPE_CHECKING:
    from stagebuild.progress.events import Event


class Board:
    """
    The builds of a run.

    Attributes:
        builds: By name, in the order in which they began.
    """

    def __init__(self) -> None:
        self.builds: dict[str, BuildState] = {}

    def take(self, event: RunEvent, now_s: float) -> None:
        """Take an event that came at ``now_s``, by any clock that goes on evenly."""
        match event:
            case Progressed(build=build, event=progress):
                state = self.builds.get(build)
                if state is not None:
                    _progress(state, progress, now_s)
            case BuildStarted(build=build, spec=spec):
                self.builds[build] = BuildState(name=build, spec=spec, started_s=now_s)
            case Retrying(build=build, attempt=attempt, reason=reason):
                state = self._state(build, now_s)
                state.groups.clear()
                state.steps.clear()
                state.attempt = attempt + 1
                state.notice = reason
            case GatesAwaited(build=build, gates=gates):
                self._state(build, now_s).awaited = gates
            case BuildEnded(build=build, result=result, error=error):
                state = self._state(build, now_s)
                state.ended_s, state.result, state.error = now_s, result, error
            case RunEnded():
                pass

    def _state(self, build: str, now_s: float) -> BuildState:
        """Return the build's state; one that never began starts now."""
        if build not in self.builds:
            self.builds[build] = BuildState(name=build, spec=None, started_s=now_s)
        return self.builds[build]


def _progress(build: BuildState, event: Event, now_s: float) -> None:
    build.awaited = ()
    match event:
        case LogChunk():
            step = build.steps.get(event.vertex)
            if step is not None:
                step.log.add(event.stream, event.data)
        case VertexUpdate():
            _vertex(build, event, now_s)
        case StatusUpdate():
            step = build.steps.get(event.vertex)
            if step is not None:
                step.transfers[event.id] = (event.current, event.total)
        case WarningRaised() | PlainLine():
            pass  # told at the end


def _vertex(build: BuildState, event: VertexUpdate, now_s: float) -> None:
    step = build.steps.get(event.digest)
    if step is None:
        step = build.steps[event.digest] = StepState(name=parse_vertex_name(event.name))
        _group_of(build, step.name).steps.append(step)
    if event.started_s is not None:
        step.runs[event.started_s] = event.completed_s
        # The event that came fastest tells best how far the two clocks are apart.
        told_s = event.started_s if event.completed_s is None else event.completed_s
        lag_s = now_s - told_s
        build.lag_s = lag_s if build.lag_s is None else min(build.lag_s, lag_s)
    step.cached = step.cached or event.cached
    step.error = event.error or step.error


def _group_of(build: BuildState, name: VertexName) -> GroupState:
    is_stage = name.kind == "step"
    ran_on, built_for = str(name.platform or ""), str(name.built_for or "")
    key = (is_stage, (name.stage or "") if is_stage else name.kind, f"{ran_on} {built_for}")
    group = build.groups.get(key)
    if group is None:
        group = GroupState(
            title=title(name, only=_only_stage(build)),
            is_stage=is_stage,
            place=_place(build, name),
        )
        build.groups[key] = group
    group.total = max(group.total, name.total)
    return group


def _place(build: BuildState, name: VertexName) -> int:
    order = () if build.spec is None else stage_names(build.spec)
    return order.index(name.stage) if name.stage in order else 0


def _only_stage(build: BuildState) -> str:
    return build.name if build.spec is None else only_stage(build.spec)
