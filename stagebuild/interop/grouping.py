"""Named sets of another tool's builds -> environments with ``group``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stagebuild.interop.imported import Table


def with_groups(
    environments: Mapping[str, Table],
    groups: Mapping[str, Sequence[str]],
    *,
    kind: str,
    warn: Callable[[str], None],
) -> dict[str, Table]:
    """
    Return the environments, and after them one for each group.

    Args:
        environments: What is built, by name.
        groups: Names of environments and of other groups, by the group's name.
        kind: What the other tool calls a group: it is put before the name where an environment
            has that already.
        warn: Is told of those, and of groups without members.
    """
    names = {name: f"{kind}-{name}" if name in environments else name for name in groups}
    found = dict(environments)
    for name, members in groups.items():
        if list(members) == [name] and name in environments:
            continue  # the environment is all of it
        if names[name] != name:
            warn(f"{kind} {name}: {name} is built already, so the group is called {names[name]}")
        kept = [
            member if member in environments else names[member]
            for member in dict.fromkeys(members)
            if member in environments or member in names
        ]
        if kept:
            found[names[name]] = {"group": kept}
        else:
            warn(f"{kind} {name}: nothing of it is built")
    return found
