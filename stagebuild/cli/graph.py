"""``stagebuild graph``: the stages and how environments reach them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.checks.checking import no_context
from stagebuild.checks.gathering import gather
from stagebuild.cli.exitcodes import ExitCode
from stagebuild.config import load
from stagebuild.errors import ConfigError, DockerfileError
from stagebuild.history.runs import MOST_RUNS
from stagebuild.history.store import History
from stagebuild.planning import Surroundings
from stagebuild.report.stagegraph.picture import picture_of
from stagebuild.report.stagegraph.timings import StageFigures, figures_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from stagebuild.report.stagegraph.picture import Picture


def graph(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the graph verb's options say and return the exit code."""
    del stderr
    figures = _figures(options.result) if options.result else None
    if options.last:
        figures = _last(options, environ)
    pictures = _pictures(options.file, options.environments, figures)
    stdout.write(_drawn(pictures, options.format, environ, stdout))
    return ExitCode.OK


def _pictures(
    path: str | None, names: Sequence[str], figures: Mapping[str, StageFigures] | None
) -> list[Picture]:
    """
    Return a picture for each Dockerfile.

    Raises:
        DockerfileError: There is none that can be read.
        ConfigError: The configuration can't be used.
    """
    project = load(path)
    gathered = gather(project, names, surroundings=Surroundings.current(), look=no_context)
    if not gathered.subjects and gathered.refusals:
        refused = gathered.refusals[0]
        raise DockerfileError(
            refused.message, path=refused.path, line=refused.line, hint=refused.hint or None
        )
    return [picture_of(subject, figures=figures) for subject in gathered.subjects]


def _figures(path: str) -> dict[str, StageFigures]:
    try:
        return figures_of(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", path=path, key="--result") from error
    except ValueError as error:
        raise ConfigError(str(error), path=path, key="--result") from error


def _last(options: argparse.Namespace, environ: Mapping[str, str]) -> dict[str, StageFigures]:
    """
    Return the figures of the newest run that is about what is drawn.

    Raises:
        ConfigError: There is none.
        HistoryError: It can't be read.
    """
    history = History.of_project(load(options.file), environ=environ)
    wanted = set(options.environments)
    if history is not None:
        with history:
            for document in history.runs(limit=MOST_RUNS):
                built = {build["name"] for build in document["builds"]}
                if not wanted or wanted & built:
                    return figures_of(document)
    raise ConfigError("the history has no such build", key="--last", hint="build it first")


def _drawn(
    pictures: Sequence[Picture], form: str, environ: Mapping[str, str], stdout: TextIO
) -> str:
    # ruff: noqa: PLC0415 - one of them is asked for
    match form:
        case "mermaid":
            from stagebuild.report.stagegraph.mermaid import mermaid

            return "\n".join(map(mermaid, pictures))
        case "dot":
            from stagebuild.report.stagegraph.dot import dot

            return "\n".join(map(dot, pictures))
        case "svg":
            from stagebuild.report.stagegraph.svg import svg

            return "\n".join(map(svg, pictures))
        case _:
            from stagebuild.report.look import Look
            from stagebuild.report.stagegraph.texttree import text_tree
            from stagebuild.sinks.choice import ProgressMode, choose_progress

            choice = choose_progress(ProgressMode.PLAIN, stdout, environ)
            look = Look(
                width=shutil.get_terminal_size((100, 24)).columns,
                color=choice.color,
                glyphs=choice.glyphs,
            )
            return "\n\n".join(text_tree(each, look=look) for each in pictures) + "\n"
