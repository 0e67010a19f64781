"""
Blobs that the engine reads and writes here: a local cache, an OCI layout used as a named context.

A store is a folder in the OCI image layout: blobs by digest, an ``index.json`` that names some.
Which store a call means, it says in a header.

Source: containerd api/services/content/v1 and plugins/services/content/contentserver;
moby/buildkit session/content; OCI image specification, image-layout.md.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from stagebuild.buildkit.errors import CallFailed, Status
from stagebuild.buildkit.messages_content import (
    AbortRequest,
    Info,
    InfoRequest,
    InfoResponse,
    ReadRequest,
    ReadResponse,
    StatusRequest,
    WriteRequest,
    WriteResponse,
)
from stagebuild.buildkit.serving import unary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stagebuild.buildkit.grpc import Metadata
    from stagebuild.buildkit.loop import Loop
    from stagebuild.buildkit.serving import Served, Service

_PATH = "/containerd.services.content.v1.Content/"
_STORE = "buildkit-attachable-store-id"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHUNK_BYTES = 256 << 10
_STAT, _WRITE, _COMMIT = range(3)


class Content:
    """
    Stores by the id that the engine calls them by.

    Args:
        folders: Folders by id, as ``{"local:/path": "/path"}`` for a local cache.
    """

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = folders

    def services(self, loop: Loop) -> Mapping[str, Service]:
        """Return what an importer and an exporter call."""
        del loop
        return {
            _PATH + "Info": unary(self._info),
            _PATH + "Status": unary(self._status),
            _PATH + "Abort": unary(self._abort),
            _PATH + "Read": self._read,
            _PATH + "Write": self._write,
        }

    def _folder(self, metadata: Metadata) -> str:
        identifier = metadata.get(_STORE, [""])[0]
        folder = self._folders.get(identifier)
        if folder is None:
            raise CallFailed(Status.NOT_FOUND, f"unknown store {identifier}")
        return folder

    def _info(self, request: bytes, metadata: Metadata) -> bytes:
        digest = InfoRequest.decode(request).digest
        path = _blob(self._folder(metadata), digest)
        return InfoResponse(info=Info(digest=digest, size=_size(path, digest))).encode()

    def _status(self, request: bytes, metadata: Metadata) -> bytes:
        self._folder(metadata)
        ref = StatusRequest.decode(request).ref
        raise CallFailed(Status.NOT_FOUND, f"no ingest {ref}")

    def _abort(self, request: bytes, metadata: Metadata) -> bytes:
        AbortRequest.decode(request)
        self._folder(metadata)
        return b""

    def _read(self, call: Served) -> None:
        folder = self._folder(call.metadata)

        def on_message(data: bytes) -> None:
            request = ReadRequest.decode(data)
            path = _blob(folder, request.digest)
            size = _size(path, request.digest)
            start = max(request.offset, 0)
            if start > size:
                raise CallFailed(Status.OUT_OF_RANGE, f"read past object length {size} bytes")
            end = min(size, start + request.size) if request.size > 0 else size
            _send_part(call, path, start, end)

        call.on_message = on_message

    def _write(self, call: Served) -> None:
        writer = _Writer(call, self._folder(call.metadata))
        call.on_message = writer.on_message
        call.on_finished = writer.on_finished
        call.on_given_up = writer.close


def _blob(folder: str, digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise CallFailed(Status.INVALID_ARGUMENT, f"{digest!r} is no digest")
    return f"{folder}/blobs/sha256/{digest.removeprefix('sha256:')}"


def _size(path: str, digest: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except FileNotFoundError:
        raise CallFailed(Status.NOT_FOUND, f"content {digest}: not found") from None


def _send_part(call: Served, path: str, start: int, end: int) -> None:
    """Send bytes of a file, as fast as the connection takes them."""
    file = open(path, "rb")  # noqa: PTH123, SIM115 - open until all is sent
    file.seek(start)
    sent = 0

    def produce() -> None:
        nonlocal sent
        chunk = file.read(min(_CHUNK_BYTES, end - start - sent))
        if chunk:
            call.send(ReadResponse(offset=sent, data=chunk).encode())
            sent += len(chunk)
        if not chunk or sent >= end - start:
            file.close()
            call.end()

    call.on_given_up = file.close
    call.stream.producer = produce


class _Writer:
    """One blob on its way in; it is kept when its digest is what was said."""

    def __init__(self, call: Served, folder: str) -> None:
        self._call = call
        self._folder = folder
        self._offset = 0
        self._hash = hashlib.sha256()
        self._total = 0
        self._expected = ""
        self._path = ""
        self._write: Callable[[bytes], object] = lambda _data: None
        self._close: Callable[[], None] = lambda: None

    def on_message(self, data: bytes) -> None:
        request = WriteRequest.decode(data)
        self._total = request.total or self._total
        self._expected = request.expected or self._expected
        if self._expected and os.path.exists(_blob(self._folder, self._expected)):  # noqa: PTH110
            self.close()
            raise CallFailed(Status.ALREADY_EXISTS, f"content {self._expected}: already exists")
        if not self._path:
            self._open(request.ref)
        if request.action != _STAT:
            self._add(request)
        if request.action == _COMMIT:
            self._commit()
        digest = f"sha256:{self._hash.hexdigest()}"
        self._call.send(
            WriteResponse(
                action=request.action, offset=self._offset, total=self._total, digest=digest
            ).encode()
        )
        if request.action == _COMMIT:
            self._call.end()

    def on_finished(self) -> None:
        self.close()
        self._call.end()

    def close(self) -> None:
        self._close()
        with suppress(OSError):
            os.unlink(self._path)  # noqa: PTH108

    def _open(self, ref: str) -> None:
        name = hashlib.sha256(ref.encode()).hexdigest()[:32]
        os.makedirs(f"{self._folder}/ingest", exist_ok=True)  # noqa: PTH103
        self._path = f"{self._folder}/ingest/{name}-{os.getpid()}-{id(self):x}"
        file = open(self._path, "wb")  # noqa: PTH123, SIM115 - open until committed
        self._write, self._close = file.write, file.close

    def _add(self, request: WriteRequest) -> None:
        if request.offset and request.offset != self._offset:
            words = f"write @{request.offset} must occur at current offset {self._offset}"
            raise CallFailed(Status.OUT_OF_RANGE, words)
        self._write(request.data)
        self._hash.update(request.data)
        self._offset += len(request.data)

    def _commit(self) -> None:
        self._close()
        digest = f"sha256:{self._hash.hexdigest()}"
        if self._expected not in ("", digest) or self._total not in (0, self._offset):
            self.close()
            words = f"content {self._expected or digest}: {self._offset} bytes of {digest} came"
            raise CallFailed(Status.FAILED_PRECONDITION, words)
        place = _blob(self._folder, digest)
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        os.replace(self._path, place)  # noqa: PTH105
