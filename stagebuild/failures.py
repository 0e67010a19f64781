"""
A failed solve, made an error for people: stage, step, Dockerfile line, and what it printed.

Pure: takes what the backend raised and what the timeline observed, returns the error to raise.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict, cast

from stagebuild.backends.failureclasses import (
    FailureClass,
    FailureFacts,
    classify,
    is_of_registry,
)
from stagebuild.errors import (
    BuildCanceled,
    BuildFailed,
    BuildTimedOut,
    GateFailed,
    RegistryFailed,
)
from stagebuild.result import BuildWarning
from stagebuild.secrecy import published_args
from stagebuild.timeline.caches import cache_uses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.backends.base import SolveFailed
    from stagebuild.errors import StagebuildError
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import WarningRaised
    from stagebuild.progress.vertexnames import Kind
    from stagebuild.result import Attempt
    from stagebuild.timeline import Failure, Timeline

DISK_HINT = "`docker builder prune` frees what the engine's build cache holds"

_REFERENCE = re.compile(
    r"(?:failed to push|failed to resolve source metadata for|resolving|load metadata for)"
    r" ([^\s:]+(?::\d+)?/?[^\s:]*(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?)"
)


class _Observed(TypedDict):
    """What the errors of a build have in common."""

    build: str
    stage: str | None
    step: str | None
    path: str | None
    line: int | None
    exit_code: int | None
    log_tail: tuple[str, ...]
    timeline: Timeline
    attempts: tuple[Attempt, ...]


def build_failed(
    spec: BuildSpec, failed: SolveFailed, timeline: Timeline, *, attempts: Sequence[Attempt] = ()
) -> BuildFailed:
    """
    Return the error for a solve that did not succeed.

    Args:
        spec: What was to be built.
        failed: What the backend raised.
        timeline: What had run until then, and the first real error that the stream told of.
        attempts: Every try at it, the last one last.
    """
    observed = _observed(spec, failed, timeline, attempts)
    if failed.timed_out:
        return BuildTimedOut(failed.message, **observed)
    if failed.canceled:
        return BuildCanceled(failed.message, **observed)
    message = _message(failed, timeline.failure)
    if len(attempts) > 1:
        message = f"{message} (after {len(attempts)} attempts)"
    kind = failure_class(failed, timeline)
    if is_of_registry(kind):
        reference = _reference(failed.message)
        hint = _lock_hint(spec, message)
        return RegistryFailed(message, reference=reference, hint=hint, **observed)
    hint = DISK_HINT if kind is FailureClass.DISK_FULL else None
    return BuildFailed(message, hint=hint, **observed)


def failure_class(failed: SolveFailed, timeline: Timeline) -> FailureClass:
    """Return what kind of failure a solve ended with."""
    failure = timeline.failure
    if failed.canceled or failed.timed_out:
        return FailureClass.CANCELED
    return classify(
        FailureFacts(
            text=failed.message if failure is None else f"{failure.error}\n{failed.message}",
            exit_code=failed.exit_code,
            process_exit_code=_exit_code(failed, failure),
            kind=None if failure is None else cast("Kind", failure.kind),
        )
    )


def canceled_before_start(spec: BuildSpec, reason: str) -> BuildCanceled:
    """Return the error for a build that never began."""
    return BuildCanceled(f"not started: {reason}", build=spec.name)


def gate_failed(
    build: str, gate: str, cause: StagebuildError, timeline: Timeline | None
) -> GateFailed:
    """
    Return the error for a build that is not published because a gate of it failed.

    Args:
        build: The build.
        gate: Name of what failed.
        cause: Its own error.
        timeline: What had run of ``build`` until then, or None.
    """
    message = f'not published: "{gate}", which it needs, failed: {cause.message}'
    if not isinstance(cause, BuildFailed):
        return GateFailed(message, build=build, gate=gate, timeline=timeline, hint=cause.hint)
    return GateFailed(
        message,
        build=build,
        gate=gate,
        stage=cause.stage,
        step=cause.step,
        path=cause.path,
        line=cause.line,
        exit_code=cause.exit_code,
        log_tail=cause.log_tail,
        timeline=timeline,
        hint=cause.hint,
    )


def warning_of(spec: BuildSpec, raised: WarningRaised) -> BuildWarning:
    """Return BuildKit's warning with the Dockerfile named as the user would."""
    return BuildWarning(
        message=raised.short,
        detail=raised.detail,
        url=raised.url,
        path=spec.dockerfile_shown if raised.line is not None else None,
        line=raised.line,
    )


