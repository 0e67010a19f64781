"""
How long a build will take, from how long its steps took before. Pure.

A step takes the median of the last runs of the same instruction in the same stage, else of the same
number in it. A build takes the longest chain of steps that run, and what was around such chains in
earlier builds: connecting, reading metadata, exporting, pushing. That is less where nothing ran, so
builds in which something ran and those in which nothing did are kept apart.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from stagebuild.forecast.values import Duration, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stagebuild.fingerprint.values import StagePrint, StepPrint
    from stagebuild.history.records import BuildRecord

RUNS = 20
AROUND_RUNS = 7
"""A busy machine is another one: what was lately tells more than what was on average."""

_MAD_TO_DEVIATION = 1.4826


class StepTimes:
    """
    How long steps took.

    Args:
        builds: Earlier builds, newest first.
    """

    def __init__(self, builds: Iterable[BuildRecord]) -> None:
        self._by_instruction: dict[tuple[str, str], list[float]] = {}
        self._by_number: dict[tuple[str, int], list[float]] = {}
        for build in builds:
            instructions = {
                (step.stage, step.number): step.facts.instruction for step in build.prints
            }
            for stage in build.stages:
                for step in stage.steps:
                    if step.cached:
                        continue
                    place = stage.name, step.number
                    self._by_number.setdefault(place, []).append(step.busy_s)
                    instruction = instructions.get(place)
                    if instruction is not None:
                        key = stage.name, instruction
                        self._by_instruction.setdefault(key, []).append(step.busy_s)

    def of(self, step: StepPrint) -> tuple[float, float] | None:
        """Return a step's usual time and its spread, one standard deviation, or None."""
        runs = self._by_instruction.get((step.stage, step.facts.instruction))
        runs = runs or self._by_number.get((step.stage, step.number))
        if not runs:
            return None
        last = runs[:RUNS]
        usual_s = median(last)
        return usual_s, _MAD_TO_DEVIATION * median(abs(one - usual_s) for one in last)


def longest_s(stages: Sequence[StagePrint], took_s: Mapping[tuple[str, str, int], float]) -> float:
    """
    Return the length of the longest chain of steps, in seconds.

    Args:
        stages: In an order in which each comes after those that it depends on.
        took_s: Time by stage, platform and number; a step without one takes none.
    """
    ends: dict[str, float] = {}
    longest = 0.0
    for stage in stages:
        for step in stage.steps:
            below = [key for key in (step.parent, *step.sources.values()) if key is not None]
            start_s = max((ends.get(key, 0.0) for key in below), default=0.0)
            end_s = start_s + took_s.get((step.stage, step.platform, step.number), 0.0)
            ends[step.key] = max(ends.get(step.key, 0.0), end_s)
            longest = max(longest, end_s)
    return longest


def around_s(builds: Iterable[BuildRecord], *, runs: bool) -> tuple[float, float] | None:
    """
    Return what successful builds took besides their stages, and its spread, or None for none.

    Args:
        builds: Newest first.
        runs: Whether something will run; builds of the other kind count where there are no others.
    """
    built = [build for build in builds if build.outcome == "built"]
    alike = [build for build in built if any(stage.ran for stage in build.stages) is runs]
    found = [max(0.0, build.wall_s - _chain_s(build)) for build in (alike or built)[:AROUND_RUNS]]
    if not found:
        return None
    usual_s = median(found)
    return usual_s, _MAD_TO_DEVIATION * median(abs(one - usual_s) for one in found)


def _chain_s(build: BuildRecord) -> float:
    """Return the longest chain of steps of a build that was recorded."""
    took_s = {
        (stage.name, step.number): step.busy_s
        for stage in build.stages
        for step in stage.steps
        if not step.cached
    }
    ends: dict[str, float] = {}
    for step in build.prints:
        below = [key for key in (step.parent, *step.sources.values()) if key is not None]
        start_s = max((ends.get(key, 0.0) for key in below), default=0.0)
        ends[step.key] = start_s + took_s.get((step.stage, step.number), 0.0)
    return max(ends.values(), default=0.0)


def duration(
    stages: Sequence[StagePrint],
    states: Mapping[tuple[str, str, int], State],
    times: StepTimes,
    *,
    around: tuple[float, float] | None,
) -> Duration | None:
    """
    Return how long a build will take, or None when nothing was ever built.

    Args:
        stages: The build's.
        states: What its steps will do, by stage, platform and number.
        times: How long steps took.
        around: What builds take besides; see ``around_s``.
    """
    if around is None:
        return None
    certain: dict[tuple[str, str, int], float] = {}
    possible: dict[tuple[str, str, int], float] = {}
    variance = around[1] ** 2
    unknown = 0
    for stage in stages:
        for step in stage.steps:
            place = step.stage, step.platform, step.number
            state = states[place]
            if state is State.CACHED:
                continue
            usual = times.of(step)
            if usual is None:
                unknown += not step.is_base
                continue
            possible[place] = usual[0]
            variance += usual[1] ** 2
            if state is State.RUN:
                certain[place] = usual[0]
    expected_s = around[0] + longest_s(stages, possible)
    spread_s = variance**0.5
    low_s = around[0] + longest_s(stages, certain) - spread_s
    return Duration(
        expected_s=expected_s,
        low_s=max(0.0, low_s),
        high_s=expected_s + spread_s,
        unknown_steps=unknown,
    )
