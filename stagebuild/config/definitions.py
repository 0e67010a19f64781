"""
Every key of the configuration, as data: what reads it, what it means, what it defaults to.

The reader, the JSON Schema, ``--set`` and the reference page all come from these tables, so none
of them can know a key that the others do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stagebuild.config import kinds

if TYPE_CHECKING:
    from stagebuild.config.kinds import Kind

ENVIRONMENT_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"


class Key(NamedTuple):
    """
    One key.

    Attributes:
        name: As written in the file, ``build-args``.
        kind: What values it takes.
        doc: What it means, in one or two sentences.
        default: What its absence means, in words.
        example: A value in TOML.
    """

    name: str
    kind: Kind
    doc: str
    default: str
    example: str

    @property
    def field(self) -> str:
        """The field of the model that it sets."""
        return FIELDS.get(self.name) or self.name.replace("-", "_")


# Where the field is not called like the key.
FIELDS = {"output": "outputs"}


def _table(*keys: Key) -> dict[str, Key]:
    return {key.name: key for key in keys}


PROJECT_KEYS = _table(
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

ENVIRONMENT_KEYS = _table(
    Key(
        "inherits",
        kinds.TEXTS,
        "Environments whose settings come first, in order: a later one wins, and this one's own"
        " settings win over all. Tables are merged key by key, anything else is replaced. An"
        " environment reached twice counts once, where it is first reached.",
        "none",
        '["base", "ci"]',
    ),
    Key("description", kinds.TEXT, "One line for people.", "none", '"What customers get"'),
    Key(
        "target",
        kinds.TEXT,
        "The stage to build.",
        "the stage that is called like the environment; if there is none, the environment is"
        " abstract: others can inherit it, and it can't be built",
        '"prod"',
    ),
    Key(
        "context",
        kinds.TEXT,
        "Build context: a folder relative to the file's, or a Git or HTTP URL.",
        "`project.context`",
        '"services/api"',
    ),
    Key(
        "dockerfile",
        kinds.TEXT,
        "Path of the Dockerfile, relative to the context's folder.",
        "`project.dockerfile`",
        '"Dockerfile.slim"',
    ),
    Key(
        "requires",
        kinds.TEXTS,
        "Environments that are its gates: they are built at the same time, and nothing of this"
        " environment is tagged, loaded, exported or pushed until they and their own gates have"
        " succeeded.",
        "none",
        '["lint", "test"]',
    ),
    Key(
        "build-args",
        kinds.BUILD_ARGS,
        'Build args by name. `true` and `false` become the text `"true"` and `"false"`, numbers'
        " stay as written (`3.10` is not `3.1`), and `{ env = NAME }` takes a variable of the"
        " process environment, which must be set.",
        "none",
        '{ PYTHON = "${PYTHON}", DEBUG = false, TOKEN = { env = "NPM_TOKEN" } }',
    ),
    Key(
        "labels",
        kinds.TEXT_MAP,
        "Image labels by name.",
        "none",
        '{ "org.opencontainers.image.revision" = "${git.sha}" }',
    ),
    Key(
        "annotations",
        kinds.TEXT_MAP,
        "Annotations of the image manifest by name, with buildx's level prefixes (`index:`,"
        " `manifest:`, …).",
        "none",
        '{ "index:org.opencontainers.image.title" = "shop" }',
    ),
    Key(
        "tags",
        kinds.TEXTS,
        "Image references; without a tag, `latest`.",
        "none; `REPOSITORY:ENVIRONMENT` when the image is pushed and `project.repository` is set",
        '["${repository}:${git.short-sha}", "${repository}:prod"]',
    ),
    Key(
        "platforms",
        kinds.TEXTS,
        "Platforms to build for.",
        "the builder's own",
        '["linux/amd64", "linux/arm64"]',
    ),
    Key(
        "cache",
        kinds.CACHE,
        "Where the build's cache is. From this follow `cache-from` and `cache-to`, where they are"
        " not given: a cache of this environment, its platforms and its branch, imported also from"
        " the base branch and the default branch, and exported (`mode=max`) where this build may"
        " write. `registry` is `REPOSITORY:cache-…`; in a table, `ref` names another repository,"
        " `path` another folder for `local`, and `s3` and `azblob` say where their store is.",
        "none",
        '"registry"',
    ),
    Key(
        "cache-write",
        kinds.FLAG,
        "Whether the cache that `cache` names is exported, too.",
        "in CI only (the variable `CI` is set)",
        "true",
    ),
    Key(
        "cache-from",
        kinds.CACHES,
        "Cache imports, in order of preference. Local folders are relative to the file's folder.",
        "none",
        '[{ type = "registry", ref = "${repository}:cache" }, "type=local,src=.cache"]',
    ),
    Key(
        "cache-to",
        kinds.CACHES,
        "Cache exports. Local folders are relative to the file's folder.",
        "none",
        '{ type = "registry", ref = "${repository}:cache", mode = "max" }',
    ),
    Key(
        "secrets",
        kinds.SECRETS,
        "Secrets for `RUN --mount=type=secret`, by id: a variable of the process environment or a"
        " file relative to the file's folder. Their values never enter the plan.",
        "none",
        '{ pip-token = { env = "PIP_TOKEN" }, netrc = { file = "secrets/netrc" } }',
    ),
    Key(
        "ssh",
        kinds.SSH,
        "ssh agents and keys for `RUN --mount=type=ssh`, by id; no path means the agent at"
        " `SSH_AUTH_SOCK`.",
        "none",
        '{ default = [], deploy = "keys/deploy" }',
    ),
    Key(
        "output",
        kinds.OUTPUTS,
        "Where the result goes, besides `push` and `load`. Paths are relative to the file's"
        " folder.",
        "the builder's default",
        '{ type = "local", dest = "reports" }',
    ),
    Key(
        "attestations",
        kinds.ATTESTATIONS,
        "Statements attached to the image: `provenance` and `sbom`. A provenance holds the time of"
        " the build, so an unchanged build no longer gives an unchanged index digest.",
        "none",
        '{ provenance = "mode=max", sbom = true }',
    ),
    Key(
        "network",
        kinds.NETWORK,
        "Network of RUN steps.",
        "the engine's default",
        '"none"',
    ),
    Key(
        "extra-hosts",
        kinds.TEXT_MAP,
        "Addresses by host name, for RUN steps.",
        "none",
        '{ "db.test" = "10.0.0.5", host = "host-gateway" }',
    ),
    Key(
        "ulimits",
        kinds.ULIMITS,
        "Resource limits of RUN steps by name.",
        "the engine's",
        '{ nofile = 1024, nproc = "512:1024" }',
    ),
    Key("shm-size", kinds.SIZE, "Size of `/dev/shm` for RUN steps.", "the engine's", '"64m"'),
    Key(
        "contexts",
        kinds.TEXT_MAP,
        "Named build contexts by name: a folder relative to the file's, `docker-image://…`,"
        " `oci-layout://…`, or a Git or HTTP URL.",
        "none",
        '{ shared = "../shared", alpine = "docker-image://alpine:3.20" }',
    ),
    Key("no-cache", kinds.FLAG, "Whether every step runs anew.", "`false`", "true"),
    Key(
        "no-cache-filter",
        kinds.TEXTS,
        "Stages whose steps run anew.",
        "none",
        '["assets"]',
    ),
    Key(
        "pull",
        kinds.FLAG,
        "Whether base images are looked up in the registry even if the engine has them.",
        "`false`",
        "true",
    ),
    Key("builder", kinds.TEXT, "Name of the buildx builder.", "the selected one", '"ci"'),
    Key(
        "push",
        kinds.FLAG,
        "Whether the image is pushed to the registry of its tags.",
        "`false`",
        "true",
    ),
    Key(
        "load",
        kinds.FLAG,
        "Whether the image is loaded into the engine's image store.",
        "`false`",
        "true",
    ),
    Key(
        "retries",
        kinds.COUNT,
        "How often a build is tried again that failed in a way that may pass: the registry, the"
        " network or the engine, never a failing step. 0 is off. What was built stays in the"
        " engine's cache, so only what failed is repeated.",
        "`3`",
        "5",
    ),
    Key(
        "retry-steps",
        kinds.TEXTS,
        "Stages whose failing RUN and COPY steps are tried again, too: those that download, say.",
        "none",
        '["deps"]',
    ),
    Key(
        "timeout",
        kinds.DURATION,
        "How long the build may take, all attempts and the waits between them included.",
        "for ever",
        '"30m"',
    ),
    Key(
        "idle-timeout",
        kinds.DURATION,
        "How long nothing may be heard of the build, no line of output and no step that begins or"
        " ends, before it counts as hung and is ended.",
        "for ever",
        '"10m"',
    ),
)

CHECK_KEYS = _table(
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

NAMES_OF_FIELDS = {key.field: name for name, key in ENVIRONMENT_KEYS.items()}

TABLES = {
    "project": "What holds for every environment.",
    "variables": "Text by name, for `${NAME}` wherever text stands. A variable of the same name in"
    " the process environment wins over the file, the command line over both.",
    "environments": "What can be built, by name.",
    "checks": "What `stagebuild check` looks at.",
}

BUILT_INS = {
    "environment": "The environment's name.",
    "target": "The stage that the environment builds.",
    "project": "`project.name`, or the name of the folder.",
    "repository": "`project.repository`.",
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
