"""
HTTP/2's frames: nine bytes of head, then a payload. All of a connection is a run of them.

::

    +-- length, 24 bits --+-- type, 8 --+-- flags, 8 --+-- 0, 1 --+-- stream, 31 bits --+-- payload

Source: RFC 9113, sections 4 and 6.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from stagebuild.buildkit.errors import MalformedMessage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_BYTES = 9
MAX_PAYLOAD_BYTES = 16_384
MAX_WINDOW = (1 << 31) - 1

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE = range(9)
CONTINUATION = 9

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITIZED = 0x20


class ErrorCode(IntEnum):
    """Why a stream or connection was ended (section 7), as far as we send or tell apart."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    FLOW_CONTROL_ERROR = 3
    REFUSED_STREAM = 7
    CANCEL = 8


class Setting(IntEnum):
    """What a peer may set (section 6.5.2), as far as we heed or send it."""

    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    return head(len(payload), kind, flags, stream) + payload


def head(length: int, kind: int, flags: int, stream: int) -> bytes:
    """Return the nine bytes before a payload of ``length`` bytes."""
    return (length << 48 | kind << 40 | flags << 32 | stream).to_bytes(HEAD_BYTES, "big")


def settings(values: Mapping[Setting, int]) -> bytes:
    """Return a SETTINGS frame."""
    payload = b"".join((key << 32 | value).to_bytes(6, "big") for key, value in values.items())
    return frame(SETTINGS, 0, 0, payload)


def read_settings(payload: bytes) -> Iterator[tuple[int, int]]:
    """Give the (setting, value) pairs of a SETTINGS frame, also ones unknown to us."""
    if len(payload) % 6:
        raise MalformedMessage("SETTINGS of a wrong length")
    for position in range(0, len(payload), 6):
        entry = int.from_bytes(payload[position : position + 6], "big")
        yield entry >> 32, entry & 0xFFFF_FFFF


def headers(stream: int, block: bytes, *, ends: bool) -> bytes:
    """Return a HEADERS frame, and CONTINUATION frames for what does not fit into it."""
    parts = [block[at : at + MAX_PAYLOAD_BYTES] for at in range(0, len(block), MAX_PAYLOAD_BYTES)]
    parts = parts or [b""]
    out: list[bytes] = []
    for place, part in enumerate(parts):
        flags = END_HEADERS if place == len(parts) - 1 else 0
        if place == 0:
            out.append(frame(HEADERS, flags | (END_STREAM if ends else 0), stream, part))
        else:
            out.append(frame(CONTINUATION, flags, stream, part))
    return b"".join(out)


def window_update(stream: int, credit: int) -> bytes:
    """Return a frame that lets the peer send ``credit`` bytes more; stream 0 is the connection."""
    return frame(WINDOW_UPDATE, 0, stream, credit.to_bytes(4, "big"))


def unpadded(payload: bytes, flags: int) -> bytes:
    """Return a payload without its padding and, in HEADERS, without its priority."""
    start, end = 0, len(payload)
    if flags & PADDED:
        if not payload:
            raise MalformedMessage("padding is cut off")
        start, end = 1, end - payload[0]
    if flags & PRIORITIZED:
        start += 5
    if start > end:
        raise MalformedMessage("more padding than payload")
    return payload[start:end]


class Splitter:
    """Cuts received bytes into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
        """
        Give (type, flags, stream, payload) of every frame that is complete by now.

        Raises:
            MalformedMessage: A payload is longer than was agreed.
        """
        if self._rest:
            data = self._rest + data
        position, size = 0, len(data)
        while size - position >= HEAD_BYTES:
            number = int.from_bytes(data[position : position + HEAD_BYTES], "big")
            length = number >> 48
            if length > MAX_PAYLOAD_BYTES:
                raise MalformedMessage(f"a frame of {length} bytes, {MAX_PAYLOAD_BYTES} agreed")
            end = position + HEAD_BYTES + length
            if end > size:
                break
            payload = data[position + HEAD_BYTES : end]
            position = end
            yield number >> 40 & 0xFF, number >> 32 & 0xFF, number & 0x7FFF_FFFF, payload
        self._rest = data[position:]
