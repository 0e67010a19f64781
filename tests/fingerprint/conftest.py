"""A project to take keys of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import stagebuild as sb
from stagebuild.fingerprint import Folders, fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.fingerprint import Fingerprint

DOCKERFILE = """\
FROM busybox AS base
WORKDIR /app
FROM base AS build
ARG LEVEL=info
COPY src/ src/
RUN make
FROM base AS prod
COPY --from=build /app/out /out
COPY conf/*.cfg /etc/
CMD ["run"]
"""


class Shop:
    """
    A project on disk whose keys can be taken again and again.

    Attributes:
        root: Its folder.
        environment: Fields of its environment ``prod``.
        images: Digest by reference; everything else is unknown.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment: dict[str, object] = {}
        self.images = {"docker.io/library/busybox:latest": "sha256:" + "1" * 64}
        self.write("Dockerfile", DOCKERFILE)
        self.write("src/a.c", "int a;")
        self.write("src/b.c", "int b;")
        self.write("conf/x.cfg", "x")
        self.write("README.md", "read me")

    def write(self, path: str, text: str) -> Path:
        """Write a file and return its path."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def dockerfile(self, old: str, new: str) -> None:
        """Replace a text of the Dockerfile, which has it."""
        file = self.root / "Dockerfile"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def prints(self) -> Fingerprint:
        """Return the keys as they are now."""
        prod = sb.Environment(target="prod", **self.environment)  # type: ignore[arg-type]  # of tests
        project = sb.Project(root=self.root, environments={"prod": prod})
        spec = sb.plan_builds(project, ["prod"])["prod"]
        folders = Folders(spec.dockerfile, None)
        return fingerprint(spec, folders=folders, images=lambda name, _: self.images.get(name))

    def keys(self) -> dict[str, str]:
        """Return the key by stage and number, as ``build 2``."""
        return {f"{step.stage} {step.number}": step.key for step in self.prints().steps}

    def changed(self, before: dict[str, str]) -> list[str]:
        """Return the steps whose key is another one now, new ones included."""
        return [place for place, key in self.keys().items() if before.get(place) != key]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A small project with three stages."""
    return Shop(tmp_path)
