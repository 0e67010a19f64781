"""
What a backend builds: everything decided, no variables left, nothing to look up.

A ``BuildSpec`` is the seam between deciding and doing. Two equal specs mean the same request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stagebuild.dockerfile import StageGraph
    from stagebuild.model import (
        Attestation,
        Budget,
        Builder,
        CacheEntry,
        Digest,
        Output,
        Platform,
        Project,
        Secret,
        SshForward,
        Ulimit,
    )

DEFAULT_RETRIES = 3
"""How often a build is tried again unless it says otherwise; for some failures less."""


@frozen
class BuildSpec:
    """
    One build, of one environment.

    Attributes:
        name: The environment's name; unique within a plan.
        root: Absolute folder of the project; relative paths below are relative to it.
        context: Absolute folder of the build context, or a Git or HTTP URL.
        dockerfile: Absolute path of the Dockerfile; for a remote context a path within it.
        dockerfile_shown: The same as a user would type it, for messages.
        target: The stage to build; None for the last one.
        build_args: Values by name. Those that came from the process environment are in here too.
        labels: Image labels.
        annotations: Annotations, keys with buildx's level prefixes.
        tags: Image references, tag included.
        repository: Repository for ``reference`` where there are no tags, or None.
        platforms: None listed means the builder's own.
        cache_from: Cache imports, in order of preference.
        cache_to: Cache exports.
        secrets: Secrets by id; sources only, never values. File paths are absolute.
        held_secrets: What commands printed, by the secret's id. No plan has it: a run gives it to
            a backend alone.
        ssh: Agents and keys by id.
        outputs: Where the result goes, besides ``push`` and ``load``; ``dest`` is absolute.
        attestations: What to attach.
        network: ``default``, ``none``, ``host``; None for the engine's default.
        extra_hosts: Addresses by host name.
        ulimits: Resource limits by name.
        shm_size_bytes: Size of /dev/shm, or None.
        contexts: Named build contexts; local folders are absolute.
        no_cache: Whether every step runs anew.
        no_cache_filter: Stages whose steps run anew.
        pull: Whether base images are looked up anew.
        builder: Name of the buildx builder, or None for the selected one.
        builder_definition: What that builder has to be, and is made as where it is missing; None
            when the project does not define it. Paths are absolute.
        push: Whether to push to the registry of the tags.
        load: Whether to load into the engine's image store.
        default_tag: Reference that a pushed image without tags gets, or None without a repository.
        bases: Builds of the same plan by the named context that their image is.
        tag_stages: Image reference by stage, of which the plan has a build each.
        requires: Names of the builds of the same plan that must succeed before anything of this
            one is published.
        retries: How many attempts may follow one that failed in a way that may pass.
        retry_budget_s: How long the waits before them may take together; None for the default.
        retry_limits: How many of them at most by class of failure: one of ``RETRIED``.
        retry_steps: Stages whose failing RUN and COPY steps are worth another attempt, too.
        timeout_s: How long the build may take, attempts and waits included; None is for ever.
        idle_timeout_s: How long nothing may be heard of it; None likewise.
        reproducible: Whether the times in the image are that of its build arg
            ``SOURCE_DATE_EPOCH``, files included.
        locked: Digest by base image, which the lock has: ``docker.io/library/alpine:3.20``.
        budget: What the image may come to, or None.
        recorded: Whether the engine's own list of builds is to have it, where that can be chosen;
            the solves that publish nothing are parts of a build that has an entry.
        graph: Returns the Dockerfile's stages, the same each time it is called; None for a remote
            context. Usually called already by ``plan_builds``, which refuses what it raises.
        graph_for: Returns the stages as they are for another platform, or None as ``graph``.
    """

    name: str
    root: Path
    context: str
    dockerfile: str
    dockerfile_shown: str
    target: str | None
    build_args: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    repository: str | None = None
    platforms: tuple[Platform, ...] = ()
    cache_from: tuple[CacheEntry, ...] = ()
    cache_to: tuple[CacheEntry, ...] = ()
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    ssh: Mapping[str, SshForward] = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    network: str | None = None
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    ulimits: Mapping[str, Ulimit] = field(default_factory=dict)
    shm_size_bytes: int | None = None
    contexts: Mapping[str, str] = field(default_factory=dict)
    no_cache: bool = False
    no_cache_filter: tuple[str, ...] = ()
    pull: bool = False
    builder: str | None = None
    builder_definition: Builder | None = None
    push: bool = False
    load: bool = False
    default_tag: str | None = None
    bases: Mapping[str, str] = field(default_factory=dict)
    tag_stages: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    retries: int = DEFAULT_RETRIES
    retry_budget_s: float | None = None
    retry_limits: Mapping[str, int] = field(default_factory=dict)
    retry_steps: tuple[str, ...] = ()
    timeout_s: float | None = None
    idle_timeout_s: float | None = None
    reproducible: bool = False
    locked: Mapping[str, Digest] = field(default_factory=dict)
    budget: Budget | None = None
    recorded: bool = True
    held_secrets: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    graph: Callable[[], StageGraph] | None = field(default=None, compare=False, repr=False)
    graph_for: Callable[[Platform], StageGraph] | None = field(
        default=None, compare=False, repr=False
    )

    @property
    def has_unnamed_annotations(self) -> bool:
        """
        Whether there are annotations and no output is named: then one has to be, for buildx.

        It writes annotations into outputs that are named alone. Source: docker/buildx build/opt.go.
        """
        return bool(self.annotations) and not (self.outputs or self.load or self.push)

    @property
    def stages(self) -> StageGraph | None:
        """
        The Dockerfile's stages, resolved for this build, or None for a remote context.

        Raises:
            DockerfileError: BuildKit would refuse the Dockerfile for this build.
        """
        return None if self.graph is None else self.graph()


@frozen
class BuildPlan:
    """
    What ``execute`` will do.

    Attributes:
        project: Where the specs came from.
        specs: What was asked for, in that order, then what that requires or is based on and was
            not asked for itself; each build once.
        gates: Names of the latter.
    """

    project: Project
    specs: tuple[BuildSpec, ...]
    gates: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> BuildSpec:
        """
        Return the spec called ``name``.

        Raises:
            KeyError: The plan has none.
        """
        for spec in self.specs:
            if spec.name == name:
                return spec
        raise KeyError(name)
