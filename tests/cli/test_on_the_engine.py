"""The command line on a real engine: what a script, make and a person get."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from stagebuild.report.schemas import result_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Engine

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM busybox AS base
WORKDIR /app
FROM base AS bad
RUN echo one; echo two >&2; exit 7
FROM base AS slow
RUN sleep 60
FROM base AS prod
ARG GREETING=hello
RUN echo "$GREETING" > greeting
CMD ["cat", "greeting"]
FROM scratch AS report
COPY --from=prod /app/greeting /
"""
CONFIGURATION = """\
[project]
repository = "{registry}/{name}"
[environments.prod]
tags = ["${{repository}}:prod", "${{repository}}:1"]
[environments.bad]
[environments.slow]
[environments.report]
output = {{ type = "local", dest = "out" }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A small project of its own repository, and an engine to build it on."""

    folder: Path
    repository: str
    env: Mapping[str, str]

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "stagebuild", *words]

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.argv(*words),
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture
def shop(engine: Engine, tmp_path: Path) -> Shop:
    name = f"shop-{uuid.uuid4().hex[:12]}"
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "stagebuild.toml").write_text(
        CONFIGURATION.format(registry=engine.registry, name=name)
    )
    env = {**engine.env, "PYTHONPATH": str(Path(__file__).parents[2])}
    return Shop(folder=tmp_path, repository=f"{engine.registry}/{name}", env=env)


