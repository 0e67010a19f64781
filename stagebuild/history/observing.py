"""
What a build showed of its inputs: fingerprints with the digests that the engine resolved.

The engine names the base images that it used, digest included, in its progress. So the keys that
are remembered are those of what was built, not of what a registry says before or after.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.dockerfile import normalize_reference
from stagebuild.errors import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from stagebuild.fingerprint.values import Fingerprint, StepPrint
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.timeline import StageTiming, Timeline


def image_digests(timeline: Timeline | None) -> dict[str, str]:
    """Return the digests of the images that a build named, by normalized reference."""
    found: dict[str, str] = {}
    for text in () if timeline is None else _texts(timeline):
        for reference, digest in re.findall(r"(\S+)@(sha256:[0-9a-f]{64})", text):
            try:
                found[normalize_reference(reference)] = digest
            except DockerfileError:
                continue
    return found


def _texts(timeline: Timeline) -> Iterator[str]:
    for stage in timeline.stages:
        yield from (step.command for step in stage.step_timings)
    yield from (overhead.label for overhead in timeline.overheads)


def linked_images(spec: BuildSpec, environ: Mapping[str, str]) -> dict[str, str]:
    """
    Return the digests of the images that named contexts stand for, by normalized reference.

    The engine names these without their digests, so they are asked for when a build begins.
    """
    prefix = "docker-image://"
    linked = [value for value in spec.contexts.values() if value.startswith(prefix)]
    if not linked:
        return {}
    from stagebuild.registry import ImageDigests  # noqa: PLC0415 - only where images are linked

    ask = ImageDigests(environ)
    references = {normalize_reference(value.removeprefix(prefix)) for value in linked}
    answers = {
        reference: spec.locked.get(reference) or ask(reference)
        for reference in references
        if "@" not in reference
    }
    return {reference: digest for reference, digest in answers.items() if digest is not None}


def finished_steps(
    found: Fingerprint, timeline: Timeline | None, *, succeeded: bool
) -> list[StepPrint]:
    """
    Return the steps whose result the engine now has: those that ran to their end, or were found.

    Args:
        found: The keys.
        timeline: What was observed.
        succeeded: Whether the build did. Of one that did not, what ran counts only if a later step
            of its stage began: a stream that breaks off ends whatever was running.
    """
    resolved = image_digests(timeline)
    done = _finished(() if timeline is None else timeline.stages, succeeded=succeeded)
    keys = {
        step.key
        for step in found.steps
        if (step.stage, step.platform, step.number) in done
        or (step.stage, None, step.number) in done
        # Stages with the same FROM share one vertex, which has the name of one of them.
        or (step.is_base and any(reference in resolved for reference in step.facts.image))
    }
    # So do platforms what they have in common.
    return [step for step in found.steps if step.key in keys]


def _finished(
    stages: Iterable[StageTiming], *, succeeded: bool
) -> set[tuple[str, str | None, int]]:
    """Return stage, platform (None where the engine named none) and number of what has ended."""
    done: set[tuple[str, str | None, int]] = set()
    for stage in stages:
        platform = stage.built_for or stage.platform
        begun = [step.index for step in stage.step_timings if step.intervals]
        last = max(begun, default=0)
        for step in stage.step_timings:
            ran = step.intervals and not step.error and not step.canceled
            if step.cached or (ran and (succeeded or step.index < last)):
                done.add((stage.name, None if platform is None else str(platform), step.index))
    return done
