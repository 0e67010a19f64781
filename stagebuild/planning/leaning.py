"""A project without what says nothing about its Dockerfiles: tags, secrets, what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.model import Environment
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.model import Project


def lean_project(project: Project, environ: Mapping[str, str]) -> Project:
    """
    Return the project with no more than what decides how a Dockerfile is read.

    So it can be looked at where a secret is not there, or a build arg of the environment not set.
    """
    if project.environments is None:
        return project
    environments = {
        name: Environment(
            inherits=given.inherits,
            target=given.target,
            context=given.context,
            dockerfile=given.dockerfile,
            build_args={
                arg: environ.get(arg, "") if value is None else value
                for arg, value in given.build_args.items()
            },
            contexts=given.contexts,
            platforms=given.platforms,
            builder=given.builder,
            group=given.group,
            matrix=given.matrix,
            matrix_exclude=given.matrix_exclude,
            matrix_include=given.matrix_include,
        )
        for name, given in project.environments.items()
    }
    return replaced(project, environments=environments, repository=None)
