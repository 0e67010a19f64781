"""Groups: environments that build nothing themselves, and whose name stands for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.config.definitions import NAMES_OF_FIELDS
from stagebuild.config.keypaths import Misfit
from stagebuild.errors import did_you_mean
from stagebuild.model.project import Environment
from stagebuild.planning.gates import circle

if TYPE_CHECKING:
    from collections.abc import Mapping

_OWN = ("group", "description")
_NOTHING = Environment()


def check_groups(environments: Mapping[str, Environment]) -> None:
    """
    Check that every group is one, and that none leads to itself.

    Raises:
        Misfit: A group sets something that only a build has, or a member is unknown, or it is its
            own; with its settled place.
    """
    groups = {name: each.group for name, each in environments.items() if each.group is not None}
    for name, members in groups.items():
        place = ("environments", name)
        for field, key in NAMES_OF_FIELDS.items():
            if field not in _OWN and getattr(environments[name], field) != getattr(_NOTHING, field):
                raise Misfit(
                    f'"{name}" is a group, which builds nothing itself',
                    *place,
                    key,
                    settled=True,
                    hint="set it in its members, or in what they inherit",
                )
        if not members:
            raise Misfit("it has no member", *place, "group", settled=True)
        for index, member in enumerate(members):
            if member not in environments:
                others = [other for other in environments if other != name]
                message = f'no environment "{member}"{did_you_mean(member, others)}'
                raise Misfit(message, *place, "group", index, settled=True)
    found = circle(groups)
    if found is not None:
        index = groups[found[0]].index(found[1])
        message = f"it is a member of itself: {' -> '.join(found)}"
        raise Misfit(message, "environments", found[0], "group", index, settled=True)


def members(environments: Mapping[str, Environment], name: str) -> tuple[str, ...]:
    """
    Return the environments that a name stands for, groups in groups replaced by their members.

    Args:
        environments: By name; their groups have been checked.
        name: One of them, or a stage's name in a project without environments.

    Returns:
        In the order written, each once; of an environment that is no group the name itself.
    """
    found: dict[str, None] = {}
    pending = [name]
    while pending:
        each = pending.pop()
        group = environments[each].group if each in environments else None
        if group is None:
            found[each] = None
        else:
            pending += reversed(group)
    return tuple(found)
