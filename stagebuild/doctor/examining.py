"""Facts -> findings: what is good, what may fail, what will, and what to do about each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.doctor.cachebackends import cache_findings
from stagebuild.doctor.facts import DefinedBuilder, Facts, Finding, Verdict, Wanted
from stagebuild.errors import StagebuildError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stagebuild.backends.buildx.discovery import Builder
    from stagebuild.backends.sdk.inspection import EngineState

OLDEST_ENGINE = (23, 0)
"""The first with a BuildKit that has all that stagebuild's own backend asks for."""
OLDEST_BUILDX = (0, 13)
CHECKS_BUILDX = (0, 15)

_SKEW_S = 5.0
_FEW_BYTES = 10 * 10**9
_NO_BYTES = 10**9
_BINFMT = "docker run --privileged --rm tonistiigi/binfmt --install all"
_STORE = (
    'set {"features": {"containerd-snapshotter": true}} in the engine\'s daemon.json and restart'
    " it; images have to be built or pulled anew"
)

GOOD, CAUTION, PROBLEM = Verdict.GOOD, Verdict.CAUTION, Verdict.PROBLEM


def examine(facts: Facts) -> tuple[Finding, ...]:
    """Return what there is to say, in the order in which things depend on each other."""
    return (
        *_engine(facts),
        *_buildx(facts),
        *_backend(facts),
        *_builders(facts),
        *_platforms(facts),
        *cache_findings(facts, driver=_in_use(facts)),
        *_registries(facts),
        *_disks(facts),
        *_project(facts),
    )


def _engine(facts: Facts) -> Iterator[Finding]:
    engine = facts.engine
    if isinstance(engine, StagebuildError):
        yield Finding(
            subject="engine", verdict=PROBLEM, text=engine.message, remedy=engine.hint or ""
        )
        return
    told = f"Docker {engine.version} (API {engine.api}, {engine.platform}) at {engine.host}"
    if _version(engine.version) < OLDEST_ENGINE:
        yield Finding(
            subject="engine",
            verdict=CAUTION,
            text=f"{told} is older than 23.0: named contexts, attestations and more are missing",
            remedy="upgrade the engine: docs.docker.com/engine/install",
        )
    else:
        yield Finding(subject="engine", verdict=GOOD, text=told)
    yield _store(facts, engine)
    yield from _clock(facts, engine)


def _store(facts: Facts, engine: EngineState) -> Finding:
    if engine.containerd_store:
        return Finding(subject="image store", verdict=GOOD, text=f"containerd ({engine.storage})")
    lacking = (
        "without containerd's store: no cache export but inline, one platform at a time, no"
        " digest of an image that is not pushed"
    )
    return Finding(
        subject="image store",
        verdict=PROBLEM if _wants_store(facts) else CAUTION,
        text=f"{engine.storage}, {lacking}",
        remedy=f"{_STORE}; or use a builder of the docker-container driver",
    )


def _wants_store(facts: Facts) -> bool:
    """Say whether an environment needs what the store brings, and no other builder is in use."""
    wanted = facts.wanted
    if not isinstance(wanted, Wanted) or not wanted.features:
        return False
    return (_in_use(facts) or "docker") == "docker"


def _in_use(facts: Facts) -> str | None:
    """Return the driver of the builder in use, or None when it is not known."""
    if isinstance(facts.builders, StagebuildError):
        return None
    return next((each.driver for each in facts.builders if each.name == facts.in_use), None)


def _clock(facts: Facts, engine: EngineState) -> Iterator[Finding]:
    if engine.time_s is None:
        return
    skew_s = engine.time_s - facts.now_s
    if abs(skew_s) > _SKEW_S:
        ahead = "ahead of" if skew_s > 0 else "behind"
        yield Finding(
            subject="clock",
            verdict=CAUTION,
            text=f"the engine's is {abs(skew_s):.0f} s {ahead} this machine's: registries may"
            " refuse its tokens, and certificates seem not valid yet",
            remedy="let both get the time from a server (timedatectl set-ntp true); restart the"
            " virtual machine of Docker Desktop",
        )
    else:
        yield Finding(subject="clock", verdict=GOOD, text="the engine's agrees with this machine's")


def _backend(facts: Facts) -> Iterator[Finding]:
    if facts.backend is not None:
        name, reason = facts.backend
        yield Finding(subject="backend", verdict=GOOD, text=f"{name}: {reason}")


def _buildx(facts: Facts) -> Iterator[Finding]:
    version = facts.buildx
    if version is None:
        yield Finding(
            subject="buildx",
            verdict=CAUTION,
            text="not installed: builds go over the engine's own connection; named builders and"
            " BuildKit's checks are missing",
            remedy="install the package docker-buildx-plugin (Debian's docker-buildx)",
        )
    elif _version(version) < OLDEST_BUILDX:
        yield Finding(
            subject="buildx",
            verdict=PROBLEM,
            text=f"{version} is too old: its progress can't be read",
            remedy="upgrade to 0.13 or later, or build with --backend sdk",
        )
    elif _version(version) < CHECKS_BUILDX:
        yield Finding(
            subject="buildx",
            verdict=CAUTION,
            text=f"{version} can't run BuildKit's own checks",
            remedy="upgrade to 0.15 or later for `stagebuild check`",
        )
    else:
        yield Finding(subject="buildx", verdict=GOOD, text=version)


