"""One environment's settings put together, with what it inherits, its image and the overrides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.config.keypaths import Misfit, dotted, within
from stagebuild.config.reading import check_environment_name, check_image_name, check_variable_name
from stagebuild.config.templates import literal
from stagebuild.errors import ConfigError, did_you_mean
from stagebuild.planning.entries import Places
from stagebuild.planning.filling import map_text
from stagebuild.planning.gates import concerns_gates, for_gates
from stagebuild.planning.groups import check_groups, members
from stagebuild.planning.inheritance import COUNTS, Lineages, Settings, merge, settings_of
from stagebuild.planning.locations import absolute
from stagebuild.planning.locking import lock_of
from stagebuild.planning.naming import BuildName, Combination, combinations
from stagebuild.planning.overrides import read_settings
from stagebuild.planning.places import Authors, config_error
from stagebuild.planning.resolving import Resolution, Shared
from stagebuild.planning.sites import Abstract, Site, Sites
from stagebuild.planning.variables import Facts, check_variables

if TYPE_CHECKING:
    from stagebuild.locks import Lock
    from stagebuild.model import Image, Project
    from stagebuild.planning.overrides import Overrides, Setting
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.planning.surroundings import Surroundings

_OF_AN_IMAGE = ("context", "dockerfile", "contexts", "build_args")


class Planner:
    """
    Everything that the builds of one plan share.

    Args:
        project: As written.
        surroundings: What may be known of the world.
        overrides: What wins over the configuration.

    Attributes:
        project: As given.

    Raises:
        ConfigError: Something is wrong that concerns all environments, the lock included.
    """

    def __init__(self, project: Project, surroundings: Surroundings, overrides: Overrides) -> None:
        root = absolute(str(project.root), surroundings.folder)
        self.project = project
        self._shared = Shared(
            project=project,
            root=Path(root),
            facts=Facts(surroundings, root),
            sites=Sites(surroundings, root),
            places=Places(surroundings, root),
            given=overrides.variables,
            lock=lock_of(Path(root), surroundings),
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
        project = self.project
        self._lineages: Lineages | None = None
        try:
            for name in project.variables:
                with within("variables", name):
                    check_variable_name(name)
            check_variables(project)
            for name in project.images:
                with within("images", name):
                    check_image_name(name)
            if project.environments is not None:
                for name in project.environments:
                    with within("environments", name):
                        check_environment_name(name)
                self._lineages = Lineages(project.environments)
                check_groups(project.environments)
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
        if overrides.environment.group is not None:
            raise ConfigError("a group can't be changed from outside", key="overrides.group")

    @property
    def lock(self) -> Lock | None:
        """The project's lock, or None."""
        return self._shared.lock

    def names(self) -> tuple[str, ...]:
        """Return the environments that there are: those declared, else the named stages."""
        if self.project.environments is not None:
            return tuple(self.project.environments)
        return self.site("").stages

    def members(self, environment: str) -> tuple[str, ...]:
        """Return the environments that a name stands for: itself, unless it is a group."""
        return members(self.project.environments or {}, environment)

    def is_abstract(self, name: BuildName) -> bool:
        """Return whether there is nothing to build for ``name`` itself."""
        if self.members(name.environment) != (name.environment,):
            return True
        resolution, authors = self._resolution(name)
        try:
            resolution.target(resolution.site())
        except Abstract:
            return True
        except Misfit as misfit:
            raise authors.error(misfit) from misfit.__cause__
        return False

    def combinations(self, environment: str) -> tuple[Combination, ...]:
        """Return the combinations of an environment's matrix, a single empty one without."""
        if self._lineages is None:
            return ((),)
        resolution, authors = self._resolution(BuildName(environment))
        try:
            return combinations(resolution.settings)
        except Misfit as misfit:
            raise authors.error(misfit) from misfit.__cause__

    def spec(self, name: BuildName, *, named: bool = True) -> BuildSpec:
        """
        Return what is to be built for ``name``.

        Args:
            name: An environment that there is, of an image that there is.
            named: Whether it was asked for, rather than required or built upon.

        Raises:
            ConfigError: Something is wrong with it.
            DockerfileError: The Dockerfile can't be read as one.
        """
        resolution, authors = self._resolution(name, named=named)
        try:
            return resolution.spec()
        except Misfit as misfit:
            raise authors.error(misfit) from misfit.__cause__

    def error(self, name: BuildName, misfit: Misfit) -> ConfigError:
        """Return the error for a misfit in the settings of ``name``."""
        return self._resolution(name)[1].error(misfit)

    def site(self, environment: str) -> Site:
        """Return where an environment is built from, in a project with a single image."""
        resolution, authors = self._resolution(BuildName(environment))
        try:
            return resolution.site()
        except Misfit as misfit:
            raise authors.error(misfit) from misfit.__cause__

    def _resolution(self, name: BuildName, *, named: bool = True) -> tuple[Resolution, Authors]:
        environment = name.environment
        inherited: Settings = {}
        if self._lineages is not None and environment in (self.project.environments or {}):
            try:
                inherited = self._lineages.settings(environment)
            except Misfit as misfit:
                raise config_error(self.project, misfit) from misfit.__cause__
        literal = self._literal if named else for_gates(self._literal)
        settings = dict(inherited)
        image = None if name.image is None else self.project.images[name.image]
        of_image = {} if image is None else _settings_of_image(image)
        merge(settings, of_image)
        merge(settings, literal)
        applied = [
            each
            for each in self._settings
            if each.environment == environment
            or (each.environment is None and (named or concerns_gates(each.field)))
        ]
        for setting in applied:
            setting.change(settings)
        authors = Authors(
            project=self.project,
            lineages=self._lineages,
            environment=environment,
            literal=literal,
            settings=applied,
            inherited=inherited,
            image=(name.image or "", of_image),
        )
        return Resolution(self._shared, name, settings, image), authors


def _settings_of_image(image: Image) -> Settings:
    """Return what an image sets in every environment of it."""
    values = {field: getattr(image, field) for field in _OF_AN_IMAGE}
    return {field: value for field, value in values.items() if value}


def _literally(settings: Settings) -> Settings:
    """Return settings whose texts stand for themselves: no variables."""
    numbers = {name: value for name, value in settings.items() if name in COUNTS}
    texts = {name: value for name, value in settings.items() if name not in COUNTS}
    return {**map_text(texts, literal), **numbers}
