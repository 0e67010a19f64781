"""A glance notes what a walk notes, whatever is left out."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from stagebuild.context.glance import glance
from stagebuild.context.patterns import Patterns
from stagebuild.context.walk import walk
from tests.context.trees import NAMES, plant, random_pattern, random_tree

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.context.walk import Noted


def walked(root: bytes, excludes: Patterns | None) -> Noted:
    noted: Noted = {}
    list(walk(root, excludes=excludes, noted=noted))
    return noted


@pytest.mark.parametrize("seed", range(60))
def test_a_glance_notes_what_a_walk_notes(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    (tmp_path / "tree").mkdir()
    plant(tmp_path / "tree", random_tree(rng, NAMES, links=True))
    root = os.fsencode(tmp_path / "tree")
    patterns = [random_pattern(rng, odd=False) for _ in range(rng.randint(0, 4))]
    excludes = Patterns(patterns) if patterns else None
    assert glance(root, excludes=excludes) == walked(root, excludes)


def test_a_folder_that_is_gone_has_nothing_in_it(tmp_path: Path) -> None:
    assert glance(os.fsencode(tmp_path / "gone")) == {}
