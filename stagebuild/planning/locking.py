"""A project's lock and its builds: which images these stand on, and that all of them are locked."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from stagebuild.dockerfile import ContextSource, ImageSource, normalize_reference
from stagebuild.errors import ConfigError, DockerfileError
from stagebuild.locks import LOCK_FILE, read_lock
from stagebuild.planning.locations import shown
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from stagebuild.dockerfile import Source, StageGraph
    from stagebuild.locks import Lock
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.planning.surroundings import Surroundings

_IMAGE = "docker-image://"


@frozen
class Need:
    """
    An image from a registry that a build stands on, copies from, mounts or is read by.

    Attributes:
        image: In its complete form, without a digest: one that has a digest needs no lock.
        build: The build's name.
        dockerfile: As a user would type it.
        line: 1-based line of the first instruction that names it.
    """

    image: str
    build: str
    dockerfile: str
    line: int


def lock_path(root: Path) -> str:
    """Return where a project's lock is."""
    return os.path.join(root, LOCK_FILE)  # noqa: PTH118 - text all the way, for speed


def lock_of(root: Path, surroundings: Surroundings) -> Lock | None:
    """
    Return the lock in a project's folder, or None where there is none.

    Raises:
        ConfigError: It can't be read as one.
    """
    path = lock_path(root)
    if not surroundings.is_file(path):
        return None
    seen = shown(path, surroundings.folder)
    try:
        text = surroundings.read_bytes(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't be read: {error}", path=seen) from error
    return read_lock(text, path=seen)


def needs_of(spec: BuildSpec) -> tuple[Need, ...]:
    """
    Return the images that a build needs from registries, in file order, each once.

    Of a context that the engine fetches nothing is known, so there are none.

    Raises:
        DockerfileError: BuildKit would refuse the Dockerfile.
    """
    found: dict[str, Need] = {}
    for graph in _graphs(spec):
        for image, line in _images(graph):
            if image not in found:
                found[image] = Need(
                    image=image, build=spec.name, dockerfile=spec.dockerfile_shown, line=line
                )
    return tuple(found.values())


def _graphs(spec: BuildSpec) -> Iterator[StageGraph]:
    """Yield the stages as they are for each platform: a FROM may name another image."""
    if spec.graph_for is not None and len(spec.platforms) > 1:
        yield from map(spec.graph_for, spec.platforms)
    elif spec.stages is not None:
        yield spec.stages


def _images(graph: StageGraph) -> Iterator[tuple[str, int]]:
    """Yield the images that have no digest of their own, with the lines that name them."""
    yield from frontend_images(graph)
    for stage in graph.reachable():
        line = stage.text.opening.line
        named: list[tuple[Source, int]] = [(edge.source, edge.line) for edge in stage.edges]
        if stage.replacement is not None:
            named = [(stage.replacement, line)]
        for source, at in named:
            image = _image(source)
            if image is not None and "@" not in image:
                yield image, at


def frontend_images(graph: StageGraph) -> Iterator[tuple[str, int]]:
    """
    Yield the image that reads the Dockerfile, if it names one.

    Source: moby/buildkit frontend/dockerui/config.go, keySyntaxArg.
    """
    named, line = graph.build_args.get("BUILDKIT_SYNTAX", ""), 1
    if not named and graph.syntax is not None:
        named, line = graph.syntax.value, graph.syntax.line
    if named.strip():
        try:
            image = normalize_reference(named.split()[0])
        except DockerfileError:
            return  # the engine says what is wrong with it
        if "@" not in image:
            yield image, line


def _image(source: Source) -> str | None:
    """Return the image that a source is, in its complete form."""
    if isinstance(source, ImageSource):
        return source.normalized
    if isinstance(source, ContextSource) and source.value.startswith(_IMAGE):
        try:
            return normalize_reference(source.value.removeprefix(_IMAGE))
        except DockerfileError:
            return None  # the engine says what is wrong with it
    return None


def check_locked(specs: Iterable[BuildSpec], lock: Lock) -> None:
    """
    Check that every image that the builds need is in the lock.

    Raises:
        ConfigError: One is not.
        DockerfileError: BuildKit would refuse a Dockerfile.
    """
    for spec in specs:
        for need in needs_of(spec):
            if need.image not in lock.images:
                raise ConfigError(
                    f"{need.image} is not in the lock, and {need.build} needs it"
                    f" ({need.dockerfile}:{need.line})",
                    path=lock.path,
                    hint="`stagebuild lock` adds it, and moves nothing else",
                )
