"""
The grammar of BuildKit's vertex names.

::

    name     = [ "[" bracket "]" " " ] command
    bracket  = [ target " " ] [ platforms " " ] [ stage " " ] index "/" total     a numbered step
             | [ target " " ] [ platforms " " ] "internal"                        BuildKit's own
             | [ target " " ] "auth"
             | [ target " " ] "context " context                                  a named context
             | word                                      a target, or a stage being scanned
    platforms = platform [ "->" ( architecture [ "/" variant ] | platform ) ]

Only the leading bracket has a form; what follows is the user's text and may contain anything. The
index is padded to the width of the total (``[ 1/17]``), an unnamed stage is ``stage-N`` counted
from 0, and the only stage of a file has no name in here, even when the file gives it one. A target
is written by buildx when one command builds several (``bake``); a name alone can't tell the target
of a file's only stage from a stage, so whoever builds several says which targets there are.

Sources: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (prefixCommand,
formatTargetPlatform, resolveBaseImage), frontend/dockerui, solver/llbsolver, the exporters' and
cache exporters' ``Name()``; docker/buildx util/progress/multiwriter.go (addPrefix), build/build.go.
"""

from __future__ import annotations

import re
from typing import Literal

from stagebuild.model import Platform
from stagebuild.values import frozen

Kind = Literal[
    "step",
    "image",
    "definition",
    "metadata",
    "auth",
    "context",
    "cache import",
    "cache export",
    "export",
    "push",
    "attestation",
    "gates",
    "other",
]

WAITING_FOR_GATES = "waiting for gates "
"""How the name of a wait for other builds begins; it is ours, and no vertex of BuildKit's."""

_WORD = r"[^\s\[\]]+"
_PLATFORM = r"[\w.-]+(?:\([^)\s]*\))?/[\w./-]*?[\w.]"

# Compiled where they are first used, by re itself, which keeps them: a build has begun by then.
_BRACKET = rf"""(?xa)
    (?:(?P<target>{_WORD})\ )??
    (?:(?P<platform>{_PLATFORM})(?:->(?P<built_for>[\w./()-]+))?\ )?
    (?:
        (?:(?P<stage>[\w.-]+)\ )? \ * (?P<index>\d+)/(?P<total>\d+)
      | (?P<internal>internal)
      | (?P<auth>auth)
      | context\ (?P<context>[^\]]+)
    )
"""
_LEADING = r"(?s)\[(?P<bracket>[^\]]*)\]\ (?P<command>.*)"
_VARIANT = r"v\d[\d.]*"
_OS_VERSION = r"\([^)]*\)"

_INTERNAL: tuple[tuple[str, Kind], ...] = (
    ("load metadata for ", "metadata"),
    ("resolve ", "metadata"),
    ("load build definition", "definition"),
    ("load remote build context", "context"),
    ("load build context", "context"),
    ("load git source", "context"),
    ("load ", "definition"),
)
_UNBRACKETED: tuple[tuple[str, Kind], ...] = (
    ("FROM ", "image"),
    ("resolve image config for ", "metadata"),
    ("docker-image://", "image"),
    ("importing cache manifest from ", "cache import"),
    ("importing to docker", "export"),
    ("exporting cache", "cache export"),
    ("exporting content cache", "cache export"),
    ("exporting inline cache", "cache export"),
    ("exporting to GitHub Actions Cache", "cache export"),
    ("exporting ", "export"),
    ("sending tarball", "export"),
    ("pushing ", "push"),
    ("merging manifest list", "push"),
    ("copying ", "push"),
    ("resolving provenance ", "attestation"),
    ("generating sbom ", "attestation"),
    (WAITING_FOR_GATES, "gates"),
)


@frozen
class VertexName:
    """
    What a vertex' name says.

    Attributes:
        kind: ``step`` for an instruction of a stage, else what the vertex is for; ``image`` is
            a base or frontend image that belongs to no stage, ``other`` what is not known.
        command: The name without its leading bracket.
        stage: Name of the stage; None outside of stages and for the only stage of a file.
        platform: Where it runs, when the name says so (several platforms were asked for).
        built_for: The platform built for, in a cross build; None where it is ``platform``.
        index: 1-based number of the step within its stage; 0 for everything else.
        total: Number of steps of the stage; 0 likewise.
        context: The named context that the vertex loads, or None.
        target: The target that buildx put in front, or None.
    """

    kind: Kind
    command: str
    stage: str | None = None
    platform: Platform | None = None
    built_for: Platform | None = None
    index: int = 0
    total: int = 0
    context: str | None = None
    target: str | None = None


def parse_vertex_name(name: str, *, targets: frozenset[str] = frozenset()) -> VertexName:
    """
    Return what ``name`` says. Every text has a meaning; the least is kind ``other``.

    Args:
        name: As the engine or buildx wrote it.
        targets: The targets that one command builds, when it builds several.
    """
    leading = re.fullmatch(_LEADING, name)
    if leading is None:
        return VertexName(kind=_kind(name, _UNBRACKETED), command=name)
    bracket, command = leading["bracket"], leading["command"]
    target, bracket = _split_target(bracket, targets)
    if not bracket:
        return VertexName(kind=_kind(command, _UNBRACKETED), command=command, target=target)
    found = re.fullmatch(_BRACKET, bracket)
    if found is None:
        return _unnumbered(name, bracket, command)
    platform = _platform(found["platform"])
    target = target or found["target"]
    if found["index"] is not None:
        return VertexName(
            kind="step",
            command=command,
            stage=found["stage"],
            platform=platform,
            built_for=_built_for(found["built_for"], platform),
            index=int(found["index"]),
            total=int(found["total"]),
            target=target,
        )
    return VertexName(
        kind=_bracketed_kind(found, command),
        command=command,
        platform=platform,
        context=found["context"],
        target=target,
    )


def _split_target(bracket: str, targets: frozenset[str]) -> tuple[str | None, str]:
    first, _, rest = bracket.partition(" ")
    return (first, rest) if first in targets else (None, bracket)


def _unnumbered(name: str, bracket: str, command: str) -> VertexName:
    """Return the meaning of ``[word] command``: a target's vertex, or a scan of a stage."""
    kind = _kind(command, _UNBRACKETED)
    if kind == "other" or " " in bracket:
        return VertexName(kind="other", command=name)
    if kind == "attestation" and not command.startswith("resolving "):
        return VertexName(kind=kind, command=command, stage=bracket)
    return VertexName(kind=kind, command=command, target=bracket)


def _bracketed_kind(found: re.Match[str], command: str) -> Kind:
    if found["auth"] is not None:
        return "auth"
    kind = _kind(command, _INTERNAL)
    if found["context"] is not None:
        return "metadata" if kind == "metadata" else "context"
    return kind


def _kind(command: str, table: tuple[tuple[str, Kind], ...]) -> Kind:
    for beginning, kind in table:
        if command.startswith(beginning):
            return kind
    return "other"


def _platform(text: str | None) -> Platform | None:
    if text is None:
        return None
    try:
        return Platform.parse(re.sub(_OS_VERSION, "", text))
    except ValueError:
        return None


def _built_for(text: str | None, platform: Platform | None) -> Platform | None:
    """Return what stands behind the arrow: without an operating system, it is the same one."""
    if text is None or platform is None:
        return None
    first, _, rest = text.partition("/")
    same_os = not rest or re.fullmatch(_VARIANT, rest) is not None
    return _platform(f"{platform.os}/{text}" if same_os else text) if first else None