def _builders(facts: Facts) -> Iterator[Finding]:
    if facts.buildx is None:
        return
    if isinstance(facts.builders, StagebuildError):
        error = facts.builders
        yield Finding(
            subject="builders", verdict=CAUTION, text=error.message, remedy=error.hint or ""
        )
        return
    for builder in facts.builders:
        yield _builder(builder, is_used=builder.name == facts.in_use)
    if isinstance(facts.wanted, Wanted):
        yield from _wanted_builders(facts.wanted, [builder.name for builder in facts.builders])


def _wanted_builders(wanted: Wanted, names: Sequence[str]) -> Iterator[Finding]:
    """Say whether the builders that environments name are there, and as they are defined."""
    for name, environments in wanted.builders.items():
        defined = wanted.defined.get(name)
        if defined is not None:
            finding = _defined(name, defined)
            if finding is not None:
                yield finding
        elif name not in names:
            yield Finding(
                subject=f"builder {name}",
                verdict=PROBLEM,
                text=f"there is none; {_listed(environments)} need it{did_you_mean(name, names)}",
                remedy=f"docker buildx create --name {name} --driver docker-container",
            )


def _defined(name: str, defined: DefinedBuilder) -> Finding | None:
    """Return what is to be said of a builder of the project's own besides how it is."""
    subject = f"builder {name}"
    if defined.error is not None:
        return Finding(
            subject=subject,
            verdict=PROBLEM,
            text=defined.error.message,
            remedy=defined.error.hint or "",
        )
    if not defined.missing:
        return None
    nodes = f"{defined.nodes} node{'s' * (defined.nodes > 1)}"
    state = "not there yet" if defined.missing == defined.nodes else f"{defined.missing} missing"
    return Finding(
        subject=subject,
        verdict=GOOD,
        text=f"{defined.driver}, {nodes}, {state}: the first build makes it",
    )


def _builder(builder: Builder, *, is_used: bool) -> Finding:
    subject = f"builder {builder.name}"
    states = {node.status or "unknown" for node in builder.nodes}
    told_versions = (node.buildkit for node in builder.nodes)
    versions = sorted({version for version in told_versions if version and _is_told(version)})
    told = f"{builder.driver or 'no driver'}, {_listed(states) or 'no node'}"
    told += f", BuildKit {_listed(versions)}" * bool(versions) + ", in use" * is_used
    if states == {"running"}:
        return Finding(subject=subject, verdict=GOOD, text=told)
    return Finding(
        subject=subject,
        verdict=PROBLEM if is_used and "inactive" not in states else CAUTION,
        text=told,
        remedy=f"start it with `docker buildx inspect --bootstrap {builder.name}`, or remove it"
        f" with `docker buildx rm {builder.name}`",
    )


def _platforms(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.builders, StagebuildError) or not facts.builders:
        return
    known = {
        platform.rstrip("*")
        for builder in facts.builders
        if builder.name == facts.in_use
        for node in builder.nodes
        for platform in node.platforms
    }
    if not known:
        return
    wanted = facts.wanted.platforms if isinstance(facts.wanted, Wanted) else {}
    missing = {name: envs for name, envs in wanted.items() if name not in known}
    for platform, environments in missing.items():
        yield Finding(
            subject="platforms",
            verdict=PROBLEM,
            text=f"the builder in use has no {platform}, which {_listed(environments)} need",
            remedy=f"install emulation ({_BINFMT}), or add a node of that platform",
        )
    if not missing:
        yield Finding(subject="platforms", verdict=GOOD, text=_listed(sorted(known)))


def _registries(facts: Facts) -> Iterator[Finding]:
    for registry in facts.registries:
        subject = f"registry {registry.host}"
        login = f"docker login {registry.host}"
        if registry.error:
            yield Finding(
                subject=subject, verdict=PROBLEM, text=registry.error, remedy=f"try {login} again"
            )
        elif registry.user:
            yield Finding(subject=subject, verdict=GOOD, text=f"used as {registry.user}")
        elif registry.is_pushed_to:
            yield Finding(
                subject=subject,
                verdict=CAUTION,
                text="no credentials: pushing works only where nobody is asked for any",
                remedy=login,
            )
        else:
            yield Finding(subject=subject, verdict=GOOD, text="used without credentials")


def _disks(facts: Facts) -> Iterator[Finding]:
    for disk in facts.disks:
        free = f"{disk.free_bytes / 10**9:.1f} GB of {disk.total_bytes / 10**9:.0f} GB free"
        verdict = GOOD if disk.free_bytes >= _FEW_BYTES else CAUTION
        if disk.free_bytes < _NO_BYTES:
            verdict = PROBLEM
        yield Finding(
            subject="disk",
            verdict=verdict,
            text=f"{disk.path}: {free}",
            remedy=""
            if verdict is GOOD
            else "docker buildx du shows what the cache holds; docker buildx prune and docker image"
            " prune make room",
        )


def _project(facts: Facts) -> Iterator[Finding]:
    match facts.wanted:
        case None:
            yield Finding(
                subject="project",
                verdict=CAUTION,
                text="there is no stagebuild.toml and no Dockerfile here or above",
                remedy="go to the project's folder, or name it with --file",
            )
        case Wanted(path=path, environments=environments):
            yield Finding(
                subject="project",
                verdict=GOOD,
                text=f"{path}: {_listed(environments) or 'nothing to build'}",
            )
        case error:
            yield Finding(
                subject="project",
                verdict=PROBLEM,
                text=str(error).partition("\n")[0],
                remedy=error.hint or "",
            )


def _is_told(version: str | None) -> bool:
    """Say whether a version says something: a Docker engine's BuildKit has v0.0.0+unknown."""
    return version is not None and "unknown" not in version


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names) if isinstance(names, set) else names)


def _version(text: str) -> tuple[int, int]:
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (10**6, 0)
