"""``stagebuild init``: a first configuration. Asks nothing, and overwrites nothing unasked."""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.cli.files import write_if_changed
from stagebuild.config.loading import OWN_FILE, SHARED_FILE, mentions_stagebuild
from stagebuild.dockerfile import parse
from stagebuild.errors import ConfigError
from stagebuild.starting import configuration_for

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import TextIO


def init(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the init verb's options say and return the exit code."""
    del environ
    text = _configuration(options.dockerfile)
    if options.print:
        stdout.write(text)
        return ExitCode.OK
    _write(text, force=options.force)
    stderr.write(f"wrote {OWN_FILE}; `stagebuild --list` shows its environments\n")
    return ExitCode.OK


def _configuration(dockerfile: str) -> str:
    """
    Return the text for a Dockerfile.

    Raises:
        ConfigError: There is none.
        DockerfileError: It can't be read as one.
    """
    try:
        data = Path(dockerfile).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"can't be read: {error.strerror}",
            path=dockerfile,
            hint="name the Dockerfile: stagebuild init docker/Dockerfile",
        ) from error
    tree = parse(data, path=dockerfile)
    return configuration_for(
        tree, name=Path.cwd().name or "project", dockerfile=_relative(dockerfile)
    )


def _relative(path: str) -> str:
    return Path(os.path.relpath(path)).as_posix()


def _write(text: str, *, force: bool) -> None:
    """
    Write the configuration to the current folder.

    Raises:
        ConfigError: There is one already, or the folder can't be written to.
    """
    path = Path(OWN_FILE)
    try:
        if force:
            write_if_changed(path, text)
            return
        if mentions_stagebuild(Path(SHARED_FILE)):
            raise ConfigError(
                "it has a [tool.stagebuild], which a stagebuild.toml would replace",
                path=SHARED_FILE,
                hint="stagebuild init --print shows what it would write, --force writes it",
            )
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConfigError(
            "it is there already",
            path=OWN_FILE,
            hint="stagebuild init --print shows what it would write, --force replaces it",
        ) from error
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", path=OWN_FILE) from error
