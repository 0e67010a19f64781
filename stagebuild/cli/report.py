"""``stagebuild report``: a run that has ended, told in the form that is asked for."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.config import load
from stagebuild.history.places import VARIABLE
from stagebuild.history.runs import MOST_RUNS
from stagebuild.history.store import History
from stagebuild.report.formats import endings, form_of, rendered
from stagebuild.report.quantities import duration
from stagebuild.report.runs.reading import run_report_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from typing import TextIO

    from stagebuild.report.runs.values import RunReport

Json = dict[str, Any]


class _Refused(Exception):
    """What was asked for can't be told; the text says why."""


def report(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the report verb's options say and return the exit code."""
    try:
        if options.list:
            stdout.writelines(_listed(options, environ))
            return ExitCode.OK
        form = _form(options, stdout)
        document, run = _run(options, environ)
        text = rendered(run, form, document)
        if options.output is None:
            stdout.write(text)
        else:
            with open(options.output, "w", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as given
                file.write(text)
            stderr.write(f"{options.output}: {_title(run)}\n")
    except _Refused as error:
        stderr.write(f"stagebuild report: {error}\n")
        return ExitCode.USAGE
    except OSError as error:
        stderr.write(f"stagebuild report: {error.filename or ''}: {error.strerror}\n")
        return ExitCode.USAGE
    return ExitCode.OK


def _form(options: argparse.Namespace, stdout: TextIO) -> str:
    if options.format is not None:
        form: str = options.format
    elif options.output is None:
        form = "html"
    else:
        found = form_of(options.output)
        if found is None or found[1] != options.output:
            raise _Refused(
                f"{options.output} does not say which form is meant: use --format, or end it in one"
                f" of {endings()}"
            )
        form = found[0]
    if form == "html" and options.output is None and stdout.isatty():
        raise _Refused(
            "a page is for a browser: write it with -o report.html, or try --format markdown"
        )
    return form


def _run(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[Json, RunReport]:
    """Return the document of the run that was asked for, and the run with all that is known."""
    if options.result is not None:
        document = _document(options.result)
        return document, _read(document, options.result)
    project = load(options.file)
    history = _history(project, environ)
    with history:
        documents = history.runs(limit=options.run)
    if len(documents) < options.run:
        there = f"{len(documents)} are there" if documents else "no run is there"
        raise _Refused(
            f"the history has no run {options.run}: {there}; the last {MOST_RUNS} are kept"
        )
    from stagebuild.sinks.comparing import compared, drawn  # noqa: PLC0415 - not for --list

    document = documents[-1]
    run = compared(_read(document, "the history"), history)
    return document, drawn(run, document, project)


def _document(path: str) -> Json:
    text = sys.stdin.read() if path == "-" else _content(path)
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _Refused(f"{path}: it is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise _Refused(f"{path}: it is no document that stagebuild --json prints")
    return found


def _content(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as given
        return file.read()


def _read(document: Json, place: str) -> RunReport:
    try:
        return run_report_of(document)
    except ValueError as error:
        raise _Refused(f"{place}: {error}") from error


def _history(project: Any, environ: Mapping[str, str]) -> History:
    history = History.of_project(project, environ=environ)
    if history is None:
        raise _Refused(f"the history is turned off ({VARIABLE}): name a file that --json printed")
    return history


def _listed(options: argparse.Namespace, environ: Mapping[str, str]) -> Iterator[str]:
    from stagebuild.report.historytable import moment  # noqa: PLC0415 - for --list alone

    with _history(load(options.file), environ) as history:
        documents = history.runs(limit=MOST_RUNS)
    for number, document in enumerate(documents, start=1):
        run = _read(document, "the history")
        when = "" if run.started_s is None else moment(run.started_s)
        yield f"{number:>3}  {when}  {_title(run)}\n"


def _title(run: RunReport) -> str:
    names = ", ".join(f"{build.name} {build.outcome}" for build in run.builds)
    return f"{names} in {duration(run.wall_s)}"
