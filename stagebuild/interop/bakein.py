"""
A bake file -> environments. ``docker buildx bake --print`` reads it, so HCL and JSON both do.

Source: docker/buildx docs/bake-reference.md; bake/bake.go, Target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.interop.grouping import with_groups
from stagebuild.interop.imported import Imported, Table
from stagebuild.interop.imported import literal as toml_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def imported_from_bake(printed: Mapping[str, Any]) -> Imported:
    """Return the environments that the targets of a printed bake file are."""
    warnings: list[str] = []
    environments = {
        name: _environment(name, target, warnings)
        for name, target in (printed.get("target") or {}).items()
    }
    # buildx prints what a matrix makes in any order.
    groups = {
        name: sorted(group.get("targets") or ())
        for name, group in (printed.get("group") or {}).items()
    }
    if list(groups) == ["default"] and set(groups["default"]) == set(environments):
        groups = {}  # everything: `--all`
    environments = with_groups(environments, groups, kind="group", warn=warnings.append)
    return Imported(environments=environments, warnings=tuple(warnings))


def _environment(name: str, target: Mapping[str, Any], warnings: list[str]) -> Table:
    table: Table = {}
    for key, value in target.items():
        if value in (None, [], {}, ""):
            continue
        read = _READERS.get(key)
        if key == "dockerfile-inline":
            file = f"{name}.Dockerfile"
            warnings.append(f"target {name}: {key}: write it to {file}, in the context")
            table["dockerfile"] = file
        elif read is None:
            warnings.append(f"target {name}: {key} = {value!r}")
        else:
            table.update(read(value, lambda words: warnings.append(f"target {name}: {words}")))
    return table


def literal(text: str) -> str:
    """Return text as ``stagebuild.toml`` has it; bake prints what it would fill in with a mark."""
    return toml_literal(text.replace("$${", "${").replace("%%{", "%{"))


def _same(key: str) -> Callable[[Any, Any], Table]:
    return lambda value, _: {key: _literal(value)}


def _literal(value: Any) -> Any:
    match value:
        case str():
            return literal(value)
        case list():
            return [_literal(item) for item in value]
        case dict():
            return {key: _literal(item) for key, item in value.items()}
        case _:
            return value


def _args(value: Mapping[str, Any], _: Any) -> Table:
    args = {name: _literal(text) for name, text in value.items() if text is not None}
    return {"build-args": args} if args else {}


def _entries(key: str) -> Callable[[Any, Any], Table]:
    """Return what reads entries, which bake prints as text or as tables."""
    return lambda value, _: {key: [_entry(item) for item in value]}


def _entry(item: Any) -> Any:
    return (
        _literal(item) if isinstance(item, str) else {k: _literal(str(v)) for k, v in item.items()}
    )


def _attestations(value: Any, warn: Callable[[str], None]) -> Table:
    kept = []
    for item in value:
        fields = (
            dict(part.partition("=")[::2] for part in item.split(","))
            if isinstance(item, str)
            else {key: str(text).lower() for key, text in item.items()}
        )
        if fields.pop("disabled", "false") == "true":
            continue
        if fields.get("type") not in ("provenance", "sbom"):
            warn(f"attest {item!r}")
            continue
        kept.append(",".join(f"{key}={text}" for key, text in fields.items()))
    return {"attestations": kept} if kept else {}


def _annotations(value: list[str], _: Any) -> Table:
    return {"annotations": {k: literal(v) for k, _, v in (text.partition("=") for text in value)}}


def _secrets(value: Any, warn: Callable[[str], None]) -> Table:
    secrets: Table = {}
    for item in value:
        fields = (
            dict(part.partition("=")[::2] for part in item.split(","))
            if isinstance(item, str)
            else dict(item)
        )
        name = fields.get("id")
        if not name:
            warn(f"secret {item!r}")
        elif fields.get("src") or fields.get("source"):
            secrets[name] = {"file": fields.get("src") or fields.get("source")}
        else:
            secrets[name] = {"env": fields.get("env") or name}
    return {"secrets": secrets} if secrets else {}


def _ssh(value: Any, _: Any) -> Table:
    agents: Table = {}
    for item in value:
        if isinstance(item, str):
            name, _equals, paths = item.partition("=")
            agents[name] = [path for path in paths.split(",") if path]
        else:
            agents[item.get("id", "default")] = list(item.get("paths") or ())
    return {"ssh": agents}


def _outputs(value: Any, _: Any) -> Table:
    table: Table = {}
    kept = []
    for item in value:
        entry = _entry(item)
        if entry in ("type=registry", {"type": "registry"}):
            table["push"] = True
        elif entry in ("type=docker", {"type": "docker"}):
            table["load"] = True
        elif entry in ("type=image", {"type": "image"}) and len(value) == 1:
            continue  # what a builder makes without being asked
        else:
            kept.append(entry)
    return {**table, **({"output": kept} if kept else {})}


def _ulimits(value: list[str], _: Any) -> Table:
    return {"ulimits": {name: limit for name, _, limit in (item.partition("=") for item in value)}}


def _contexts(value: Mapping[str, str], _: Any) -> Table:
    return {"contexts": {name: _place(place) for name, place in value.items()}}


def _place(place: str) -> str:
    if place.startswith("target:"):
        return f"image:@{place.removeprefix('target:')}"
    return literal(place)


_READERS: dict[str, Callable[[Any, Any], Table]] = {
    "context": _same("context"),
    "dockerfile": _same("dockerfile"),
    "target": _same("target"),
    "args": _args,
    "labels": _same("labels"),
    "annotations": _annotations,
    "tags": _same("tags"),
    "platforms": _same("platforms"),
    "cache-from": _entries("cache-from"),
    "cache-to": _entries("cache-to"),
    "secret": _secrets,
    "ssh": _ssh,
    "output": _outputs,
    "attest": _attestations,
    "network": _same("network"),
    "extra-hosts": _same("extra-hosts"),
    "ulimits": _ulimits,
    "shm-size": _same("shm-size"),
    "contexts": _contexts,
    "no-cache": _same("no-cache"),
    "no-cache-filter": _same("no-cache-filter"),
    "pull": _same("pull"),
    "description": _same("description"),
}
