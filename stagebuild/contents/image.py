"""An image's content as a value: layers and where each is from, files, packages, settings."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from stagebuild.backends.imagedocuments import history_of
from stagebuild.contents.merging import count_bytes, merged
from stagebuild.contents.packages import packages_in
from stagebuild.distribution.manifests import platform_name
from stagebuild.model.images import ImageFacts
from stagebuild.sizes import image_sizes
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.contents.layers import Layer
    from stagebuild.contents.merging import Placed
    from stagebuild.contents.packages import Package
    from stagebuild.dockerfile import StageGraph
    from stagebuild.sizes import ImageSizes

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@frozen
class ImageContent:
    """
    What is in an image, for one platform.

    Attributes:
        platform: As ``linux/amd64``.
        sizes: What its layers weigh, unpacked, and the step and stage of each; one a layer.
        files: What a container sees, by path without ``/`` in front, and the layer of each.
        packages: By manager and name.
        user: As the image says, or the empty text: root.
        env: Environment variables by name.
        labels: By name.
        entrypoint: Its words.
        command: Its words.
        workdir: As the image says, or ``/``.
    """

    platform: str
    sizes: ImageSizes
    files: Mapping[str, Placed] = field(default_factory=dict, repr=False)
    packages: tuple[Package, ...] = field(default=(), repr=False)
    user: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    workdir: str = "/"

    @property
    def hidden_bytes(self) -> int:
        """What is transferred and never seen: files that a later layer removes or replaces."""
        return self.sizes.total_bytes - count_bytes(self.files.values())

    def executables(self) -> Iterator[str]:
        """Give the paths of what can be run by name: executable, in a folder of its ``PATH``."""
        places = self.env.get("PATH", _DEFAULT_PATH).split(":")
        folders = {self._real(place.strip("/")) for place in places if place.startswith("/")}
        for path, placed in self.files.items():
            if path.rpartition("/")[0] in folders and placed.entry.is_executable:
                yield path

    def matching(self, pattern: str) -> Iterator[str]:
        """
        Give the paths that a pattern names.

        Args:
            pattern: As ``/usr/lib/gcc`` or ``/app/**/*.key``; ``*`` goes into folders, too.
        """
        wanted = pattern.strip("/")
        if not any(sign in wanted for sign in "*?["):
            if wanted in self.files:
                yield wanted
            return
        yield from (path for path in self.files if fnmatchcase(path, wanted))

    def _real(self, folder: str) -> str:
        """Return a folder with links followed: ``/bin`` is often one."""
        for _ in range(8):
            placed = self.files.get(folder)
            if placed is None or placed.entry.kind != "symlink":
                break
            link = placed.entry.link
            parent = folder.rpartition("/")[0]
            folder = _normal(link if link.startswith("/") else f"{parent}/{link}")
        return folder


def content_of(
    config: Mapping[str, Any],
    layers: Sequence[Layer],
    digests: Sequence[str],
    *,
    stages: StageGraph | None = None,
    target: str | None = None,
) -> ImageContent:
    """
    Return an image's content.

    Args:
        config: Its configuration, as stored.
        layers: From the base up.
        digests: Of the layers, as they are stored.
        stages: The Dockerfile's stages, to say which step made a layer, or None.
        target: The stage that was built; None for the last one.
    """
    there = merged(layers)
    told = config.get("config") or {}
    described = [
        {"size": layer.size_bytes, "digest": digest}
        for layer, digest in zip(layers, digests, strict=True)
    ]
    history = tuple(history_of(config, described))
    if sum(entry.size_bytes is not None for entry in history) != len(layers):
        history = tuple(history_of({"history": [{}] * len(layers)}, described))
    facts = ImageFacts(history=history, compressed=False)
    return ImageContent(
        platform=platform_name(config),
        sizes=image_sizes(facts, stages=stages, target=target),
        files=there,
        packages=packages_in(layers, there),
        user=str(told.get("User") or ""),
        env=dict(_pairs(told.get("Env") or ())),
        labels=dict(told.get("Labels") or {}),
        entrypoint=tuple(told.get("Entrypoint") or ()),
        command=tuple(told.get("Cmd") or ()),
        workdir=str(told.get("WorkingDir") or "/"),
    )


def _pairs(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, _, value = text.partition("=")
        yield name, value


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
