"""The folders as they were, compared with a real checkout of the commit, over random edits."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from stagebuild.changes.checkout import compare_checkout
from stagebuild.changes.earlier import EarlierFiles, EarlierFolders
from stagebuild.fingerprint import Folders
from stagebuild.planning import Surroundings

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.fingerprint.trees import Tree

    from .conftest import Shop

IGNORED = "**/*.log\ndrafts\n!drafts/kept\n"
NAMES = ("a", "b", "drafts", "kept", "x.log", "y")


def anything(rng: random.Random, depth: int = 3) -> str:
    return "/".join(rng.choice(NAMES) for _ in range(rng.randint(1, depth)))


def edit(shop: Shop, rng: random.Random) -> None:
    """Write, remove or change the mode of something, or put a folder where a file was."""
    target = shop.root / anything(rng)
    match rng.randrange(4):
        case 0 if target.is_dir():
            shutil.rmtree(target)
        case 1 if target.is_file():
            target.chmod(0o755)
        case 2 if target.exists():
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        case _:
            for parent in target.parents:
                if parent.is_file():
                    parent.unlink()
            if not target.is_dir():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(str(rng.random()))


def tidy(shop: Shop) -> None:
    """Remove empty folders: git has none."""
    for folder in sorted(shop.root.rglob("*"), reverse=True):
        inside = folder.relative_to(shop.root).parts
        if ".git" not in inside and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def listed(tree: Tree) -> list[tuple[bytes, str]]:
    """
    Return every entry with its mode; the content's part differs on purpose.

    Folders of which nothing is taken are left out: git can't tell whether they were there.
    """
    return [
        (path, tree.described(path).split(" ")[0])
        for path in tree.below(b"")
        if not tree.is_folder(path) or not all(map(tree.is_folder, tree.below(path)))
    ]


@pytest.mark.parametrize("seed", range(12))
def test_a_folder_as_it_was_is_what_a_checkout_of_then_has(
    shop: Shop, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    shop.write(".dockerignore", IGNORED)
    for _ in range(25):
        edit(shop, rng)
    tidy(shop)
    commit = shop.commit()
    shop.git("clone", "-q", str(shop.root), str(tmp_path / "then"))
    for _ in range(25):
        edit(shop, rng)
    tidy(shop)
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    checkout = compare_checkout(str(shop.root), commit)
    files = EarlierFiles(checkout, Surroundings.current())
    earlier = EarlierFolders(files, checkout, dockerfile=f"{shop.root}/Dockerfile", environ=environ)
    (tmp_path / "then/.git").rename(tmp_path / "git-of-then")
    (shop.root / ".git").rename(tmp_path / "git-of-now")
    there = Folders(f"{tmp_path}/then/Dockerfile", None)
    assert listed(earlier.tree(str(shop.root), is_context=True)) == listed(
        there.tree(f"{tmp_path}/then", is_context=True)
    )
