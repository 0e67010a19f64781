"""Where a build's run is told once it has ended: what options, the environment and history ask."""

from __future__ import annotations

# ruff: noqa: PLC0415 - each one is for a few runs
from typing import TYPE_CHECKING

from stagebuild.errors import ConfigError, DockerfileError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from typing import TextIO

    from stagebuild.cli.showing import Display
    from stagebuild.errors import StagebuildError
    from stagebuild.planning import BuildPlan
    from stagebuild.report.runs.values import RunReport
    from stagebuild.sinks.reports import Outlet, ReportSink

_CI = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS")
_TRACES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def report_sink(
    plan: BuildPlan, options: argparse.Namespace, display: Display, environ: Mapping[str, str]
) -> ReportSink | None:
    """Return what tells a run once it has ended; None where nobody wants to know."""
    outlets = list(_outlets(plan, options, display.stderr, environ))
    if not outlets:
        return None
    from stagebuild.sinks.reports import ReportSink

    def complete(run: RunReport, document: Mapping[str, object]) -> RunReport:
        from stagebuild.history.store import History
        from stagebuild.sinks.comparing import compared, drawn

        history = None
        if not options.no_history:
            history = History.of_project(plan.project, environ=environ)
        return drawn(compared(run, history), document, plan.project)

    return ReportSink(
        outlets,
        project=plan.project.name or "",
        gates=plan.gates,
        planned=plan.specs,
        complete=complete,
        warn=lambda text: _warn(display.stderr, text),
        environ=environ,
    )


def _outlets(
    plan: BuildPlan, options: argparse.Namespace, stderr: TextIO, environ: Mapping[str, str]
) -> Iterator[Outlet]:
    if not options.no_history:
        from stagebuild.history.store import History
        from stagebuild.sinks.reports import history_outlet

        history = History.of_project(plan.project, environ=environ)
        if history is not None:
            yield history_outlet(history)
    if options.report:
        from stagebuild.sinks.reports import file_outlet

        yield from map(file_outlet, options.report)
    if any(environ.get(name) for name in _CI):
        from stagebuild.sinks.ci import ci_outlets

        yield from ci_outlets(environ, stderr)
    if any(environ.get(name) for name in _TRACES):
        from stagebuild.sinks.otlp import otlp_outlets

        yield from otlp_outlets(environ)


def annotate_refusal(error: StagebuildError, environ: Mapping[str, str], stderr: TextIO) -> None:
    """Point GitHub at the line of a configuration or Dockerfile for which nothing was built."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return
    from stagebuild.report.citexts import failed
    from stagebuild.report.runs.values import FailureReport

    placed = error if isinstance(error, ConfigError | DockerfileError) else None
    failure = FailureReport(
        kind=type(error).__name__,
        message=error.message,
        hint=error.hint,
        path=None if placed is None else placed.path,
        line=None if placed is None else placed.line,
    )
    stderr.write(f"{failed(failure, title='stagebuild')}\n")
    stderr.flush()


def _warn(stderr: TextIO, text: str) -> None:
    stderr.write(f"warning: {text}\n")
    stderr.flush()
