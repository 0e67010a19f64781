"""
Project + names + surroundings -> BuildPlan. Pure: the world comes in through ``Surroundings``.

``plan`` is the entry; ``inheritance``, ``overrides`` and ``variables`` put an environment's
settings together, ``sites`` and ``entries`` check what they point to, ``resolving`` makes the
``BuildSpec`` (``spec``), and ``places`` says who wrote a value that is wrong.
"""

from stagebuild.planning.git import GitFacts, GitUnavailable
from stagebuild.planning.overrides import Overrides
from stagebuild.planning.plan import buildable_names, describe_builds, plan_builds
from stagebuild.planning.spec import BuildPlan, BuildSpec
from stagebuild.planning.surroundings import Surroundings

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
