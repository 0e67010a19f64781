"""
BuildKit's messages, as far as a client of builds needs them. Names are BuildKit's, in our spelling.

Sources: moby/buildkit api/services/control/control.proto, api/types/worker.proto,
solver/pb/ops.proto, session/{auth,secrets,sshforward}/*.proto; grpc health.proto;
tonistiigi/fsutil types/{wire,stat}.proto; containerd api/services/content/v1/content.proto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.buildkit.wire import (
    Message,
    blob,
    blob_mapping,
    blobs,
    boolean,
    integer,
    mapping,
    message,
    messages,
    text,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Timestamp(Message):
    """A moment: seconds since the epoch, and nanoseconds on top."""

    seconds: int = integer(1)
    nanos: int = integer(2)


# Control: what we ask of the engine.


class Exporter(Message):
    """Where a result goes: a type such as ``moby``, ``local``, ``oci``, and its attributes."""

    type: str = text(1)
    attrs: Mapping[str, str] = mapping(2)


class CacheEntry(Message):
    """One cache import or export."""

    type: str = text(1)
    attrs: Mapping[str, str] = mapping(2)


class CacheOptions(Message):
    """Cache imports and exports of a solve."""

    exports: tuple[CacheEntry, ...] = messages(4, CacheEntry)
    imports: tuple[CacheEntry, ...] = messages(5, CacheEntry)


class SolveRequest(Message):
    """A build. ``exporter*_deprecated`` are read by engines before BuildKit 0.13."""

    ref: str = text(1)
    exporter_deprecated: str = text(3)
    exporter_attrs_deprecated: Mapping[str, str] = mapping(4)
    session: str = text(5)
    frontend: str = text(6)
    frontend_attrs: Mapping[str, str] = mapping(7)
    cache: CacheOptions | None = message(8, CacheOptions)
    entitlements: tuple[str, ...] = texts(9)
    internal: bool = boolean(11)
    source_policy: bytes = blob(12)
    exporters: tuple[Exporter, ...] = messages(13, Exporter)


class SolveResponse(Message):
    """What came of a build: ``containerimage.digest`` and other keys of the exporters."""

    exporter_response: Mapping[str, str] = mapping(1)


class StatusRequest(Message):
    """Which build to tell about, by the solve's ``ref``."""

    ref: str = text(1)


class ProgressGroup(Message):
    """What vertices that belong together share."""

    id: str = text(1)
    name: str = text(2)


class Vertex(Message):
    """A node of the running build."""

    digest: str = text(1)
    inputs: tuple[str, ...] = texts(2)
    name: str = text(3)
    cached: bool = boolean(4)
    started: Timestamp | None = message(5, Timestamp)
    completed: Timestamp | None = message(6, Timestamp)
    error: str = text(7)
    progress_group: ProgressGroup | None = message(8, ProgressGroup)


class VertexStatus(Message):
    """Progress of a part of a vertex."""

    id: str = text(1)
    vertex: str = text(2)
    name: str = text(3)
    current: int = integer(4)
    total: int = integer(5)
    timestamp: Timestamp | None = message(6, Timestamp)
    started: Timestamp | None = message(7, Timestamp)
    completed: Timestamp | None = message(8, Timestamp)


class VertexLog(Message):
    """Bytes that a vertex printed."""

    vertex: str = text(1)
    timestamp: Timestamp | None = message(2, Timestamp)
    stream: int = integer(3)
    msg: bytes = blob(4)


class Position(Message):
    """A place in a source file, lines from 1."""

    line: int = integer(1)
    character: int = integer(2)


class Range(Message):
    """An area of a source file."""

    start: Position | None = message(1, Position)
    end: Position | None = message(2, Position)


class SourceInfo(Message):
    """A source file."""

    filename: str = text(1)
    data: bytes = blob(2)


class VertexWarning(Message):
    """A finding of the frontend about the Dockerfile."""

    vertex: str = text(1)
    level: int = integer(2)
    short: bytes = blob(3)
    detail: tuple[bytes, ...] = blobs(4)
    url: str = text(5)
    info: SourceInfo | None = message(6, SourceInfo)
    ranges: tuple[Range, ...] = messages(7, Range)


class StatusResponse(Message):
    """What happened since the last one."""

    vertexes: tuple[Vertex, ...] = messages(1, Vertex)
    statuses: tuple[VertexStatus, ...] = messages(2, VertexStatus)
    logs: tuple[VertexLog, ...] = messages(3, VertexLog)
    warnings: tuple[VertexWarning, ...] = messages(4, VertexWarning)


class WorkerPlatform(Message):
    """A platform that a worker builds for."""

    architecture: str = text(1)
    os: str = text(2)
    variant: str = text(3)


class BuildkitVersion(Message):
    """Which BuildKit it is; absent before 0.11."""

    package: str = text(1)
    version: str = text(2)
    revision: str = text(3)


class WorkerRecord(Message):
    """One worker of the engine."""

    id: str = text(1)
    labels: Mapping[str, str] = mapping(2)
    platforms: tuple[WorkerPlatform, ...] = messages(3, WorkerPlatform)
    buildkit_version: BuildkitVersion | None = message(5, BuildkitVersion)


class ListWorkersResponse(Message):
    """The engine's workers."""

    records: tuple[WorkerRecord, ...] = messages(1, WorkerRecord)


class InfoResponse(Message):
    """The engine's BuildKit."""

    buildkit_version: BuildkitVersion | None = message(1, BuildkitVersion)


class PruneRequest(Message):
    """Which build cache to remove."""

    filter: tuple[str, ...] = texts(1)
    all: bool = boolean(2)


class UsageRecord(Message):
    """One record of the build cache."""

    id: str = text(1)
    size: int = integer(4)


class BytesMessage(Message):
    """Bytes of a tunnel: a session, an ssh connection, an exported file."""

    data: bytes = blob(1)


# The session: what the engine asks of us.


class CredentialsRequest(Message):
    """Who are we at a registry?"""

    host: str = text(1)


class CredentialsResponse(Message):
    """User name and password; empty ones are anonymous, a name-less secret is a token."""

    username: str = text(1)
    secret: str = text(2)


class GetSecretRequest(Message):
    """A secret, by id."""

    id: str = text(1)


class GetSecretResponse(Message):
    """Its bytes."""

    data: bytes = blob(1)


class CheckAgentRequest(Message):
    """Is there an agent of this id?"""

    id: str = text(1)


class HealthResponse(Message):
    """1 is serving."""

    status: int = integer(1)


class StatMessage(Message):
    """
    A file's metadata; ``filesync`` writes these by hand, since there is one for every file.

    ``mode`` holds Go's FileMode bits; ``linkname`` is a symbolic link's target or, for a regular
    file, the path of an earlier entry that it is a hard link to.
    """

    path: str = text(1)
    mode: int = integer(2)
    uid: int = integer(3)
    gid: int = integer(4)
    size: int = integer(5)
    mod_time: int = integer(6)
    linkname: str = text(7)
    devmajor: int = integer(8)
    devminor: int = integer(9)
    xattrs: Mapping[str, bytes] = blob_mapping(10)


class Packet(Message):
    """One message of a file transfer."""

    type: int = integer(1)
    stat: StatMessage | None = message(2, StatMessage)
    id: int = integer(3)
    data: bytes = blob(4)
