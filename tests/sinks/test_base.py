"""Several sinks as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pytest

from stagebuild.sinks.base import Tee

if TYPE_CHECKING:
    from stagebuild.runevents import RunEvent
    from tests.sinks.conftest import Run


class Diary:
    def __init__(self, name: str, diary: list[str], *, broken: bool = False) -> None:
        self._name, self._diary, self._broken = name, diary, broken

    def __enter__(self) -> Self:
        if self._broken:
            raise OSError("no such file")
        self._diary.append(f"{self._name} in")
        return self

    def __exit__(self, *_: object) -> None:
        self._diary.append(f"{self._name} out")

    def emit(self, event: RunEvent) -> None:
        self._diary.append(f"{self._name} {type(event).__name__}")


def test_every_sink_gets_every_event_and_is_left_in_reverse(run: Run) -> None:
    diary: list[str] = []
    with Tee([Diary("a", diary), Diary("b", diary)]) as tee:
        tee.emit(run.started())
    assert diary == ["a in", "b in", "a BuildStarted", "b BuildStarted", "b out", "a out"]


def test_sinks_already_entered_are_left_when_a_later_one_can_not_be() -> None:
    diary: list[str] = []
    with pytest.raises(OSError, match="no such file"):
        Tee([Diary("a", diary), Diary("b", diary, broken=True)]).__enter__()
    assert diary == ["a in", "a out"]
