"""
Platforms in a Dockerfile: the automatic ARGs, and the values that ``FROM --platform`` takes.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/platform.go; containerd/platforms Parse.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.errors import DockerfileError

if TYPE_CHECKING:
    from stagebuild.model import Platform

_SYSTEM = re.compile(r"([A-Za-z0-9_-]+)(?:\([A-Za-z0-9_.%-]*(?:\+[A-Za-z0-9_.%-]+)*\))?")
_PART = re.compile(r"[A-Za-z0-9_.-]+")
_MOST_PARTS = 3
_SYSTEMS = frozenset(
    (
        *(
            "aix",
            "android",
            "darwin",
            "dragonfly",
            "freebsd",
            "hurd",
            "illumos",
            "ios",
            "js",
            "linux",
        ),
        *("macos", "nacl", "netbsd", "openbsd", "plan9", "solaris", "windows", "zos"),
    )
)
_ARCHITECTURES = frozenset(
    (
        *(
            "386",
            "amd64",
            "amd64p32",
            "arm",
            "arm64",
            "arm64be",
            "armbe",
            "loong64",
            "mips",
            "mips64",
        ),
        *("mips64le", "mips64p32", "mips64p32le", "mipsle", "ppc", "ppc64", "ppc64le", "riscv"),
        *("riscv64", "s390", "s390x", "sparc", "sparc64", "wasm"),
        *("aarch64", "armel", "armhf", "i386", "x86-64", "x86_64"),
    )
)


def automatic_args(target: Platform, build: Platform, *, target_stage: str) -> dict[str, str]:
    """
    Return the ARGs that BuildKit defines before the file's own, in BuildKit's order.

    They are in scope of every FROM; a stage sees them after ``ARG name``.

    Args:
        target: What is built for.
        build: What the builder runs on.
        target_stage: The name asked for, or that of the last stage; "" when it has none.
    """
    return {
        "BUILDPLATFORM": str(build),
        "BUILDOS": build.os,
        "BUILDOSVERSION": "",
        "BUILDARCH": build.architecture,
        "BUILDVARIANT": build.variant,
        "TARGETPLATFORM": str(target),
        "TARGETOS": target.os,
        "TARGETOSVERSION": "",
        "TARGETARCH": target.architecture,
        "TARGETVARIANT": target.variant,
        "TARGETSTAGE": target_stage or "default",
    }


def check_platform(text: str) -> None:
    """
    Refuse a platform that containerd can't read: ``os/arch[/variant]``, or one of os and arch.

    Raises:
        DockerfileError: Without a place.
    """
    parts = text.split("/")
    system = _SYSTEM.fullmatch(parts[0])
    is_readable = (
        system is not None
        and len(parts) <= _MOST_PARTS
        and all(_PART.fullmatch(part) for part in parts[1:])
    )
    if is_readable and system is not None and len(parts) == 1:
        is_readable = system[1].lower() in _SYSTEMS or text.lower() in _ARCHITECTURES
    if not is_readable:
        raise DockerfileError(
            f'"{text}" is not a platform', hint="write it as linux/amd64 or linux/arm/v7"
        )
