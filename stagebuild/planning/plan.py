"""Project and names -> BuildPlan: everything decided and checked before any engine is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import ConfigError
from stagebuild.planning.locking import check_locked
from stagebuild.planning.overrides import Overrides
from stagebuild.planning.planner import Planner
from stagebuild.planning.selecting import Selection
from stagebuild.planning.spec import BuildPlan, BuildSpec
from stagebuild.planning.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.model import Project

MOST_RESOLVED = 64
"""Of how many builds the stages are resolved at once; for those after it, when they are needed."""


def plan_builds(
    project: Project,
    names: Sequence[str],
    *,
    surroundings: Surroundings | None = None,
    overrides: Overrides | None = None,
) -> BuildPlan:
    """
    Return what building the named environments and their gates means. Builds nothing.

    Args:
        project: As written.
        names: The environments, in order; one that is named twice is built once.
        surroundings: What may be known of the world; None means this process, now.
        overrides: What wins over the configuration.

    Raises:
        UnknownEnvironment: A name is none of the project's.
        ConfigError: Something is wrong in an environment asked for, in its gates, in what they
            inherit, or in the variables; with path, line and key where a file says it. Or the
            lock lacks an image that they need.
        DockerfileError: A Dockerfile is no Dockerfile, or BuildKit would refuse it.
    """
    planner = Planner(project, surroundings or Surroundings.current(), overrides or Overrides())
    selection = _selection(planner, names)
    for spec in selection.specs[:MOST_RESOLVED]:
        _ = spec.stages
    if planner.lock is not None:
        check_locked(selection.specs, planner.lock)
    return BuildPlan(project=project, specs=selection.specs, gates=selection.unnamed)


def describe_builds(
    project: Project,
    names: Sequence[str] | None,
    *,
    surroundings: Surroundings | None = None,
    overrides: Overrides | None = None,
) -> tuple[BuildSpec, ...]:
    """
    Return the specs of the named environments and their gates; nobody has resolved their stages.

    For those who look at a Dockerfile that BuildKit may refuse; takes and raises what
    `plan_builds` does, and None for every environment that can be built.
    """
    planner = Planner(project, surroundings or Surroundings.current(), overrides or Overrides())
    return _selection(planner, names).specs


def buildable_names(
    project: Project,
    *,
    surroundings: Surroundings | None = None,
    overrides: Overrides | None = None,
) -> tuple[str, ...]:
    """
    Return the environments that can be built, in the order of the file; abstract ones can't.

    Without configuration these are the named stages of the Dockerfile.

    Raises:
        ConfigError: An environment's context, Dockerfile or target is wrong.
        DockerfileError: A Dockerfile is no Dockerfile.
    """
    planner = Planner(project, surroundings or Surroundings.current(), overrides or Overrides())
    return Selection(planner).buildable()


def _selection(planner: Planner, names: Sequence[str] | None) -> Selection:
    if isinstance(names, str):
        raise TypeError(f"names is a list of environments: [{names!r}], not {names!r}")
    selection = Selection(planner)
    if names is None:
        names = selection.buildable()
    elif not names:
        raise ConfigError(
            "no environment is named", hint=f"there are: {', '.join(planner.names()) or 'none'}"
        )
    selection.add(names)
    return selection
