"""
The corpus, read by a real engine and by us: ``docker buildx build --call targets`` and ``outline``.

Every image that a file names is replaced by an empty named context, so that nothing is pulled.
"""

from __future__ import annotations

import json
import re
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.dockerfile import (
    Dockerfile,
    ImageSource,
    LineRange,
    Outline,
    StageGraph,
    find_syntax,
    outline,
    parse,
    resolve,
)
from stagebuild.errors import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

pytestmark = pytest.mark.engine

# What the frontend says, as opposed to an engine that is not there.
REFUSAL = re.compile("failed to build: failed to (solve|run Build function):")

CORPUS = sorted(Path(__file__).parent.joinpath("corpus").glob("*.Dockerfile"))
BUILD_ARGS = {"FLAVOR": "full", "GLOBAL": "given", "X": "given", "COMMIT": "abc $not expanded"}
WORKERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What we read, and how the engine is asked about the same."""

    text: bytes
    tree: Dockerfile
    contexts: Mapping[str, str]

    def graph(self, *, target: str | None, build_args: Mapping[str, str]) -> StageGraph:
        return resolve(
            self.tree,
            target=target,
            build_args=build_args,
            contexts=self.contexts,
            image_env={name: {} for name in self.contexts},
        )


def read(path: Path) -> Reading:
    text = path.read_bytes()
    syntax = find_syntax(text.decode())
    if syntax is not None:  # there is no frontend image here: use the engine's own frontend
        lines = text.split(b"\n")
        lines[syntax.line - 1] = b"# no other frontend"
        text = b"\n".join(lines)
    tree = parse(text, path=path.name)
    graph = resolve(tree, build_args=BUILD_ARGS)
    references = {
        edge.source.reference
        for each in (graph, resolve(tree))
        for edge in each.edges
        if isinstance(edge.source, ImageSource)
    }
    return Reading(
        text=text, tree=tree, contexts=dict.fromkeys(references, "docker-image://scratch")
    )


class Asker:
    """Asks the engine ahead of the tests, a few questions at a time."""

    def __init__(self, env: Mapping[str, str], executor: ThreadPoolExecutor) -> None:
        self.env = dict(env)
        self.readings = {path: read(path) for path in CORPUS}
        self.answers: dict[tuple[object, ...], Future[Any]] = {}
        for path in CORPUS:
            for question in questions(self.readings[path]):
                key = (path, *question)
                self.answers[key] = executor.submit(self.ask, self.readings[path], *question)

    def ask(
        self, reading: Reading, subject: str, target: str | None, with_args: bool
    ) -> dict[str, Any] | str:
        """Return the engine's answer, or its complaint."""
        argv = ["docker", "buildx", "build", "--call", f"{subject},format=json"]
        argv += ["--target", target] if target else []
        for name, value in reading.contexts.items():
            argv += ["--build-context", f"{name}={value}"]
        if with_args:
            for name, value in BUILD_ARGS.items():
                argv += ["--build-arg", f"{name}={value}"]
        done = subprocess.run(
            [*argv, "-"], input=reading.text, env=self.env, capture_output=True, check=False
        )
        if done.returncode:
            assert REFUSAL.search(done.stderr.decode()), done.stderr.decode()
            return done.stderr.decode()
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def questions(reading: Reading) -> Iterator[tuple[str, str | None, bool]]:
    yield "targets", None, False
    yield "outline", None, False
    if reading.tree.global_args or b"ARG" in reading.text:
        yield "outline", None, True
    for name in dict.fromkeys(stage.name for stage in reading.tree.stages[:-1]):
        if name is not None:
            yield "outline", name, False


@pytest.fixture(scope="module")
def asker(engine: Any) -> Iterator[Asker]:
    with ThreadPoolExecutor(WORKERS) as executor:
        yield Asker(engine.env, executor)


def lines_of(location: Mapping[str, Any]) -> LineRange:
    ranges = location["ranges"]
    return LineRange(ranges[0]["start"]["line"], ranges[-1]["end"]["line"])


def named(entries: Sequence[Mapping[str, Any]]) -> set[tuple[object, ...]]:
    return {
        (
            entry["name"],
            entry.get("value", ""),
            entry.get("description", ""),
            entry.get("required", False),
            lines_of(entry["location"]),
        )
        for entry in entries
    }


def refusal(graph: StageGraph) -> DockerfileError | None:
    try:
        graph.check()
    except DockerfileError as error:
        return error
    return None


def ours(found: Outline) -> dict[str, set[tuple[object, ...]]]:
    return {
        "args": {(a.name, a.value, a.description, False, a.lines) for a in found.args},
        "secrets": {(s.id, "", "", s.is_required, s.lines) for s in found.secrets},
        "ssh": {(s.id, "", "", s.is_required, s.lines) for s in found.ssh},
    }


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_engine_lists_the_stages_that_we_read(asker: Asker, path: Path) -> None:
    answer = asker.answers[path, "targets", None, False].result()
    stages = asker.readings[path].tree.stages

    assert isinstance(answer, dict), answer
    assert [
        {
            "name": target.get("name"),
            "base": target["base"],
            "platform": target.get("platform"),
            "description": target.get("description", ""),
            "default": target.get("default", False),
            "lines": lines_of(target["location"]),
        }
        for target in answer["targets"]
    ] == [
        {
            "name": stage.name,
            "base": stage.opening.base,
            "platform": stage.opening.platform,
            "description": stage.opening.description,
            "default": stage is stages[-1],
            "lines": stage.opening.lines,
        }
        for stage in stages
    ]


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_engine_outlines_every_target_as_we_do(asker: Asker, path: Path) -> None:
    reading = asker.readings[path]
    for subject, target, with_args in questions(reading):
        if subject != "outline":
            continue
        answer = asker.answers[path, subject, target, with_args].result()
        graph = reading.graph(target=target, build_args=BUILD_ARGS if with_args else {})
        if refusal(graph) is not None:
            assert isinstance(answer, str), f"{target}: the engine accepts what we refuse"
            continue
        assert isinstance(answer, dict), f"{target}: the engine refuses: {answer}"
        expected = {key: named(answer.get(key, ())) for key in ("args", "secrets", "ssh")}
        assert ours(outline(graph)) == expected, f"{target=} {with_args=}"
        assert (answer.get("name"), answer.get("description", "")) == (
            graph.target.name,
            graph.target.description,
        )
