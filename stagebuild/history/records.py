"""
What is remembered of a build, as values, and as the JSON documents that they are kept as.

Times are seconds, to the millisecond; positions in time are seconds since the epoch by this
machine's clock. Sizes are bytes. Nothing here holds a secret: commands and errors are redacted
before they become a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.history.prints import print_document, print_of
from stagebuild.values import field, field_values, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.fingerprint.values import StepPrint

DOCUMENT_VERSION = 1

Json = dict[str, Any]


@frozen
class StepRecord:
    """
    One instruction of a build.

    Attributes:
        number: The i of BuildKit's ``[stage i/n]``.
        command: As BuildKit prints it, without its leading bracket.
        busy_s: How long it ran; 0.0 when it came from the cache.
        cached: Whether it came from the cache.
    """

    number: int
    command: str
    busy_s: float
    cached: bool


@frozen
class StageRecord:
    """
    One stage of a build, on one platform.

    Attributes:
        name: As in the Dockerfile; ``stage-N`` for an unnamed one.
        platform: What it was built for, when the engine named it.
        busy_s: Time during which at least one of its steps ran.
        steps: Its steps, by number.
        size_bytes: What its layers weigh in the image, or None when nobody looked.
    """

    name: str
    platform: str | None
    busy_s: float
    steps: tuple[StepRecord, ...]
    size_bytes: int | None = None

    @property
    def ran(self) -> tuple[int, ...]:
        """Numbers of the steps that ran: only builds that agree in these can be compared."""
        return tuple(step.number for step in self.steps if not step.cached)

    @property
    def label(self) -> str:
        """The name, and the platform where there is one."""
        return self.name if self.platform is None else f"{self.name} {self.platform}"


@frozen
class LayerRecord:
    """
    One layer of the image.

    Attributes:
        created_by: The instruction, as the image's history tells it.
        size_bytes: Its size.
        stage: Its stage, or None for the base image's.
    """

    created_by: str
    size_bytes: int
    stage: str | None = None


@frozen
class BudgetRecord:
    """
    One key of a budget, as it was checked.

    Attributes:
        key: As ``size``.
        limit: What was allowed, in words.
        actual: What it came to, in words.
        met: Whether it was kept.
        platform: As ``linux/amd64``, or None.
    """

    key: str
    limit: str
    actual: str
    met: bool
    platform: str | None = None


@frozen
class GitState:
    """
    The checkout that was built.

    Attributes:
        sha: The commit.
        branch: The branch, or None when HEAD is detached.
        dirty: Whether a tracked file differed from the commit.
    """

    sha: str
    branch: str | None
    dirty: bool


@frozen
class Machine:
    """
    Where stagebuild ran; the engine may be elsewhere.

    Attributes:
        name: Host name.
        system: As ``Linux x86_64``.
        processors: How many there are.
    """

    name: str
    system: str
    processors: int


@frozen
class BuildRecord:
    """
    One build, as remembered.

    Attributes:
        uid: Names the build everywhere, 32 hex digits.
        environment: Its name.
        target: The stage that was built, or None for the last one.
        platforms: As ``linux/amd64``; empty for the builder's own.
        outcome: One of OUTCOMES.
        error: Why it failed, one redacted line, or None.
        started_s: When it was handed to the backend.
        wall_s: How long the caller waited, all attempts together.
        attempts: How many there were.
        digest: Of the manifest or index, or None.
        image_id: Of the configuration, or None.
        is_index: Whether the digest is an index's.
        pushed: Whether a registry got it.
        tags: Its tags.
        size_bytes: Sum of the layers, or None when nobody looked.
        compressed: Whether sizes are those of a registry.
        unpacked_bytes: Sum of the layers, unpacked, or None when no budget made anybody look.
        budget: What was checked of its budget.
        stages: In the order of the Dockerfile.
        layers: From the base up.
        overheads: Seconds by kind, as ``{"push": 1.2}``.
        backend: As ``buildx``.
        builder: What has the cache: the builder's name, else the engine's address.
        versions: By program, stagebuild's own among them.
        git: The checkout, or None outside of one.
        machine: Where stagebuild ran, or None.
        prints: Fingerprints of the steps whose results the engine then had.
        image_key: That of the image, or None when it is not known.
        delivery: What became of the image, and its gates, as text; see ``delivery_key``.
        gates: What it was published after; each has passed.
    """

    uid: str
    environment: str
    target: str | None
    platforms: tuple[str, ...] = ()
    outcome: str
    error: str | None = None
    started_s: float
    wall_s: float
    attempts: int = 1
    digest: str | None = None
    image_id: str | None = None
    is_index: bool = False
    pushed: bool = False
    tags: tuple[str, ...] = ()
    size_bytes: int | None = None
    compressed: bool = False
    unpacked_bytes: int | None = None
    budget: tuple[BudgetRecord, ...] = ()
    stages: tuple[StageRecord, ...] = ()
    layers: tuple[LayerRecord, ...] = ()
    overheads: Mapping[str, float] = field(default_factory=dict)
    backend: str = ""
    builder: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    git: GitState | None = None
    machine: Machine | None = None
    prints: tuple[StepPrint, ...] = field(default=(), repr=False)
    image_key: str | None = None
    delivery: str | None = None
    gates: tuple[str, ...] = ()

    @property
    def steps(self) -> int:
        """How many steps the engine announced."""
        return sum(len(stage.steps) for stage in self.stages)

    @property
    def cached_steps(self) -> int:
        """How many of them came from the cache."""
        return sum(step.cached for stage in self.stages for step in stage.steps)

    @property
    def cached(self) -> float:
        """Share of steps from the cache, 0.0 to 1.0; 1.0 when there were none."""
        return self.cached_steps / self.steps if self.steps else 1.0


OUTCOMES = ("built", "failed", "canceled", "skipped", "promoted")


def document_of(record: BuildRecord) -> Json:
    """Return the record as JSON; ``record_of`` reads it back."""
    return {
        "version": DOCUMENT_VERSION,
        "uid": record.uid,
        "environment": record.environment,
        "target": record.target,
        "platforms": list(record.platforms),
        "outcome": record.outcome,
        "error": record.error,
        "started_s": record.started_s,
        "wall_s": record.wall_s,
        "attempts": record.attempts,
        "digest": record.digest,
        "image_id": record.image_id,
        "is_index": record.is_index,
        "pushed": record.pushed,
        "tags": list(record.tags),
        "size_bytes": record.size_bytes,
        "compressed": record.compressed,
        "unpacked_bytes": record.unpacked_bytes,
        "budget": [field_values(check) for check in record.budget],
        "cached": round(record.cached, 6),
        "stages": [_stage_document(stage) for stage in record.stages],
        "layers": [[layer.created_by, layer.size_bytes, layer.stage] for layer in record.layers],
        "overheads": dict(record.overheads),
        "backend": record.backend,
        "builder": record.builder,
        "versions": dict(record.versions),
        "git": None
        if record.git is None
        else {"sha": record.git.sha, "branch": record.git.branch, "dirty": record.git.dirty},
        "machine": None
        if record.machine is None
        else {
            "name": record.machine.name,
            "system": record.machine.system,
            "processors": record.machine.processors,
        },
        "prints": [print_document(step) for step in record.prints],
        "image_key": record.image_key,
        "delivery": record.delivery,
        "gates": list(record.gates),
    }


def _stage_document(stage: StageRecord) -> Json:
    return {
        "name": stage.name,
        "platform": stage.platform,
        "busy_s": stage.busy_s,
        "size_bytes": stage.size_bytes,
        "steps": [
            {
                "number": step.number,
                "command": step.command,
                "busy_s": step.busy_s,
                "cached": step.cached,
            }
            for step in stage.steps
        ],
    }


def record_of(document: Json) -> BuildRecord:
    """
    Return the record that a document holds. Fields that it lacks get their defaults.

    Raises:
        ValueError: It is no such document, or one of a newer version.
    """
    try:
        if document["version"] > DOCUMENT_VERSION:
            raise ValueError(f"a record of version {document['version']}, which is newer than ours")
        git, machine = document.get("git"), document.get("machine")
        return BuildRecord(
            uid=str(document["uid"]),
            environment=str(document["environment"]),
            target=document.get("target"),
            platforms=tuple(document.get("platforms", ())),
            outcome=str(document["outcome"]),
            error=document.get("error"),
            started_s=float(document["started_s"]),
            wall_s=float(document["wall_s"]),
            attempts=int(document.get("attempts", 1)),
            digest=document.get("digest"),
            image_id=document.get("image_id"),
            is_index=bool(document.get("is_index")),
            pushed=bool(document.get("pushed")),
            tags=tuple(document.get("tags", ())),
            size_bytes=document.get("size_bytes"),
            compressed=bool(document.get("compressed")),
            unpacked_bytes=document.get("unpacked_bytes"),
            budget=tuple(BudgetRecord(**check) for check in document.get("budget", ())),
            stages=tuple(_stage_of(stage) for stage in document.get("stages", ())),
            layers=tuple(
                LayerRecord(created_by=created_by, size_bytes=size_bytes, stage=stage)
                for created_by, size_bytes, stage in document.get("layers", ())
            ),
            overheads=dict(document.get("overheads", {})),
            backend=str(document.get("backend", "")),
            builder=document.get("builder"),
            versions=dict(document.get("versions", {})),
            git=None if git is None else GitState(**git),
            machine=None if machine is None else Machine(**machine),
            prints=tuple(print_of(step) for step in document.get("prints", ())),
            image_key=document.get("image_key"),
            delivery=document.get("delivery"),
            gates=tuple(document.get("gates", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no record of a build: {error!r}") from error


def _stage_of(document: Json) -> StageRecord:
    return StageRecord(
        name=document["name"],
        platform=document.get("platform"),
        busy_s=float(document["busy_s"]),
        size_bytes=document.get("size_bytes"),
        steps=tuple(
            StepRecord(
                number=int(step["number"]),
                command=str(step["command"]),
                busy_s=float(step["busy_s"]),
                cached=bool(step["cached"]),
            )
            for step in document["steps"]
        ),
    )
