"""TOML text -> Project. Nothing is looked up and no variable is filled in."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from stagebuild.config.definitions import (
    BUILT_INS,
    CHECK_KEYS,
    ENVIRONMENT_KEYS,
    ENVIRONMENT_NAME,
    IMAGE_KEYS,
    IMAGE_NAME,
    PROJECT_KEYS,
    TABLES,
    VARIABLE_NAME,
)
from stagebuild.config.keypaths import Misfit, dotted, within
from stagebuild.config.lines import LazyLines
from stagebuild.config.plain import SpelledFloat, check_keys, expected, read_members, read_scalar
from stagebuild.errors import ConfigError, did_you_mean
from stagebuild.model.project import Checks, Environment, Image, Origin, Project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stagebuild.config.keys import Key
    from stagebuild.model.builders import Builder

_TOML_PLACE = r" \(at (?:line (\d+), column (\d+)|end of document)\)$"


def read_project(text: str, *, path: str, root: Path, within: str = "") -> Project:
    """
    Return the project that a configuration file says.

    Args:
        text: The file's text.
        path: The file as the user would type it, for messages.
        root: The project's folder.
        within: Dotted path of the table that holds the configuration, ``tool.stagebuild`` for a
            ``pyproject.toml``; the empty text for the document itself.

    Raises:
        ConfigError: The text is not TOML, or a key or value is not known; with path, line and key.
    """
    document: Any = parse_toml(text, path=path)
    for name in filter(None, within.split(".")):
        document = document.get(name, {}) if isinstance(document, dict) else document
    prefix = f"{within}." if within else ""
    origin = Origin(path=path, lines=LazyLines(text, prefix=prefix))
    try:
        return _project(document, root=root, origin=origin)
    except Misfit as misfit:
        key = dotted(misfit.parts)
        line = origin.line(key) or (LazyLines(text).get(within) if within else None) or 1
        raise ConfigError(
            misfit.message, path=path, line=line, key=key or within or None, hint=misfit.hint
        ) from misfit.__cause__


def parse_toml(text: str, *, path: str) -> dict[str, Any]:
    """
    Return the document that ``text`` is; a float remembers its spelling.

    Raises:
        ConfigError: It is not TOML; with the line, and the column in the message.
    """
    try:
        return tomllib.loads(text, parse_float=SpelledFloat)
    except RecursionError:
        lines = text.splitlines()
        depths = [line.count("[") + line.count("{") for line in lines]
        deepest = depths.index(max(depths)) + 1
        raise ConfigError("the values are nested too deeply", path=path, line=deepest) from None
    except ValueError as error:  # TOMLDecodeError, or int() refusing thousands of digits
        message = str(error)
        place = re.search(_TOML_PLACE, message)
        line = text.count("\n") + 1
        column = ""
        if place is not None:
            message = message[: place.start()]
            if place[1] is not None:
                line, column = int(place[1]), f" at column {place[2]}"
        raise ConfigError(f"not TOML{column}: {message}", path=path, line=line) from error


def _project(document: object, *, root: Path, origin: Origin) -> Project:
    if not isinstance(document, dict):
        raise expected("a table", document)
    check_keys(document, TABLES)
    project = read_table(document.get("project", {}), PROJECT_KEYS, "project")
    return Project(
        root=root,
        variables=_variables(document.get("variables", {})),
        environments=_environments(document.get("environments", {})),
        images=_images(document.get("images", {})),
        checks=Checks(**read_table(document.get("checks", {}), CHECK_KEYS, "checks")),
        builders=_builders(document["builders"]) if "builders" in document else {},
        origin=origin,
        **project,
    )


def read_table(table: object, keys: Mapping[str, Key], *place: str) -> dict[str, Any]:
    """
    Return values by field name.

    Raises:
        Misfit: A key is unknown or its value does not fit.
    """
    if not isinstance(table, dict):
        raise expected("a table", table).inside(*place)
    fields = {}
    for name, value in table.items():
        key = keys.get(name)
        if key is None:
            raise Misfit(f"unknown key{did_you_mean(name, keys)}", *place, name)
        with within(*place, name):
            fields[key.field] = key.kind.read(value)
    return fields


def _variables(table: object) -> dict[str, str]:
    with within("variables"):
        return read_members(table, read=_variable)


def _variable(name: str, value: object) -> str:
    check_variable_name(name)
    return read_scalar(value)


def check_variable_name(name: str) -> None:
    """Raise Misfit if no variable can have this name."""
    if not re.fullmatch(VARIABLE_NAME, name):
        raise Misfit(
            "a variable's name has letters, digits, _ and -, and begins with a letter or _"
        )
    if name in BUILT_INS:
        raise Misfit(f"${{{name}}} is built in: choose another name")


def _environments(table: object) -> dict[str, Environment]:
    if not isinstance(table, dict):
        raise expected("a table", table).inside("environments")
    environments = {}
    for name, settings in table.items():
        with within("environments", name):
            check_environment_name(name)
        environments[name] = Environment(
            **read_table(settings, ENVIRONMENT_KEYS, "environments", name)
        )
    return environments


def _images(table: object) -> dict[str, Image]:
    if not isinstance(table, dict):
        raise expected("a table", table).inside("images")
    images = {}
    for name, settings in table.items():
        with within("images", name):
            check_image_name(name)
        images[name] = Image(**read_table(settings, IMAGE_KEYS, "images", name))
    return images


def _builders(table: object) -> dict[str, Builder]:
    from stagebuild.config.builders import (  # noqa: PLC0415 - rarely given
        BUILDER_KEYS,
        check_builder_name,
        checked_builder,
    )

    if not isinstance(table, dict):
        raise expected("a table", table).inside("builders")
    builders = {}
    for name, settings in table.items():
        with within("builders", name):
            check_builder_name(name)
            builders[name] = checked_builder(read_table(settings, BUILDER_KEYS))
    return builders


def check_image_name(name: str) -> None:
    """Raise Misfit if no image can have this name: it becomes a part of repositories."""
    if not re.fullmatch(IMAGE_NAME, name):
        raise Misfit(
            "an image's name has lower-case letters, digits and _ . -, and begins and ends with a"
            " letter or a digit"
        )


def check_environment_name(name: str) -> None:
    """Raise Misfit if no environment can have this name: it becomes a tag and part of paths."""
    if not re.fullmatch(ENVIRONMENT_NAME, name):
        raise Misfit(
            "an environment's name has letters, digits and _ . -, 128 at most, and begins with a"
            " letter, a digit or _"
        )
