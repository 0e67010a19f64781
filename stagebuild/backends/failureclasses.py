"""
What kind of failure a build ended with, from how it ended and what was said. Pure.

Told apart by the exit code first, then by what the failing vertex was for, then by text; what is
not known is permanent, since a second try that can't help costs its time again. The one place that
knows engines' and registries' words: retries, caches and errors all ask here.

Sources of the words: containerd core/remotes/docker (resolver.go, pusher.go, fetcher.go,
authorizer.go, errcode.go), moby/buildkit util/resolver, cache/remotecache, solver, session,
distribution registry/api/v2/errors.go, Go's net, net/http and crypto/tls; and reports of real
failures: ``tests/backends/failuretexts.tsv`` holds them with their sources.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from stagebuild.values import frozen

if TYPE_CHECKING:
    from stagebuild.progress.vertexnames import Kind


class FailureClass(StrEnum):
    """
    Why a build failed, as far as what to do about it goes. The value is the name people read.

    ========================  ================================================================
    ``CANCELED``              somebody stopped it
    ``STEP``                  an instruction of the Dockerfile failed
    ``DOCKERFILE``            the Dockerfile, or what it is built from, is wrong
    ``REGISTRY_BUSY``         the registry asks for fewer requests (429)
    ``REGISTRY_ERROR``        the registry or its storage failed (5xx)
    ``REGISTRY_CONFLICT``     two uploads, or what was sent and what arrived, disagree
    ``REGISTRY_REFUSED``      it does not exist, or may not be read or written (4xx, certificates)
    ``NETWORK``               the way to a registry or another server broke
    ``BUILDER``               the engine or the connection to it broke
    ``BUILDER_GONE``          the engine, which was there before, can't be reached
    ``CACHE``                 a cache could not be imported or exported
    ``DISK_FULL``             there is no space left where the engine builds
    ``UNKNOWN``               none of these
    ========================  ================================================================
    """

    CANCELED = "canceled"
    STEP = "step"
    DOCKERFILE = "dockerfile"
    REGISTRY_BUSY = "registry busy"
    REGISTRY_ERROR = "registry error"
    REGISTRY_CONFLICT = "registry conflict"
    REGISTRY_REFUSED = "registry refused"
    NETWORK = "network"
    BUILDER = "builder"
    BUILDER_GONE = "builder gone"
    CACHE = "cache"
    DISK_FULL = "disk full"
    UNKNOWN = "unknown"


@frozen
class FailureFacts:
    """
    What is known of a failure.

    Attributes:
        text: The words of the failing vertex if there is one, and of the program or the engine.
        exit_code: Of the program that drove the build, or None.
        process_exit_code: Of a RUN step's process, or None.
        kind: What the failing vertex was for, or None when no vertex failed.
    """

    text: str
    exit_code: int | None = None
    process_exit_code: int | None = None
    kind: Kind | None = None


# Source: docker/buildx cmd/buildx/main.go.
_BY_CODE: dict[int | None, FailureClass] = {
    130: FailureClass.CANCELED,
    102: FailureClass.DISK_FULL,
}

_CANCELED = r"context canceled\s*$|operation was canceled\s*$"

# Said of the process itself, so nothing in the text counts: a command may hold any word.
# The last is how BuildKit 0.8 says it.
_PROCESS = r"did not complete successfully: (?!.*no space left)|executor failed running \["

_DISK_FULL = r"no space left on device|[Dd]isk quota exceeded"

# The vertex' name says it best; these are for when no vertex failed, or another one did.
_CACHE = (
    r"(?:failed to configure|failed to solve: (?:failed to )?configure) \S+ cache (?:im|ex)porter|"
    r"could not parse cache |error writing (?:layer|manifest|config) blob|failed to export cache|"
    r"error committing cache|failed to reserve cache|failed to save cache|"
    r"actions-cache/|artifactcache\.|maximum timeout reached|"
    r"failed to parse cache|invalid cache manifest|failed to load cache config"
)

LOST_LAYER = r"snapshot \S+(?: sha256:\w+)? does not exist"
"""The engine has the result of a step in its cache, but no longer what it is made of."""

# Two builds make one image at once, and the engine's store takes one name of it twice.
_NAMED_TWICE = r"\bimage \"[^\"\n]+\": already exists"

# The builder's own trouble. ``Unavailable`` is gRPC's status, not HTTP's 503.
_BUILDER = (
    rf"{LOST_LAYER}|{_NAMED_TWICE}|"
    r"code = Unavailable\b|(?<!Service )\bUnavailable: |no active session for|no such job|"
    r"frontend grpc server closed unexpectedly|inconsistent graph state|"
    r"return leaving incoming open|buildkit scheduler error|failed to get edge|"
    r"\bref \S+ locked\b|\blocked for \S+|: unavailable\b|"
    r"lease (?:\S+: not found|does not exist)|missing lease requirement|"
    r"failed to get (?:deleted )?record|"
    r"unknown blob \S+ in history|"
    r"went away during the build|error reading from server: EOF|error dialing backend|"
    r"timed out waiting for server handshake|the client connection is closing|"
    r"transport is closing|closing transport|failed to (?:receive|get) status: .*connection|"
    r"unexpected error code=Unavailable|session (?:finished|closed|healthcheck failed)|"
    r"failed to list workers"
)

_BUSY = (
    r"\b429\b[: ]*(?:Too Many Requests)?|toomanyrequests|[Tt]oo [Mm]any [Rr]equests|"
    r"[Rr]ate ?limit|RequestLimitExceeded|SlowDown|TOOMANYREQUESTS|Egress is over the account limit"
)
_STATUS = (
    r"(?:unexpected status(?: code)?|unexpected HTTP status|invalid response status|"
    r"invalid status response|[Ss]tatus ?[Cc]ode:?|RESPONSE|returned error:|HTTP status:?|"
    r"error parsing HTTP|: HTTP)"
    r"[^\n]*?[: ]"
)
_SERVER_ERROR = (
    _STATUS + r"(?P<code>5\d\d)\b|"
    r"\b(?:500 Internal Server Error|502 Bad Gateway|503 Service (?:Temporarily )?Unavailable|"
    r"504 Gateway Time-?[Oo]ut|520 |InternalError|ServerBusy|ServiceUnavailable|BadGateway)|"
    r"[Ii]nternal server error|INTERNAL_ERROR.*registry"
)
_CONFLICT = (
    r"409 Conflict|blob upload (?:unknown|invalid)|BLOB_UPLOAD_(?:UNKNOWN|INVALID)|"
    r"\bunknown blob\b|blob unknown to registry|BLOB_UNKNOWN|"
    r"unexpected commit (?:digest|size)|got digest sha256:\w+, expected|"
    r"digest did not match|digest invalid|"
    r"416 Requested Range Not Satisfiable|invalid status response 416"
)
_REFUSED = (
    r"x509: |certificate (?:signed|has expired|is valid for|verify failed)|"
    r"server gave HTTP response to HTTPS client|first record does not look like a TLS handshake|"
    r"[Tt]ls: (?:bad certificate|unknown certificate|handshake failure|protocol version)|"
    r"\b401\b|\b403\b|[Uu]nauthorized|UNAUTHORIZED|[Ff]orbidden|"
    r"access (?:to the resource )?(?:is )?denied|\bdenied: |insufficient_scope|"
    r"authentication required|no basic auth credentials|authorization failed|"
    r"manifest unknown|MANIFEST_UNKNOWN|name unknown|NAME_UNKNOWN|name invalid|"
    r"\b404\b|no such host|: not found\b|\b405\b|unsupported: The operation is unsupported|"
    r"413 (?:Request Entity|Payload|Content) Too Large|\b400 Bad Request|"
    r"no match for platform|does not (?:match|provide) the (?:specified|requested) platform|"
    r"quota (?:has been |is )?exceeded|QUOTAEXCEEDED|"
    r"[Cc]ould not read Username|Authentication failed for|[Rr]epository not found"
)
_REFUSED_STATUS = _STATUS + r"4(?!08|25|29)\d\d\b"
_NETWORK = (
    r"connection reset by peer|broken pipe|i/o timeout|TLS handshake timeout|unexpected EOF|"
    r"\bEOF\s*(?:$|[\n)\"])|: EOF\b|connection refused|server misbehaving|"
    r"[Tt]emporary failure in name resolution|Could not resolve host|"
    r"network is unreachable|no route to host|Client\.Timeout|use of closed network connection|"
    r"http2: (?:client connection lost|server sent GOAWAY|Transport received)|"
    r"stream error: stream ID|context deadline exceeded|DeadlineExceeded|"
    r"request canceled while waiting|[Oo]peration timed out|[Cc]onnection timed out|"
    r"net/http: timeout|read on closed response body|read/write on closed pipe|"
    r"cannot reuse body, request must be retried|408 Request Time-?out|tls: internal error|"
    r"tls: bad record MAC|short read: expected|early EOF|remote end hung up unexpectedly|"
    r"malformed HTTP response|server closed idle connection|transport connection broken|"
    r"RequestTimeout"
)
_DOCKERFILE = (
    r"[Dd]ockerfile parse error|unknown instruction: |target stage [^\n]* could not be found|"
    r"failed to calculate checksum of ref|failed to read [Dd]ockerfile: open |"
    r"failed to process \"|no build stage in current context|circular dependency|"
    r"file with no instructions|the Dockerfile [^\n]*cannot be empty|invalid reference format|"
    r"cannot copy from stage|base name \([^\n]*\) should not be blank|"
    r"failed to parse (?:platform|stage name)|failed to walk |lstat [^\n]*: no such file|"
    r"unable to prepare context|invalid field|unexpected key|docker exporter does not|"
    r"cannot replace to directory|cannot copy to non-directory|"
    r"failed to (?:stat|load) [^\n]*secret|secret [^\n]*: not found|is not a known variable|"
    r"invalid containerPort|when using COPY with more than one source file"
)
# Whatever else it says, it was said on the way to or by a registry.
_AT_REGISTRY = (
    r"failed to push |failed to resolve source metadata|failed to authorize|"
    r"failed to fetch (?:anonymous|oauth) token|failed to do request|unexpected status from |"
    r"received unexpected HTTP status|httpReadSeeker: failed open"
)

# In this order: the first that is found decides.
_BY_TEXT = (
    (_DISK_FULL, FailureClass.DISK_FULL),
    (_DOCKERFILE, FailureClass.DOCKERFILE),
    (_BUSY, FailureClass.REGISTRY_BUSY),
    (_SERVER_ERROR, FailureClass.REGISTRY_ERROR),
    (_BUILDER, FailureClass.BUILDER),
    (_CONFLICT, FailureClass.REGISTRY_CONFLICT),
    (_REFUSED, FailureClass.REGISTRY_REFUSED),
    (_REFUSED_STATUS, FailureClass.REGISTRY_REFUSED),
    (_NETWORK, FailureClass.NETWORK),
    (_AT_REGISTRY, FailureClass.REGISTRY_REFUSED),
)

_OF_REGISTRY = frozenset(
    {
        FailureClass.REGISTRY_BUSY,
        FailureClass.REGISTRY_ERROR,
        FailureClass.REGISTRY_CONFLICT,
        FailureClass.REGISTRY_REFUSED,
        FailureClass.NETWORK,
    }
)

_RETRY_AFTER = r"(?i)(?:retry[- ]after|try again in|retry in)[:=]?\s*(\d+(?:\.\d+)?)\s*([µμa-z]*)"
_UNIT_S = {
    "": 1.0,
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}


def classify(facts: FailureFacts) -> FailureClass:
    """Return what kind of failure it was."""
    return (
        _BY_CODE.get(facts.exit_code)
        or _by_process(facts)
        or _by_vertex(facts)
        or _by_text(facts)
        or (FailureClass.STEP if facts.kind == "step" else FailureClass.UNKNOWN)
    )


def _by_process(facts: FailureFacts) -> FailureClass | None:
    """Tell apart what the step's own process did from what was done to it."""
    if facts.process_exit_code is not None:
        return FailureClass.STEP
    if re.search(_CANCELED, facts.text) and not re.search(_BUILDER, facts.text):
        return FailureClass.CANCELED
    return FailureClass.STEP if re.search(_PROCESS, facts.text) else None


