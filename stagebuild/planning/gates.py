"""Gates of a plan: who requires whom, and what a gate is that was not asked for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stagebuild.planning.inheritance import Settings
    from stagebuild.planning.spec import BuildSpec

# What the command line says of the image that it names, and not of what goes into it.
_OF_THE_IMAGE = frozenset(
    {
        "annotations",
        "attestations",
        "cache_to",
        "git_metadata",
        "labels",
        "load",
        "outputs",
        "platforms",
        "push",
        "tags",
        "target",
    }
)


def concerns_gates(field: str) -> bool:
    """
    Return whether an override of every environment also holds for gates that were not named.

    ``--build-arg`` does, since a gate has to try what is shipped; ``--push`` and ``--tag`` don't.
    """
    return field not in _OF_THE_IMAGE


def for_gates(literal: Settings) -> Settings:
    """Return the overrides of every environment that hold for gates, too."""
    return {field: value for field, value in literal.items() if concerns_gates(field)}


def as_gate(spec: BuildSpec) -> BuildSpec:
    """Return the spec of a gate that nobody named: without tags or outputs it makes no image."""
    if spec.tags or spec.outputs or spec.push or spec.load:
        return spec
    from stagebuild.model.entries import Output  # noqa: PLC0415 - for types only above

    return replaced(spec, outputs=(Output(type="cacheonly"),))


def circle(requires: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """
    Return names of which each requires the next, and the last is the first again; or None.

    Args:
        requires: By name; a name that is no key requires nothing.
    """
    done: set[str] = set()
    for start in requires:
        if start in done:
            continue
        path: dict[str, Iterable[str]] = {start: iter(requires[start])}
        while path:
            name, pending = next(reversed(path.items()))
            following = next(iter(pending), None)
            if following is None:
                done.add(name)
                del path[name]
            elif following in path:
                names = list(path)
                return (*names[names.index(following) :], following)
            elif following not in done:
                path[following] = iter(requires.get(following, ()))
    return None
