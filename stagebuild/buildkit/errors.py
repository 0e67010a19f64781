"""
What can go wrong between us and BuildKit, told apart by what the caller can do about it.

::

    BuildKitError
    ├─ ConnectionLost       the peer is gone, or can't be reached
    ├─ MalformedMessage     the peer sent what can't be read
    └─ CallFailed           the peer answered with an error: status, message, details

Nothing else leaves this room, whatever a peer sends; a fuzzed peer in the tests holds us to it.
"""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """
    How a gRPC call ended.

    Source: grpc/grpc doc/statuscodes.md.
    """

    OK = 0
    CANCELED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class BuildKitError(Exception):
    """The base of everything that this room raises."""


class ConnectionLost(BuildKitError):
    """
    The peer closed the connection, refused it, or fell silent.

    Attributes:
        refused: Whether the connection was never made.
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class MalformedMessage(BuildKitError):
    """The peer sent bytes that are no HTTP/2, no gRPC, or no message of the expected type."""


class CallFailed(BuildKitError):
    """
    A call ended with another status than OK.

    Attributes:
        status: gRPC's code.
        message: The peer's words.
        details: Typed parts of the error as (type URL, bytes) pairs, outermost cause last.
    """

    def __init__(
        self, status: Status, message: str, details: tuple[tuple[str, bytes], ...] = ()
    ) -> None:
        super().__init__(f"{message} ({status.name.lower().replace('_', ' ')})")
        self.status = status
        self.message = message
        self.details = details
