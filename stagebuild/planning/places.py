"""Who wrote a value, so that an error about it can point there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.config.definitions import NAMES_OF_FIELDS
from stagebuild.config.keypaths import Misfit, dotted
from stagebuild.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.model import Project
    from stagebuild.planning.inheritance import Lineages, Settings
    from stagebuild.planning.overrides import Setting


def config_error(project: Project, misfit: Misfit, *, key: str | None = None) -> ConfigError:
    """
    Return the error to raise for a misfit at a place of the project's own document.

    Args:
        project: Whose origin, if it has one, gives path and line.
        misfit: With its whole place.
        key: The key to show where it is not the misfit's place.
    """
    shown = key or dotted(misfit.parts) or None
    origin = project.origin
    if origin is None:
        return ConfigError(misfit.message, key=shown, hint=misfit.hint)
    line = origin.line(shown or "")
    return ConfigError(misfit.message, path=origin.path, line=line, key=shown, hint=misfit.hint)


class Authors:
    """
    Where the settings of one environment come from.

    Args:
        project: The project.
        lineages: Those of its environments, or None without configuration.
        environment: The environment's name.
        literal: The settings that the command line gives to every environment.
        settings: The single settings of the command line that apply here.
        inherited: The environment's settings before those of its image and the command line.
        image: The name of its image, and what that sets.
    """

    def __init__(
        self,
        *,
        project: Project,
        lineages: Lineages | None,
        environment: str,
        literal: Settings,
        settings: Sequence[Setting],
        inherited: Settings,
        image: tuple[str, Settings] = ("", {}),
    ) -> None:
        self._project = project
        self._lineages = lineages
        self._environment = environment
        self._literal = literal
        self._settings = settings
        self._inherited = inherited
        self._image, self._of_image = image

    def error(self, misfit: Misfit) -> ConfigError:
        """
        Return the error for a misfit whose place begins with a field of ``Environment``.

        One without a place is about the environment as a whole.
        """
        if misfit.settled:
            return config_error(self._project, misfit)
        if not misfit.parts:
            return config_error(self._project, misfit.inside("environments", self._environment))
        outside = self._outside(misfit.parts)
        if outside is not None:
            return ConfigError(misfit.message, key=outside, hint=misfit.hint)
        field, *below = misfit.parts
        if self._is_of_image(str(field), below):
            name = NAMES_OF_FIELDS.get(str(field), str(field))
            key = dotted(("images", self._image, name, *below))
            return config_error(self._project, misfit, key=key)
        author = self._environment
        if self._lineages is not None:
            author = self._lineages.author(self._environment, misfit.parts)
        name = NAMES_OF_FIELDS.get(str(field), str(field))
        if self._lineages is None:
            return config_error(self._project, misfit, key=dotted((name, *below)))
        return config_error(
            self._project, misfit, key=dotted(("environments", author, name, *below))
        )

    def _is_of_image(self, field: str, below: Sequence[str | int]) -> bool:
        """Return whether the image wrote what lies at ``below`` in a field."""
        value = self._of_image.get(field)
        if isinstance(value, dict):
            return bool(below) and below[0] in value
        return value is not None

    def _outside(self, place: Sequence[str | int]) -> str | None:
        """Return the name of the override that wrote the value at ``place``, or None."""
        field, *below = place
        for setting in self._settings[::-1]:
            if setting.field == field and self._wrote(setting, below):
                return setting.name
        given = self._literal.get(str(field))
        if given is None or (isinstance(given, dict) and below and below[0] not in given):
            return None
        return dotted(("overrides", NAMES_OF_FIELDS[str(field)], *below))

    def _wrote(self, setting: Setting, below: Sequence[str | int]) -> bool:
        """Return whether a setting of the same field wrote what lies at ``below`` in it."""
        if below and isinstance(setting.value, dict):
            return below[0] in setting.value
        if below and setting.adds:
            return below[0] not in range(self._length_before(setting))
        return True

    def _length_before(self, adding: Setting) -> int:
        """Return how long the list was before ``adding`` added to it."""
        settings: Settings = {**self._inherited, **self._literal}
        for setting in self._settings:
            if setting is adding:
                break
            setting.change(settings)
        return len(settings.get(adding.field, ()))
