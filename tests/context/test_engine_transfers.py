"""
Through real builds: what buildx sends of a folder with a ``.dockerignore`` is what we say.

Each named context of a build honours its own ``.dockerignore`` (BuildKit's dockerui,
namedcontext.go), so one build answers for many trees. ``TRANSFER_CASES=5000`` runs more; a batch is
named by its seed.
"""

from __future__ import annotations

import os
import random
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.context.filestat import GO_TYPE
from stagebuild.context.folder import Folder
from stagebuild.context.goglob import BadPattern
from stagebuild.context.ignorefile import parse_ignorefile
from stagebuild.context.patterns import Patterns
from stagebuild.errors import ContextError
from tests.context.trees import NAMES, ODD_NAMES, plant, random_pattern, random_tree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

BATCH = 40
CASES = int(os.environ.get("TRANSFER_CASES", "520"))

# Path -> what it is: a link's target, a file's content, None for a folder.
Tree = dict[str, bytes | None]


def ignorefile(rng: random.Random, *, odd: bool) -> bytes:
    """Return a ``.dockerignore`` that the engine can read, as oddly as people write it."""
    while True:
        lines = [random_pattern(rng, odd=odd) for _ in range(rng.randint(1, 5))]
        lines = [rng.choice(["{}", "{}", " {} ", "/{}", "# {}", "\t{}"]).format(it) for it in lines]
        text = rng.choice(["\n", "\r\n", "\n\n"]).join(lines)
        raw = rng.choice([b"", b"", b"\xef\xbb\xbf"]) + text.encode(errors="surrogateescape")
        try:
            compiled = parse_ignorefile(raw).compiled()
        except ContextError:
            continue
        if readable(compiled):
            return raw


def readable(patterns: Patterns) -> bool:
    """Say whether no pattern turns out to be a mistake when it is tried."""
    try:
        for rule in patterns.rules:
            rule.matches(b"a")
    except ValueError:
        return False
    return True


def sent_by_us(folder: Path, patterns: tuple[str, ...]) -> Tree:
    """
    Return what we say is sent, with the one thing that buildx does and we don't.

    Of a file that its walk leaves in, but whose path alone is excluded, it sends no content: fsutil
    asks the two functions of patternmatcher that differ (filter.go, Walk and Open).
    """
    given = Folder(str(folder)).entries(excludes=patterns, includes=(), follow_paths=())
    alone = Patterns(patterns)
    found: Tree = {}
    for entry in given:
        path = os.fsdecode(entry.path)
        emptied = not entry.mode & GO_TYPE and alone.match(entry.path)
        found[path] = b"" if emptied else content(folder / path)
    return found


def received(folder: Path) -> Tree:
    if not folder.exists():
        return {}
    return {str(path.relative_to(folder)): content(path) for path in folder.rglob("*")}


def content(path: Path) -> bytes | None:
    if path.is_symlink():
        return b"-> " + os.fsencode(path.readlink())
    return None if path.is_dir() else path.read_bytes()


@pytest.mark.parametrize("seed", range(CASES // BATCH))
def test_buildx_sends_what_we_say(seed: int, engine: Any, tmp_path: Path) -> None:
    rng = random.Random(seed)
    contexts, lines = [], ["FROM scratch"]
    for number in range(BATCH):
        odd = number % 4 == 0
        folder = tmp_path / f"c{number}"
        folder.mkdir()
        names = [name for name in (ODD_NAMES if odd else NAMES) if name != b"\xff"]
        plant(folder, [it for it in random_tree(rng, names, links=True) if it[1] != "fifo"])
        (folder / ".dockerignore").write_bytes(ignorefile(rng, odd=odd))
        contexts.append(f"--build-context=c{number}={folder}")
        lines.append(f"COPY --from=c{number} / /c{number}/")
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "Dockerfile").write_text("\n".join(lines))
    out = tmp_path / "out"
    engine.run(
        *(
            "docker",
            "buildx",
            "build",
            "-q",
            "--provenance=false",
            f"--output=type=local,dest={out}",
        ),
        *(*contexts, str(tmp_path / "main")),
    )
    for number in range(BATCH):
        folder = tmp_path / f"c{number}"
        raw = (folder / ".dockerignore").read_bytes()
        ours = sent_by_us(folder, parse_ignorefile(raw).patterns)
        assert received(out / f"c{number}") == ours, raw


@pytest.mark.parametrize("pattern", ["a[", "[-a]", "!", "\\", r"\q*", "[z-a]", "a{2}{3}*", "*[b"])
def test_what_buildx_refuses_we_refuse(pattern: str, engine: Any, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / ".dockerignore").write_text(pattern)
    done = subprocess.run(
        ["docker", "buildx", "build", "-q", "--output=type=cacheonly", str(tmp_path)],
        env=dict(engine.env),
        check=False,
        capture_output=True,
    )
    assert done.returncode != 0
    with pytest.raises(BadPattern):
        sent_by_us(tmp_path, parse_ignorefile(pattern.encode()).patterns)


def test_buildx_empties_a_file_that_only_the_walk_leaves_in_and_we_send_it(
    engine: Any, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    (context / "a").mkdir(parents=True)
    (context / "a" / "b").write_text("content")
    (context / ".dockerignore").write_text("a\n!a/b\na\n")
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    out = tmp_path / "out"
    engine.run("docker", "buildx", "build", "-q", f"--output=type=local,dest={out}", str(context))
    assert (out / "a" / "b").read_text() == ""
    given = Folder(str(context)).entries(excludes=["a", "!a/b", "a"], includes=(), follow_paths=())
    assert {entry.path: entry.size for entry in given}[b"a/b"] == len("content")
