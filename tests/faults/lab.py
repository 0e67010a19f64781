"""One cell of the fault table: a build through the proxy, what breaks, what came of it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from stagebuild.backends.buildx import BuildxBackend
from stagebuild.backends.cachecare import CacheCaringBackend
from stagebuild.backends.masking import MaskingBackend
from stagebuild.backends.retrying import RetryingBackend
from stagebuild.backends.sdk import SdkBackend
from stagebuild.backends.timelimits import TimeLimitedBackend
from stagebuild.model import CacheEntry, Output, Project
from stagebuild.planning.spec import BuildPlan, BuildSpec
from stagebuild.runevents import Retrying
from stagebuild.runner import run
from tests.faults.proxy import Fault, FaultProxy, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stagebuild.backends.base import Backend, Cancel
    from stagebuild.errors import StagebuildError
    from stagebuild.result import Attempt, BuildResult
    from stagebuild.runevents import RunEvent

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

# Waits are real, but shorter than a user's.
LONGEST_PAUSE_S = 0.3

BACKENDS: Mapping[str, Callable[[Mapping[str, str]], Backend]] = {
    "buildx": lambda environ: BuildxBackend(environ=environ),
    "sdk": lambda environ: SdkBackend(environ=environ),
}

BUSY = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 1s"}]}'
# Whoever asks the proxy for a token gets one; what is asked for once is asked for with it again.
ASKS = (("WWW-Authenticate", 'Bearer realm="http://{registry}/token",service="the registry"'),)
READ_ONLY = b'{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}'
FAULTS = (
    Fault(name="429", status=429),
    Fault(name="429, Retry-After", status=429, headers=(("Retry-After", "1"),), body=BUSY),
    Fault(name="500", status=500),
    Fault(name="502", status=502),
    Fault(name="503", status=503),
    Fault(name="504", status=504),
    Fault(name="reset", breaks="reset"),
    Fault(name="EOF", breaks="close"),
    Fault(name="cut", breaks="cut"),
    Fault(name="slow", breaks="slow"),
    Fault(name="truncated", breaks="truncate"),
    Fault(name="corrupt", breaks="corrupt"),
    Fault(name="wrong digest", breaks="wrong digest"),
    Fault(name="401 once", status=401, headers=ASKS, times=1),
    Fault(name="401", status=401),
    Fault(name="403", status=403),
    Fault(name="404", status=404),
    Fault(name="405, read-only", status=405, body=READ_ONLY),
    Fault(name="413", status=413),
)
SLOW = "FROM busybox\nRUN echo NONCE > /first\nRUN sleep 2 && echo NONCE > /second\n"
HANG = Fault(name="hang", breaks="hang")
PHASES = (
    "resolve",
    "pull",
    "cache import",
    "run",
    "run, retry-steps",
    "cache export",
    "push",
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    What came of a cell.

    Attributes:
        hits: How many requests were broken.
        attempts: Every attempt.
        result: The result, or None.
        error: The error, or None.
        wall_s: How long it took.
        left: Whether the build failed, and what it was to push is in the registry all the same.
    """

    hits: int
    attempts: tuple[Attempt, ...]
    result: BuildResult | None
    error: StagebuildError | None
    wall_s: float
    left: bool = False


