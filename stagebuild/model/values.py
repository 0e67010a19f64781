"""Digests and platforms: text with a form, checked once and then trusted."""

from __future__ import annotations

import re
from typing import Self

from stagebuild.values import frozen

_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}")
_PART = re.compile(r"[a-z0-9_.-]+")

_OS_ALIASES = {"macos": "darwin"}
_ARCH_ALIASES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "i386": ("386", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_DEFAULT_VARIANTS = {("arm64", "v8"): "", ("arm64", "8"): "", ("amd64", "v1"): ""}


class Digest(str):
    """
    A content digest, ``sha256:…``.

    Source: the OCI image specification, descriptor.md, "Digests".
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Return the digest that ``text`` is.

        Raises:
            ValueError: It is none.
        """
        if not _DIGEST.fullmatch(text):
            raise ValueError(f'"{text}" is not a digest such as sha256:…')
        return cls(text)

    @property
    def algorithm(self) -> str:
        """``sha256`` in practice."""
        return self.partition(":")[0]

    @property
    def encoded(self) -> str:
        """The hexadecimal part."""
        return self.partition(":")[2]

    @property
    def short(self) -> str:
        """The first 12 hexadecimal characters, as ``docker images`` shows."""
        return self.encoded[:12]


@frozen(kw_only=False, order=True)
class Platform:
    """
    What an image runs on: ``linux/amd64``, ``linux/arm/v7``; normalised as containerd does.

    Source: containerd/platforms, database.go (normalizeArch).
    """

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Return the platform that ``text`` names: ``os/architecture[/variant]``.

        Raises:
            ValueError: It has another form.
        """
        parts = text.strip().lower().split("/")
        if len(parts) not in (2, 3) or not all(_PART.fullmatch(part) for part in parts):
            raise ValueError(f'"{text}" is not a platform such as linux/amd64 or linux/arm/v7')
        system = _OS_ALIASES.get(parts[0], parts[0])
        architecture, default = _ARCH_ALIASES.get(parts[1], (parts[1], ""))
        variant = parts[2] if len(parts) > 2 else default  # noqa: PLR2004 - os/arch/variant
        if architecture == "arm":
            variant = "v" + variant.removeprefix("v") if variant else "v7"
        variant = _DEFAULT_VARIANTS.get((architecture, variant), variant)
        return cls(system, architecture, variant)

    def __str__(self) -> str:
        base = f"{self.os}/{self.architecture}"
        return f"{base}/{self.variant}" if self.variant else base
