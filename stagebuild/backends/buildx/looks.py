"""
Asking buildx what it is, and what a builder is: its version, its driver, the engine's image store.

Takes a process each, 0.05 s for the version and 0.1 s for a builder, so only what is not kept is
asked for. A builder is known by everything that selects it, and by the engine's socket, which is
made anew when an engine starts.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from typing import TYPE_CHECKING, Self

from stagebuild.backends.buildx.discovery import builders_folder, config_folder
from stagebuild.backends.buildx.factscache import program_identity, stat_of
from stagebuild.backends.buildx.versions import Version
from stagebuild.values import field_values, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.backends.buildx.factscache import FactsCache

_LOOK_S = 30.0
_DEFAULT_HOST = "unix:///var/run/docker.sock"
_SELECTING_VARIABLES = (
    "BUILDX_BUILDER",
    "BUILDX_CONFIG",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "HOME",
)
_MOBY_LABELS = "org.mobyproject.buildkit.worker.moby."
_OLDEST_WITH_POLICIES = Version(0, 11)
_SNAPSHOTTER_LABEL = "org.mobyproject.buildkit.worker.snapshotter"


@frozen
class BuilderFacts:
    """
    What a builder is.

    Attributes:
        name: As ``default``.
        driver: As ``docker`` or ``docker-container``.
        containerd_store: Whether a ``docker`` driver's engine has the containerd image store.
        obeys_policies: Whether its BuildKit knows source policies; where nothing tells, it does.
    """

    name: str
    driver: str
    containerd_store: bool
    obeys_policies: bool


def builder_identity(
    command: Sequence[str], builder: str | None, environ: Mapping[str, str]
) -> str | None:
    """
    Return what changes when another builder would be selected, or its engine was started anew.

    None where that can't be told: an engine that is not at a local socket, say.
    """
    program = program_identity(command, environ)
    host = environ.get("DOCKER_HOST") or _DEFAULT_HOST
    socket = stat_of(host.removeprefix("unix://")) if host.startswith("unix://") else None
    if program is None or socket is None:
        return None
    folder, store = config_folder(environ), builders_folder(environ)
    chosen = [f"{name}={environ.get(name, '')}" for name in _SELECTING_VARIABLES]
    named = builder or environ.get("BUILDX_BUILDER")
    # Their content, not their times: buildx writes them anew at every build.
    files = (f"{folder}/config.json", f"{store}/current", f"{store}/instances/{named}")
    contents = "\0".join(map(_content, files)).encode()
    return " ".join(
        [
            program,
            str(builder),
            *chosen,
            hashlib.sha256(contents).hexdigest(),
            f"{socket.st_ino} {socket.st_mtime_ns}",
        ]
    )


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - no pathlib here
            return file.read()
    except OSError:
        return ""


class VersionLook:
    """A process that answers beside the build; leaving the context waits for it."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._asked = _start_asking(command, environ)
        self._version: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.answer()

    def answer(self) -> str | None:
        """Return the version, as ``0.29.1``, waiting for it; None when there is none."""
        if self._asked is not None:
            self._version, self._asked = _answer_of(self._asked), None
        return self._version


def _start_asking(
    command: Sequence[str], environ: Mapping[str, str]
) -> subprocess.Popen[bytes] | None:
    try:
        return subprocess.Popen(
            [*command, "version"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None


def _answer_of(asked: subprocess.Popen[bytes]) -> str | None:
    """Wait for ``github.com/docker/buildx 0.29.1+ds1 …``; return ``0.29.1``, None for nothing."""
    with asked:
        try:
            answer, _ = asked.communicate(timeout=_LOOK_S)
        except subprocess.TimeoutExpired:
            asked.kill()
            return None
    if asked.returncode != 0:
        return None
    version = Version.find(answer.decode(errors="replace").partition(" ")[2])
    return None if version is None else str(version)


def look_at_builder(
    command: Sequence[str], builder: str | None, environ: Mapping[str, str]
) -> BuilderFacts | None:
    """Ask buildx what the builder is; None when it does not say, for whatever reason."""
    named = () if builder is None else (builder,)
    try:
        done = subprocess.run(
            [*command, "inspect", *named],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_LOOK_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read_inspection(done.stdout.decode(errors="replace")) if done.returncode == 0 else None


def read_inspection(text: str) -> BuilderFacts | None:
    """
    Return what ``docker buildx inspect`` says of a builder; None for another text.

    Source: docker/buildx commands/inspect.go and driver/docker/driver.go (Features).
    """
    pairs: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            pairs.setdefault(key.strip(), value.strip())
    if "Driver" not in pairs:
        return None
    return BuilderFacts(
        name=pairs.get("Name", ""),
        driver=pairs["Driver"],
        containerd_store=_SNAPSHOTTER_LABEL in pairs,
        obeys_policies=_obeys_policies(pairs),
    )


def _obeys_policies(pairs: Mapping[str, str]) -> bool:
    """
    Say whether BuildKit is 0.11 or later; an older one ignores a policy without a word.

    A Docker engine's does not tell its version. Docker 23, the first with such a BuildKit, is also
    the first whose worker tells the address of ``host-gateway``.
    """
    if pairs["Driver"] == "docker":
        answers = pairs.get("Status") == "running"
        return not answers or any(label.startswith(_MOBY_LABELS) for label in pairs)
    version = Version.find(pairs.get("BuildKit version", pairs.get("Buildkit", "")))
    return version is None or version == Version(0, 0) or version >= _OLDEST_WITH_POLICIES


def known_builder(
    command: Sequence[str], builder: str | None, environ: Mapping[str, str], cache: FactsCache
) -> BuilderFacts | None:
    """Return what a builder is, as kept or asked for; None when buildx does not say."""
    identity = builder_identity(command, builder, environ)
    kept = None if identity is None else cache.get(identity)
    if isinstance(kept, dict):
        with contextlib.suppress(TypeError):
            return BuilderFacts(**kept)
    found = look_at_builder(command, builder, environ)
    # A first look at an engine makes buildx write down which builder it took: identify it anew.
    identity = builder_identity(command, builder, environ)
    if found is not None and identity is not None:
        cache.put(identity, field_values(found))
    return found
