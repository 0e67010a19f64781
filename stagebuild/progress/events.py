"""
What a running build tells, as values: BuildKit's ``SolveStatus`` taken apart and typed.

Every backend emits these, in the order in which the engine sent them. Times are seconds since the
epoch by the engine's clock; None means "not yet". A vertex is one node of the running build graph,
named by its digest; a later event of the same vertex replaces what an earlier one said.

Source: moby/buildkit client/graph.go (Vertex, VertexStatus, VertexLog, VertexWarning).
"""

from __future__ import annotations

from stagebuild.values import frozen


@frozen
class VertexUpdate:
    """
    A vertex appeared, started, was found in the cache, ended or failed.

    Attributes:
        digest: Identifies the vertex within this build.
        name: As BuildKit prints it, as ``[builder 2/5] RUN make``; parsed by ``vertexnames``.
        inputs: Digests of the vertices that this one waits for.
        started_s: Start of the newest run of the vertex; it may start more than once.
        completed_s: Its end.
        cached: Whether this update says that the result came from the cache.
        error: Why it failed, or the empty string. ``context canceled`` at its end means canceled.
        progress_group: Identifier shared by vertices that belong together, or None.
    """

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    started_s: float | None = None
    completed_s: float | None = None
    cached: bool = False
    error: str = ""
    progress_group: str | None = None


@frozen
class StatusUpdate:
    """
    Progress of a part of a vertex: a layer pulled or pushed, a context transferred.

    Attributes:
        vertex: Digest of the vertex it belongs to.
        id: Names the part, as ``pushing layers`` or ``transferring context:``.
        current: Units done, bytes in most cases.
        total: Units expected, 0 when unknown.
        at_s: When the engine said so.
        started_s: When the part began.
        completed_s: When it ended.
    """

    vertex: str
    id: str
    current: int = 0
    total: int = 0
    at_s: float | None = None
    started_s: float | None = None
    completed_s: float | None = None


@frozen
class LogChunk:
    """
    Bytes that a step printed, cut anywhere, also in mid-line and mid-character.

    Attributes:
        vertex: Digest of the vertex that printed them.
        stream: 1 for stdout, 2 for stderr.
        data: The bytes as printed.
        at_s: When the engine read them.
    """

    vertex: str
    stream: int
    data: bytes
    at_s: float | None = None


@frozen
class WarningRaised:
    """
    One of BuildKit's own warnings about the Dockerfile.

    Attributes:
        vertex: Digest of the vertex that raised it.
        short: The finding, one line, with its rule's name as BuildKit gives it.
        detail: Further lines.
        url: A page about the rule, or None.
        path: The Dockerfile as the engine names it, or None.
        line: 1-based first line meant, or None.
    """

    vertex: str
    short: str
    detail: tuple[str, ...] = ()
    url: str | None = None
    path: str | None = None
    line: int | None = None


@frozen
class PlainLine:
    """
    A line of the build program that is not part of the status stream, as ``ERROR: …``.

    Attributes:
        text: Without its line end; undecodable bytes replaced.
    """

    text: str


@frozen
class AttemptFailed:
    """
    An attempt at the build has failed and another one follows, to which all later events belong.

    The engine knows nothing of it: it is what a backend says that tries again.

    Attributes:
        number: Of the attempt that failed, from 1.
        cause: What kind of failure it was, as ``registry busy``.
        error: Why it failed, in the engine's words.
        wall_s: How long the attempt took, in seconds.
        wait_s: How long until the next one.
    """

    number: int
    cause: str
    error: str
    wall_s: float
    wait_s: float


Event = VertexUpdate | StatusUpdate | LogChunk | WarningRaised | PlainLine | AttemptFailed
