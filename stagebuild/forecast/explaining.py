"""
A recorded build, and those before it -> why each step ran. Pure.

The keys say what should have happened, the record what did. Where they differ, something happened
that a client can't see, and what that can be is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.fingerprint.values import Fingerprint
from stagebuild.forecast.recorded import stages_of, what_it_did
from stagebuild.forecast.states import judge
from stagebuild.forecast.values import (
    Cause,
    Forecast,
    Reason,
    StageForecast,
    State,
    StepForecast,
)
from stagebuild.values import frozen, replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stagebuild.fingerprint.values import StepPrint
    from stagebuild.forecast.states import Judged
    from stagebuild.history.records import BuildRecord

EVICTED = (
    "this builder had its result, so it was thrown away since (garbage collection, a prune, a new "
    "builder under an old name), or an input changed that can't be seen from here"
)
FILLED = (
    "this builder was not known to have its result, so another program or machine made it, or it "
    "came from an imported cache"
)


@frozen
class Surprise:
    """
    A step that did what its key did not say.

    Attributes:
        place: Stage and number, as ``build 3``.
        told: What its key said.
        did: What the engine did.
        meaning: What that can mean, one sentence.
    """

    place: str
    told: State
    did: State
    meaning: str


@frozen
class Explanation:
    """
    Why a build did what it did.

    Attributes:
        record: The build.
        steps: What every step did, and why, as a forecast that came true: the times are those
            that it took.
        surprises: Where keys and engine differ.
    """

    record: BuildRecord
    steps: Forecast
    surprises: tuple[Surprise, ...]


def explain(
    record: BuildRecord,
    earlier: Sequence[BuildRecord],
    *,
    listing: Callable[[str], Mapping[str, str] | None],
) -> Explanation:
    """
    Return why a build did what it did.

    Args:
        record: The build.
        earlier: Builds before it, newest first, of all environments.
        listing: Returns the files of a selection by its digest, or None when forgotten.
    """
    here = [build for build in earlier if build.builder == record.builder and build.prints]
    here.sort(key=lambda build: (build.environment != record.environment, build.outcome != "built"))
    found = Fingerprint(stages=stages_of(record.prints), image=record.image_key or "")
    judged = judge(
        found,
        known={step.key for build in here for step in build.prints},
        before=lambda name, platform: _stage_of(here, name, platform),
        listing=listing,
    )
    did = what_it_did(record)
    steps, surprises = [], []
    for one in judged:
        step, surprise = _outcome(one, did, several=len(record.platforms) > 1)
        steps.append(step)
        if surprise is not None:
            surprises.append(surprise)
    return Explanation(
        record=record,
        steps=_forecast(record, found, steps, here),
        surprises=tuple(surprises),
    )


def _stage_of(here: Sequence[BuildRecord], name: str, platform: str) -> list[StepPrint]:
    for build in here:
        steps = [s for s in build.prints if (s.stage, s.platform) == (name, platform)]
        if steps:
            return sorted(steps, key=lambda step: step.number)
    return []


def _outcome(
    one: Judged,
    did: Mapping[str, tuple[bool, float]],
    *,
    several: bool,
) -> tuple[StepForecast, Surprise | None]:
    step = one.step
    ran, busy_s = did.get(step.key, (False, 0.0))
    if step.is_base:
        # An image that is there is neither built nor looked up; one that moved makes all else run.
        ran = any(reason.cause is Cause.IMAGE for reason in one.reasons)
    state = State.RUN if ran else State.CACHED
    place = f"{step.stage} {step.number}"
    surprise = None
    if one.state is State.CACHED and ran:
        surprise = Surprise(place=place, told=one.state, did=state, meaning=EVICTED)
    elif one.state is State.RUN and not ran and not step.is_base:
        surprise = Surprise(place=place, told=one.state, did=state, meaning=FILLED)
    reasons = one.reasons if ran else ()
    if surprise is not None and ran:
        reasons = (Reason(cause=Cause.UNKNOWN, name=EVICTED),)
    is_root = ran and (one.root is step or surprise is not None)
    follows = None
    if ran and not is_root and one.root is not None:
        follows = f"{one.root.stage} {one.root.number}"
    return (
        StepForecast(
            stage=step.stage,
            platform=step.platform if several else None,
            number=step.number,
            line=step.line,
            instruction=step.facts.instruction,
            state=state,
            reasons=reasons,
            is_root=is_root,
            follows=follows,
            expected_s=busy_s if ran and not step.is_base else None,
            key=step.key,
        ),
        surprise,
    )


def _forecast(
    record: BuildRecord,
    found: Fingerprint,
    steps: Sequence[StepForecast],
    here: Sequence[BuildRecord],
) -> Forecast:
    several = len(record.platforms) > 1
    position = 0
    stages = []
    for stage in found.stages:
        own = tuple(steps[position : position + len(stage.steps)])
        position += len(stage.steps)
        stages.append(
            StageForecast(
                name=stage.name,
                platform=stage.platform if several else None,
                steps=own,
                depends_on=stage.depends_on,
                expected_s=sum(step.expected_s or 0.0 for step in own),
            )
        )
    return Forecast(
        environment=record.environment,
        stages=tuple(stages),
        compared_with=here[0].started_s if here else None,
    )


def only(explanation: Explanation, *, stage: str, number: int | None) -> Explanation:
    """
    Return the part of an explanation that is about a stage, or one of its steps and their roots.

    Raises:
        ValueError: There is no such stage or step.
    """
    asked = [
        step
        for step in explanation.steps.steps
        if step.stage == stage and number in (None, step.number)
    ]
    if not asked:
        what = f'stage "{stage}"' if number is None else f"step {number} of stage {stage}"
        raise ValueError(f"no {what} was finished in this build")
    places = {step.place for step in asked} | {step.follows for step in asked if step.follows}
    stages = [
        replaced(one, steps=tuple(step for step in one.steps if step.place in places))
        for one in explanation.steps.stages
        if any(step.place in places for step in one.steps)
    ]
    return replaced(
        explanation,
        steps=replaced(explanation.steps, stages=tuple(stages)),
        surprises=tuple(one for one in explanation.surprises if one.place in places),
    )
