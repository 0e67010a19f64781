"""What is known of a machine and a project, and what is said of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.backends.buildx.discovery import Builder
    from stagebuild.backends.sdk.inspection import EngineState
    from stagebuild.errors import StagebuildError


class Verdict(StrEnum):
    """How something is. A problem keeps builds from working, a caution may do so."""

    GOOD = "good"
    CAUTION = "caution"
    PROBLEM = "problem"


@frozen
class Finding:
    """
    What is said of one thing.

    Attributes:
        subject: What it is about, as ``image store``.
        verdict: How it is.
        text: What was found, half a sentence.
        remedy: What to do, or "".
    """

    subject: str
    verdict: Verdict
    text: str
    remedy: str = ""


@frozen
class Registry:
    """
    A registry that the project uses.

    Attributes:
        host: As ``ghcr.io``.
        user: Whom it is used as, "" for nobody; a token's user is ``<token>``.
        error: Why the credentials can't be had, or "".
        is_pushed_to: Whether images or caches are sent there.
    """

    host: str
    user: str
    error: str
    is_pushed_to: bool


@frozen
class Disk:
    """
    A file system.

    Attributes:
        path: A folder in it.
        free_bytes: What can be written.
        total_bytes: Its size.
    """

    path: str
    free_bytes: int
    total_bytes: int


@frozen
class DefinedBuilder:
    """
    A builder that the project defines, and environments name.

    Attributes:
        driver: As ``remote``.
        nodes: How many it has to have.
        missing: How many of them are yet to be made.
        error: Why it can't be made, or is another than it should be; None when all is well.
    """

    driver: str
    nodes: int
    missing: int = 0
    error: StagebuildError | None = None


@frozen
class Wanted:
    """
    What the project's environments need of a builder.

    Attributes:
        path: The configuration or Dockerfile.
        environments: Those that can be built.
        platforms: Environments by platform that they name.
        builders: Environments by builder that they name.
        features: Environments by feature that not every engine has.
        defined: Those of the builders that the project defines, by name.
        caches: Environments that name no builder, by type of cache that they use, as ``registry``.
    """

    path: str
    environments: tuple[str, ...] = ()
    platforms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    builders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defined: Mapping[str, DefinedBuilder] = field(default_factory=dict)
    caches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@frozen
class Facts:
    """
    What was looked at.

    Attributes:
        now_s: This machine's clock when the engine was asked.
        engine: The engine, or why there is none.
        buildx: Its version, or None when there is none.
        builders: buildx's builders, or why they can't be listed.
        in_use: Name of the builder that is used when none is named, or None.
        disks: File systems that builds write to.
        registries: Those of the project.
        wanted: What the project needs, why it can't be read, or None where there is none.
        variables: Names of the variables that are set, of those that caches need.
        backend: Name of the backend that builds when none is asked for, and why that one; None
            where nobody looked.
    """

    now_s: float
    engine: EngineState | StagebuildError
    buildx: str | None
    builders: tuple[Builder, ...] | StagebuildError
    in_use: str | None = None
    disks: tuple[Disk, ...] = ()
    registries: tuple[Registry, ...] = ()
    wanted: Wanted | StagebuildError | None = None
    variables: frozenset[str] = frozenset()
    backend: tuple[str, str] | None = None
