"""What the command line changes: for all environments, or for one by ``--set ENV.key=value``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from stagebuild.config.environmentkeys import ENVIRONMENT_KEYS
from stagebuild.config.keypaths import Misfit
from stagebuild.config.kinds import FLAG
from stagebuild.errors import ConfigError, did_you_mean, nearest
from stagebuild.model.project import Environment
from stagebuild.planning.inheritance import merge
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from stagebuild.config.keys import Key
    from stagebuild.planning.inheritance import Settings


@frozen
class Overrides:
    """
    What wins over the configuration.

    Attributes:
        environment: Settings for every environment that is built, taken literally: no variables.
            Tables are merged key by key, anything else replaces what the configuration says.
        settings: Texts of the form ``[ENVIRONMENT.]KEY[.NAME]=VALUE`` or ``…+=VALUE``, as
            ``tags=shop:1``, ``prod.build-args.PYTHON=3.12``, ``cache-from+=type=gha``; in the
            language of the configuration file, variables included. They come after
            ``environment``, in order.
        variables: Values of declared variables, taken literally.
    """

    environment: Environment = field(default_factory=Environment)
    settings: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


class Setting(NamedTuple):
    """
    One ``--set``, read.

    Attributes:
        name: For messages: ``--set prod.tags``.
        environment: The environment that it is for, or None for all.
        field: The field of ``Environment``.
        value: What it sets; for a table, the members that it sets.
        adds: Whether it adds to a list (``+=``).
    """

    name: str
    environment: str | None
    field: str
    value: Any
    adds: bool

    def change(self, settings: Settings) -> None:
        """Change ``settings`` accordingly."""
        if self.adds and isinstance(self.value, tuple):
            settings[self.field] = (*settings.get(self.field, ()), *self.value)
        else:
            merge(settings, {self.field: self.value})


def read_settings(texts: Sequence[str], environments: Collection[str]) -> tuple[Setting, ...]:
    """
    Return the settings that the texts say.

    Args:
        texts: As ``Overrides.settings`` has them.
        environments: The environments that there are.

    Raises:
        ConfigError: One names an unknown environment or key, or its value does not fit.
    """
    return tuple(_read_setting(text, environments) for text in texts)


def _read_setting(text: str, environments: Collection[str]) -> Setting:
    path, equals, value = text.partition("=")
    adds = path.endswith("+")
    path = path.removesuffix("+").strip()
    name = f"--set {path}" if equals else f"--set {text}"
    try:
        environment, key, member = _split(path if equals else "", environments)
        read = _reader(key, member, adds=adds)
        read_value = read(_toml_value(value, key, member=bool(member)))
    except Misfit as misfit:
        raise ConfigError(misfit.message, key=name, hint=misfit.hint) from misfit
    return Setting(name=name, environment=environment, field=key.field, value=read_value, adds=adds)


def _reader(key: Key, member: str, *, adds: bool) -> Callable[[object], Any]:
    """Return what reads the value, where ``member`` is empty for the whole key."""
    if adds and (member or not key.kind.listed):
        raise Misfit(f"{key.name}{'.' if member else ''}{member} is no list, += can't add to it")
    if not member:
        return key.kind.read
    if not key.kind.keyed:
        raise Misfit(f"{key.name} has no members: write {key.name}=VALUE")
    return lambda value: key.kind.read({member: value})


def _split(path: str, environments: Collection[str]) -> tuple[str | None, Key, str]:
    """Return environment, key and member; an environment's name may hold dots itself."""
    if not path:
        raise Misfit("it has not the form [ENVIRONMENT.]KEY=VALUE")
    for name in sorted(environments, key=len, reverse=True):
        if path.startswith(f"{name}."):
            rest = path[len(name) + 1 :]
            key_name, _, member = rest.partition(".")
            if key_name in ENVIRONMENT_KEYS:
                return name, _settable(key_name), member
            if path.partition(".")[0] not in ENVIRONMENT_KEYS:
                raise Misfit(f'no key "{key_name}"{did_you_mean(key_name, ENVIRONMENT_KEYS)}')
    first, _, rest = path.partition(".")
    if first in ENVIRONMENT_KEYS:
        return None, _settable(first), rest
    if rest.partition(".")[0] in ENVIRONMENT_KEYS and nearest(first, ENVIRONMENT_KEYS) is None:
        raise Misfit(f'no environment "{first}"{did_you_mean(first, environments)}')
    raise Misfit(f'no key "{first}"{did_you_mean(first, ENVIRONMENT_KEYS)}')


def _settable(name: str) -> Key:
    if name == "inherits":
        raise Misfit("what an environment inherits can't be changed from outside")
    if name == "group":
        raise Misfit("what a group is can't be changed from outside")
    return ENVIRONMENT_KEYS[name]


def _toml_value(text: str, key: Key, *, member: bool) -> object:
    """
    Return what the text stands for: what TOML would have there.

    Text that begins with ``[`` or ``{`` is TOML where a list or a table can stand; empty text is
    an empty list; a comma divides names, not entries, which have commas of their own.
    """
    kind = key.kind
    if kind is FLAG:
        return {"true": True, "false": False}.get(text, text)
    if text[:1] in ("[", "{") and (kind.nested if member else kind.listed or kind.keyed):
        return _parsed(text)
    if text == "" and kind.listed and not member:
        return []
    if kind.keyed and not kind.listed and not member:
        raise Misfit(f"{key.name} is a table: write {key.name}.NAME=VALUE")
    if kind.divided and "," in text:
        return [part.strip() for part in text.split(",")]
    return text


def _parsed(text: str) -> object:
    from stagebuild.config.reading import parse_toml  # noqa: PLC0415 - rare

    try:
        return parse_toml(f"value = {text}", path="")["value"]
    except ConfigError as error:
        raise Misfit(error.message) from error