def registry_digest(reference: str) -> str:
    """Return what the registry answers for ``host:port/name:tag``."""
    registry, _, rest = reference.partition("/")
    name, _, tag = rest.rpartition(":")
    request = urllib.request.Request(
        f"http://{registry}/v2/{name}/manifests/{tag}",
        method="HEAD",
        headers={
            "Accept": "application/vnd.oci.image.manifest.v1+json, "
            "application/vnd.docker.distribution.manifest.v2+json"
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.headers["Docker-Content-Digest"])


def test_quiet_prints_one_reference_that_docker_runs(shop: Shop) -> None:
    reference = shop.run("prod", "-q", "--push").stdout.strip()
    assert reference.startswith(f"{shop.repository}@sha256:")
    ran = subprocess.run(
        ["docker", "run", "--rm", reference],
        env=shop.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "hello\n"


def test_an_image_that_was_not_pushed_is_printed_as_what_docker_runs(shop: Shop) -> None:
    image = shop.run("prod", "-q").stdout.strip()
    ran = subprocess.run(
        ["docker", "run", "--rm", image], env=shop.env, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "hello\n"


def test_the_digest_is_what_the_registry_answers_for_every_tag(shop: Shop) -> None:
    reference = shop.run("prod", "-q", "--push").stdout.strip()
    digests = {registry_digest(f"{shop.repository}:{tag}") for tag in ("prod", "1")}
    assert digests == {reference.partition("@")[2]}


def test_an_unchanged_build_gives_an_unchanged_digest(shop: Shop) -> None:
    assert shop.run("prod", "-q", "--push").stdout == shop.run("prod", "-q", "--push").stdout


def test_a_build_arg_gives_another_digest(shop: Shop) -> None:
    plain = shop.run("prod", "-q", "--push").stdout
    assert shop.run("prod", "-q", "--push", "--build-arg", "GREETING=bye").stdout != plain


def test_the_json_document_keeps_to_its_schema(shop: Shop) -> None:
    shown = json.loads(shop.run("prod", "report", "--json").stdout)
    jsonschema.validate(shown, result_schema())
    assert shown["ok"] is True
    assert set(shown["results"]) == {"prod", "report"}


def test_the_json_document_of_a_failure_keeps_to_its_schema(shop: Shop) -> None:
    shown = json.loads(shop.run("bad", "--json", code=1).stdout)
    jsonschema.validate(shown, result_schema())
    error = shown["errors"][0]
    assert (error["stage"], error["line"], error["exit_code"]) == ("bad", 4, 7)
    # Two streams: which comes first is the engine's to decide.
    assert sorted(error["log_tail"]) == ["one", "two"]


def test_layers_are_mapped_to_the_steps_that_made_them(shop: Shop) -> None:
    shown = json.loads(shop.run("prod", "--json", "--push").stdout)
    layers = shown["results"]["prod"]["sizes"]["layers"]
    made_here = [(layer["stage"], layer["line"]) for layer in layers if layer["stage"]]
    assert made_here == [("base", 2), ("prod", 9)]
    assert layers[0]["stage"] is None


def test_a_failed_build_shows_step_lines_and_log(shop: Shop) -> None:
    shown = shop.run("bad", code=1)
    assert shown.stdout == ""
    assert "RUN echo one; echo two >&2; exit 7" in shown.stderr
    assert "Dockerfile:4" in shown.stderr
    assert "two" in shown.stderr


def test_a_local_output_is_written_and_prints_no_reference(shop: Shop) -> None:
    assert shop.run("build", "report", "-q").stdout == ""
    assert (shop.folder / "out" / "greeting").read_text() == "hello\n"


def test_the_digest_file_is_touched_only_when_the_digest_changes(shop: Shop) -> None:
    file = shop.folder / "digest"
    first = shop.run("prod", "-q", "--push", "--digest-file", "digest").stdout
    os.utime(file, (1, 1))
    shop.run("prod", "-q", "--push", "--digest-file", "digest")
    assert (file.read_text(), file.stat().st_mtime) == (first, 1)
    shop.run("prod", "-q", "--push", "--digest-file", "digest", "--build-arg", "GREETING=x")
    assert file.stat().st_mtime > 1


def test_a_failed_build_leaves_the_digest_file_alone(shop: Shop) -> None:
    (shop.folder / "digest").write_text("before\n")
    shop.run("bad", "-q", "--digest-file", "digest", code=1)
    assert (shop.folder / "digest").read_text() == "before\n"


def test_the_metadata_file_has_what_the_engine_answered(shop: Shop) -> None:
    reference = shop.run("prod", "-q", "--push", "--metadata-file", "meta.json").stdout.strip()
    document: dict[str, Any] = json.loads((shop.folder / "meta.json").read_text())
    assert document["prod"]["containerimage.digest"] == reference.partition("@")[2]


def test_raw_progress_is_json_line_by_line(shop: Shop) -> None:
    lines = shop.run("prod", "--progress", "rawjson").stderr.splitlines()
    kinds = [json.loads(line)["type"] for line in lines]
    assert (kinds[0], kinds[-1]) == ("build-started", "run-ended")


def test_structured_logs_are_json_line_by_line(shop: Shop) -> None:
    lines = shop.run("prod", "-q", "--log-format", "json").stderr.splitlines()
    assert [json.loads(line)["event"] for line in lines][-1] == "run ended"


def test_a_registry_that_is_not_there_is_exit_code_5(shop: Shop) -> None:
    shown = shop.run("prod", "--push", "--tag", "localhost:9/shop:1", code=5)
    assert "localhost:9" in shown.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_the_build_and_is_told_by_the_exit_code(
    shop: Shop, number: signal.Signals, code: int
) -> None:
    child = subprocess.Popen(
        shop.argv("slow", "--no-cache", "--progress", "plain"),
        cwd=shop.folder,
        env=shop.env,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    for line in child.stderr:
        if "RUN sleep 60" in line:
            break
    started_s = time.monotonic()
    child.send_signal(number)
    _, shown = child.communicate(timeout=30)
    assert child.returncode == code
    assert time.monotonic() - started_s < 10
    assert "canceled" in shown


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started and that are still there."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if int(parent) == pid:
                found.append(int(entry.name))
    return found


def runs(pid: int) -> bool:
    """Whether a process is there and not only waits to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


@pytest.mark.parametrize("backend", ["buildx", "sdk"])
def test_a_second_signal_ends_it_at_once_with_nothing_left(
    shop: Shop, tmp_path: Path, backend: str
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    argv = shop.argv("slow", "--no-cache", "--progress", "plain", "--backend", backend)
    environ = {**shop.env, "TMPDIR": str(place)}
    child = subprocess.Popen(argv, cwd=shop.folder, env=environ, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    for line in child.stderr:
        if "RUN sleep 60" in line:
            break
    started = children_of(child.pid)
    # The second one comes while the first is still being obeyed.
    for pid in started:
        os.kill(pid, signal.SIGSTOP)
    child.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began_s = time.monotonic()
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 130
    assert time.monotonic() - began_s < 1
    assert list(place.iterdir()) == []
    time.sleep(0.2)
    assert not any(runs(pid) for pid in started)


def test_both_backends_push_the_same_digest(shop: Shop) -> None:
    by_buildx = shop.run("prod", "-q", "--push", "--backend", "buildx").stdout
    assert shop.run("prod", "-q", "--push", "--backend", "sdk").stdout == by_buildx


def test_without_any_program_the_engine_itself_is_asked(shop: Shop) -> None:
    bare = Shop(
        folder=shop.folder,
        repository=shop.repository,
        env={**shop.env, "PATH": "/nonexistent", "DOCKER_CONFIG": str(shop.folder / "none")},
    )
    shown = json.loads(bare.run("prod", "report", "--json").stdout)
    assert {result["backend"] for result in shown["results"].values()} == {"sdk"}
    assert (shop.folder / "out" / "greeting").read_text() == "hello\n"
