"""Random patterns, files and trees: we answer as the engine's own Go code (recorded/record.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.context.folder import Folder
from stagebuild.context.goglob import BadPattern
from stagebuild.context.ignorefile import parse_ignorefile
from stagebuild.context.patterns import Patterns

if TYPE_CHECKING:
    from collections.abc import Iterable
from tests.context.trees import plant

RECORDED: dict[str, list[Any]] = json.loads(
    (Path(__file__).parent / "recorded" / "recorded.json").read_text()
)
REFUSED = "refused"


def raw(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def outcome(patterns: Iterable[str], paths: Iterable[bytes], *, walked: bool) -> Any:
    try:
        compiled = Patterns(patterns)
    except BadPattern:
        return REFUSED
    bits: dict[bytes, int] = {}
    told: list[bool | str] = []
    for path in paths:
        try:
            if walked:
                matched, bits[path] = compiled.match_in(path, bits.get(path.rpartition(b"/")[0], 0))
            else:
                matched = compiled.match(path)
        except BadPattern:
            told.append(REFUSED)
            if walked:
                return told  # a walk ends there
        else:
            told.append(matched)
    return told


def test_ignorefiles_say_what_they_say_to_the_engine() -> None:
    for text, patterns in RECORDED["ignorefiles"]:
        assert list(parse_ignorefile(raw(text)).patterns) == patterns, text


def test_a_path_alone_matches_as_in_the_engine() -> None:
    for patterns, paths, told, _ in RECORDED["lists"]:
        assert outcome(patterns, map(raw, paths), walked=False) == told, (patterns, paths)


def test_a_path_met_on_a_walk_matches_as_in_the_engine() -> None:
    for patterns, paths, _, told in RECORDED["lists"]:
        assert outcome(patterns, map(raw, paths), walked=True) == told, (patterns, paths)


@pytest.mark.parametrize("number", range(len(RECORDED["walks"])))
def test_a_walk_gives_what_the_engine_is_sent(number: int, tmp_path: Path) -> None:
    items, asked = RECORDED["walks"][number]
    plant(tmp_path, [(raw(path), kind, raw(more)) for path, kind, more in items])
    folder = Folder(str(tmp_path))
    for excludes, includes, follow, told in asked:
        try:
            found: Any = [
                [entry.path, entry.mode, entry.size, entry.linkname]
                for entry in folder.entries(
                    excludes=excludes, includes=includes, follow_paths=follow
                )
            ]
        except BadPattern:
            found = REFUSED
        if told != REFUSED:
            told = [[raw(path), mode, size, raw(link)] for path, mode, size, link in told]  # noqa: PLW2901
        assert found == told, (excludes, includes, follow)
