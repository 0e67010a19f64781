"""
Every key of the configuration, as data: what reads it, what it means, what it defaults to.

The reader, the JSON Schema, ``--set`` and the reference page all come from these tables, so none
of them can know a key that the others do not. Those of ``[builders]`` are in ``builders``, which is
loaded where there is one.
"""

from __future__ import annotations

from stagebuild.config import kinds
from stagebuild.config.environmentkeys import ENVIRONMENT_KEYS as ENVIRONMENT_KEYS  # noqa: PLC0414 - one of the tables
from stagebuild.config.keys import Key, table_of

ENVIRONMENT_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
IMAGE_NAME = r"[a-z0-9]([a-z0-9_.-]{0,126}[a-z0-9])?"
VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"

PROJECT_KEYS = table_of(
    Key(
        "name",
        kinds.TEXT,
        "The project's name, for people and for `${project}`.",
        "the name of the folder",
        '"shop"',
    ),
    Key(
        "repository",
        kinds.TEXT,
        "Image repository without a tag, for `${repository}` and for the result's reference. An"
        " image that is pushed and has no tags gets `REPOSITORY:ENVIRONMENT`.",
        "none",
        '"registry.example/shop"',
    ),
    Key(
        "context",
        kinds.TEXT,
        "Build context of every environment that names none.",
        '`"."`, the folder of the file',
        '"app"',
    ),
    Key(
        "dockerfile",
        kinds.TEXT,
        "Dockerfile of every environment that names none, relative to the context's folder.",
        '`"Dockerfile"`',
        '"docker/Dockerfile"',
    ),
)

CHECK_KEYS = table_of(
    Key(
        "ignore",
        kinds.TEXTS,
        "[Rules](rules.md) that `stagebuild check` leaves out, ours and BuildKit's. A comment in"
        " the Dockerfile, `# stagebuild: ignore=RULE reason`, does so for one instruction.",
        "none",
        '["missing-cache-mount", "StageNameCasing"]',
    ),
    Key(
        "production",
        kinds.TEXTS,
        "Environments whose images are shipped: many rules look at those alone.",
        "environments and stages that are called `prod`, `production`, `release`, `staging`, …;"
        " without one, the last stage, unless it is called like a test or a tool",
        '["prod", "worker"]',
    ),
)

IMAGE_KEYS = table_of(
    Key("description", kinds.TEXT, "One line for people.", "none", '"The web service"'),
    Key(
        "context",
        kinds.TEXT,
        "Build context: a folder relative to the file's, or a Git or HTTP URL.",
        "the environment's, else `project.context`",
        '"services/api"',
    ),
    Key(
        "dockerfile",
        kinds.TEXT,
        "Path of the Dockerfile, relative to the context's folder.",
        "the environment's, else `project.dockerfile`",
        '"Dockerfile.slim"',
    ),
    Key(
        "repository",
        kinds.TEXT,
        "Image repository without a tag; `${repository}` where the image is built.",
        "`project.repository/NAME`",
        '"registry.example/shop/api"',
    ),
    Key(
        "contexts",
        kinds.TEXT_MAP,
        "Named build contexts, as an environment's, and merged with them. `image:NAME` is another"
        " image of the project as the same environment builds it, `image:NAME@ENVIRONMENT` as"
        " another one does; it is built first.",
        "none",
        '{ base = "image:common", shared = "../shared" }',
    ),
    Key(
        "build-args",
        kinds.BUILD_ARGS,
        "Build args by name, merged with the environment's.",
        "none",
        '{ SERVICE = "api" }',
    ),
)

NAMES_OF_FIELDS = {key.field: name for name, key in ENVIRONMENT_KEYS.items()}

TABLES = {
    "project": "What holds for every environment.",
    "variables": "Text by name, for `${NAME}` wherever text stands. A variable of the same name in"
    " the process environment wins over the file, the command line over both.",
    "environments": "What can be built, by name.",
    "images": "Several images, by name: every environment applies to each that has its stage.",
    "checks": "What `stagebuild check` looks at.",
    "builders": "buildx builders by name, which are made where they are missing.",
}

BUILT_INS = {
    "environment": "The environment's name.",
    "image": "The image's name; absent in a project without `[images]`.",
    "matrix.AXIS": "The value of an axis of the environment's `matrix`.",
    "target": "The stage that the environment builds.",
    "project": "`project.name`, or the name of the folder.",
    "repository": "The image's repository, else `project.repository`.",
    "git.sha": "The commit, 40 characters.",
    "git.short-sha": "Its first 7 characters, the same in every clone.",
    "git.branch": "The branch; absent when HEAD is detached.",
    "git.tag": "The tag at this very commit; absent without one.",
    "git.describe": "As `git describe --tags --always`: `v1.2-3-gabc1234`.",
    "git.dirty": "`-dirty` when a tracked file differs from the commit, else the empty text.",
    "date.iso": "Now in UTC, `2026-08-12T09:30:00Z`; `SOURCE_DATE_EPOCH` is obeyed.",
    "date.compact": "The same fit for a tag: `20260812093000`.",
    "date.day": "Today in UTC, `2026-08-12`.",
    "env.NAME": "The variable NAME of the process environment; absent when it is not set.",
}
