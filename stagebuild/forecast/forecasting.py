"""A plan, the history and the folders -> what each build will do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stagebuild.fingerprint import Folders, fingerprint
from stagebuild.forecast.experience import Experience
from stagebuild.forecast.states import judge
from stagebuild.forecast.times import StepTimes, around_s, duration
from stagebuild.forecast.values import Forecast, StageForecast, State, StepForecast
from stagebuild.history.wishes import cache_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stagebuild.fingerprint import Fingerprint, StepPrint
    from stagebuild.forecast.states import Judged
    from stagebuild.history.records import BuildRecord
    from stagebuild.history.store import History
    from stagebuild.planning.spec import BuildPlan, BuildSpec

COMPARED_BUILDS = 50
"""How many of the latest builds are looked at."""


def forecast(
    plan: BuildPlan,
    *,
    history: History | None,
    images: Callable[[str, str], str | None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Forecast]:
    """
    Return what every build of a plan will do, by name. Builds nothing.

    Args:
        plan: What ``plan_builds`` returned.
        history: What was built before; None means nothing is known.
        images: Returns the digest of a base image by normalized reference and platform, or None
            when it can't be asked for; then what the last build used is assumed.
        environ: The process environment; this process' own when not given.

    Raises:
        ContextError: A build context can't be read.
        HistoryError: The history can't be read.
        DockerfileError: BuildKit would refuse the Dockerfile.
    """
    environ = os.environ if environ is None else environ
    folders = {path: Folders(path, environ) for path in {spec.dockerfile for spec in plan.specs}}
    found = {
        spec.name: _forecast_build(
            spec,
            history=history,
            images=images,
            environ=environ,
            folders=folders[spec.dockerfile],
        )
        for spec in plan.specs
    }
    for each in folders.values():
        each.save()
    return found


def _forecast_build(
    spec: BuildSpec,
    *,
    history: History | None,
    images: Callable[[str, str], str | None] | None,
    environ: Mapping[str, str],
    folders: Folders,
) -> Forecast:
    """Return what one build will do; ``folders`` are looked at, the rest is as for ``forecast``."""
    owner = cache_owner(spec, environ)
    recent = [] if history is None else history.builds(limit=COMPARED_BUILDS)
    # Its own builds first, those that succeeded before those that did not, the newest first.
    recent.sort(key=lambda build: (build.environment != spec.name, build.outcome != "built"))
    here = [build for build in recent if build.builder == owner and build.prints]
    remembered = _image_digests(here)
    assumed: set[str] = set()

    def digest_of(reference: str, platform: str) -> str | None:
        asked = None if images is None else images(reference, platform)
        if asked is not None:
            return asked
        assumed.add(reference)
        return remembered.get(reference)

    found = fingerprint(spec, folders=folders, images=digest_of)
    keys = [step.key for step in found.steps]

    def listing(digest: str) -> Mapping[str, str] | None:
        return None if history is None else history.listing(digest)

    judged = judge(
        found,
        known=set() if history is None else history.known_keys(keys, owner),
        before=lambda name, platform: _stage_before(here, name, platform),
        listing=listing,
        experienced=Experience(here, listing=listing).times_run,
    )
    return _forecast(spec, found, judged, recent=recent, here=here, assumed=assumed)


def _forecast(
    spec: BuildSpec,
    found: Fingerprint,
    judged: Sequence[Judged],
    *,
    recent: Sequence[BuildRecord],
    here: Sequence[BuildRecord],
    assumed: set[str],
) -> Forecast:
    times = StepTimes(recent)
    several = len(spec.platforms) > 1
    states = {(one.step.stage, one.step.platform, one.step.number): one.state for one in judged}
    steps = [_step(one, times, several=several) for one in judged]
    by_stage = {(stage.name, stage.platform): stage for stage in found.stages}
    stages = []
    for (name, platform), stage in by_stage.items():
        own = tuple(
            step
            for step, one in zip(steps, judged, strict=True)
            if (one.step.stage, one.step.platform) == (name, platform)
        )
        stages.append(
            StageForecast(
                name=name,
                platform=platform if several else None,
                steps=own,
                depends_on=stage.depends_on,
                expected_s=sum(
                    step.expected_s or 0.0 for step in own if step.state is not State.CACHED
                ),
            )
        )
    own_builds = [build for build in recent if build.environment == spec.name]
    runs = any(one.state is not State.CACHED for one in judged)
    around = around_s(own_builds, runs=runs) or around_s(recent, runs=runs)
    return Forecast(
        environment=spec.name,
        stages=tuple(stages),
        duration=duration(found.stages, states, times, around=around),
        pushes=_pushes(spec),
        compared_with=here[0].started_s if here else None,
        images={
            reference: digest
            for step in found.steps
            for reference, digest in step.facts.image.items()
        },
        notes=_notes(found, here, assumed),
    )


def _step(one: Judged, times: StepTimes, *, several: bool) -> StepForecast:
    usual = times.of(one.step)
    is_root = one.root is one.step
    follows = None
    if one.root is not None and not is_root:
        follows = f"{one.root.stage} {one.root.number}"
    return StepForecast(
        stage=one.step.stage,
        platform=one.step.platform if several else None,
        number=one.step.number,
        line=one.step.line,
        instruction=one.step.facts.instruction,
        state=one.state,
        reasons=one.reasons,
        is_root=is_root,
        follows=follows,
        expected_s=None if usual is None else round(usual[0], 3),
        key=one.step.key,
    )


def _stage_before(here: Sequence[BuildRecord], name: str, platform: str) -> list[StepPrint]:
    """Return a stage's steps in the first of the builds that has it."""
    for build in here:
        steps = [s for s in build.prints if (s.stage, s.platform) == (name, platform)]
        if steps:
            return sorted(steps, key=lambda step: step.number)
    return []


def _image_digests(builds: Sequence[BuildRecord]) -> dict[str, str]:
    """Return the digest that each base image had in the first of the builds that used it."""
    found: dict[str, str] = {}
    for build in builds:
        for step in build.prints:
            for reference, digest in step.facts.image.items():
                if digest != "?":
                    found.setdefault(reference, digest)
    return found


def _pushes(spec: BuildSpec) -> tuple[str, ...]:
    pushes = spec.push or any(output.pushes for output in spec.outputs)
    return spec.tags if pushes else ()


def _notes(found: Fingerprint, here: Sequence[BuildRecord], assumed: set[str]) -> tuple[str, ...]:
    notes = []
    if found.unknown is not None:
        notes.append(found.unknown)
    if not here:
        notes.append("no build on this builder is recorded: everything counts as new")
    if assumed and here:
        notes.append(f"not asked for, taken to be unchanged: {', '.join(sorted(assumed))}")
    return tuple(notes)
