"""
Ask the engine's own Go code about random patterns and trees; write ``recorded.json``.

    go build -o reference reference.go     # with moby/patternmatcher and tonistiigi/fsutil
    python -m tests.context.recorded.record ./reference

Recorded with patternmatcher v0.6.1 and fsutil 586307ad452f, the one in buildx 0.29.1, on Go 1.19.
"""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.context.trees import NAMES, ODD_NAMES, plant, random_pattern, random_tree

VERSIONS = {"patternmatcher": "v0.6.1", "fsutil": "586307ad452f", "go": "1.19.8"}
LINE_PARTS = ["a", "#", "!", "/", "//", ".", "..", " ", "\t", "\r", "\n", "\n", "\ufeff", "\xa0"]
LINE_PARTS += ["\x1c", "\v", "*", "\\", "b/", "./", "\u3000", "\x85", "\udcff"]


def encoded(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
    return base64.b64encode(raw).decode()


def decoded(text: str) -> str:
    return base64.b64decode(text).decode(errors="surrogateescape")


class Reference:
    def __init__(self, program: str) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **question: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def ignorefiles(reference: Reference, rng: random.Random) -> list[Any]:
    found = []
    for _ in range(400):
        text = "".join(rng.choice(LINE_PARTS) for _ in range(rng.randint(1, 14)))
        answer = reference.ask(Ignorefile=encoded(text))
        found.append([text, [decoded(line) for line in answer["Lines"] or []]])
    return found


def lists(reference: Reference, rng: random.Random) -> list[Any]:
    found = []
    for number in range(600):
        odd = number % 2 == 0
        patterns = [random_pattern(rng, odd=odd) for _ in range(rng.randint(1, 4))]
        tree = random_tree(rng, ODD_NAMES if odd else NAMES, links=False)
        paths = [path.decode(errors="surrogateescape") for path, _, _ in tree][:25]
        answer = reference.ask(
            Patterns=[encoded(one) for one in patterns], Paths=[encoded(path) for path in paths]
        )
        told = [
            "refused"
            if "Error" in answer
            else [one if isinstance(one, bool) else "refused" for one in answer[way] or []]
            for way in ("Matches", "Walked")
        ]
        found.append([patterns, paths, *told])
    return found


def walks(reference: Reference, rng: random.Random) -> list[Any]:
    found = []
    for number in range(60):
        tree = random_tree(rng, ODD_NAMES if number % 2 else NAMES, links=True)
        with tempfile.TemporaryDirectory() as root:
            plant(Path(root), tree)
            asked = [walk(reference, rng, root, odd=number % 2 > 0) for _ in range(6)]
        items = [
            [path.decode(errors="surrogateescape"), kind, more.decode(errors="surrogateescape")]
            for path, kind, more in tree
        ]
        found.append([items, asked])
    return found


def walk(reference: Reference, rng: random.Random, root: str, *, odd: bool) -> Any:
    def some(most: int) -> list[str]:
        return [random_pattern(rng, odd=odd) for _ in range(rng.randint(0, most))]

    excludes = some(4)
    includes = some(3) if rng.random() < 0.4 else []
    follow = [one.removeprefix("!") for one in some(3)] if rng.random() < 0.6 else []
    answer = reference.ask(
        Root=root,
        Excludes=[encoded(one) for one in excludes],
        Includes=[encoded(one) for one in includes],
        Follow=[encoded(one) for one in follow],
    )
    entries = [
        [decoded(it["Path"]), it["Mode"], it["Size"], decoded(it["Linkname"] or "")]
        for it in answer["Entries"] or []
    ]
    return [excludes, includes, follow, "refused" if "Error" in answer else entries]


def main() -> None:
    reference = Reference(sys.argv[1])
    rng = random.Random(20251124)
    recorded = {
        "versions": VERSIONS,
        "ignorefiles": ignorefiles(reference, rng),
        "lists": lists(reference, rng),
        "walks": walks(reference, rng),
    }
    lines = ["{"]
    for name, cases in recorded.items():
        end = "" if name == "walks" else ","
        if isinstance(cases, dict):
            lines.append(f'"{name}": {json.dumps(cases)}{end}')
        else:
            lines.append(f'"{name}": [')
            lines.append(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
            lines.append(f"]{end}")
    lines.append("}")
    (Path(__file__).parent / "recorded.json").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
