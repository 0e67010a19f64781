"""
A session inside of a call, for a BuildKit that has no ``/session`` to connect to.

The bytes of the session's own HTTP/2 connection travel as messages of ``Control/Session``.

Source: moby/buildkit session/grpchijack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.buildkit.errors import ConnectionLost
from stagebuild.buildkit.messages import BytesMessage

if TYPE_CHECKING:
    from stagebuild.buildkit.calls import Call
    from stagebuild.buildkit.errors import BuildKitError
    from stagebuild.buildkit.http2 import Connection

_FULL_BYTES = 1 << 20


class Tunnel:
    """
    The wire of a session's connection.

    Attributes:
        call: The call that carries it; set before anything is written.
        inner: The connection that it carries, None until there is one.
    """

    call: Call
    inner: Connection | None = None

    def on_message(self, data: bytes) -> None:
        """Take bytes of the inner connection."""
        if self.inner is not None:
            self.inner.on_bytes(BytesMessage.decode(data).data)

    def on_end(self, error: BuildKitError | None) -> None:
        """Take the end of the call, which is that of the inner connection."""
        if self.inner is not None:
            self.inner.on_closed(error or ConnectionLost("the engine ended the session"))

    def write(self, data: bytes) -> None:
        """Send bytes of the inner connection."""
        self.call.stream.producer = self._more
        self.call.send(BytesMessage(data=data).encode())

    def _more(self) -> None:
        self.call.stream.producer = None
        if self.inner is not None:
            self.inner.on_room()

    def full(self) -> bool:
        """Say whether so much waits to be sent that more should wait too."""
        return self.call.stream.queued_bytes >= _FULL_BYTES

    def ask_room(self) -> None:
        """Have the inner connection send more when the call has room."""
        self.call.stream.producer = self._more

    def close(self) -> None:
        """End the call."""
        self.call.finish()
