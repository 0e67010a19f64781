"""
Records the progress streams in this folder anew: ``python record.py 28.5 26.1-containerd``.

Needs the engines of ``tools/engine``. Each stream is what ``docker buildx build`` wrote to stderr,
byte for byte; ``recorded.json`` says by which command and with which versions.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

STAGES = """\
FROM busybox AS base
WORKDIR /w
FROM base AS one
RUN sleep 2; echo one > /one; echo {salt}
FROM base AS two
RUN sleep 1; echo two > /two; for i in 1 2 3; do printf 'h\\303\\244lf %d\\r' $i; done; echo
FROM base AS final
COPY --from=one /one /
COPY --from=two /two /
COPY --link Dockerfile /
RUN cat /one /two
"""
FAILING = """\
FROM busybox AS slow
RUN sleep 20; touch /slow; echo {salt}
FROM busybox AS broken
RUN echo before; sleep 1; echo to stderr >&2; echo {salt}; exit 3
FROM busybox
COPY --from=slow /slow /
COPY --from=broken /broken /
"""
CROSS = """\
FROM --platform=$BUILDPLATFORM busybox AS tools
RUN sleep 0.5; echo {salt}
FROM tools AS build
ARG TARGETPLATFORM
ARG TARGETARCH
RUN sleep 0.5; echo "$TARGETPLATFORM" > /out
FROM scratch AS image
COPY --from=build /out /
"""
CANCELED = "FROM busybox AS waits\nRUN echo started; sleep 30; echo {salt}\n"
WARNING = """\
FROM busybox as odd
RUN echo {salt} && \\

    echo empty continuation