def _by_vertex(facts: FailureFacts) -> FailureClass | None:
    is_cache = facts.kind in ("cache import", "cache export") or re.search(_CACHE, facts.text)
    return FailureClass.CACHE if is_cache else None


def _by_text(facts: FailureFacts) -> FailureClass | None:
    text = _without_urls(facts.text)
    return next((kind for words, kind in _BY_TEXT if re.search(words, text)), None)


def is_of_registry(failure: FailureClass) -> bool:
    """Whether the failure is about a registry, or the way to one."""
    return failure in _OF_REGISTRY


def retry_after_s(text: str) -> float | None:
    """
    Return how long the other side asks to wait, in seconds; None when it does not say.

    BuildKit hands on a registry's words, but not its headers: ``toomanyrequests: retry-after:
    1.5s`` is how several registries write the header's value into the message.
    """
    found = re.search(_RETRY_AFTER, text)
    if found is None:
        return None
    unit = found[2].lower()
    known = _UNIT_S.get(unit)
    if known is None:
        known = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(unit[:1], 1.0)
    return float(found[1]) * known


def _without_urls(text: str) -> str:
    """Return the text without paths and queries of URLs: a tag may be called ``403``."""
    return re.sub(r"(https?://[^\s\"/]*)[^\s\"]*", r"\1/ ", text)
