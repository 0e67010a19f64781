"""
``skip_unchanged`` on a real engine: random changes of the world, and never a wrong image.

Each case changes something, then builds twice: with ``skip_unchanged``, and without. Both must say
the same digest, and what every tag has afterwards must be that image. ``make skip-safety`` tries
500 cases.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

import stagebuild as sb
from stagebuild.history import History
from stagebuild.registry import ImageDigests
from stagebuild.runner import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Engine

pytestmark = pytest.mark.engine

CASES = int(os.environ.get("STAGEBUILD_SKIP_CASES", "16"))
"""For each of the two places that an image can go to."""
SEED = int(os.environ.get("STAGEBUILD_SKIP_SEED", "7"))

DOCKERFILE = """\
FROM --platform=$BUILDPLATFORM {base} AS base
RUN echo {nonce} > /nonce
FROM base AS test
COPY src/ /src/
RUN cat /src/* > /report
FROM scratch AS report
COPY --from=test /report /
FROM scratch AS prod
COPY --from=base /t /nonce /
COPY src/ /src/
LABEL version=1
"""
PLATFORMS = ((), ("linux/amd64",), ("linux/amd64", "linux/arm64"))


class World:
    """A project, an engine, a registry, a history, and what can happen to them."""

    def __init__(self, engine: Engine, folder: Path, *, push: bool) -> None:
        nonce = f"{time.time_ns():x}"
        self.engine = engine
        self.push = push
        self.tag = f"{engine.registry}/skip/prod:{nonce}"
        self.base = f"{engine.registry}/skip/base:{nonce}"
        self.root = folder / "project"
        (self.root / "src").mkdir(parents=True)
        (self.root / "src/a").write_text("a")
        text = DOCKERFILE.format(base=self.base, nonce=nonce)
        (self.root / "Dockerfile").write_text(text)
        self.history = History(folder / "h.sqlite")
        self.gated = False
        self.reports = False
        self.platforms: tuple[str, ...] = ()
        self.environ = dict(engine.env)
        self.exports: list[list[str]] = []
        self.tags = [self.tag]
        self.counter = 0
        self.bases = [self._image(f"base {number} {nonce}") for number in range(2)]
        self.move_base()

    def _image(self, text: str) -> str:
        """Push an image that holds a text, and return its reference by digest."""
        (self.root.parent / "other").mkdir(exist_ok=True)
        (self.root.parent / "other/Dockerfile").write_text(f"FROM busybox\nRUN echo {text} > /t\n")
        answer = self.root.parent / "answer.json"
        options = ["--provenance=false", "--push", "--metadata-file", str(answer)]
        folder = str(self.root.parent / "other")
        name = f"{self.base}-{self.number()}"
        self.engine.run("docker", "buildx", "build", "-q", *options, "-t", name, folder)
        repository = self.base.rpartition(":")[0]
        digest = json.loads(answer.read_text())["containerimage.digest"]
        answer.unlink()
        return f"{repository}@{digest}"

    def number(self) -> int:
        self.counter += 1
        return self.counter

    def plan(self) -> sb.BuildPlan:
        files = sb.Output(type="local", dest=str(self.root.parent / "reports"))
        nothing = sb.Output(type="cacheonly")
        gate = sb.Environment(target="report", outputs=(files if self.reports else nothing,))
        prod = sb.Environment(
            target="prod",
            tags=tuple(self.tags),
            platforms=self.platforms or None,
            # An engine that has pushed an image as a part of an index does not push it alone under
            # the same tag, and says that it did (docker buildx and 28.5): so it is another image.
            labels={"platforms": str(len(self.platforms))},
            requires=("test",) if self.gated else (),
        )
        project = sb.Project(root=self.root, environments={"test": gate, "prod": prod})
        return sb.plan_builds(project, ["prod"])

    def build(self, *, skip: bool) -> sb.BuildResult:
        outcome = run(
            self.plan(),
            push=self.push,
            history=self.history,
            skip_unchanged=skip,
            environ=self.environ,
        )
        assert outcome.errors == {}
        assert outcome.unrecorded is None
        if self.gated and self.reports:
            assert (self.root.parent / "reports/report").exists()
        return outcome.results["prod"]

    def has(self, tag: str) -> str | None:
        """Return what a tag stands for now, where the image has to be."""
        ask = ImageDigests(self.engine.env, kept_s=0)
        return ask(tag) if self.push else ask.stored(tag)

    # What can happen.

    def nothing(self) -> None:
        pass

    def change_a_file(self) -> None:
        (self.root / "src/a").write_text(f"edit {self.number()}")

    def change_it_back(self) -> None:
        (self.root / "src/a").write_text("a")

    def change_a_label(self) -> None:
        path = self.root / "Dockerfile"
        text, _, _ = path.read_text().partition("LABEL")
        path.write_text(f"{text}LABEL version={self.number()}\n")

    def move_base(self) -> None:
        self.bases.reverse()
        argv = ("docker", "buildx", "imagetools", "create", "-t", self.base, self.bases[0])
        self.engine.run(*argv)

    def move_tag(self) -> None:
        if self.push:
            argv = ("docker", "buildx", "imagetools", "create", "-t", self.tags[0], self.bases[0])
            self.engine.run(*argv)
        else:
            self.engine.run("docker", "pull", "-q", self.bases[0])
            self.engine.run("docker", "tag", self.bases[0], self.tags[0])

    def remove_image(self) -> None:
        argv = ["docker", "image", "rm", "-f", *self.tags]
        subprocess.run(argv, env=dict(self.engine.env), check=False, capture_output=True)

    def wipe_registry(self) -> None:
        """Delete every manifest that the registry has under a tag; the engine keeps its own."""
        for tag in self.tags if self.push else ():
            digest = self.has(tag)
            if digest is not None:
                host, _, path = tag.rpartition(":")[0].partition("/")
                url = f"http://{host}/v2/{path}/manifests/{digest}"
                request = urllib.request.Request(url, method="DELETE")
                urllib.request.urlopen(request, timeout=10).close()

    def add_or_drop_a_platform(self) -> None:
        self.platforms = PLATFORMS[self.number() % len(PLATFORMS)]

    def toggle_reports(self) -> None:
        self.reports = not self.reports

    def delete_reports(self) -> None:
        shutil.rmtree(self.root.parent / "reports", ignore_errors=True)

    def toggle_builder(self) -> None:
        if self.environ.pop("BUILDX_BUILDER", None) is None:
            self.environ["BUILDX_BUILDER"] = "default"

    def remember_history(self) -> None:
        self.exports.append(list(self.history.export()))

    def take_older_history(self) -> None:
        self.remember_history()
        self.history.prune(keep=0)
        self.history.import_lines(self.exports[self.number() % len(self.exports)])

    def add_older_history(self) -> None:
        for lines in self.exports[-2:]:
            self.history.import_lines(lines)

    def toggle_gate(self) -> None:
        self.gated = not self.gated

    def toggle_tag(self) -> None:
        other = f"{self.tag}-other"
        self.tags = [self.tag] if other in self.tags else [self.tag, other]

    def lose_history(self) -> None:
        self.history.prune(keep=self.number() % 2)


CHANGES: tuple[Callable[[World], None], ...] = (
    World.nothing,
    World.nothing,
    World.change_a_file,
    World.change_it_back,
    World.change_a_label,
    World.move_base,
    World.move_tag,
    World.remove_image,
    World.wipe_registry,
    World.toggle_gate,
    World.add_or_drop_a_platform,
    World.toggle_reports,
    World.delete_reports,
    World.toggle_builder,
    World.toggle_tag,
    World.lose_history,
    World.take_older_history,
    World.add_older_history,
)


@pytest.fixture(params=["push", "store"])
def world(
    request: pytest.FixtureRequest,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    for name, value in engine.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = World(engine, tmp_path, push=request.param == "push")
    yield made
    made.history.close()


def test_what_is_unchanged_is_skipped_and_says_so(world: World) -> None:
    first = world.build(skip=True)
    second = world.build(skip=True)
    assert (first.skipped, second.skipped) == (False, True)
    assert (second.digest, second.reference) == (first.digest, first.reference)
    assert [record.outcome for record in world.history.builds()] == ["skipped", "built"]


def test_it_is_never_a_wrong_image(world: World) -> None:
    rng = random.Random(SEED)
    world.build(skip=False)
    skipped = 0
    for _ in range(CASES):
        changes = [rng.choice(CHANGES) for _ in range(rng.choice((1, 1, 2)))]
        for change in changes:
            change(world)
        about = [change.__name__ for change in changes]
        quick = world.build(skip=True)
        skipped += quick.skipped
        assert [world.has(tag) for tag in world.tags] == [quick.digest] * len(world.tags), about
        assert world.build(skip=False).digest == quick.digest, about
    assert skipped >= CASES // 12
