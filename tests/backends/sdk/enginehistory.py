"""
What an engine's own list of builds says, as its API tells it.

Source: moby/buildkit api/services/control/control.proto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.buildkit.client import Client
from stagebuild.buildkit.endpoints import UnixAddress
from stagebuild.buildkit.errors import MalformedMessage
from stagebuild.buildkit.wire import Message, boolean, integer, mapping, message, text

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTED = 0


class HistoryRequest(Message):
    """Of every build, or of those alone that are under way."""

    active_only: bool = boolean(1)
    early_exit: bool = boolean(3)


class Error(Message):
    """Why a build failed."""

    message: str = text(2)


class Moment(Message):
    """A time."""

    seconds: int = integer(1)


class Record(Message):
    """One build."""

    ref: str = text(1)
    attrs: Mapping[str, str] = mapping(3)
    error: Error | None = message(5, Error)
    completed: Moment | None = message(7, Moment)


class HistoryEvent(Message):
    """What has become of it."""

    type: int = integer(1)
    record: Record | None = message(2, Record)


def history_of(engine: Any, label: str, *, active_only: bool = False) -> list[HistoryEvent]:
    """Return what an engine tells of builds that have a label."""
    path = engine.env["DOCKER_HOST"].removeprefix("unix://")
    with Client(UnixAddress(path=path)) as client:
        request = HistoryRequest(active_only=active_only, early_exit=True)
        try:
            told = client._exchange("ListenBuildHistory", request, 10)
        except MalformedMessage:  # no message: no build
            return []
    events = [HistoryEvent.decode(data) for data in told]
    return [each for each in events if each.record is not None and label in each.record.attrs]
