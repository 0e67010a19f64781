"""Two thousand malformed configurations and Dockerfiles: one error each, with file and line."""

from __future__ import annotations

import contextlib
import io
import random
import re
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main
from stagebuild.cli.exitcodes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = 1000
"""Malformed files of each of the two kinds; what a mutation leaves sound is not counted."""

CONFIGURATION = """\
[project]
name = "shop"
repository = "registry.example/shop"

[variables]
PYTHON = "3.12"
TAG = "${PYTHON}-${LEVEL:-x}"
LEVEL = "info"

[environments.base]
description = "What all share"
build-args = { PYTHON = "${PYTHON}", DEBUG = false }
labels = { "org.opencontainers.image.title" = "${project}" }

[environments.test]
inherits = ["base"]
output = { type = "local", dest = "out" }

[environments.prod]
inherits = ["base"]
target = "prod"
tags = ["${repository}:${TAG}", "${repository}:prod"]
platforms = ["linux/amd64", "linux/arm64"]
cache-from = ["type=gha,scope=x", { type = "registry", ref = "${repository}:cache" }]
network = "none"
ulimits = { nofile = 1024, nproc = "512:1024" }
shm-size = "64m"
no-cache-filter = ["test"]
pull = true
"""
DOCKERFILE = """\
# syntax=docker/dockerfile:1
# escape=\\
ARG PYTHON=3.12
FROM python:${PYTHON}-slim AS base
ENV PATH=/opt/bin:$PATH LANG="C.UTF-8"
WORKDIR /app

FROM base AS builder
COPY --chown=1000:1000 --exclude=*.md requirements.txt ./
RUN --mount=type=cache,target=/root/.cache \\
    pip install -r requirements.txt && \\
    # a comment in between
    rm -rf /tmp/*
COPY <<EOF /app/settings.ini
[shop]
level=${LEVEL}
EOF

FROM base AS test
COPY --from=builder /app /app
RUN --mount=type=bind,from=builder,source=/app,target=/src ["pytest", "-q"]

FROM base AS prod
COPY --from=builder --link /app /app
HEALTHCHECK --interval=5s CMD ["true"]
ONBUILD RUN echo hello
LABEL a=b c="d e"
USER 1000
EXPOSE 8080/tcp
STOPSIGNAL SIGTERM
CMD ["python", "-m", "shop"]
"""
CONFIGURATION_JUNK = [
    *(
        "1",
        "true",
        "[]",
        "{}",
        '""',
        '"${"',
        '"${NOPE}"',
        '"${TAG',
        "nan",
        "'x",
        "[[",
        "= =",
        "\x00",
    ),
    *(
        '["base", 1]',
        '{ type = "x" }',
        '"linux"',
        '"${PYTHON"',
        "[environments.prod]",
        "tagrets = 1",
    ),
    *('inherits = ["prod"]', 'target = "prdo"', 'tags = ["A B"]', "\xff", '"""', "# \x07"),
]
DOCKERFILE_JUNK = [
    *("FORM base", "RUN", "COPY a", "--from=", "${", "${X:?no}", "<<EOF", '["a"', "--mount=type=x"),
    *(
        "--exclude",
        "FROM base AS base",
        "FROM ${NOPE}",
        "\x00",
        "ENV",
        "ENV A",
        "USER",
        "EXPOSE x/y",
    ),
    *("ARG", "ONBUILD ONBUILD RUN x", "HEALTHCHECK X", "--chmod=", "COPY --from=prod / /", "AS 1x"),
    *("MAINTAINER", "STOPSIGNAL", "WORKDIR", "# escape=x", "--platform=$", "RUN --nope x", "\\"),
]


def mutated(text: str, junk: list[str], dice: random.Random) -> str:
    """Return the text with one to three things wrong with it, perhaps."""
    lines = text.splitlines(keepends=True)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(lines))
        match dice.randrange(6):
            case 0:
                lines[at] = f"{dice.choice(junk)}\n"
            case 1:
                cut = dice.randrange(len(lines[at]))
                lines[at] = lines[at][:cut] + dice.choice(junk) + lines[at][cut:]
            case 2:
                cut = dice.randrange(len(lines[at]))
                lines[at] = lines[at][:cut] + lines[at][cut + dice.randint(1, 4) :]
            case 3:
                lines.insert(at, lines[dice.randrange(len(lines))])
            case 4:
                letters = list(lines[at])
                dice.shuffle(letters)
                lines[at] = "".join(letters)
            case _:
                del lines[at:]
                lines.append(dice.choice(junk))
    return "".join(lines)


def malformed(folder: Path, name: str, text: str, junk: list[str]) -> Iterator[tuple[str, str]]:
    """Yield as many malformed files as CASES says, each with what the command line said of it."""
    dice = random.Random(name)
    found = 0
    while found < CASES:
        spoilt = mutated(text, junk, dice)
        (folder / name).write_bytes(spoilt.encode("utf-8", "surrogateescape"))
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown), contextlib.redirect_stdout(io.StringIO()):
            code = main(["prod", "test", "--dry-run"])
        assert code in (ExitCode.OK, ExitCode.CONFIGURATION), f"exit {code}\n{shown.getvalue()}"
        if code == ExitCode.CONFIGURATION:
            found += 1
            yield spoilt, shown.getvalue()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "stagebuild.toml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "junk"),
    [
        ("stagebuild.toml", CONFIGURATION, CONFIGURATION_JUNK),
        ("Dockerfile", DOCKERFILE, DOCKERFILE_JUNK),
    ],
    ids=["configuration", "dockerfile"],
)
def test_a_malformed_file_is_one_error_with_file_and_line(
    folder: Path, name: str, text: str, junk: list[str]
) -> None:
    placed = re.compile(r"\nerror: (?:stagebuild\.toml|Dockerfile):\d+: ")
    for spoilt, shown in malformed(folder, name, text, junk):
        asked_for = "no environment" in shown and shown.startswith("\nerror: stagebuild.toml: ")
        assert placed.match(shown) or asked_for, f"{shown}\n---\n{spoilt}"
        assert "Traceback" not in shown


def test_the_files_that_are_spoilt_are_sound(folder: Path) -> None:
    assert folder.is_dir()
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["prod", "test", "--dry-run"]) == ExitCode.OK
