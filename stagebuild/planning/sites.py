"""Where an environment is built from: its context, its Dockerfile, and the stage that it means."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.config.keypaths import Misfit
from stagebuild.errors import did_you_mean
from stagebuild.planning.dockerfiles import Dockerfiles, stage_names
from stagebuild.planning.locations import absolute, is_remote, shown

if TYPE_CHECKING:
    from stagebuild.dockerfile import Dockerfile
    from stagebuild.planning.surroundings import Surroundings


class Site(NamedTuple):
    """
    What an environment is built from.

    Attributes:
        context: Absolute folder, or a Git or HTTP URL.
        dockerfile: Absolute path; for a remote context a path within it.
        shown: The same as a user would type it.
        tree: The Dockerfile's syntax tree, or None for a remote context.
        stages: The names of its stages, in file order.
    """

    context: str
    dockerfile: str
    shown: str
    tree: Dockerfile | None = None
    stages: tuple[str, ...] = ()


class Sites:
    """
    Finds contexts and Dockerfiles, each once for a plan.

    Args:
        surroundings: Where they are looked for.
        root: Absolute folder of the project.
    """

    def __init__(self, surroundings: Surroundings, root: str) -> None:
        self._surroundings = surroundings
        self._root = root
        self._dockerfiles = Dockerfiles(surroundings)
        self._sites: dict[tuple[str, str], Site] = {}

    def at(self, context: str, dockerfile: str) -> Site:
        """
        Return the site for a context and a Dockerfile as they are written.

        Raises:
            Misfit: One of them is missing; the place is ``context`` or ``dockerfile``.
            DockerfileError: The Dockerfile can't be read as one.
        """
        site = self._sites.get((context, dockerfile))
        if site is None:
            site = self._sites[context, dockerfile] = self._find(context, dockerfile)
        return site

    def _find(self, context: str, dockerfile: str) -> Site:
        if is_remote(context):
            within = posixpath.normpath(dockerfile)
            return Site(context=context, dockerfile=within, shown=f"{context} {within}")
        folder = absolute(context, self._root)
        if not self._surroundings.is_folder(folder):
            there = "a file" if self._surroundings.is_file(folder) else "missing"
            raise Misfit(f"the context folder {self._show(folder)} is {there}", "context")
        path = absolute(dockerfile, folder)
        try:
            tree = self._dockerfiles.tree(path)
        except FileNotFoundError:
            raise Misfit(f"there is no Dockerfile at {self._show(path)}", "dockerfile") from None
        except OSError as error:
            problem = error.strerror or str(error)
            raise Misfit(f"{self._show(path)} can't be read: {problem}", "dockerfile") from error
        except ValueError as error:  # a NUL in the path
            raise Misfit(f"{path!r} is no path: {error}", "dockerfile") from error
        return Site(
            context=folder,
            dockerfile=path,
            shown=tree.path,
            tree=tree,
            stages=stage_names(tree),
        )

    def _show(self, path: str) -> str:
        return shown(path, self._surroundings.folder)


class Abstract(Misfit):
    """The environment has no target: there is nothing to build."""


def check_stage(name: str, site: Site) -> None:
    """Raise Misfit if the Dockerfile has no stage ``name``; a remote one is not known."""
    if site.tree is None or name.lower() in site.stages:
        return
    hint = None
    if name.isdecimal():
        hint = "a stage is built by its name: give it one with AS"
    raise Misfit(f'no stage "{name}" in {site.shown}{did_you_mean(name, site.stages)}', hint=hint)


def stage_for(environment: str, site: Site) -> str | None:
    """
    Return the target of an environment that names none; None means the last stage.

    That is the stage called like the environment. A Dockerfile without any named stage has only
    one target, its last stage.

    Raises:
        Abstract: There is no such stage.
    """
    if site.tree is None or environment.lower() in site.stages:
        return environment
    if not site.stages:
        return None
    raise Abstract(
        f'"{environment}" is abstract: it has no target and no stage is called so in'
        f" {site.shown}{did_you_mean(environment, site.stages)}",
        hint='set its target, as target = "prod", or build one that inherits it',
    )
