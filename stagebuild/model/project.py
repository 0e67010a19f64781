"""
What a person writes: environments and the project that they belong to, before anything is resolved.

Text may hold variables (``${NAME}``); lists may be absent (None: inherited, or the default) or
empty (given as none). ``planning`` turns an environment into a ``BuildSpec``, in which everything
is decided.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.model.builders import Builder
    from stagebuild.model.entries import (
        Attestation,
        CacheEntry,
        Output,
        Secret,
        SshForward,
        Ulimit,
    )


@frozen
class Environment:
    """
    How one environment is built. Every field may hold ``${…}`` variables, and may be left out.

    A mapping is merged with the inherited one, key by key; anything else replaces it.

    Attributes:
        inherits: Names of the environments whose settings come first, in order.
        description: One line for people.
        target: The stage to build; without one, the stage that is called like the environment.
        context: Build context: a folder relative to the project's, or a Git or HTTP URL.
        dockerfile: Path of the Dockerfile, relative to the context's folder as for docker.
        build_args: Values by name; None takes the variable of that name from the process
            environment, as ``--build-arg NAME`` does.
        labels: Image labels by name.
        annotations: Annotations of the image manifest by name, with buildx's level prefixes.
        git_metadata: Where OCI's revision, source, version and created go: ``labels``,
            ``annotations``, ``both`` or ``none``.
        reproducible: Whether times in the image are the commit's.
        tags: Image references.
        platforms: As ``linux/amd64``.
        cache: Where the build's cache is, in one word: a type, from which imports and exports
            follow that ``cache_from`` and ``cache_to`` don't give.
        cache_write: Whether ``cache`` exports, too; None means in CI only.
        cache_from: Cache imports.
        cache_to: Cache exports.
        secrets: Secrets by id.
        ssh: Agents and keys by id.
        outputs: Where the result goes; none given means the builder's default.
        attestations: What to attach; none unless asked for, so that a digest stays stable.
        network: ``default``, ``none`` or ``host`` for RUN steps.
        extra_hosts: Addresses by host name.
        ulimits: Resource limits by name, as ``nofile``.
        shm_size: Size of /dev/shm for RUN steps, as ``64m``.
        contexts: Named build contexts by name: a folder, ``docker-image://…``, a URL,
            ``oci-layout://…``, ``image:NAME``, ``image:NAME@ENVIRONMENT``, ``image:@ENVIRONMENT``.
        no_cache: Whether every step runs anew.
        no_cache_filter: Stages whose steps run anew.
        pull: Whether base images are looked up in the registry even if the engine has them.
        builder: Name of the buildx builder, one of the project's or another; None is the selected
            one.
        push: Whether the image is pushed to the registry of its tags.
        load: Whether the image is loaded into the engine's image store.
        requires: Environments that must be built before this one is published: its gates.
        group: Environments that its name stands for; it builds nothing itself then.
        matrix: Values by axis; the environment is built once for each combination.
        matrix_exclude: Combinations that are left out: those that have all of these values.
        matrix_include: Combinations that are built besides.
        tag_stages: Image reference by stage: further images, tagged in the same run.
        retries: How often a build is tried again that failed in a way that may pass.
        retry_budget: How long the waits between all attempts may take together, as ``5m``.
        retry_limits: How often at most by class of failure, as ``registry-busy``.
        retry_steps: Stages whose failing RUN and COPY steps are tried again, too.
        timeout: How long the build may take, as ``30m``.
        idle_timeout: How long nothing may be heard of it, as ``5m``.
        budget: What the image may come to, by the keys of the configuration:
            ``{"size": "120MB", "forbid": ("gcc", "pip"), "user": "non-root"}``.
    """

    inherits: tuple[str, ...] = ()
    description: str | None = None
    target: str | None = None
    context: str | None = None
    dockerfile: str | None = None
    build_args: Mapping[str, str | None] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    git_metadata: str | None = None
    reproducible: bool | None = None
    tags: tuple[str, ...] | None = None
    platforms: tuple[str, ...] | None = None
    cache: CacheEntry | None = None
    cache_write: bool | None = None
    cache_from: tuple[CacheEntry, ...] | None = None
    cache_to: tuple[CacheEntry, ...] | None = None
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    ssh: Mapping[str, SshForward] = field(default_factory=dict)
    outputs: tuple[Output, ...] | None = None
    attestations: tuple[Attestation, ...] | None = None
    network: str | None = None
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    ulimits: Mapping[str, Ulimit] = field(default_factory=dict)
    shm_size: str | None = None
    contexts: Mapping[str, str] = field(default_factory=dict)
    no_cache: bool | None = None
    no_cache_filter: tuple[str, ...] | None = None
    pull: bool | None = None
    builder: str | None = None
    push: bool | None = None
    load: bool | None = None
    requires: tuple[str, ...] | None = None
    group: tuple[str, ...] | None = None
    matrix: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    matrix_exclude: tuple[Mapping[str, str], ...] | None = None
    matrix_include: tuple[Mapping[str, str], ...] | None = None
    tag_stages: Mapping[str, str] = field(default_factory=dict)
    retries: int | None = None
    retry_budget: str | None = None
    retry_limits: Mapping[str, int] = field(default_factory=dict)
    retry_steps: tuple[str, ...] | None = None
    timeout: str | None = None
    idle_timeout: str | None = None
    budget: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@frozen
class Image:
    """
    One of several images of a project. Every environment applies to each that has its stage.

    What an image says of itself wins over what the environment says of all of them; tables are
    merged, key by key.

    Attributes:
        description: One line for people.
        context: Build context; without one the environment's.
        dockerfile: Path of the Dockerfile, relative to the context's folder.
        repository: Image repository, ``${repository}`` for this image; without one the project's,
            with the image's name appended.
        contexts: Named build contexts; ``image:NAME`` and ``image:NAME@ENVIRONMENT`` are other
            images of the project.
        build_args: Values by name.
    """

    description: str | None = None
    context: str | None = None
    dockerfile: str | None = None
    repository: str | None = None
    contexts: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, str | None] = field(default_factory=dict)


@frozen
class Checks:
    """
    How a project is checked.

    Attributes:
        ignore: Ids of rules that don't count.
        production: Environments whose images are shipped; None means those that are called so.
    """

    ignore: tuple[str, ...] = ()
    production: tuple[str, ...] | None = None


@frozen
class Origin:
    """
    Where a project was written down, so that an error can point at it.

    Attributes:
        path: The file as the user would type it.
        lines: 1-based line by dotted key path, as ``environments.prod.target`` or
            ``environments.prod.tags[1]``.
    """

    path: str
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)

    def line(self, key: str) -> int | None:
        """Return the line of ``key``, or of the nearest key around it that the file has."""
        while key:
            if key in self.lines:
                return self.lines[key]
            cut = max(key.rfind("."), key.rfind("["))
            key = key[:cut] if cut > 0 else ""
        return None


@frozen
class Project:
    """
    Everything that can be built from one place, as written.

    Attributes:
        root: The project's folder, which relative paths are relative to.
        name: For people, and ``${project}``; None means the folder's name.
        repository: Image repository without a tag, ``${repository}``; it makes the result's
            ``reference`` when an environment has no tags of its own.
        context: Default build context of every environment.
        dockerfile: Default Dockerfile of every environment.
        variables: Variables by name; the process environment and the command line override them.
        environments: Environments by name; None means that there is no configuration, and every
            named stage of the Dockerfile is an environment.
        checks: How it is checked.
        images: Images by name; none means that there is one, which has no name.
        builders: buildx builders by name, which are made where they are missing.
        origin: The configuration file, or None when there is none.
    """

    root: Path = field(default_factory=Path)
    name: str | None = None
    repository: str | None = None
    context: str = "."
    dockerfile: str = "Dockerfile"
    variables: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, Environment] | None = None
    images: Mapping[str, Image] = field(default_factory=dict)
    builders: Mapping[str, Builder] = field(default_factory=dict)
    checks: Checks = field(default_factory=Checks)
    origin: Origin | None = None
