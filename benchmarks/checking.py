"""How long the rules take for a Dockerfile of a thousand lines, in process."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import RUNS, Row, python_version
from stagebuild.checks import check_project
from stagebuild.config import load

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = 1_000
_STAGES = 40
_AT_MOST_S = 0.1
_STEPS = """\
ARG VERSION_{n}=1
ENV LEVEL_{n}=${{VERSION_{n}}} PATH=/opt/{n}/bin:$PATH
WORKDIR /srv/app{n}
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \\
    npm ci --ignore-scripts \\
 && npm cache verify
COPY --chown=1000:1000 src/ src/
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates tini{n} \\
 && rm -rf /var/lib/apt/lists/*
RUN <<EOT
set -eu
for each in one two three; do
  make "$each" LEVEL="$LEVEL_{n}" | tee "/tmp/$each.log"
done
EOT
COPY --from={before} /srv/out{n} /srv/in{n}
LABEL org.opencontainers.image.title="app{n}" \\
      org.opencontainers.image.version="$VERSION_{n}"
EXPOSE 80{n}
HEALTHCHECK CMD ["true"]
USER 1000:1000
ENTRYPOINT ["tini", "--"]
CMD ["app{n}"]
"""


def rows(_peers: object) -> Iterator[Row]:
    """Yield the figure, in processor time: other programs of the machine don't count."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Dockerfile").write_text(_dockerfile())
        project = load(folder)
        check_project(project)
        took_s = [_seconds(lambda: check_project(project)) for _ in range(RUNS)]
    median_s = statistics.median(took_s)
    yield Row(
        name=f"check of a Dockerfile of {LINES:,} lines and {_STAGES} stages",
        unit="s",
        ours=median_s,
        target=f"<= {_AT_MOST_S}",
        met=median_s <= _AT_MOST_S,
        spread=(min(took_s), max(took_s)),
        versions={"python": python_version()},
    )


def _dockerfile() -> str:
    stages = []
    for n in range(_STAGES):
        before = f"stage{n - 1}" if n else "busybox:1"
        stages.append(f"FROM node:22-slim AS stage{n}\n{_STEPS.format(n=n, before=before)}")
    text = "".join(stages)
    lines = text.count("\n")
    assert lines == LINES, lines
    return text


def _seconds(work: object) -> float:
    assert callable(work)
    started_s = time.process_time()
    work()
    return time.process_time() - started_s
