"""Rules about the images that stages stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit
from stagebuild.checks.images import BUILD_IMAGES, BUILD_TAGS, SLIM_TAGS, SLIM_VARIANTS
from stagebuild.dockerfile import ImageSource, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.checks.subject import Subject, Target
    from stagebuild.dockerfile import Stage

_LIBRARY = "docker.io/library/"


def build_image(subject: Subject) -> Iterator[Hit]:
    """Yield each shipped image that stands on an image made to build."""
    for target, root, image in _production_roots(subject):
        name, tag = _name_and_tag(image)
        if name not in BUILD_IMAGES and not BUILD_TAGS.search(tag):
            continue
        through = "" if root.index == target.stage.index else f', through the stage "{root.label}"'
        yield Hit(
            line=root.text.opening.line,
            message=f"{target.shown} ships the build image {image.reference}{through}",
            hint="begin the last stage on a small image, and COPY --from the build stage what runs",
        )


def stands_on_builder(subject: Subject) -> Iterator[Hit]:
    """Yield each shipped stage that stands on one that builds, as ``FROM builder AS prod``."""
    for target in subject.production:
        *below, last = target.lineage()
        for stage in below:
            if stage.name and _is_builder(stage):
                yield Hit(
                    line=last.text.opening.line,
                    message=f'{target.shown} stands on the stage "{stage.label}", which builds: all'
                    " that the build needed is shipped",
                    hint=f"FROM a small image, then COPY --from={stage.name} what runs: stages make"
                    " an image small only where the last one leaves the others behind",
                )
                break


def heavy_base(subject: Subject) -> Iterator[Hit]:
    """Yield each shipped image that stands on the large variant of its base."""
    for target, root, image in _production_roots(subject):
        name, tag = _name_and_tag(image)
        variant = SLIM_VARIANTS.get(name)
        if variant is None or SLIM_TAGS.search(tag) or BUILD_TAGS.search(tag):
            continue
        better = f"{name}:{variant}" if tag in ("", "latest") else f"{name}:{tag}-{variant}"
        yield Hit(
            line=root.text.opening.line,
            message=f"{target.shown} ships the large variant of {name}, with compilers and headers",
            hint=f"FROM {better}, and keep the large one for the stages that build",
        )


def floating_base(subject: Subject) -> Iterator[Hit]:
    """Yield each base image without a tag or with ``latest``: it means something else tomorrow."""
    for stage, image in subject.images():
        _, tag = _name_and_tag(image)
        if image.normalized in subject.locked:
            continue
        if tag in ("", "latest") and "@" not in image.reference:
            what = "has no tag, which means latest" if not tag else "is a tag that moves"
            yield Hit(
                line=stage.text.opening.line,
                message=f"{image.reference} {what}: the build changes when the image does",
                hint="name a version, as python:3.12-slim; `stagebuild lock` holds it to a digest",
            )


def without_digest(subject: Subject) -> Iterator[Hit]:
    """Yield each base image of a shipped image that has a tag and no digest."""
    for _, root, image in _production_roots(subject):
        _, tag = _name_and_tag(image)
        if image.normalized in subject.locked:
            continue
        if tag not in ("", "latest") and "@" not in image.reference:
            yield Hit(
                line=root.text.opening.line,
                message=f"{image.reference} is a tag, which its publisher moves from time to time",
                hint="`stagebuild lock` writes down its digest, and builds keep to it; so does"
                f" FROM {image.reference}@sha256:…",
            )


def _production_roots(subject: Subject) -> Iterator[tuple[Target, Stage, ImageSource]]:
    """Yield for each shipped image the stage and the image at its root."""
    for target in subject.production:
        root = target.lineage()[0]
        if isinstance(root.base, ImageSource) and root.replacement is None:
            yield target, root, root.base


def _name_and_tag(image: ImageSource) -> tuple[str, str]:
    """Return name without registry of well-known ones, and tag; "" for no tag."""
    reference = image.normalized.partition("@")[0].removeprefix(_LIBRARY)
    for registry in ("docker.io/", "mcr.microsoft.com/", "public.ecr.aws/docker/library/"):
        reference = reference.removeprefix(registry)
    written = image.reference.partition("@")[0].rpartition("/")[2].partition(":")[2]
    name = reference
    if ":" in reference.rpartition("/")[2]:
        name = reference.rpartition(":")[0]
    return name, written


def _is_builder(stage: Stage) -> bool:
    """Say whether a stage is called like one that builds, and does so."""
    parts = set((stage.name or "").replace("_", "-").split("-"))
    named = parts & {"build", "builder", "compile", "compiler", "devel", "sdk"}
    return bool(named) and any(isinstance(step.expanded, Run) for step in stage.steps)
