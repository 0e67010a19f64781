"""
What a finished build hands back: the digest, the references to deploy, and where the time went.

A ``BuildResult`` is a value. Only ``sizes`` and ``platform_digests`` of a multi-platform image need
a look at the image itself; they are read when first asked for, so that a script which wants the
digest alone does not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stagebuild.model import ImageFacts
from stagebuild.model.references import Reference
from stagebuild.sizes import image_sizes
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.backends.base import SolveResponse
    from stagebuild.budgets.values import BudgetReport
    from stagebuild.model import Digest
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.sizes import ImageSizes
    from stagebuild.timeline import CacheUse, StageTiming, Timeline

Look = Callable[[], ImageFacts | None]


def _see_nothing() -> None:
    """Look at no image."""


@frozen
class BuildWarning:
    """
    One of BuildKit's own findings about the Dockerfile.

    Attributes:
        message: The finding, one line.
        detail: Further lines.
        url: A page about the rule, or None.
        path: The Dockerfile as a user would type it, or None.
        line: 1-based line, or None.
    """

    message: str
    detail: tuple[str, ...] = ()
    url: str | None = None
    path: str | None = None
    line: int | None = None


@frozen
class Attempt:
    """
    One try at a build.

    Attributes:
        number: 1 for the first.
        wall_s: How long it took, in seconds.
        error: Why it failed, or None for the one that succeeded.
        cause: What kind of failure it was, as ``registry busy``; None likewise.
        wait_s: How long the next one was waited for; 0.0 for the last.
    """

    number: int
    wall_s: float
    error: str | None = None
    cause: str | None = None
    wait_s: float = 0.0


@frozen
class BuildResult:
    """
    One environment, built.

    Attributes:
        name: The environment's name.
        spec: What was built.
        digest: Of the manifest or index, as a registry answers for it; None where no image was
            made (a local export, say).
        image_id: Digest of the image's configuration, as ``docker images --no-trunc`` shows it on
            an engine without the containerd image store; None where the engine did not say.
        is_index: Whether ``digest`` names an index: several platforms, or attestations.
        references: ``repository@sha256:…`` by tag, for every tag; empty without a digest.
        pushed: Whether the registry has it.
        timeline: Where the time went.
        warnings: BuildKit's own, in order.
        attempts: Every try, the successful one last.
        backend: Name of the backend that built it.
        versions: Version by program that took part, as ``{"buildx": "0.29.1"}``.
        metadata: What the engine or buildx answered, whole.
        look: Looks at the image, once, however often it is called.
        budget: What it came to, against its budget; None without one.
        skipped: Whether nothing was built, since nothing had changed: it is the result of an
            earlier build, found again where it was put.
    """

    name: str
    spec: BuildSpec
    digest: Digest | None
    image_id: Digest | None
    is_index: bool
    references: Mapping[str, str]
    pushed: bool
    timeline: Timeline
    warnings: tuple[BuildWarning, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    backend: str
    versions: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict, repr=False)
    look: Look = field(default=_see_nothing, repr=False, compare=False)
    budget: BudgetReport | None = None
    skipped: bool = False

    @property
    def reference(self) -> str | None:
        """
        ``repository@sha256:…``, ready to deploy; None when the image was not pushed.

        With several tags in different repositories it is that of the first tag.
        """
        if not self.pushed or not self.references:
            return None
        return next(iter(self.references.values()))

    @property
    def runnable(self) -> str | None:
        """
        What ``docker run`` takes: the reference if pushed, else the local image's ID, else None.

        An engine with the containerd image store identifies an image by its manifest's digest;
        one without has no manifest, and goes by the configuration's.
        """
        return self.reference or self.digest or self.image_id

    @property
    def stages(self) -> tuple[StageTiming, ...]:
        """Per-stage timings, in the order of the Dockerfile."""
        return self.timeline.stages

    @property
    def wall_s(self) -> float:
        """How long the caller waited, in seconds, for all attempts and between them."""
        return sum(attempt.wall_s + attempt.wait_s for attempt in self.attempts)

    @property
    def cached(self) -> float:
        """Share of steps that came from the cache, 0.0 to 1.0; 1.0 when there were none."""
        steps = sum(stage.steps for stage in self.stages)
        return sum(stage.cached_steps for stage in self.stages) / steps if steps else 1.0

    @property
    def caches(self) -> tuple[CacheUse, ...]:
        """What became of each cache import and export of the last attempt, in order of start."""
        from stagebuild.timeline.caches import cache_uses  # noqa: PLC0415 - most builds have none

        return cache_uses(self.timeline.overheads)

    @property
    def platform_digests(self) -> Mapping[str, Digest]:
        """
        Manifest digest by platform, as ``{"linux/amd64": "sha256:…"}``.

        This is the digest that stays the same when only an attestation's timestamp changed. Empty
        when no image was made, or the engine no longer has it.
        """
        facts = self.look()
        return {} if facts is None else facts.platform_digests

    @property
    def sizes(self) -> ImageSizes | None:
        """What the image weighs, per layer, step and stage; None when there is no image to see."""
        facts = self.look()
        if facts is None:
            return None
        return image_sizes(facts, stages=self.spec.stages, target=self.spec.target)


def references_of(spec: BuildSpec, digest: Digest | None) -> dict[str, str]:
    """
    Return ``repository@digest`` by tag, in the order of the tags.

    Without tags the spec's repository stands for itself; without a digest there is nothing.
    """
    if digest is None:
        return {}
    named = spec.tags or ((spec.repository,) if spec.repository else ())
    return {tag: f"{Reference.parse(tag).familiar_name}@{digest}" for tag in named}


def result_of(
    spec: BuildSpec,
    response: SolveResponse,
    *,
    timeline: Timeline,
    warnings: tuple[BuildWarning, ...],
    attempts: tuple[Attempt, ...],
    backend: str,
    look: Look,
    budget: BudgetReport | None = None,
) -> BuildResult:
    """Return the result of a build from what was asked, answered and observed."""
    return BuildResult(
        name=spec.name,
        spec=spec,
        digest=response.digest,
        image_id=response.image_id,
        is_index=response.is_index,
        references=references_of(spec, response.digest),
        pushed=spec.push or any(output.pushes for output in spec.outputs),
        timeline=timeline,
        warnings=warnings,
        attempts=attempts,
        backend=backend,
        versions=response.versions,
        metadata=response.metadata,
        look=look,
        budget=budget,
    )
