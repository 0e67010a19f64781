"""How text on stdout may look: what a verb prints that is asked for its text."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from stagebuild.report.look import Look, glyphs_for

if TYPE_CHECKING:
    from typing import TextIO


def look_of(stdout: TextIO) -> Look:
    """Return what the stream can take; ``NO_COLOR`` and ``TERM=dumb`` are respected."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return Look(
        width=shutil.get_terminal_size((100, 24)).columns,
        color=stdout.isatty() and not plain,
        glyphs=glyphs_for(getattr(stdout, "encoding", None)),
    )
