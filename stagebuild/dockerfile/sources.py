"""
What a name stands for: an earlier stage, a named context, an image, or nothing.

FROM looks among the earlier stages only, and compares letter case: names are kept in lower case,
so ``FROM Base`` never means a stage. ``COPY --from`` and mounts look among all stages, whatever
the case; of two stages with one name the last one counts. Only ``COPY --from`` takes an index.
A named context replaces the stage of its name, and the image of its name.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go, addState, toCommand,
resolveBaseImage; convert_runmount.go, detectRunMount; dockerui/config.go, NamedContext.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.dockerfile.references import context_name, normalize_reference
from stagebuild.dockerfile.stages import (
    ContextSource,
    ImageSource,
    ScratchSource,
    Source,
    StageSource,
)
from stagebuild.errors import DockerfileError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.model import Platform

_SCRATCH = "scratch"
_NEVER_A_CONTEXT = frozenset((_SCRATCH, "context"))
_INDEX = re.compile(r"[+-]?[0-9]+")


class SourceFinder:
    """Looks names up, for one file and one set of named contexts."""

    def __init__(
        self, names: Sequence[str | None], *, contexts: Mapping[str, str], platform: Platform
    ) -> None:
        """
        Prepare the look-up.

        Args:
            names: Those of the stages, in file order.
            contexts: Named contexts, as ``--build-context`` takes them: the name may end in
                ``::`` and a platform.
            platform: The target, which decides whether a context for one platform counts.
        """
        self._names = names
        self._last = {name: index for index, name in enumerate(names) if name is not None}
        self._contexts: dict[str, ContextSource] = {}
        for name, value in contexts.items():
            image, for_platform, only = name.partition("::")
            key = _context_key(image)
            if for_platform and only != str(platform):
                continue
            if for_platform or key not in self._contexts:
                self._contexts[key] = ContextSource(name=name, value=value, reference=image)

    def replacement(self, name: str) -> ContextSource | None:
        """
        Return the named context that replaces the stage or image of this name, or None.

        Raises:
            DockerfileError: Without a place: the name, also that of a stage, is no valid
                reference; BuildKit looks every one of them up.
        """
        if name.lower() in _NEVER_A_CONTEXT:
            return None
        found = self._contexts.get(context_name(name))
        if found is None:
            return None
        return ContextSource(name=found.name, value=found.value, reference=name)

    def of_base(self, base: str, *, stage: int) -> Source:
        """
        Return what the operand of a FROM stands for.

        Args:
            base: After expansion.
            stage: Index of the stage.

        Raises:
            DockerfileError: Without a place: it is neither a stage nor a valid reference.
        """
        for index in range(stage - 1, -1, -1):
            if self._names[index] == base:
                return StageSource(index=index)
        try:
            return self._image(base, self._meant_by_base(base))
        except DockerfileError as error:
            meant = self._meant_by_base(base)
            if meant is None:
                raise
            hint = f'the stage "{meant}" is written in lower case'
            raise DockerfileError(error.message, hint=hint) from error

    def of_copy(self, name: str, *, stage: int) -> Source:
        """
        Return what ``--from`` of a COPY stands for.

        Raises:
            DockerfileError: Without a place: an index that no stage has, or no valid reference.
        """
        if _INDEX.fullmatch(name):
            index = int(name[:10])
            if not 0 <= index < len(self._names):
                raise DockerfileError(
                    f"there is no stage {name}",
                    hint=f"the stages are 0 to {len(self._names) - 1}, in file order",
                )
            return StageSource(index=index, is_forward=index > stage)
        return self.of_mount(name, stage=stage)

    def of_mount(self, name: str, *, stage: int) -> Source:
        """
        Return what ``from`` of a mount stands for.

        Raises:
            DockerfileError: Without a place: it is neither a stage nor a valid reference.
        """
        index = self._last.get(name.lower())
        if index is not None:
            return StageSource(index=index, is_forward=index > stage)
        return self._image(name, self._misspelt(name, self._last))

    def _image(self, reference: str, suggestion: str | None) -> Source:
        if reference == _SCRATCH:
            return ScratchSource()
        normalized = normalize_reference(reference)
        replaced = self.replacement(normalized)
        if replaced is not None:
            return ContextSource(name=replaced.name, value=replaced.value, reference=reference)
        return ImageSource(reference=reference, normalized=normalized, suggestion=suggestion)

    def _meant_by_base(self, base: str) -> str | None:
        return base.lower() if base.lower() in self._last else self._misspelt(base, self._last)

    def _misspelt(self, reference: str, names: Mapping[str, int]) -> str | None:
        if not names or any(mark in reference for mark in ":/@"):
            return None
        return nearest(reference, names)


def _context_key(name: str) -> str:
    try:
        return context_name(name)
    except DockerfileError:
        return name
