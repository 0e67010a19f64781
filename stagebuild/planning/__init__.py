"""
Project + names + surroundings -> BuildPlan. Pure: the world comes in through ``Surroundings``.

``plan`` is the entry; ``inheritance``, ``overrides`` and ``variables`` put an environment's
settings together, ``sites`` and ``entries`` check what they point to, ``resolving`` makes the
``BuildSpec`` (``spec``), and ``places`` says who wrote a value that is wrong.

Each name is imported when it is first used: who builds a spec that is there already, as a backend
does, waits for no reader of Dockerfiles, which is half of such a program's start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.lazily import names_from

if TYPE_CHECKING:
    from stagebuild.planning.git import GitFacts, GitUnavailable
    from stagebuild.planning.overrides import Overrides
    from stagebuild.planning.plan import buildable_names, describe_builds, plan_builds
    from stagebuild.planning.spec import BuildPlan, BuildSpec
    from stagebuild.planning.surroundings import Surroundings

_HOME_OF = {
    "BuildPlan": "spec",
    "BuildSpec": "spec",
    "GitFacts": "git",
    "GitUnavailable": "git",
    "Overrides": "overrides",
    "Surroundings": "surroundings",
    "buildable_names": "plan",
    "describe_builds": "plan",
    "plan_builds": "plan",
}

__all__ = [
    "BuildPlan",
    "BuildSpec",
    "GitFacts",
    "GitUnavailable",
    "Overrides",
    "Surroundings",
    "buildable_names",
    "describe_builds",
    "plan_builds",
]

__getattr__ = names_from(__name__, _HOME_OF)
