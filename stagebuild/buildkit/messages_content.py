"""Messages of containerd's content service. Source: containerd api/services/content/v1."""

from __future__ import annotations

from stagebuild.buildkit.wire import Message, blob, integer, message, text


class Info(Message):
    """A blob: its digest and size."""

    digest: str = text(1)
    size: int = integer(2)


class InfoRequest(Message):
    """Which blob?"""

    digest: str = text(1)


class InfoResponse(Message):
    """That one."""

    info: Info | None = message(1, Info)


class ReadRequest(Message):
    """Which bytes of a blob? A size of 0 is all that follow."""

    digest: str = text(1)
    offset: int = integer(2)
    size: int = integer(3)


class ReadResponse(Message):
    """Some of them."""

    offset: int = integer(1)
    data: bytes = blob(2)


class StatusRequest(Message):
    """How far has the write of this name come?"""

    ref: str = text(1)


class AbortRequest(Message):
    """Forget the write of this name."""

    ref: str = text(1)


class WriteRequest(Message):
    """Look (0), write (1), or write and keep (2)."""

    action: int = integer(1)
    ref: str = text(2)
    total: int = integer(3)
    expected: str = text(4)
    offset: int = integer(5)
    data: bytes = blob(6)


class WriteResponse(Message):
    """How far it has come."""

    action: int = integer(1)
    offset: int = integer(4)
    total: int = integer(5)
    digest: str = text(6)
