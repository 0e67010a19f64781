"""
Receiving what a build exports: a folder, or one file (a tar, an OCI layout as a tar).

A folder comes as ``filesync`` sends one, with the parts swapped; a file as a run of bytes. Which
of a build's outputs it is, the engine says by its place in the request (``exporter-id``; engines
before BuildKit 0.13 have one output and say nothing).

Nothing is written outside of the folder, whatever the image holds: an entry's parent must be a
folder that this transfer made or met as a real one.

Source: moby/buildkit session/filesync (FileSend), tonistiigi/fsutil receive.go, diskwriter.go.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

from stagebuild.buildkit.errors import CallFailed, Status
from stagebuild.buildkit.grpc import framed
from stagebuild.buildkit.messages import BytesMessage, Packet, StatMessage
from stagebuild.buildkit.packets import (
    DATA,
    ERROR,
    FINISH,
    REQUEST,
    STAT,
    error_packet,
    finish_packet,
)
from stagebuild.buildkit.varints import varint
from stagebuild.context.filestat import (
    GO_CHARACTER_DEVICE,
    GO_DEVICE,
    GO_DIRECTORY,
    GO_FIFO,
    GO_SYMLINK,
    system_mode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.buildkit.loop import Loop
    from stagebuild.buildkit.serving import Served, Service

_NO_NAMES = (b"", b".", b"..")
_EXPORTER = "buildkit-attachable-exporter-id"


class Target(Protocol):
    """Where one output of a build goes."""

    def serve(self, call: Served) -> None:
        """Take the transfer."""


class FileSend:
    """
    The outputs of a build that come to this machine.

    Args:
        targets: By the output's place in the solve request.
    """

    def __init__(self, targets: Mapping[int, Target]) -> None:
        self._targets = targets

    def services(self, loop: Loop) -> Mapping[str, Service]:
        """Return the one service."""
        del loop
        return {"/moby.filesync.v1.FileSend/DiffCopy": self._serve}

    def _serve(self, call: Served) -> None:
        said = call.metadata.get(_EXPORTER, ["0"])[0]
        target = self._targets.get(int(said)) if said.isdigit() else None
        if target is None:
            raise CallFailed(Status.NOT_FOUND, f"exporter {said} not found")
        target.serve(call)


class FileTarget:
    """
    One file, written beside its place and moved there when it is complete.

    Args:
        path: Where to; folders above it are made.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def serve(self, call: Served) -> None:
        """Take the transfer."""
        os.makedirs(os.path.dirname(self._path) or ".", exist_ok=True)  # noqa: PTH103, PTH120
        partial = f"{self._path}.{os.getpid()}.partial"
        file = open(partial, "wb")  # noqa: PTH123, SIM115 - open until the transfer ends

        def give_up() -> None:
            file.close()
            with suppress(OSError):
                os.unlink(partial)  # noqa: PTH108

        def on_message(data: bytes) -> None:
            try:
                file.write(BytesMessage.decode(data).data)
            except OSError:
                give_up()
                raise

        def on_finished() -> None:
            file.close()
            os.replace(partial, self._path)  # noqa: PTH105
            call.end()

        call.on_message = on_message
        call.on_finished = on_finished
        call.on_given_up = give_up


