"""Asks the engine, buildx, the credentials and the disk: whatever fails becomes a fact."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

from stagebuild.backends.buildx import BuildxBackend
from stagebuild.backends.buildx.builders import check_files, missing_nodes, wanted_nodes
from stagebuild.backends.buildx.discovery import list_builders
from stagebuild.backends.buildx.versions import NEEDS_CONTAINERD_STORE
from stagebuild.backends.requirements import required_features
from stagebuild.backends.sdk import SdkBackend
from stagebuild.backends.sdk.inspection import EngineState, inspect_engine
from stagebuild.backends.selection import select_backend
from stagebuild.doctor.cachebackends import relevant_variables
from stagebuild.doctor.facts import DefinedBuilder, Disk, Facts, Registry, Wanted
from stagebuild.errors import ConfigError, StagebuildError
from stagebuild.model.references import Reference
from stagebuild.planning import describe_builds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stagebuild.backends.base import Feature
    from stagebuild.backends.buildx import discovery
    from stagebuild.model import Builder, Project
    from stagebuild.planning import BuildSpec


def look(project: Project | StagebuildError | None, *, environ: Mapping[str, str]) -> Facts:
    """
    Return what there is to know. Starts some programs, builds nothing, changes nothing.

    Args:
        project: The project, why it can't be loaded, or None where there is none.
        environ: The process environment; buildx's builders are those of this process' own.
    """
    specs, wanted = _project(project, environ)
    engine = _engine(environ)
    now_s = time.time()
    buildx = BuildxBackend(environ=environ)
    version = buildx.buildx_version()
    in_use = buildx.builder_facts() if version is not None else None
    return Facts(
        now_s=now_s,
        engine=engine,
        buildx=version,
        builders=_builders() if version is not None else (),
        in_use=None if in_use is None else in_use.name,
        disks=tuple(_disks(engine, specs)),
        registries=tuple(_registries(specs, environ)),
        wanted=wanted,
        variables=frozenset(name for name in relevant_variables() if environ.get(name)),
        backend=_backend(specs, environ),
    )


def _backend(specs: Sequence[BuildSpec], environ: Mapping[str, str]) -> tuple[str, str]:
    chosen = select_backend(environ=environ, specs=specs)
    return chosen.backend.name, chosen.reason


def _engine(environ: Mapping[str, str]) -> EngineState | StagebuildError:
    try:
        return inspect_engine(environ)
    except StagebuildError as error:
        return error


def _builders() -> tuple[discovery.Builder, ...] | StagebuildError:
    try:
        return list_builders()
    except StagebuildError as error:
        return error


def _project(
    project: Project | StagebuildError | None, environ: Mapping[str, str]
) -> tuple[tuple[BuildSpec, ...], Wanted | StagebuildError | None]:
    """Return what the project builds, and what that needs; the error where it can't be told."""
    if project is None or isinstance(project, StagebuildError):
        return (), project
    try:
        specs = describe_builds(project, None)
    except StagebuildError as error:
        return (), error
    path = project.origin.path if project.origin is not None else project.dockerfile
    gated: frozenset[Feature] = frozenset(NEEDS_CONTAINERD_STORE)
    return specs, Wanted(
        path=path,
        environments=tuple(spec.name for spec in specs),
        platforms=_by((str(each), spec.name) for spec in specs for each in spec.platforms),
        caches=_by(
            (kind, spec.name)
            for spec in specs
            if spec.builder is None
            for kind in dict.fromkeys(each.type for each in (*spec.cache_from, *spec.cache_to))
        ),
        builders=_by((spec.builder, spec.name) for spec in specs if spec.builder is not None),
        features=_by(
            (str(feature), spec.name)
            for spec in specs
            for feature in sorted(required_features(spec) & gated)
            if spec.builder is None
        ),
        defined={
            spec.builder: _defined(spec.builder, spec.builder_definition, environ)
            for spec in specs
            if spec.builder is not None and spec.builder_definition is not None
        },
    )


def _defined(name: str, builder: Builder, environ: Mapping[str, str]) -> DefinedBuilder:
    nodes = wanted_nodes(name, builder)
    missing: Sequence[object] = ()
    error = None
    try:
        check_files(name, builder)
        missing = missing_nodes(name, builder, nodes, environ=environ)
    except StagebuildError as problem:
        error = problem
    return DefinedBuilder(
        driver=builder.driver, nodes=len(nodes), missing=len(missing), error=error
    )


def _by(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the second parts by the first."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        found[key] = (*found.get(key, ()), value)
    return found


def _disks(engine: EngineState | StagebuildError, specs: Sequence[BuildSpec]) -> Iterator[Disk]:
    """Yield the engine's file system where it is this machine's, and that of local outputs."""
    folders = []
    if isinstance(engine, EngineState) and engine.is_local and os.path.isdir(engine.root):  # noqa: PTH112 - text paths
        folders.append(engine.root)
    folders += [str(spec.root) for spec in specs[:1]]
    seen: set[int] = set()
    for folder in folders:
        try:
            device = os.stat(folder).st_dev  # noqa: PTH116 - text paths
            usage = shutil.disk_usage(folder)
        except OSError:
            continue
        if device not in seen:
            seen.add(device)
            yield Disk(path=folder, free_bytes=usage.free, total_bytes=usage.total)


def _registries(specs: Sequence[BuildSpec], environ: Mapping[str, str]) -> Iterator[Registry]:
    pushed = {host for spec in specs for host in _hosts(_pushed_to(spec))}
    pulled = {host for spec in specs for host in _hosts(_pulled_from(spec))}
    backend = SdkBackend(environ=environ)
    for host in sorted(pushed | pulled):
        user, error = "", ""
        try:
            user, secret = backend.credentials(host)
            if secret and not user:
                user = "<token>"
        except (StagebuildError, OSError, ValueError) as problem:
            error = str(problem).partition("\n")[0]
        yield Registry(host=host, user=user, error=error, is_pushed_to=host in pushed)


def _pushed_to(spec: BuildSpec) -> Iterator[str]:
    if spec.push or any(output.pushes for output in spec.outputs):
        yield from spec.tags
    yield from (entry.attributes.get("ref", "") for entry in spec.cache_to)


def _pulled_from(spec: BuildSpec) -> Iterator[str]:
    yield from (entry.attributes.get("ref", "") for entry in spec.cache_from)


def _hosts(references: Iterable[str]) -> Iterator[str]:
    for reference in references:
        try:
            yield Reference.parse(reference).domain
        except ValueError:
            continue


def is_absent(error: ConfigError) -> bool:
    """Say whether loading failed since there is no project at all."""
    return error.path is None and error.key is None