@dataclass(kw_only=True)
class Lab:
    """
    A folder, an engine, its registry and a backend.

    Attributes:
        backend: ``buildx`` or ``sdk``.
        environ: Of the engine.
        registry: Host and port of the real registry.
        folder: For the context.
        between: Makes the proxy in front of a registry.
    """

    backend: str
    environ: Mapping[str, str]
    registry: str
    folder: Path
    between: Callable[[str], FaultProxy] = lambda registry: FaultProxy(upstream=registry)
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def spec(self, dockerfile: str, **fields: Any) -> BuildSpec:
        path = self.folder / "Dockerfile"
        path.write_text(dockerfile.replace("NONCE", self.nonce))
        (self.folder / "file").write_text(self.nonce)
        decided = {
            "name": "faults",
            "root": self.folder,
            "context": str(self.folder),
            "dockerfile": str(path),
            "dockerfile_shown": "Dockerfile",
            "target": None,
        }
        return BuildSpec(**{**decided, **fields})

    def made(self) -> Backend:
        environ = {**os.environ, **self.environ, "XDG_CACHE_HOME": str(self.folder / ".cache")}
        masked = MaskingBackend(BACKENDS[self.backend](environ), environ=environ)
        return TimeLimitedBackend(RetryingBackend(CacheCaringBackend(masked), pause=_pause))

    def build(
        self,
        spec: BuildSpec,
        *,
        on_event: Callable[[RunEvent], None] | None = None,
        cancel: Cancel | None = None,
    ) -> tuple[BuildResult | None, StagebuildError | None]:
        plan = BuildPlan(project=Project(), specs=(spec,))
        outcome = run(plan, backend=self.made(), on_event=on_event, cancel=cancel)
        return (
            next(iter(outcome.results.values()), None),
            next(iter(outcome.errors.values()), None),
        )

    def push_image(self, repository: str) -> None:
        """Put an image that no engine has seen into the registry, as ``REPOSITORY:1``."""
        unpacked = io.BytesIO()
        with tarfile.open(fileobj=unpacked, mode="w", format=tarfile.GNU_FORMAT) as tar:
            content = os.urandom(96 * 1024)
            info = tarfile.TarInfo("random")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        layer = gzip.compress(unpacked.getvalue(), 1)
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [_digest(unpacked.getvalue())]},
            }
        ).encode()
        for blob in (layer, config):
            self.push_blob(repository, blob)
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "size": len(config), "digest": _digest(config)},
            "layers": [{"mediaType": _LAYER, "size": len(layer), "digest": _digest(layer)}],
        }
        url = f"http://{self.registry}/v2/{repository}/manifests/1"
        data = json.dumps(manifest).encode()
        urlopen(Request(url, data=data, method="PUT", headers={"Content-Type": _MANIFEST})).close()

    def push_blob(self, repository: str, blob: bytes) -> None:
        """Put a blob into the registry."""
        url = f"http://{self.registry}/v2/{repository}/blobs/uploads/"
        with urlopen(Request(url, data=b"", method="POST")) as begun:
            place = begun.headers["Location"]
        mark = "&" if "?" in place else "?"
        headers = {"Content-Type": "application/octet-stream"}
        put = Request(
            f"{place}{mark}digest={_digest(blob)}", data=blob, method="PUT", headers=headers
        )
        urlopen(put).close()

    def is_pushed(self) -> bool:
        """Whether the registry has what this lab's builds push."""
        try:
            urlopen(f"http://{self.registry}/v2/faults/{self.nonce}/manifests/1").close()
        except HTTPError as refused:
            refused.close()
            return False
        return True

    def prepared(self, phase: str, proxy: FaultProxy, **fields: Any) -> tuple[BuildSpec, str]:
        """Return a build that comes by ``phase``, and the pattern of its requests."""
        repository = f"faults/{self.nonce}"
        ref = f"{proxy.registry}/{repository}"
        nothing = {"outputs": (Output(type="cacheonly"),), **fields}
        copying = "FROM scratch\nCOPY file /\n"
        match phase:
            case "resolve" | "pull":
                self.push_image(repository)
                where = Phase.RESOLVE if phase == "resolve" else Phase.PULL
                return self.spec(f"FROM {ref}:1\nCOPY file /\n", **nothing), where
            case "push":
                spec = self.spec(copying, tags=(f"{ref}:1",), push=True, **fields)
                return spec, Phase.PUSH
            case "cache export":
                entry = CacheEntry(type="registry", attributes={"ref": f"{ref}:cache"})
                return (
                    self.spec(copying, cache_to=(entry,), **nothing),
                    Phase.PUSH,
                )
            case "cache import":
                real = CacheEntry(
                    type="registry", attributes={"ref": f"{self.registry}/{repository}:cache"}
                )
                text = "FROM busybox\nRUN echo NONCE > /made\n"
                assert self.build(self.spec(text, cache_to=(real,), **nothing))[1] is None
                entry = CacheEntry(type="registry", attributes={"ref": f"{ref}:cache"})
                return self.spec(text, cache_from=(entry,), **nothing), Phase.ANY
            case "run" | "run, retry-steps":
                # A step that fetches something, as most that can fail for no fault of theirs do.
                url = f"http://127.0.0.1:{proxy.port}/v2/{repository}/tags/list"
                text = f"FROM busybox AS fetch\nRUN wget -qO /made {url} || exit 3\nFROM fetch\n"
                steps = ("fetch",) if phase.endswith("retry-steps") else ()
                self.push_image(repository)
                spec = self.spec(text, network="host", retry_steps=steps, **nothing)
                return spec, Phase.ANY
            case _:
                raise ValueError(phase)

    def cell(self, fault: Fault, phase: str, *, passes: bool = True, **fields: Any) -> Outcome:
        """
        Build through the proxy with one thing broken.

        Args:
            fault: What breaks.
            phase: Where.
            passes: Whether it is over once an attempt has failed; else it lasts.
        """
        with self.between(self.registry) as proxy:
            spec, where = self.prepared(phase, proxy, **fields)
            with proxy.broken(fault, fault.at or where, times=fault.times) as injection:

                def watch(event: RunEvent) -> None:
                    if passes and isinstance(event, Retrying):
                        injection.times = injection.hits

                began_s = time.monotonic()
                result, error = self.build(spec, on_event=watch)
                wall_s = time.monotonic() - began_s
            attempts = result.attempts if result is not None else getattr(error, "attempts", ())
            return Outcome(
                hits=injection.hits,
                attempts=tuple(attempts),
                result=result,
                error=error,
                wall_s=wall_s,
                left=error is not None and phase == "push" and self.is_pushed(),
            )


def when_sleeping(act: Callable[[], None]) -> Callable[[RunEvent], None]:
    """Return a watcher that acts once, when the slow step has begun."""
    begun = threading.Event()

    def watch(event: RunEvent) -> None:
        if not begun.is_set() and "sleep 2" in repr(event) and "started_s=1" in repr(event):
            begun.set()
            threading.Timer(0.3, act).start()

    return watch


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _pause(seconds: float, cancel: Cancel) -> None:
    from stagebuild.backends.retrying import pause_unless_canceled  # noqa: PLC0415

    pause_unless_canceled(min(seconds, LONGEST_PAUSE_S), cancel)
