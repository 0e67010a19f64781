"""The commands of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.commands import Command, command_of, commands_of
from stagebuild.dockerfile import Run

if TYPE_CHECKING:
    from stagebuild.dockerfile import Step


def commands_of_step(step: Step) -> tuple[Command, ...]:
    """Return the commands that a step runs; none for anything but a RUN."""
    instruction = step.expanded
    if not isinstance(instruction, Run):
        return ()
    if instruction.is_exec_form:
        return command_of(instruction.command)
    return commands_of(instruction.script)


def cache_targets(step: Step) -> tuple[str, ...]:
    """Return the folders of a RUN that are cache mounts; none for anything else."""
    instruction = step.expanded
    if not isinstance(instruction, Run):
        return ()
    mounts = (mount for mount in instruction.mounts if mount.type == "cache")
    return tuple(mount.target for mount in mounts)