class FolderTarget:
    """
    A folder; what is in it already and not in the output stays.

    Args:
        path: Where to; it is made when missing.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def serve(self, call: Served) -> None:
        """Take the transfer."""
        os.makedirs(self._path, mode=0o755, exist_ok=True)  # noqa: PTH103
        receiver = _Receiver(call, os.fsencode(self._path))
        call.on_message = receiver.on_message
        call.on_finished = receiver.on_finished
        call.on_given_up = receiver.close


class _Awaited(NamedTuple):
    """A file whose contents were requested."""

    full: bytes
    descriptor: int
    mtime_ns: int


class _Receiver:
    def __init__(self, call: Served, root: bytes) -> None:
        self._call = call
        self._root = root
        self._count = 0
        self._awaited: dict[int, _Awaited] = {}
        self._folders: dict[bytes, StatMessage | None] = {b"": None}
        self._listed = False
        self._finished = False

    def on_message(self, data: bytes) -> None:
        packet = Packet.decode(data)
        try:
            self._take(packet)
        except (OSError, ValueError, OverflowError, CallFailed) as error:
            # ValueError: a name with a NUL; OverflowError: a time or device beyond the system's.
            self._call.send_framed(error_packet(str(error)))
            self.close()
            raise
        if self._listed and not self._awaited and not self._finished:
            self._finish()

    def on_finished(self) -> None:
        self.close()
        self._call.end()

    def close(self) -> None:
        for awaited in self._awaited.values():
            os.close(awaited.descriptor)
        self._awaited.clear()

    def _take(self, packet: Packet) -> None:
        if packet.type == STAT:
            if packet.stat is None:
                self._listed = True
            else:
                self._make(packet.stat)
                self._count += 1
        elif packet.type == DATA:
            self._write(packet.id, packet.data)
        elif packet.type == ERROR:
            raise CallFailed(Status.UNKNOWN, packet.data.decode("utf-8", "replace"))
        elif packet.type not in (REQUEST, FINISH):
            raise CallFailed(Status.INVALID_ARGUMENT, f"a packet of type {packet.type}")

    def _make(self, stat: StatMessage) -> None:
        path = stat.path.encode("utf-8", "surrogateescape")
        parent, _, name = path.rpartition(b"/")
        if parent not in self._folders or path[:1] == b"/" or name in _NO_NAMES:
            raise CallFailed(Status.INVALID_ARGUMENT, f"an entry out of place: {stat.path!r}")
        full = self._root + b"/" + path
        if stat.mode & GO_DIRECTORY:
            _make_folder(full)
            self._folders[path] = stat
            return
        with suppress(FileNotFoundError):
            os.unlink(full)  # noqa: PTH108
        self._make_file(stat, full)

    def _make_file(self, stat: StatMessage, full: bytes) -> None:
        linkname = stat.linkname.encode("utf-8", "surrogateescape")
        if stat.mode & GO_SYMLINK:
            os.symlink(linkname, full)  # noqa: PTH211 - bytes, which Path has not
            os.utime(full, ns=(stat.mod_time, stat.mod_time), follow_symlinks=False)
        elif linkname:
            if linkname.rpartition(b"/")[0] not in self._folders:
                raise CallFailed(Status.INVALID_ARGUMENT, f"a link out of place: {stat.path!r}")
            os.link(self._root + b"/" + linkname, full, follow_symlinks=False)
        elif stat.mode & (GO_FIFO | GO_DEVICE):
            device = os.makedev(stat.devmajor, stat.devminor)
            kind = 0o010000 if stat.mode & GO_FIFO else 0o060000
            if stat.mode & GO_CHARACTER_DEVICE:
                kind = 0o020000
            os.mknod(full, kind | stat.mode & 0o777, device)
        else:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(full, flags, 0o600)
            os.fchmod(descriptor, system_mode(stat.mode))
            for name, value in stat.xattrs.items():
                with suppress(OSError):  # not every file system has them
                    os.setxattr(descriptor, name, value)
            self._awaited[self._count] = _Awaited(full, descriptor, stat.mod_time)
            self._call.send_framed(framed(b"\x08\x01\x18" + varint(self._count)))

    def _write(self, number: int, data: bytes) -> None:
        awaited = self._awaited.get(number)
        if awaited is None:
            raise CallFailed(Status.INVALID_ARGUMENT, f"contents of {number}, not asked for")
        while data:
            data = data[os.write(awaited.descriptor, data) :]
            if not data:
                return
        del self._awaited[number]
        os.close(awaited.descriptor)
        os.utime(awaited.full, ns=(awaited.mtime_ns, awaited.mtime_ns), follow_symlinks=False)

    def _finish(self) -> None:
        self._finished = True
        for path, stat in sorted(self._folders.items(), reverse=True):
            if stat is not None:
                full = self._root + b"/" + path
                os.chmod(full, system_mode(stat.mode))  # noqa: PTH101
                os.utime(full, ns=(stat.mod_time, stat.mod_time))
        self._call.send_framed(finish_packet())


def _make_folder(full: bytes) -> None:
    """Make a folder; a file or link in its place makes way."""
    try:
        os.mkdir(full, 0o700)  # noqa: PTH102
    except FileExistsError:
        if not os.path.islink(full) and os.path.isdir(full):  # noqa: PTH112, PTH114
            return
        os.unlink(full)  # noqa: PTH108
        os.mkdir(full, 0o700)  # noqa: PTH102
