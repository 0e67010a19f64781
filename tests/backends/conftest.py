"""A backend that fails as told, attempt by attempt; for what wraps backends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.planning.spec import BuildSpec
from stagebuild.testing import IMAGE, ScriptedBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stagebuild.backends.base import Cancel, Emit, SolveResponse
    from stagebuild.progress.events import Event

Act = "tuple[Sequence[Event], Exception | None]"


class FailingBackend(ScriptedBackend):
    """Plays one act an attempt: events, then an error or none; the last act again and again."""

    def __init__(self, *acts: tuple[Sequence[Event], Exception | None]) -> None:
        super().__init__()
        self.acts = acts

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        del cancel
        events, error = self.acts[min(len(self.built), len(self.acts) - 1)]
        self.built.append(spec)
        for event in events:
            emit(event)
        if error is not None:
            raise error
        return IMAGE


@pytest.fixture
def failing() -> Callable[..., FailingBackend]:
    return FailingBackend


@pytest.fixture
def spec_of() -> Callable[..., BuildSpec]:
    def make(**changes: object) -> BuildSpec:
        fields: dict[str, object] = {
            "name": "prod",
            "root": Path("/project"),
            "context": "/project",
            "dockerfile": "/project/Dockerfile",
            "dockerfile_shown": "Dockerfile",
            "target": "prod",
        }
        return BuildSpec(**(fields | changes))  # type: ignore[arg-type]  # fields of the spec

    return make
