"""
``python -m tests.faults.crowd [ROUNDS [PAGE]]``: many processes build at once, round after round.

They share one engine, one history and, in each round, the first stage; what follows is each one's
own. Every result has to be the one's that asked for it, and every build in the history once.
``PROCESSES`` (16) can be set in the environment. Ends with 1 when something was wrong.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import engine_named
from tests.faults import page
from tests.faults.lab import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
_DOCKERFILE = """\
FROM busybox AS shared
RUN echo ROUND > /round
FROM shared AS made
RUN echo OWN > /own
FROM scratch AS prod
COPY --from=made /round /own /
"""


def main() -> int:
    """Build, and judge."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    processes = int(os.environ.get("PROCESSES", "16"))
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crowd-") as place:
        crowd = Crowd(place=Path(place), environ=engine_named("28.5").env, processes=processes)
        wrong = []
        for number in range(rounds):
            wrong += [f"round {number}: {words}" for words in crowd.round()]
            print(f"{number + 1} rounds, {len(wrong)} wrong", flush=True)
        wrong += crowd.lost()
    for words in wrong:
        print("WRONG:", words)
    told = f"{rounds} rounds of {processes} processes, {crowd.builds} builds: {len(wrong)} wrong."
    told += f" {time.monotonic() - began_s:.0f} s."
    print(told)
    if len(sys.argv) > 2:
        page.write(Path(sys.argv[2]), "crowd", told)
    return int(bool(wrong))


@dataclass(kw_only=True)
class Crowd:
    """
    The processes.

    Attributes:
        place: For their projects and the history.
        environ: Of the engine.
        processes: How many at once; every other one builds by the other backend.
        builds: How many there were.
    """

    place: Path
    environ: Mapping[str, str]
    processes: int
    builds: int = 0

    @property
    def _history(self) -> Path:
        return self.place / "history.sqlite"

    def round(self) -> Iterator[str]:
        """Build in all processes at once; yield what is wrong, in words."""
        shared = uuid.uuid4().hex
        folders = [self.place / uuid.uuid4().hex for _ in range(self.processes)]
        children = [
            self._begun(folder, shared, list(BACKENDS)[number % 2])
            for number, folder in enumerate(folders)
        ]
        for folder, child in zip(folders, children, strict=True):
            shown, said = child.communicate(timeout=300)
            self.builds += 1
            if child.returncode != 0:
                yield said[-500:]
                continue
            made = [(folder / "out" / name).read_text().strip() for name in ("round", "own")]
            if made != [shared, folder.name]:
                yield f"another one's result: {made}, not {[shared, folder.name]}"
            if json.loads(shown)["results"]["prod"]["warnings"]:
                yield f"a warning: {shown}"

    def lost(self) -> Iterator[str]:
        """Yield what is wrong with the history, in words."""
        with sqlite3.connect(self._history) as file:
            (rows,) = file.execute("SELECT count(*) FROM builds").fetchone()
            (state,) = file.execute("PRAGMA integrity_check").fetchone()
        file.close()
        if rows != self.builds:
            yield f"{rows} of {self.builds} builds are in the history"
        if state != "ok":
            yield f"the history is damaged: {state}"

    def _begun(self, folder: Path, shared: str, backend: str) -> subprocess.Popen[str]:
        folder.mkdir()
        text = _DOCKERFILE.replace("ROUND", shared).replace("OWN", folder.name)
        (folder / "Dockerfile").write_text(text)
        argv = [sys.executable, "-m", "stagebuild", "prod", "--json", "-o", "out"]
        return subprocess.Popen(
            [*argv, "--backend", backend],
            cwd=folder,
            env={
                **os.environ,
                **self.environ,
                "PYTHONPATH": str(ROOT),
                "STAGEBUILD_HISTORY": str(self._history),
                "XDG_CACHE_HOME": str(self.place / "cache"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


if __name__ == "__main__":
    sys.exit(main())
