"""Finding and reading the configuration of a project: the one place here that opens files."""

from __future__ import annotations

import os
from pathlib import Path

from stagebuild.config.reading import read_project
from stagebuild.errors import ConfigError
from stagebuild.model.project import Project

OWN_FILE = "stagebuild.toml"
SHARED_FILE = "pyproject.toml"
SHARED_TABLE = "tool.stagebuild"
DOCKERFILE = "Dockerfile"


def load(path: str | os.PathLike[str] | None = None) -> Project:
    """
    Return the project at or around ``path``.

    In each folder from ``path`` upwards the first of these counts: ``stagebuild.toml``, a
    ``pyproject.toml`` with ``[tool.stagebuild]``, ``Dockerfile``. With a Dockerfile alone, every
    named stage is an environment.

    Args:
        path: A folder to begin at, a ``.toml`` file, or a Dockerfile; None is the current folder.

    Raises:
        ConfigError: There is none of these, or it can't be used; with path, line and key.
    """
    start = Path(path) if path is not None else Path()
    if start.is_dir():
        return _nearest(start)
    if start.suffix == ".toml":
        return _read(start)
    if start.is_file():
        return _without_configuration(start)
    raise ConfigError("no such file or folder", path=str(start))


def _nearest(start: Path) -> Project:
    for folder in (absolute := start.absolute(), *absolute.parents):
        folder = Path(os.path.normpath(folder))  # noqa: PLW2901 - "..", as the user's shell sees it
        if (folder / OWN_FILE).is_file():
            return _read(folder / OWN_FILE)
        if mentions_stagebuild(folder / SHARED_FILE):
            return _read(folder / SHARED_FILE)
        if (folder / DOCKERFILE).is_file():
            return _without_configuration(folder / DOCKERFILE)
    raise ConfigError(
        f"no {OWN_FILE}, no {SHARED_FILE} with [{SHARED_TABLE}] and no {DOCKERFILE} in"
        f" {absolute} or a folder above it",
        hint=f"name the file, or write a {DOCKERFILE} whose stages are called like your"
        " environments",
    )


def mentions_stagebuild(path: Path) -> bool:
    """Return whether a ``pyproject.toml`` exists that seems to be meant for us."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    if b"stagebuild" not in data:
        return False
    import re  # noqa: PLC0415 - imported already whenever this is reached through load

    return re.search(rb"^\s*\[\s*tool\s*\.\s*[\"']?stagebuild\b", data, re.MULTILINE) is not None


def _read(path: Path) -> Project:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", path=shown_path(path)) from error
    return read_file(data, path=path)


def read_file(data: bytes, *, path: Path) -> Project:
    """
    Return the project that a configuration file describes.

    Args:
        data: The file's content, which need not be what it is now.
        path: The file. A ``pyproject.toml`` has a table for it.

    Raises:
        ConfigError: It can't be used; with path, line and key.
    """
    shown = shown_path(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("not UTF-8 text", path=shown, line=line) from error
    within = SHARED_TABLE if path.name == SHARED_FILE else ""
    return read_project(text, path=shown, root=path.absolute().parent, within=within)


def _without_configuration(dockerfile: Path) -> Project:
    return Project(root=dockerfile.absolute().parent, dockerfile=dockerfile.name)


def shown_path(path: Path) -> str:
    """Return ``path`` as a user in the current folder would type it."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path.absolute())) else str(path.absolute())