def cache_warnings(timeline: Timeline) -> tuple[BuildWarning, ...]:
    """Return a warning for each cache that failed: which one, why, and what it cost."""
    return tuple(
        BuildWarning(
            message=f"cache {use.direction} failed after {use.busy_s:.1f} s, and the build went on"
            f" without it: {use.place}: {use.error}"
        )
        for use in cache_uses(timeline.overheads)
        if use.outcome == "failed"
    )


def shared_cache_warnings(specs: Sequence[BuildSpec]) -> dict[str, tuple[BuildWarning, ...]]:
    """Return the warnings of builds that overwrite each other's cache, by name."""
    if sum(bool(spec.cache_to) for spec in specs) < 2:  # noqa: PLR2004 - it takes two
        return {}
    from stagebuild.planning.sharedcaches import shared_exports  # noqa: PLC0415 - rare

    return {
        name: tuple(BuildWarning(message=message) for message in messages)
        for name, messages in shared_exports(specs).items()
    }


def provenance_warnings(specs: Sequence[BuildSpec]) -> dict[str, tuple[BuildWarning, ...]]:
    """Return the warnings of builds whose provenance tells less than was asked for, by name."""
    found = {spec.name: published_args(spec) for spec in specs if spec.attestations}
    return {
        name: (
            BuildWarning(
                message=f"the provenance is of mode min: {', '.join(args)} looks like a secret, and"
                " any other mode would publish the value; hand it over as a secret (secrets)"
            ),
        )
        for name, args in found.items()
        if args
    }


def step_line(spec: BuildSpec, stage: str | None, index: int) -> int | None:
    """
    Return the 1-based first line of a step, or None where the Dockerfile does not tell.

    Args:
        spec: What was built.
        stage: The stage's name, ``stage-N`` for an unnamed one.
        index: The i of ``[stage i/n]``.
    """
    if spec.stages is None or stage is None:
        return None
    for known in spec.stages.stages:
        if known.label == stage:
            if index == known.base_number:
                return known.lines.start
            step = known.numbered_steps.get(index)
            return None if step is None else step.instruction.line
    return None


def _lock_hint(spec: BuildSpec, message: str) -> str | None:
    """Return what to do about a digest of the lock that the registry does not have any more."""
    if not message.endswith("not found"):
        return None
    gone = [reference for reference, digest in spec.locked.items() if str(digest) in message]
    if not gone:
        return None
    return (
        "the registry does not have the locked digest any more; "
        f"`stagebuild lock --upgrade {gone[0]}` locks the image that it has now"
    )


def _message(failed: SolveFailed, failure: Failure | None) -> str:
    """Return the vertex' own words where there are any: they lack the chain of wrappers."""
    return failed.message if failure is None else failure.error


def _exit_code(failed: SolveFailed, failure: Failure | None) -> int | None:
    """Return a step's exit code: as the engine typed it, else as the words have it."""
    said = failed.process_exit_code
    return said if said is not None or failure is None else failure.exit_code


def _observed(
    spec: BuildSpec, failed: SolveFailed, timeline: Timeline, attempts: Sequence[Attempt]
) -> _Observed:
    failure = timeline.failure
    line = failed.line  # the engine's own word, also where no vertex failed
    if line is None and failure is not None:
        line = step_line(spec, failure.stage, failure.index)
    return _Observed(
        build=spec.name,
        stage=None if failure is None else failure.stage,
        step=None if failure is None else failure.step,
        path=None if line is None else spec.dockerfile_shown,
        line=line,
        exit_code=_exit_code(failed, failure),
        log_tail=() if failure is None else failure.log_tail,
        timeline=timeline,
        attempts=tuple(attempts),
    )


def _reference(message: str) -> str | None:
    found = _REFERENCE.search(message)
    return found[1] if found else None
