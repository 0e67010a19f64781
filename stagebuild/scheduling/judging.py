"""A build that is built and not published: its image is read, and held against its budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.budgets.checking import Came, check_budget
from stagebuild.failures import step_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.backends.base import ImageStore, SolveResponse
    from stagebuild.budgets.values import BudgetReport
    from stagebuild.contents.image import ImageContent
    from stagebuild.model import Budget
    from stagebuild.observing import Observed
    from stagebuild.planning.spec import BuildSpec

    # Tells what the last build of the same environment weighed, or None when none is known.
    LastBytes = Callable[[BuildSpec], int | None]


def judged(
    spec: BuildSpec,
    budget: Budget,
    *,
    observed: Observed,
    layout: str | None,
    stored: Callable[[], tuple[ImageStore, SolveResponse]],
    last_bytes: LastBytes,
) -> BudgetReport:
    """
    Return what a build came to, against its budget.

    Args:
        spec: What was built.
        budget: Its own.
        observed: What the build told.
        layout: Folder of the OCI layout that its image is in, or None.
        stored: Gives the store that it is in otherwise, and the engine's answer.
        last_bytes: Tells what the last build weighed.

    Raises:
        ImageUnreadable: The image can't be read, so nobody knows.
    """
    images: tuple[ImageContent, ...] = ()
    if budget.of_image:
        images = _in_layout(spec, layout) if layout is not None else _in_store(spec, *stored())
    attempts = observed.attempts()
    return check_budget(
        budget,
        Came(
            images=images,
            timeline=observed.timeline(),
            duration_s=sum(tried.wall_s + tried.wait_s for tried in attempts),
            last_bytes=None if budget.growth is None else last_bytes(spec),
            line_of=lambda stage, index: step_line(spec, stage, index),
        ),
    )


def _in_layout(spec: BuildSpec, folder: str) -> tuple[ImageContent, ...]:
    from stagebuild.contents.layouts import LayoutBlobs  # noqa: PLC0415 - only for a budget
    from stagebuild.contents.manifests import contents_of  # noqa: PLC0415

    blobs = LayoutBlobs(folder)
    return contents_of(blobs, blobs.top(), stages=spec.stages, target=spec.target)


def _in_store(
    spec: BuildSpec, store: ImageStore, response: SolveResponse
) -> tuple[ImageContent, ...]:
    from stagebuild.contents.archives import contents_of_archive  # noqa: PLC0415
    from stagebuild.errors import ImageUnreadable  # noqa: PLC0415

    image = response.digest or response.image_id
    if image is None:
        raise ImageUnreadable("the engine did not say which image it made", image=spec.name)
    with store.save(image) as pieces:
        return contents_of_archive(pieces, stages=spec.stages, target=spec.target)
