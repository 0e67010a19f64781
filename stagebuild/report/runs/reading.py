"""The document of a run, which ``--json`` prints and the history keeps -> the run as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.report.runs.timelines import timeline_of
from stagebuild.report.runs.values import BuildReport, FailureReport, RunReport, StepPlace
from stagebuild.result import Attempt, BuildWarning
from stagebuild.sizes import ImageSizes, LayerSize
from stagebuild.timeline.caches import cache_uses

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

NEWEST = 1


def run_report_of(document: Mapping[str, Any]) -> RunReport:
    """
    Return the run that a document tells of; what it does not tell is empty.

    Raises:
        ValueError: It is no such document, or of a newer version.
    """
    try:
        version = document["version"]
        if version > NEWEST:
            raise ValueError(f"it is of version {version}, and this stagebuild knows {NEWEST}")
        about = {build["name"]: build for build in document.get("builds", ())}
        results: Json = dict(document["results"].items())
        errors = {error["build"]: error for error in document["errors"] if error.get("build")}
        names = dict.fromkeys([*about, *results, *errors])
        return RunReport(
            ok=bool(document["ok"]),
            project=document.get("project") or "",
            started_s=document.get("started_s"),
            ended_s=document.get("ended_s"),
            builds=tuple(
                _build(name, about.get(name, {}), results.get(name), errors.get(name))
                for name in names
                if name in results or name in errors
            ),
            failures=tuple(
                _failure(error) for error in document["errors"] if not error.get("build")
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it is no document that stagebuild --json prints") from error


def _build(name: str, about: Json, result: Json | None, error: Json | None) -> BuildReport:
    told = result or {}
    either = error if result is None else result
    timeline = None if either is None else either["timeline"]
    attempts = tuple(Attempt(**each) for each in either["attempts"]) if either else ()
    logs, cut = _logs(timeline)
    found = None if timeline is None else timeline_of(timeline)
    return BuildReport(
        name=name,
        outcome=_outcome(result, error),
        is_gate=bool(about.get("gate")),
        requires=tuple(about.get("requires", ())),
        target=about.get("target", told.get("target")),
        dockerfile=about.get("dockerfile", ""),
        platforms=tuple(told.get("platforms") or about.get("platforms") or ()),
        tags=tuple(told.get("tags") or about.get("tags") or ()),
        started_s=about.get("started_s", None if found is None else found.started_s),
        wall_s=told.get("wall_s", sum(each.wall_s + each.wait_s for each in attempts)),
        digest=told.get("digest"),
        image_id=told.get("image_id"),
        reference=told.get("reference"),
        references=told.get("references", {}),
        platform_digests=told.get("platform_digests", {}),
        pushed=bool(told.get("pushed")),
        backend=told.get("backend", ""),
        versions=told.get("versions", {}),
        attempts=attempts,
        caches=() if found is None else cache_uses(found.overheads),
        warnings=tuple(_warning(each) for each in told.get("warnings", ())),
        sizes=sizes_of(told["sizes"]) if told.get("sizes") else None,
        timeline=found,
        failure=None if error is None else _failure(error),
        logs=logs,
        cut=cut,
    )


def _outcome(result: Json | None, error: Json | None) -> str:
    if error is None:
        return "skipped" if result is not None and result.get("skipped") else "built"
    if error["canceled"]:
        return "canceled"
    return "held back" if error["gate"] else "failed"


def _failure(error: Json) -> FailureReport:
    return FailureReport(
        kind=error["kind"],
        message=error["message"],
        hint=error["hint"],
        gate=error.get("gate"),
        stage=error.get("stage"),
        step=error.get("step"),
        path=error.get("path"),
        line=error.get("line"),
        exit_code=error.get("exit_code"),
        log_tail=tuple(error.get("log_tail", ())),
    )


def _warning(told: Json) -> BuildWarning:
    return BuildWarning(
        message=told["message"],
        detail=tuple(told["detail"]),
        url=told["url"],
        path=told["path"],
        line=told["line"],
    )


def sizes_of(told: Mapping[str, Any]) -> ImageSizes:
    """
    Return what an image weighs, of its part of the document.

    Raises:
        KeyError: It is no such part.
    """
    return ImageSizes(
        total_bytes=told["total_bytes"],
        compressed=told["compressed"],
        layers=tuple(
            LayerSize(
                digest=layer["digest"],
                size_bytes=layer["size_bytes"],
                created_by=layer["created_by"],
                stage=layer["stage"],
                line=layer["line"],
            )
            for layer in told["layers"]
        ),
    )


def _logs(
    timeline: Json | None,
) -> tuple[dict[StepPlace, tuple[str, ...]], frozenset[StepPlace]]:
    """Return the lines that steps printed, and the places of which only the last are there."""
    logs: dict[StepPlace, tuple[str, ...]] = {}
    cut = set()
    for stage in () if timeline is None else timeline["stages"]:
        platform = stage.get("built_for") or stage["platform"] or ""
        for step in stage["step_timings"]:
            place = (stage["name"], platform, step["index"])
            if step.get("log"):
                logs[place] = tuple(step["log"])
            if step.get("log_cut"):
                cut.add(place)
    return logs, frozenset(cut)