CMD echo shell form
"""
ONE_STAGE = "FROM busybox\nRUN echo {salt}\n"
PULLED = "FROM {base}\nRUN test -s /data; echo {salt}\n"
SHARED = """\
FROM busybox AS first
RUN sleep 2; echo {salt}
FROM first AS second
RUN sleep 4; echo {salt}
FROM second AS third
RUN sleep 1; echo {salt}
"""
BROKEN = "FROM busybox\nRUNN echo\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """
    A build worth recording: its Dockerfile, its options, and what is done to it.

    Attributes:
        name: Of the stream.
        dockerfile: ``{salt}`` and ``{base}`` are filled in.
        options: Of ``docker buildx build``.
        interrupt_after_s: When it is interrupted, if it is.
        keeps_salt: Whether it has the salt of the scenario before, and so finds its steps cached.
        begins_after_s: How long another build of the same has been running when it begins.
    """

    name: str
    dockerfile: str
    options: tuple[str, ...] = ("--provenance=false",)
    interrupt_after_s: float | None = None
    keeps_salt: bool = False
    begins_after_s: float | None = None


SCENARIOS = (
    Scenario(
        name="parallel",
        dockerfile=STAGES,
        options=("--provenance=false", "--push", "--tag={registry}/recorded:stages"),
    ),
    Scenario(
        name="cached",
        dockerfile=STAGES,
        options=("--provenance=false", "--push", "--tag={registry}/recorded:stages"),
        keeps_salt=True,
    ),
    Scenario(name="failing", dockerfile=FAILING),
    Scenario(
        name="platforms",
        dockerfile=CROSS,
        options=(
            "--provenance=false",
            "--platform=linux/amd64,linux/386",
            "--push",
            "--tag={registry}/recorded:platforms",
        ),
    ),
    Scenario(name="canceled", dockerfile=CANCELED, interrupt_after_s=3),
    Scenario(
        name="cache",
        dockerfile=STAGES,
        options=(
            "--provenance=false",
            "--cache-from=type=registry,ref={registry}/nowhere:x",
            "--cache-to=type=registry,ref={registry}/recorded:cache,mode=max",
        ),
    ),
    Scenario(name="warnings", dockerfile=WARNING),
    Scenario(
        name="attested",
        dockerfile=ONE_STAGE,
        options=("--push", "--tag={registry}/recorded:attested", "--metadata-file={metadata}"),
    ),
    Scenario(name="pulled", dockerfile=PULLED),
    Scenario(name="unparsable", dockerfile=BROKEN),
    Scenario(name="shared", dockerfile=SHARED, begins_after_s=4),
)


def environment(engine: str) -> dict[str, str]:
    """Return the process environment in which ``docker`` talks to ``engine``."""
    tool = [sys.executable, str(ROOT / "tools" / "engine")]
    subprocess.run([*tool, "up", engine], check=True)
    shown = subprocess.run([*tool, "env", engine, "--json"], check=True, capture_output=True)
    return {**os.environ, **json.loads(shown.stdout)}


def output(argv: list[str], env: dict[str, str]) -> str:
    """Return what a program printed."""
    return subprocess.run(argv, check=True, capture_output=True, text=True, env=env).stdout.strip()


def push_base(env: dict[str, str]) -> str:
    """Push an image that no other engine has yet; return its reference."""
    reference = f"{env['STAGEBUILD_REGISTRY']}/recorded:{uuid.uuid4()}"
    text = "FROM busybox\nRUN dd if=/dev/urandom of=/data bs=1M count=40\n"
    argv = ["docker", "buildx", "build", "--no-cache", "--provenance=false", "--push"]
    subprocess.run(
        [*argv, "--tag", reference, "-"], input=text.encode(), check=True, env=env, stderr=-3
    )
    return reference


def record(scenario: Scenario, salt: str, base: str, env: dict[str, str]) -> tuple[bytes, str, int]:
    """Run a build; return its stderr, its command line and its exit code."""
    with tempfile.TemporaryDirectory() as context:
        text = scenario.dockerfile.replace("{salt}", salt).replace("{base}", base)
        Path(context, "Dockerfile").write_text(text)
        places = {"registry": env["STAGEBUILD_REGISTRY"], "metadata": f"{context}/.metadata"}
        options = [option.format(**places) for option in scenario.options]
        argv = ["docker", "buildx", "build", "--progress=rawjson", *options, "."]
        if scenario.begins_after_s is not None:
            earlier = subprocess.Popen(argv, cwd=context, env=env, stderr=subprocess.DEVNULL)
            time.sleep(scenario.begins_after_s)
        with subprocess.Popen(
            argv, cwd=context, env=env, stderr=subprocess.PIPE, start_new_session=True
        ) as process:
            if scenario.interrupt_after_s is not None:
                time.sleep(scenario.interrupt_after_s)
                os.killpg(process.pid, signal.SIGINT)
            _, stream = process.communicate(timeout=120)
        if scenario.begins_after_s is not None:
            earlier.wait(timeout=120)
        shown = " ".join(argv).replace(context, "…")
        return stream, shown, process.returncode


def main(engines: list[str]) -> None:
    """Record every scenario on every engine."""
    book = HERE / "recorded.json"
    known = json.loads(book.read_text()) if book.exists() else {}
    for engine in engines:
        env = environment(engine)
        base = push_base(environment("28.5" if engine != "28.5" else "26.1-containerd"))
        known[engine] = {
            "engine": output(["docker", "version", "--format={{.Server.Version}}"], env),
            "buildx": output(["docker", "buildx", "version"], env).split()[1],
            "streams": {},
        }
        (HERE / engine).mkdir(exist_ok=True)
        salt = ""
        for scenario in SCENARIOS:
            salt = salt if scenario.keeps_salt else str(uuid.uuid4())
            stream, command, code = record(scenario, salt, base, env)
            target = HERE / engine / f"{scenario.name}.jsonl.gz"
            target.write_bytes(gzip.compress(stream, mtime=0))
            known[engine]["streams"][scenario.name] = {"command": command, "exit_code": code}
            print(f"{engine}: {scenario.name}: {len(stream)} bytes, exit {code}")
    book.write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
