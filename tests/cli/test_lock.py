"""``stagebuild lock`` on a real registry, and builds by what it wrote."""

from __future__ import annotations

import io
import json
import tomllib
import uuid
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine

TOML = "[environments.prod]\noutput = { type = 'local', dest = 'out' }\n"


class Bench:
    """A project that stands on a base image which can be moved."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder / "project"
        self.folder.mkdir()
        self.base = f"{engine.registry}/lock/{uuid.uuid4().hex[:12]}:1"
        (self.folder / "Dockerfile").write_text(
            f"FROM {self.base} AS base\nFROM scratch AS prod\nCOPY --from=base /made /\n"
        )
        (self.folder / "stagebuild.toml").write_text(TOML)
        self.move("old")

    def move(self, text: str) -> None:
        other = self.folder.parent / text
        other.mkdir()
        (other / "Dockerfile").write_text("FROM scratch\nCOPY made /\n")
        (other / "made").write_text(f"{text} {self.base}")
        options = ["-q", "--provenance=false", "--push", "-t", self.base]
        self.engine.run("docker", "buildx", "build", *options, str(other))

    def run(self, *words: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main(["lock", *words, "-f", str(self.folder)], environ=self.engine.env)
        return code, out.getvalue(), err.getvalue()

    def built(self, backend: str, monkeypatch: pytest.MonkeyPatch) -> str:
        for name, value in self.engine.env.items():
            monkeypatch.setenv(name, value)
        assert main(["prod", "-q", "-f", str(self.folder), "--backend", backend]) == 0
        return (self.folder / "out/made").read_text().partition(" ")[0]

    @property
    def changed_ns(self) -> int:
        return (self.folder / "stagebuild.lock").stat().st_mtime_ns

    @property
    def text(self) -> str:
        return (self.folder / "stagebuild.lock").read_text()


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> Bench:
    return Bench(engine, tmp_path)


@pytest.mark.engine
@pytest.mark.parametrize("backend", ["buildx", "sdk"])
def test_a_build_stands_on_the_locked_base_until_the_lock_is_moved(
    backend: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.run()[0] == 0
    bench.move("new")

    assert bench.built(backend, monkeypatch) == "old"
    code, text, _ = bench.run("--check")
    assert code == 1
    assert f"{bench.base} has moved" in text
    assert "stale; `stagebuild lock --upgrade` writes it anew" in text
    assert bench.run("--check", "--offline")[0] == 0  # nobody was asked whether it moved
    code, text, _ = bench.run("--upgrade", bench.base)
    assert code == 0
    assert text.startswith(f"~ {bench.base}\n    was sha256:")
    assert bench.built(backend, monkeypatch) == "new"
    assert bench.run("--check")[:2] == (0, bench.run("--check")[1])


@pytest.mark.engine
@pytest.mark.parametrize("backend", ["buildx", "sdk"])
def test_a_locked_digest_that_is_gone_is_an_error_that_names_it(
    backend: str, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.run()[0] == 0
    gone = f"sha256:{'0' * 64}"
    locked = tomllib.loads(bench.text)["images"][bench.base]["digest"]
    (bench.folder / "stagebuild.lock").write_text(bench.text.replace(locked, gone))
    for name, value in bench.engine.env.items():
        monkeypatch.setenv(name, value)
    assert main(["prod", "-q", "-f", str(bench.folder), "--backend", backend]) == 5
    told = capsys.readouterr().err
    assert gone in told
    assert f"`stagebuild lock --upgrade {bench.base}`" in told
    assert bench.run("--upgrade", bench.base)[0] == 0
    assert bench.built(backend, monkeypatch) == "old"


@pytest.mark.engine
@pytest.mark.parametrize("backend", ["buildx", "sdk"])
def test_the_frontend_that_reads_the_dockerfile_stays_the_locked_one(
    bench: Bench, backend: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frontend = f"{bench.engine.registry}/lock/{uuid.uuid4().hex[:12]}:1"

    def publish(age: str) -> None:
        # It says nothing to the engine, so the build fails once it is asked.
        program = f'FROM busybox\nENTRYPOINT ["sh", "-c", "echo the {age} one >&2; exit 3"]\n'
        options = ["-q", "--provenance=false", "--push", "-t", frontend, "-"]
        bench.engine.run("docker", "buildx", "build", *options, input=program)

    dockerfile = bench.folder / "Dockerfile"
    dockerfile.write_text(f"# syntax={frontend}\n{dockerfile.read_text()}")
    publish("old")
    assert bench.run()[0] == 0
    digest = tomllib.loads(bench.text)["images"][frontend]["digest"]
    publish("new")
    for name, value in bench.engine.env.items():
        monkeypatch.setenv(name, value)
    words = ["prod", "-f", str(bench.folder), "--backend", backend, "--progress", "rawjson"]
    assert main(words) == 1
    assert f"{frontend}@{digest}" in capsys.readouterr().err
    code, out, _ = bench.run("--check")
    assert (code, frontend in out) == (1, True)


@pytest.mark.engine
def test_lock_moves_nothing_and_rewrites_nothing_unless_told(bench: Bench) -> None:
    bench.run()
    before, at = bench.text, bench.changed_ns
    bench.move("new")

    code, text, _ = bench.run()

    assert (code, bench.text) == (0, before)
    assert "1 base image, nothing has changed" in text
    assert bench.changed_ns == at


@pytest.mark.engine
def test_an_image_that_nothing_stands_on_any_more_is_removed(bench: Bench) -> None:
    bench.run()
    (bench.folder / "Dockerfile").write_text("FROM scratch AS prod\nCOPY stagebuild.toml /\n")

    code, text, _ = bench.run("--check", "--offline")
    assert (code, f"{bench.base} is in the lock, and nothing stands on it" in text) == (1, True)
    assert bench.run()[1].startswith(f"- {bench.base}\n")
    assert "[images" not in bench.text


@pytest.mark.engine
def test_the_json_document_tells_every_image_and_what_changed(bench: Bench) -> None:
    document = json.loads(bench.run("--json")[1])

    (image,) = document["images"]
    assert image["name"] == bench.base
    assert image["change"] == "added"
    assert image["needed_by"] == ["prod"]
    assert image["digest"] in bench.text


@pytest.mark.engine
def test_a_registry_that_is_not_there_ends_with_5_and_writes_nothing(bench: Bench) -> None:
    text = (bench.folder / "Dockerfile").read_text().replace(bench.engine.registry, "localhost:1")
    (bench.folder / "Dockerfile").write_text(text)

    code, _, err = bench.run()

    assert code == 5
    assert "localhost:1 can't be reached" in err
    assert not (bench.folder / "stagebuild.lock").exists()


def project(folder: Path, lock: str | None = None) -> Path:
    (folder / "Dockerfile").write_text("FROM alpine:3.20 AS prod\n")
    if lock is not None:
        (folder / "stagebuild.lock").write_text(lock)
    return folder


def test_a_build_whose_base_is_not_locked_ends_with_3_and_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prod", "-f", str(project(tmp_path, "version = 1\n"))]) == 3
    assert "`stagebuild lock` adds it" in capsys.readouterr().err


def test_an_offline_check_tells_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(project(tmp_path))
    assert main(["lock", "--check", "--offline", "-f", folder]) == 1
    text = capsys.readouterr().out
    assert "docker.io/library/alpine:3.20 is not in the lock\n    for prod (" in text
    assert "`stagebuild lock` writes it anew" in text
    assert main(["lock", "--check", "--offline", "--json", "-f", folder]) == 1
    (image,) = json.loads(capsys.readouterr().out)["images"]
    assert (image["change"], image["digest"]) == ("missing", None)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--offline"], 2, "--offline goes with --check"),
        (["--check", "--upgrade"], 2, "not allowed with"),
        (["--upgrade", "alpin:3.20"], 3, 'did you mean "docker.io/library/alpine:3.20"?'),
        (["--upgrade", "ALPINE"], 3, "the name of an image is lower-case"),
    ],
)
def test_a_mistake_is_told(
    words: list[str], code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lock", "-f", str(project(tmp_path)), *words]) == code
    assert told in capsys.readouterr().err
