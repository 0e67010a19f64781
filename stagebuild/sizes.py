"""
What an image weighs, and which step and stage each layer came from.

Pure. An image's history has one entry per instruction, in order, those that made no layer
included; the newest entries are the target stage's, and before them come those of the stages that
it is built FROM. So the entries are matched with the Dockerfile's instructions from the end; what
is left over at the front belongs to the base image.

Source: the OCI image specification, config.md, "history"; moby/buildkit
frontend/dockerfile/dockerfile2llb/convert.go (commitToHistory).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile import StageSource
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.dockerfile import StageGraph
    from stagebuild.model import ImageFacts

BASE = "(base image)"

# Instructions that leave no entry in the image's history.
_SILENT = frozenset({"FROM", "ONBUILD"})


@frozen
class LayerSize:
    """
    One layer of an image.

    Attributes:
        digest: Of the layer as stored or as transferred, or None where the engine does not say.
        size_bytes: Its size; see ``ImageSizes.compressed`` for of what.
        created_by: The instruction, as the image's history tells it.
        stage: Its stage, or None for a layer of the base image.
        line: 1-based line of the instruction, or None.
    """

    digest: str | None
    size_bytes: int
    created_by: str
    stage: str | None = None
    line: int | None = None


@frozen
class ImageSizes:
    """
    What an image weighs.

    Attributes:
        total_bytes: Sum of the layers.
        layers: From the base up; layers without content are left out.
        compressed: Whether sizes are those that a registry stores and a pull transfers (True), or
            those that the files take on disk (False).
    """

    total_bytes: int
    layers: tuple[LayerSize, ...]
    compressed: bool

    def by_stage(self) -> Mapping[str, int]:
        """Return bytes by stage, from the base up; ``(base image)`` for what came with it."""
        sums: dict[str, int] = {}
        for layer in self.layers:
            stage = BASE if layer.stage is None else layer.stage
            sums[stage] = sums.get(stage, 0) + layer.size_bytes
        return sums


def image_sizes(facts: ImageFacts, *, stages: StageGraph | None, target: str | None) -> ImageSizes:
    """
    Return the sizes of an image, its layers mapped to the steps of ``target``.

    Args:
        facts: What the image says of itself.
        stages: The Dockerfile's stages, or None when it was not read; nothing is mapped then.
        target: The stage that was built; None for the last one.
    """
    instructions = [] if stages is None else _origins(stages, target)
    origins = _matching(instructions, [entry.created_by for entry in facts.history])
    layers = tuple(
        LayerSize(
            digest=entry.digest,
            size_bytes=entry.size_bytes,
            created_by=entry.created_by,
            stage=None if origin is None else origin.stage,
            line=None if origin is None else origin.line,
        )
        for entry, origin in zip(facts.history, origins, strict=True)
        if entry.size_bytes is not None
    )
    return ImageSizes(
        total_bytes=sum(layer.size_bytes for layer in layers),
        layers=layers,
        compressed=facts.compressed,
    )


@frozen(kw_only=False)
class _Origin:
    """An instruction that left an entry in the history."""

    keyword: str
    stage: str
    line: int


def _origins(stages: StageGraph, target: str | None) -> list[_Origin]:
    """Return what the stages from the root to the target did, in order."""
    chain = [stages.stage(target) if target is not None else stages.stages[-1]]
    while isinstance(chain[0].base, StageSource) and chain[0].replacement is None:
        chain.insert(0, stages.stages[chain[0].base.index])
    return [
        _Origin(step.instruction.keyword, stage.label, step.instruction.line)
        for stage in chain
        for step in stage.steps
        if step.instruction.keyword not in _SILENT
    ]


def _matching(origins: list[_Origin], history: list[str]) -> list[_Origin | None]:
    """Return the origin of each history entry, from the end as long as the keywords agree."""
    matched: list[_Origin | None] = [None] * len(history)
    pairs = zip(reversed(range(len(history))), reversed(origins), strict=False)
    for position, origin in pairs:
        if not history[position].startswith(f"{origin.keyword} "):
            break
        matched[position] = origin
    return matched
