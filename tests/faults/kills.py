"""
``python -m tests.faults.kills [TIMES [PAGE]]``: ``kill -9`` at random moments, the run after each.

What a run keeps is all there: a digest file, a metadata file, a history, a local cache, what is
known of buildx. ``SEED`` (0) can be set in the environment. Ends with 1 when a next run was wrong.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import engine_named
from tests.faults import page, processes
from tests.faults.lab import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
_LONGEST_S = 1.5
_DOCKERFILE = """\
FROM busybox AS prod
ARG N
RUN echo $N > /n
RUN cat /n /n > /twice
"""
_CONFIG = """\
[environments.prod]
cache-from = ["type=local,src=../kept"]
cache-to = ["type=local,dest=../kept"]
"""


def main() -> int:
    """Kill, and judge."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    engine = engine_named("28.5")
    chance = random.Random(int(os.environ.get("SEED", "0")))
    wrong: list[str] = []
    told = []
    began_s = time.monotonic()
    for backend in BACKENDS:
        with tempfile.TemporaryDirectory(prefix="kills-") as place:
            kills = Kills(folder=Path(place), environ=engine.env, backend=backend, chance=chance)
            for _ in range(times // len(BACKENDS)):
                try:
                    kills.one()
                except AssertionError as error:
                    wrong.append(f"{backend}, {kills.number}: {error}")
                    print(wrong[-1], flush=True)
            wrong += [f"{backend}: {path} is left" for path in kills.left()]
            told.append(f"{kills.number} x `{backend}` ({kills.hit} of them in mid-run)")
            print(told[-1], flush=True)
    words = f"{', '.join(told)}: {len(wrong)} wrong. {time.monotonic() - began_s:.0f} s."
    print(words)
    if len(sys.argv) > 2:
        page.write(Path(sys.argv[2]), "kills", words)
    return int(bool(wrong))


class Kills:
    """
    Builds that are killed at random moments, each followed by one that is not.

    Attributes:
        number: How many.
        hit: How many were still running when they were killed.
    """

    def __init__(
        self, *, folder: Path, environ: Mapping[str, str], backend: str, chance: random.Random
    ) -> None:
        self.number = self.hit = 0
        self._project, self._temporary = folder / "project", folder / "temporary"
        self._backend, self._chance = backend, chance
        for made in (self._project, self._temporary):
            made.mkdir()
        (self._project / "Dockerfile").write_text(_DOCKERFILE)
        (self._project / "stagebuild.toml").write_text(_CONFIG)
        self._nonce = uuid.uuid4().hex
        self._environ = {
            **environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self._temporary),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "STAGEBUILD_HISTORY": str(folder / "history.sqlite"),
        }

    def one(self) -> None:
        """Kill a run and check the next one, and all that both keep."""
        self.number += 1
        child = subprocess.Popen(
            self._argv("--json"),
            cwd=self._project,
            env=self._environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(self._chance.uniform(0.02, _LONGEST_S))
        self.hit += child.poll() is None
        child.kill()
        child.wait()
        result = self._json(*self._argv("--json"))["results"]["prod"]
        assert not result["warnings"], result["warnings"]
        written = (self._project / "digest").read_text().strip()
        assert written == (result["reference"] or result["digest"] or result["image_id"])
        json.loads((self._project / "metadata").read_text())
        known = self._json(sys.executable, "-m", "stagebuild", "history", "prod", "--json")
        assert known["environments"]["prod"][0]["digest"] == result["digest"], (
            "the newest build is another one"
        )

    def left(self) -> list[Path]:
        """Return what is left of killed runs after one more, some time later."""
        self.end_orphans()
        for folder in self._temporary.iterdir():
            os.utime(folder, (time.time() - 120,) * 2)
        self._json(*self._argv("--json"))
        return list(self._temporary.iterdir())

    def end_orphans(self) -> None:
        """Return when no process is left: a buildx whose parent was killed still ends its build."""
        ends_s = time.monotonic() + 20
        while processes.having(f"TMPDIR={self._temporary}", of="environ"):
            assert time.monotonic() < ends_s, "a killed run's processes don't end"
            time.sleep(0.1)

    def _argv(self, *words: str) -> list[str]:
        argv = [sys.executable, "-m", "stagebuild", "prod", "--backend", self._backend]
        argv += ["--build-arg", f"N={self._nonce} {self.number}"]
        return [*argv, "--digest-file", "digest", "--metadata-file", "metadata", *words]

    def _json(self, *argv: str) -> Any:
        done = subprocess.run(
            argv,
            cwd=self._project,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
