"""Reading a file of another tool: by itself, or by ``docker buildx bake --print``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebuild.dockerfile import parse
from stagebuild.errors import ConfigError, EngineUnavailable, StagebuildError
from stagebuild.interop.bakein import imported_from_bake
from stagebuild.interop.composein import imported_from_compose
from stagebuild.interop.skaffoldin import imported_from_skaffold
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.interop.imported import Imported

_PRINT_S = 60


def imported_from(source: str, kind: str, environ: Mapping[str, str]) -> Imported:
    """
    Return what a file came to, each environment with the stage that it builds.

    Args:
        source: Path of the file.
        kind: ``bake``, ``compose``, ``skaffold``, or ``auto``: by its name.
        environ: The process environment, in which ``docker buildx`` runs.

    Raises:
        ConfigError: It can't be read.
        EngineUnavailable: There is no docker command with buildx, for a bake file.
    """
    try:
        text = Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't be read: {error}", path=source) from error
    if kind == "auto":
        kind = "compose" if source.endswith((".yaml", ".yml")) else "bake"
        if "skaffold" in Path(source).name:
            kind = "skaffold"
    if kind == "bake":
        found = imported_from_bake(_printed(source, environ))
    else:
        try:
            read = imported_from_skaffold if kind == "skaffold" else imported_from_compose
            found = read(text)
            if kind == "compose":
                found = _with_neighbours(found, Path(source), text)
        except ValueError as error:
            raise ConfigError(str(error), path=source) from error
    return with_stages(found, Path(source).parent)


def _printed(source: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return a bake file as buildx prints it: every group, so that no target is left out."""
    text = _bake(source, environ, "--list=type=targets,format=json")
    listed: list[dict[str, Any]] = [{"name": "default"}] if text is None else json.loads(text)
    names = [str(each["name"]) for each in listed]
    printed = _bake(source, environ, "--print", *names, must=True)
    found: dict[str, Any] = json.loads(printed or "{}")
    if text is not None and "group" in found:
        # What is printed as the default group is then what was named.
        found["group"].pop("default", None)
        if "default" in names:
            alone = json.loads(_bake(source, environ, "--print") or "{}")
            found["group"] |= alone.get("group", {})
    for each in listed:
        target = found.get("target", {}).get(each["name"])
        if target is not None and each.get("description"):
            target["description"] = each["description"]  # listed, and not printed
    return found


def _bake(source: str, environ: Mapping[str, str], *words: str, must: bool = False) -> str | None:
    argv = ["docker", "buildx", "bake", "-f", source, *words]
    try:
        done = subprocess.run(
            argv, env=environ, capture_output=True, text=True, check=False, timeout=_PRINT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineUnavailable(
            f"docker buildx bake could not be run: {error}",
            backend="buildx",
            hint="a bake file is read by docker buildx: install it",
        ) from error
    if done.returncode == 0:
        return done.stdout
    if not must:
        return None  # a buildx before 0.20 can't list
    words_said = done.stderr.strip().splitlines() or ["docker buildx bake failed"]
    raise ConfigError(words_said[-1].removeprefix("ERROR: "), path=source)


def _with_neighbours(found: Imported, path: Path, text: str) -> Imported:
    """Return what was read, with a warning for each file that Compose would read besides."""
    warnings = list(found.warnings)
    if "$" in text.replace("$$", "") and (path.parent / ".env").is_file():
        warnings.append(".env: Compose takes variables from it: set them in the environment")
    override = path.with_name(f"{path.stem}.override{path.suffix}")
    if override.is_file():
        warnings.append(f"{override.name}: Compose reads it after {path.name}")
    return replaced(found, warnings=tuple(warnings))


def with_stages(found: Imported, folder: Path) -> Imported:
    """Return environments that say which stage they build: without it, it is the last one."""
    warnings = list(found.warnings)
    environments = {}
    for name, table in found.environments.items():
        environments[name] = dict(table)
        if "target" in table or "group" in table:
            continue
        stage = _last_stage(folder, table)
        if stage is None:
            warnings.append(f"{name}: no target is given, and its Dockerfile can't be read here")
        else:
            environments[name]["target"] = stage
    return replaced(found, environments=environments, warnings=tuple(warnings))


def _last_stage(folder: Path, table: Mapping[str, Any]) -> str | None:
    path = folder / table.get("context", ".") / table.get("dockerfile", "Dockerfile")
    try:
        stages = parse(path.read_bytes(), path=str(path)).stages
    except (OSError, StagebuildError):
        return None
    return (stages[-1].name or str(len(stages) - 1)) if stages else None
