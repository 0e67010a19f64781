"""What the history and the project's files know of a run, laid on its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.errors import HistoryError, StagebuildError
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.history.store import History
    from stagebuild.model import Project
    from stagebuild.report.runs.values import BuildReport, GraphDrawing, RunReport

_LOOKED_AT = 300


def compared(run: RunReport, history: History | None) -> RunReport:
    """Return the run with what the history knows of it; as it is when it can't be read."""
    if history is None:
        return run
    try:
        with history:
            builds = tuple(_compared(build, history) for build in run.builds)
    except HistoryError:
        return run
    return replaced(run, builds=builds)


def _compared(build: BuildReport, history: History) -> BuildReport:
    from stagebuild.report.runs.enriching import enriched  # noqa: PLC0415 - where it is asked for

    if build.started_s is None:
        return build
    for record in history.builds(build.name, limit=_LOOKED_AT):
        if abs(record.started_s - build.started_s) < 0.002:  # noqa: PLR2004 - kept to the millisecond
            earlier = history.builds(before=record, limit=_LOOKED_AT)
            return enriched(build, record, earlier, listing=history.listing)
    return build


def drawn(run: RunReport, document: Mapping[str, Any], project: Project) -> RunReport:
    """Return the run with the graphs of its Dockerfiles; as it is when they can't be read."""
    try:
        return replaced(run, graphs=_graphs(run, document, project))
    except (StagebuildError, OSError):
        return run


def _graphs(
    run: RunReport, document: Mapping[str, Any], project: Project
) -> tuple[GraphDrawing, ...]:
    from stagebuild.checks.checking import no_context  # noqa: PLC0415 - where it is asked for
    from stagebuild.checks.gathering import gather  # noqa: PLC0415 - likewise
    from stagebuild.planning import Surroundings  # noqa: PLC0415 - likewise
    from stagebuild.report.runs.values import GraphDrawing  # noqa: PLC0415 - likewise
    from stagebuild.report.stagegraph.mermaid import mermaid  # noqa: PLC0415 - likewise
    from stagebuild.report.stagegraph.picture import picture_of  # noqa: PLC0415 - likewise
    from stagebuild.report.stagegraph.svg import svg  # noqa: PLC0415 - likewise
    from stagebuild.report.stagegraph.timings import figures_of  # noqa: PLC0415 - likewise

    names = [build.name for build in run.builds]
    gathered = gather(project, names, surroundings=Surroundings.current(), look=no_context)
    figures = figures_of(document)
    pictures = [picture_of(subject, figures=figures) for subject in gathered.subjects]
    return tuple(
        GraphDrawing(title=each.title, svg=svg(each, prefix=f"g{at}-"), mermaid=mermaid(each))
        for at, each in enumerate(pictures)
    )
