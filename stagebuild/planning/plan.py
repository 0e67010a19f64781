"""Project and names -> BuildPlan: everything decided and checked before any engine is touched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.config.keypaths import Misfit, dotted, within
from stagebuild.config.reading import check_environment_name, check_variable_name
from stagebuild.config.templates import literal
from stagebuild.errors import ConfigError, UnknownEnvironment, did_you_mean
from stagebuild.planning.entries import Places
from stagebuild.planning.filling import map_text
from stagebuild.planning.gates import as_gate, check_gates, circle, concerns_gates, for_gates
from stagebuild.planning.inheritance import COUNTS, Lineages, Settings, merge, settings_of
from stagebuild.planning.locations import absolute
from stagebuild.planning.overrides import Overrides, read_settings
from stagebuild.planning.places import Authors, config_error
from stagebuild.planning.resolving import Resolution, Shared
from stagebuild.planning.sites import Abstract, Site, Sites
from stagebuild.planning.spec import BuildPlan, BuildSpec
from stagebuild.planning.surroundings import Surroundings
from stagebuild.planning.variables import Facts, check_variables

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stagebuild.model import Project
    from stagebuild.planning.overrides import Setting

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
            inherit, or in the variables; with path, line and key where a file says it.
        DockerfileError: A Dockerfile is no Dockerfile, or BuildKit would refuse it.
    """
    specs = describe_builds(project, names, surroundings=surroundings, overrides=overrides)
    for spec in specs[:MOST_RESOLVED]:
        _ = spec.stages
    gates = frozenset(spec.name for spec in specs) - frozenset(names)
    return BuildPlan(project=project, specs=specs, gates=gates)


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
    if isinstance(names, str):
        raise TypeError(f"names is a list of environments: [{names!r}], not {names!r}")
    planner = _Planner(project, surroundings or Surroundings.current(), overrides or Overrides())
    if names is None:
        names = [name for name in planner.names() if not planner.is_abstract(name)]
    elif not names:
        raise ConfigError(
            "no environment is named", hint=f"there are: {', '.join(planner.names()) or 'none'}"
        )
    return planner.with_gates(dict.fromkeys(names))


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
    planner = _Planner(project, surroundings or Surroundings.current(), overrides or Overrides())
    return tuple(name for name in planner.names() if not planner.is_abstract(name))


