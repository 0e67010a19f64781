"""Where a build goes, decided late: ``execute(plan, push=True)`` and ``--push`` come here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import ConfigError
from stagebuild.values import replaced

if TYPE_CHECKING:
    from stagebuild.planning.spec import BuildSpec


def publishing(spec: BuildSpec, *, push: bool | None, load: bool | None) -> BuildSpec:
    """
    Return the spec with ``push`` and ``load`` as given; None leaves them as they are.

    A push needs a place to go: without tags it is ``repository:environment``.

    Raises:
        ConfigError: Something is to be pushed, and there are neither tags nor a repository.
    """
    decided = replaced(
        spec,
        push=spec.push if push is None else push,
        load=spec.load if load is None else load,
    )
    if not decided.push or decided.tags:
        return decided
    if decided.repository is None:
        raise ConfigError(
            "there is nowhere to push to: it has no tags, and the project no repository",
            key=f"environments.{spec.name}.tags",
            hint='set project.repository, or tags = ["registry.example/shop:prod"], or use --tag',
        )
    tag = decided.default_tag or f"{decided.repository}:{decided.name}"
    return replaced(decided, tags=(tag,))
