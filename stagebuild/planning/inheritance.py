"""Environments and what they inherit: who comes before whom, and the settings that result."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from stagebuild.config.definitions import NAMES_OF_FIELDS
from stagebuild.config.keypaths import Misfit, within
from stagebuild.config.plain import expected
from stagebuild.errors import did_you_mean
from stagebuild.model.entries import CacheEntry
from stagebuild.model.project import Environment
from stagebuild.values import field_types

if TYPE_CHECKING:
    from collections.abc import Sequence

Settings = dict[str, Any]
"""Values by field of ``Environment``; what is not given is not in it."""

_NOT_MERGED = frozenset({"inherits", "description", "group"})
_SHAPES: dict[str, tuple[str, Any]] = {
    "Mapping": ("a table by name", Mapping),
    "tuple": ("a list", (tuple, list)),
    "bool": ("true or false", bool),
    "int": ("a whole number", int),
    "CacheEntry": ("a cache", CacheEntry),
    "str": ("text", str),
}
_FIELDS = {
    name: kind.partition("[")[0].partition(" ")[0]
    for name, kind in field_types(Environment).items()
    if name not in _NOT_MERGED
}
COUNTS = frozenset(name for name, shape in _FIELDS.items() if shape == "int")
"""The fields that hold a number, so that there is no text in them."""

_values_of = attrgetter(*_FIELDS)


def settings_of(environment: Environment) -> Settings:
    """
    Return what one environment itself sets. An empty table sets nothing, an empty list does.

    Raises:
        Misfit: A field holds something else than its type says, which only Python can write.
    """
    settings: Settings = {}
    values: tuple[Any, ...] = _values_of(environment)
    for (field, shape), value in zip(_FIELDS.items(), values, strict=True):
        if value is None:
            continue
        what, kind = _SHAPES[shape]
        if not isinstance(value, kind):
            raise expected(what, value).inside(NAMES_OF_FIELDS[field])
        if shape == "Mapping":
            if value:
                settings[field] = dict(value)
        else:
            settings[field] = tuple(value) if shape == "tuple" else value
    return settings


def merge(settings: Settings, later: Mapping[str, Any]) -> None:
    """Change ``settings`` by what comes later: tables key by key, anything else as a whole."""
    for field, value in later.items():
        before = settings.get(field)
        if isinstance(before, dict) and isinstance(value, dict):
            settings[field] = {**before, **value}
        else:
            settings[field] = value


class Lineages:
    """
    The ancestors of every environment of a project.

    Args:
        environments: By name.

    Raises:
        Misfit: A parent is unknown, or an environment inherits itself; with its settled place.
    """

    def __init__(self, environments: Mapping[str, Environment]) -> None:
        self._environments = environments
        self._lines: dict[str, tuple[str, ...]] = {}
        self._own: dict[str, Settings] = {}
        self._merged: dict[str, Settings] = {}
        for name in environments:
            if name not in self._lines:
                self._trace(name)

    def of(self, name: str) -> tuple[str, ...]:
        """Return the environments whose settings make up ``name``, earliest first, itself last."""
        return self._lines[name]

    def settings(self, name: str) -> Settings:
        """Return the settings of ``name`` with all that it inherits. Not to be changed."""
        pending = [name]
        while pending[-1] not in self._merged:
            parents = self._environments[pending[-1]].inherits
            if len(parents) != 1:
                break
            pending.append(parents[0])
        for each in reversed(pending):
            if each not in self._merged:
                self._merged[each] = self._put_together(each)
        return self._merged[name]

    def _put_together(self, name: str) -> Settings:
        """Return the settings of ``name``; those of an only parent are known already."""
        parents = self._environments[name].inherits
        merged: Settings = dict(self._merged[parents[0]]) if len(parents) == 1 else {}
        for ancestor in (name,) if merged else self._lines[name]:
            merge(merged, self.own(ancestor))
        return merged

    def own(self, name: str) -> Settings:
        """Return what ``name`` itself sets."""
        own = self._own.get(name)
        if own is None:
            with within("environments", name, settled=True):
                own = self._own[name] = settings_of(self._environments[name])
        return own

    def author(self, name: str, place: Sequence[str | int]) -> str:
        """
        Return the environment in the line of ``name`` that wrote a value.

        Args:
            name: The environment that is resolved.
            place: The field, and below it the key of a table or the index of a list.
        """
        field, *below = place
        for ancestor in reversed(self._lines[name]):
            own = self.own(ancestor)
            if field not in own:
                continue
            value = own[field]
            if not (below and isinstance(value, dict)) or below[0] in value:
                return ancestor
        return name

    def _trace(self, start: str) -> None:
        """Find the lines of ``start`` and of all its ancestors, without recursion."""
        path = [start]
        while path:
            name = path[-1]
            parents: Any = self._environments[name].inherits
            if isinstance(parents, str):
                with within("environments", name, "inherits", settled=True):
                    raise expected("a list of environments", parents)
            pending = None
            for index, parent in enumerate(parents):
                place = ("environments", name, "inherits", index)
                if parent not in self._environments:
                    others = [other for other in self._environments if other != name]
                    raise Misfit(
                        f'no environment "{parent}"{did_you_mean(parent, others)}',
                        *place,
                        settled=True,
                    )
                if parent in path:
                    circle = " -> ".join([*path[path.index(parent) :], parent])
                    raise Misfit(f"it inherits itself: {circle}", *place, settled=True)
                if parent not in self._lines:
                    pending = parent
                    break
            if pending is not None:
                path.append(pending)
                continue
            line = [ancestor for parent in parents for ancestor in self._lines[parent]]
            self._lines[name] = tuple(dict.fromkeys([*line, name]))
            path.pop()