class _Planner:
    """The state of one call: what all environments share."""

    def __init__(self, project: Project, surroundings: Surroundings, overrides: Overrides) -> None:
        root = absolute(str(project.root), surroundings.folder)
        self._project = project
        self._shared = Shared(
            project=project,
            root=Path(root),
            facts=Facts(surroundings, root),
            sites=Sites(surroundings, root),
            places=Places(surroundings, root),
            given=overrides.variables,
        )
        self._check(overrides)
        try:
            self._literal = _literally(settings_of(overrides.environment))
        except Misfit as misfit:
            key = dotted(("overrides", *misfit.parts))
            raise ConfigError(misfit.message, key=key) from misfit.__cause__
        self._settings: tuple[Setting, ...] = ()
        if overrides.settings:
            self._settings = read_settings(overrides.settings, self.names())

    def _check(self, overrides: Overrides) -> None:
        """Check what concerns all environments, and order them by what they inherit."""
        project = self._project
        self._lineages: Lineages | None = None
        try:
            for name in project.variables:
                with within("variables", name):
                    check_variable_name(name)
            check_variables(project)
            if project.environments is not None:
                for name in project.environments:
                    with within("environments", name):
                        check_environment_name(name)
                self._lineages = Lineages(project.environments)
        except Misfit as misfit:
            raise config_error(project, misfit) from misfit.__cause__
        for name in overrides.variables:
            if name not in project.variables:
                raise ConfigError(
                    f'no variable "{name}"{did_you_mean(name, project.variables)}',
                    key=f"variables.{name}",
                    hint="only variables declared under [variables] can be set",
                )
        if overrides.environment.inherits:
            raise ConfigError(
                "what an environment inherits can't be changed from outside",
                key="overrides.inherits",
            )

    def names(self) -> tuple[str, ...]:
        """Return the environments that there are: those declared, else the named stages."""
        if self._project.environments is not None:
            return tuple(self._project.environments)
        return self._site("").stages

    def is_abstract(self, name: str) -> bool:
        """Return whether there is nothing to build for ``name``."""
        resolution, authors = self._resolution(name)
        try:
            resolution.target(resolution.site())
        except Abstract:
            return True
        except Misfit as misfit:
            raise authors.error(misfit) from misfit.__cause__
        return False

    def with_gates(self, names: Collection[str]) -> tuple[BuildSpec, ...]:
        """Return what is to be built for ``names``, in order, and for the gates of it."""
        for name in names:
            self._check_known(name)
        specs: dict[str, BuildSpec] = {}
        pending = list(names)
        for name in pending:
            if name not in specs:
                specs[name] = self._spec(name, named=name in names)
                pending += specs[name].requires
        if len(specs) > len(names) or any(spec.requires for spec in specs.values()):
            self._check_order({name: spec.requires for name, spec in specs.items()})
        return tuple(specs.values())

    def _spec(self, name: str, *, named: bool) -> BuildSpec:
        """Return what is to be built for ``name``, as itself or only as a gate."""
        resolution, authors = self._resolution(name, named=named)
        try:
            spec = resolution.spec()
            if spec.requires:
                check_gates(spec.requires, self.names())
        except Misfit as misfit:
            raise authors.error(misfit) from misfit.__cause__
        return spec if named else as_gate(spec)

    def _check_order(self, requires: Mapping[str, Sequence[str]]) -> None:
        found = circle(requires)
        if found is not None:
            _, authors = self._resolution(found[0])
            index = requires[found[0]].index(found[1])
            misfit = Misfit(f"it requires itself: {' -> '.join(found)}", "requires", index)
            raise authors.error(misfit)

    def _check_known(self, name: str) -> None:
        project = self._project
        if project.environments is not None:
            if name not in project.environments:
                origin = project.origin
                path = None if origin is None else origin.path
                raise UnknownEnvironment(name, project.environments, path=path)
            return
        site = self._site(name)
        if site.tree is not None and name.lower() not in site.stages:
            hint = None if site.stages else "no stage of it has a name: give one with AS"
            raise UnknownEnvironment(name, site.stages, path=site.shown, hint=hint)

    def _site(self, name: str) -> Site:
        resolution, authors = self._resolution(name)
        try:
            return resolution.site()
        except Misfit as misfit:
            raise authors.error(misfit) from misfit.__cause__

    def _resolution(self, name: str, *, named: bool = True) -> tuple[Resolution, Authors]:
        inherited: Settings = {}
        if self._lineages is not None and name in (self._project.environments or {}):
            try:
                inherited = self._lineages.settings(name)
            except Misfit as misfit:
                raise config_error(self._project, misfit) from misfit.__cause__
        literal = self._literal if named else for_gates(self._literal)
        settings = dict(inherited)
        merge(settings, literal)
        applied = [
            each
            for each in self._settings
            if each.environment == name
            or (each.environment is None and (named or concerns_gates(each.field)))
        ]
        for setting in applied:
            setting.change(settings)
        authors = Authors(
            project=self._project,
            lineages=self._lineages,
            environment=name,
            literal=literal,
            settings=applied,
            inherited=inherited,
        )
        return Resolution(self._shared, name, settings), authors


def _literally(settings: Settings) -> Settings:
    """Return settings whose texts stand for themselves: no variables."""
    numbers = {name: value for name, value in settings.items() if name in COUNTS}
    texts = {name: value for name, value in settings.items() if name not in COUNTS}
    return {**map_text(texts, literal), **numbers}
