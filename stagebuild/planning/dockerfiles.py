"""The Dockerfiles of a plan: each read once, and resolved for the builds that need it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from stagebuild.dockerfile import parse, resolve
from stagebuild.planning.locations import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stagebuild.dockerfile import Dockerfile, StageGraph
    from stagebuild.model import Platform
    from stagebuild.planning.surroundings import Surroundings


class Dockerfiles:
    """
    Reads Dockerfiles, each once.

    Args:
        surroundings: Where the files are read.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._trees: dict[str, Dockerfile] = {}

    def tree(self, path: str) -> Dockerfile:
        """
        Return the syntax tree of the file at an absolute path.

        Raises:
            OSError: It can't be read.
            DockerfileError: It is no Dockerfile.
        """
        tree = self._trees.get(path)
        if tree is None:
            data = self._surroundings.read_bytes(path)
            tree = parse(data, path=shown(path, self._surroundings.folder))
            self._trees[path] = tree
        return tree


def stage_names(tree: Dockerfile) -> tuple[str, ...]:
    """Return the names of the stages that have one, in file order, each once."""
    return tuple(dict.fromkeys(stage.name for stage in tree.stages if stage.name))


def deferred_graph(
    tree: Dockerfile,
    *,
    target: str | None,
    build_args: Mapping[str, str],
    platform: Platform | None,
    contexts: Mapping[str, str],
) -> Callable[[], StageGraph]:
    """
    Return a function that resolves the stages for one build, once.

    Resolving takes about a millisecond, which a plan of a thousand builds would feel.

    Raises (when called):
        DockerfileError: BuildKit would refuse the Dockerfile for this build.
    """

    @cache
    def graph() -> StageGraph:
        resolved = resolve(
            tree,
            target=target,
            build_args=build_args,
            target_platform=platform,
            contexts=contexts,
        )
        resolved.check()
        return resolved

    return graph
