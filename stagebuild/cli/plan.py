"""``stagebuild plan``: what a build will do, before it is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stagebuild.cli.choosing import choose
from stagebuild.cli.exitcodes import ExitCode
from stagebuild.cli.overriding import overrides_of
from stagebuild.cli.stdoutlook import look_of
from stagebuild.config import load
from stagebuild.errors import HistoryError
from stagebuild.forecast import forecast
from stagebuild.history.store import History
from stagebuild.planning import buildable_names, plan_builds

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Mapping
    from typing import TextIO

    from stagebuild.cli.choosing import Choice
    from stagebuild.forecast import Forecast
    from stagebuild.planning import BuildPlan


def plan(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the plan verb's options say and return the exit code."""
    found: dict[str, Forecast] = {}
    project = load(options.file)
    overrides = overrides_of(options)
    choice = choose(options, project, overrides)
    if not choice.names and choice.changes is None:
        known = ", ".join(buildable_names(project))
        stderr.write(f"stagebuild plan: name what to plan: {known}\n")
        return ExitCode.USAGE
    if choice.names:
        made = plan_builds(project, choice.names, overrides=overrides)
        found = _forecasts(made, options, environ, stderr)
    if choice.changes is not None and not options.json:
        from stagebuild.report.changes import changes_text

        stderr.write(f"{changes_text(choice.changes, look=look_of(stderr))}\n")
    _show(found.values(), choice, options, stdout)
    if options.exit_code and not all(one.is_cached for one in found.values()):
        return ExitCode.BUILD_FAILED
    return ExitCode.OK


def _forecasts(
    made: BuildPlan, options: argparse.Namespace, environ: Mapping[str, str], stderr: TextIO
) -> dict[str, Forecast]:
    """Return the forecasts; a history that can't be read is a warning, and counts as none."""
    images = None
    if not options.offline:
        from stagebuild.registry import ImageDigests

        images = ImageDigests(environ)
    history = History.of_project(made.project, environ=environ)
    try:
        if history is not None:
            history.open()
    except HistoryError as error:
        stderr.write(f"warning: without the history: {error}\n")
        history = None
    try:
        return forecast(made, history=history, images=images, environ=environ)
    finally:
        if history is not None:
            if history.notice is not None:
                stderr.write(f"warning: {history.notice}\n")
            history.close()


def _show(
    found: Collection[Forecast], choice: Choice, options: argparse.Namespace, stdout: TextIO
) -> None:
    # ruff: noqa: PLC0415 - one of them is asked for
    if options.json:
        from stagebuild.report.forecastdocument import plan_document

        json.dump(
            plan_document(found, changes=choice.changes), stdout, indent=2, ensure_ascii=False
        )
        stdout.write("\n")
    elif not found:
        return
    elif options.graph == "mermaid":
        from stagebuild.report.forecastgraph import mermaid

        stdout.write("\n".join(map(mermaid, found)) + "\n")
    elif options.graph == "text":
        from stagebuild.report.forecastgraph import text_graph

        look = look_of(stdout)
        stdout.write("\n\n".join(text_graph(one, look=look) for one in found) + "\n")
    else:
        from stagebuild.report.forecasttree import forecast_tree

        look = look_of(stdout)
        stdout.write("\n\n".join(forecast_tree(one, look=look) for one in found) + "\n")
