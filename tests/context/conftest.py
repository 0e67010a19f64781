"""A folder, and someone in it who may not read everything."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOMEBODY = 65_534


@pytest.fixture
def as_somebody() -> Iterator[Path]:
    """A folder of our own; while it is used, we are no longer root."""
    with tempfile.TemporaryDirectory() as made:
        uid = os.geteuid()
        if uid == 0:
            os.chown(made, SOMEBODY, -1)
            os.seteuid(SOMEBODY)
        try:
            yield Path(made)
        finally:
            os.seteuid(uid)
