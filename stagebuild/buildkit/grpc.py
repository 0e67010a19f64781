"""
gRPC on streams: a call is a path and metadata, then messages each way, then a status.

Each message has five bytes before it: 0 (not compressed) and its length, 32 bits. The status comes
in trailers: ``grpc-status``, ``grpc-message`` percent-encoded, and for typed errors
``grpc-status-details-bin``, a base64 message that repeats both and adds parts of any type.

Source: grpc/grpc doc/PROTOCOL-HTTP2.md; google/rpc/status.proto.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from stagebuild.buildkit.errors import CallFailed, MalformedMessage, Status
from stagebuild.buildkit.wire import Message, blob, integer, messages, text

if TYPE_CHECKING:
    from collections.abc import Mapping

Metadata = dict[str, list[str]]

_PREFIX_BYTES = 5
_MAX_MESSAGE_BYTES = 64 << 20


class Any(Message):
    """A message of any type: a URL that names it, and its bytes."""

    type_url: str = text(1)
    value: bytes = blob(2)


class RpcStatus(Message):
    """A status with its details."""

    code: int = integer(1)
    message: str = text(2)
    details: tuple[Any, ...] = messages(3, Any)


def framed(data: bytes) -> bytes:
    """Return one message with its prefix."""
    return len(data).to_bytes(_PREFIX_BYTES, "big") + data


class Unframer:
    """Cuts a stream's bytes into messages."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """
        Return the messages that are complete by now.

        Raises:
            MalformedMessage: One is compressed, or larger than 64 MB.
        """
        if self._rest:
            data = self._rest + data
        found: list[bytes] = []
        position, size = 0, len(data)
        while size - position >= _PREFIX_BYTES:
            length = int.from_bytes(data[position : position + _PREFIX_BYTES], "big")
            if length > _MAX_MESSAGE_BYTES:  # a compressed one has its flag above the length
                raise MalformedMessage("a message that is compressed, or larger than 64 MB")
            end = position + _PREFIX_BYTES + length
            if end > size:
                break
            found.append(data[position + _PREFIX_BYTES : end])
            position = end
        self._rest = data[position:]
        return found

    @property
    def is_empty(self) -> bool:
        """Whether no message has begun that is not complete."""
        return not self._rest


def outcome(trailers: Mapping[str, str]) -> CallFailed | None:
    """
    Return the error that trailers tell, or None for OK.

    Raises:
        MalformedMessage: They tell no status.
    """
    code = trailers.get("grpc-status")
    if code is None or not code.isdigit():
        http = trailers.get(":status", "no status")
        raise MalformedMessage(f"an answer without a gRPC status (HTTP {http})")
    status = _status(int(code))
    if status is Status.OK:
        return None
    message = _percent_decoded(trailers.get("grpc-message", ""))
    details = trailers.get("grpc-status-details-bin")
    if details is None:
        return CallFailed(status, message)
    try:
        data = binascii.a2b_base64(details + "=" * (-len(details) % 4))
        rich = RpcStatus.decode(data)
    except (binascii.Error, MalformedMessage):
        return CallFailed(status, message)  # the plain words are worth more than an error of ours
    typed = tuple((part.type_url, part.value) for part in rich.details)
    return CallFailed(status, rich.message or message, typed)


def _status(code: int) -> Status:
    return Status(code) if code in Status._value2member_map_ else Status.UNKNOWN


def _percent_decoded(value: str) -> str:
    head, *parts = value.encode("latin-1").split(b"%")
    out = bytearray(head)
    for part in parts:
        try:
            out += bytes((int(part[:2], 16),)) + part[2:]
        except ValueError:
            out += b"%" + part
    return out.decode("utf-8", "replace")


def percent_encoded(value: str) -> str:
    """Return words as ``grpc-message`` carries them."""
    return "".join(
        chr(byte) if 0x20 <= byte <= 0x7E and byte != 0x25 else f"%{byte:02X}"  # noqa: PLR2004
        for byte in value.encode("utf-8", "replace")
    )
