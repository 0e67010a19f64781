"""
One thread that does all of a build's I/O: sockets as they become ready, calls from other threads.

Everything in this room above sockets runs in that thread and needs no lock. Other threads use
``call`` to get something done in it, and queues to hear of it. A build's context is walked and
sent here too, a slice at a time, so that pings and health checks are answered in between.

This is here, and not ``asyncio``, because importing that takes 57 ms.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from stagebuild.buildkit.errors import BuildKitError, ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable

_READ_BYTES = 256 << 10
_FULL_BYTES = 1 << 20


class Peer(Protocol):
    """Whoever is at our end of a socket."""

    def on_bytes(self, data: bytes) -> None:
        """Take what arrived."""

    def on_room(self) -> None:
        """Send more: what was written before has mostly gone out."""

    def on_closed(self, error: BuildKitError) -> None:
        """The socket is gone; called once, also when we closed it because of a fault."""


class Loop:
    """The thread and its sockets. Start it once, close it once; it can't be started again."""

    def __init__(self, name: str = "buildkit") -> None:
        self._selector = selectors.DefaultSelector()
        self._calls: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._wake_here, self._wake_there = socket.socketpair()
        self._wake_here.setblocking(False)
        self._wake_there.setblocking(False)
        self._selector.register(self._wake_here, selectors.EVENT_READ, None)
        self._stopping = False
        self._shut_down = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """
        Have ``function`` called in the loop's thread, soon. Safe from any thread and signal.

        When the loop has ended it is called at once, in this thread: it finds its connection lost,
        and tells whoever waits.
        """
        self._calls.append(function)
        if self._shut_down:
            self._drain()
            return
        with suppress(OSError):  # full: it wakes anyway; closed: nobody is left to call
            self._wake_there.send(b"\0")

    def later(self, delay_s: float, function: Callable[[], None]) -> None:
        """Call ``function`` after a time; from the loop's thread only."""
        heapq.heappush(self._timers, (time.monotonic() + delay_s, next(self._order), function))

    def attach(self, sock: socket.socket) -> SocketWire:
        """Serve a connected socket; from the loop's thread, or before it starts."""
        return SocketWire(self._selector, sock)

    def close(self) -> None:
        """Close every socket and end the thread; returns when it has ended."""
        self._stopping = True
        self.call(lambda: None)
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()
        elif not self._thread.is_alive():
            self._shut()

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._shut()

    def _turn(self) -> None:
        for key, events in self._selector.select(self._patience_s()):
            wire: SocketWire | None = key.data
            if wire is None:
                self._wake_here.recv(4096)
            else:
                wire.serve(events)
        self._drain()
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def _drain(self) -> None:
        while self._calls:
            try:
                function = self._calls.popleft()
            except IndexError:
                return  # another thread took it
            function()

    def _patience_s(self) -> float | None:
        if self._calls:
            return 0.0
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _shut(self) -> None:
        if self._shut_down:
            return
        self._shut_down = True
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, SocketWire):
                key.data.lose(ConnectionLost("the connection was closed"))
        self._drain()
        self._selector.close()
        self._wake_here.close()
        self._wake_there.close()


class SocketWire:
    """
    A connected socket, TLS or not, served by a loop.

    Attributes:
        peer: Who is served; set it before the loop turns.
        heard_s: When bytes last came, by the monotonic clock.
    """

    peer: Peer

    def __init__(self, selector: selectors.BaseSelector, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.heard_s = time.monotonic()
        self._selector = selector
        self._sock: socket.socket | None = sock
        self._out = bytearray()
        self._asked = False
        self._mask = selectors.EVENT_READ
        # A TLS socket can hold decrypted bytes that no selector sees.
        self._decrypted: Callable[[], int] = getattr(sock, "pending", lambda: 0)
        selector.register(sock, self._mask, self)

    def write(self, data: bytes) -> None:
        """Send bytes, now as far as the socket takes them."""
        if self._sock is None:
            return
        sent = 0 if self._out else self._send(data)
        if sent < len(data):
            self._out += memoryview(data)[sent:]
        self._watch()

    def full(self) -> bool:
        """Say whether more than a megabyte waits."""
        return len(self._out) >= _FULL_BYTES

    def ask_room(self) -> None:
        """Have the peer's ``on_room`` called at the loop's next turn."""
        self._asked = True
        self._watch()

    def close(self) -> None:
        """Close the socket; what it has not taken yet is dropped."""
        if self._sock is not None:
            sock, self._sock = self._sock, None
            self._selector.unregister(sock)
            sock.close()

    def lose(self, error: BuildKitError) -> None:
        """Close the socket and tell the peer why."""
        if self._sock is not None:
            self.close()
            self.peer.on_closed(error)

    def serve(self, events: int) -> None:
        """Read and write what is possible; a fault in our own code ends the connection too."""
        try:
            if events & selectors.EVENT_WRITE:
                self._asked = False
                self._flush()
                if not self.full():
                    self.peer.on_room()
            if events & selectors.EVENT_READ and self._sock is not None:
                self._read()
        except BuildKitError as error:
            self.lose(error)
        except OSError as error:
            self.lose(ConnectionLost(f"the connection broke: {error.strerror or error}"))
        except Exception as error:
            self.lose(ConnectionLost(f"a fault of ours, not of the peer: {error!r}"))
            raise

    def _read(self) -> None:
        sock = self._sock
        while sock is not None:
            try:
                data = sock.recv(_READ_BYTES)
            except OSError as error:
                if _would_block(error):
                    return
                raise
            if not data:
                self.lose(ConnectionLost("the peer closed the connection"))
                return
            self.heard_s = time.monotonic()
            self.peer.on_bytes(data)
            sock = self._sock
            if not self._decrypted():
                return

    def _flush(self) -> None:
        sent = self._send(self._out)
        del self._out[:sent]
        self._watch()

    def _send(self, data: bytes | bytearray) -> int:
        """Return how many bytes are done with: those sent, or all when the socket is broken."""
        sent = 0
        with memoryview(data) as view:
            while sent < len(view) and self._sock is not None:
                try:
                    sent += self._sock.send(view[sent:])
                except OSError as error:
                    # Of anything but a full socket, reading will tell what happened.
                    return sent if _would_block(error) else len(view)
        return sent

    def _watch(self) -> None:
        """Wait for room only while something waits for it."""
        wanted = bool(self._out) or self._asked
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
        if mask != self._mask and self._sock is not None:
            self._mask = mask
            self._selector.modify(self._sock, mask, self)


def _would_block(error: OSError) -> bool:
    # ssl.SSLWantReadError and SSLWantWriteError, without importing ssl where there is no TLS.
    return isinstance(error, BlockingIOError) or type(error).__name__.startswith("SSLWant")
