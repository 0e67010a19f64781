"""What all builds of a project need from registries, whether its lock has it or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.planning.leaning import lean_project
from stagebuild.planning.locations import absolute
from stagebuild.planning.locking import Need, lock_path, needs_of
from stagebuild.planning.plan import describe_builds

if TYPE_CHECKING:
    from stagebuild.model import Project
    from stagebuild.planning.surroundings import Surroundings


def image_needs(project: Project, *, surroundings: Surroundings) -> tuple[Need, ...]:
    """
    Return what every build of a project needs, whatever its lock says.

    Raises:
        ConfigError: The configuration can't be used.
        DockerfileError: BuildKit would refuse a Dockerfile.
    """
    root = absolute(str(project.root), surroundings.folder)
    unlocked = surroundings.without_file(lock_path(Path(root)))
    lean = lean_project(project, surroundings.environ)
    specs = describe_builds(lean, None, surroundings=unlocked)
    return tuple(need for spec in specs for need in needs_of(spec))
