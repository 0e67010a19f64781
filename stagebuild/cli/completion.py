"""``stagebuild completion``: scripts for shells, and the words that they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.errors import StagebuildError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from typing import TextIO


def completion(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Print what was asked for and return the exit code."""
    del environ, stderr
    match options.what:
        case "environments" | "stages":
            stdout.writelines(f"{word}\n" for word in _asked(options.what, options.file))
        case shell:
            stdout.write(_script(shell))
    return ExitCode.OK


def _script(shell: str) -> str:
    # ruff: noqa: PLC0415 - one of them is asked for
    from stagebuild.cli.completing.words import verbs

    match shell:
        case "bash":
            from stagebuild.cli.completing.bash import bash_script

            return bash_script(verbs())
        case "zsh":
            from stagebuild.cli.completing.zsh import zsh_script

            return zsh_script(verbs())
        case _:
            from stagebuild.cli.completing.fish import fish_script

            return fish_script(verbs())


def _asked(what: str, path: str | None) -> Sequence[str]:
    """Return names of the project; none where it can't be read: a shell has no room for errors."""
    from stagebuild.config import load
    from stagebuild.planning import buildable_names, describe_builds

    try:
        project = load(path)
        names = buildable_names(project)
        if what == "environments" or not names:
            environments = project.environments or {}
            return (*names, *(n for n, each in environments.items() if each.group is not None))
        graphs = [spec.stages for spec in describe_builds(project, names[:1])]
        return [name for graph in graphs if graph is not None for name in graph.names]
    except StagebuildError:
        return ()
