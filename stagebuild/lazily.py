"""Names of a package that are imported when they are first used: most programs use few of them."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def names_from(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """
    Return a package's ``__getattr__``, which imports a name when it is asked for and keeps it.

    Args:
        package: The package's own ``__name__``.
        homes: Module within the package, by the name that is to be found there.
    """

    def __getattr__(name: str) -> object:  # noqa: N807 - it becomes it
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(f"{package}.{home}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__
