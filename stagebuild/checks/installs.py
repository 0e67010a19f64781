"""What commands install, and what they take away again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.checks.commands import Command

_SYSTEM = {
    "apt-get": ("install",),
    "apt": ("install",),
    "aptitude": ("install",),
    "apk": ("add",),
    "dnf": ("install",),
    "microdnf": ("install",),
    "yum": ("install",),
    "zypper": ("install", "in"),
}
_REMOVALS = frozenset(("purge", "remove", "autoremove", "del", "erase", "rm"))
_PACKAGE = re.compile(r"[a-z0-9@.][A-Za-z0-9+._@-]*")
_WITH_VALUE = frozenset(("-t", "--virtual", "--target-release", "-o", "-c", "--repository", "-X"))


@frozen
class Install:
    """
    Packages that one command installs.

    Attributes:
        command: The command.
        packages: Their names, versions cut off.
        virtual: The name under which apk takes them away again, or "".
    """

    command: Command
    packages: tuple[str, ...]
    virtual: str = ""


def system_installs(commands: Sequence[Command]) -> Iterator[Install]:
    """Yield what the distribution's package manager installs and a later command leaves there."""
    for at, command in enumerate(commands):
        if command.verb not in _SYSTEM.get(command.program, ()):
            continue
        install = _install(command)
        kept = tuple(_kept(install, commands[at + 1 :]))
        if kept:
            yield Install(command=command, packages=kept, virtual=install.virtual)


def is_system_install(command: Command) -> bool:
    """Say whether the command installs packages of the distribution."""
    return command.verb in _SYSTEM.get(command.program, ())


def _install(command: Command) -> Install:
    packages: list[str] = []
    virtual = ""
    skipped = ""
    for word in command.words:
        if skipped:
            virtual = word if skipped in ("-t", "--virtual") else virtual
            skipped = ""
        elif word.startswith("--virtual="):
            virtual = word.partition("=")[2]
        elif word in _WITH_VALUE:
            skipped = word
        elif word != command.verb and _PACKAGE.fullmatch(name := re.split("[=~<>]", word)[0]):
            packages.append(name)
    return Install(command=command, packages=tuple(packages), virtual=virtual)


def _kept(install: Install, later: Sequence[Command]) -> Iterator[str]:
    """Yield the packages that no later command of the same script removes."""
    removed: set[str] = set()
    for command in later:
        if command.program in _SYSTEM and command.verb in _REMOVALS:
            removed.update(command.plain_words)
            # The official images mark what they need as manual, and remove all the rest.
            if command.has("--auto-remove", "autoremove") and len(command.plain_words) == 1:
                return
    if install.virtual and install.virtual in removed:
        return
    yield from (package for package in install.packages if package not in removed)
