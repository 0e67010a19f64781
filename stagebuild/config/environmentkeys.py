"""Every key of an environment; see ``definitions``."""

from __future__ import annotations

from stagebuild.config import kinds
from stagebuild.config.keys import Key, table_of

ENVIRONMENT_KEYS = table_of(
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
        "group",
        kinds.TEXTS,
        "Environments that its name stands for, wherever builds are named and in `requires`. They"
        " may be groups, too. A group builds nothing itself: of other keys it has `description`"
        " alone, and `--all` and `--list` leave it out.",
        "none: it is no group",
        '["api", "web"]',
    ),
    Key(
        "matrix",
        kinds.MATRIX,
        "Builds the environment once for each combination of values, `test[python=3.12]`;"
        " `${matrix.AXIS}` is the value. The environment's own name stands for all of them.",
        "none: it is built once",
        '{ python = ["3.11", "3.12"], os = ["bookworm", "alpine"] }',
    ),
    Key(
        "matrix-exclude",
        kinds.COMBINATIONS,
        "Combinations that are left out: those that have all of these values.",
        "none",
        '{ python = "3.11", os = "alpine" }',
    ),
    Key(
        "matrix-include",
        kinds.COMBINATIONS,
        "Combinations that are built besides, with a value for every axis.",
        "none",
        '{ python = "3.13", os = "bookworm" }',
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
        "git-metadata",
        kinds.GIT_STAMPS,
        "Where the image says which commit it is of: `labels`, `annotations` or `both` get"
        " `org.opencontainers.image.` `revision`, `source` (the remote `origin`, without user and"
        " password), `version` (the tag, else as `git describe`) and `created` (the commit's time,"
        " or `SOURCE_DATE_EPOCH`: never the build's, so that a commit has one digest). What"
        " `labels` and `annotations` say wins.",
        "`none`",
        '"labels"',
    ),
    Key(
        "reproducible",
        kinds.FLAG,
        "Whether two builds of one commit give one digest: times in the image and its layers are"
        " `SOURCE_DATE_EPOCH`, or the commit's. What the steps themselves write has to be the same,"
        " too. Attestations, which tell the time of the build, are refused.",
        "`false`",
        "true",
    ),
    Key(
        "tags",
        kinds.TEXTS,
        "Image references; without a tag, `latest`.",
        "none; `REPOSITORY:ENVIRONMENT` when the image is pushed and `project.repository` is set",
        '["${repository}:${git.short-sha}", "${repository}:prod"]',
    ),
    Key(
        "tag-stages",
        kinds.TEXT_MAP,
        "Image references of other stages, by stage: they are tagged, and pushed or loaded as the"
        " image itself, in the same run and after it. Their steps have run already.",
        "none",
        '{ builder = "${repository}:builder" }',
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
        "Secrets for `RUN --mount=type=secret`, by id: a variable of the process environment, a"
        " file relative to the file's folder, or what a command prints, run once in a run. Their"
        " values never enter the plan.",
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
        " the build, so an unchanged build no longer gives an unchanged index digest. It is of mode"
        " `min` where a build arg looks like a secret, since any other would publish it.",
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
        " `oci-layout://…`, a Git or HTTP URL, another image of the project, `image:NAME` or"
        " `image:NAME@ENVIRONMENT`, or the same image of another environment,"
        " `image:@ENVIRONMENT`.",
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
    Key(
        "builder",
        kinds.TEXT,
        "Name of the buildx builder: one of `[builders]`, which is made where it is missing, or one"
        " that there is. With the SDK backend also the address of a buildkitd.",
        "the selected one",
        '"ci"',
    ),
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
        "retry-budget",
        kinds.DURATION,
        "How long the waits between all attempts may take together; what would wait longer fails at"
        " once.",
        "`5m`",
        '"20m"',
    ),
    Key(
        "retry-limits",
        kinds.RETRY_LIMITS,
        "How often at most a build is tried again after each class of failure, within `retries`."
        " 0 is never: [Attempts](../explanation/reliability.md#attempts).",
        "`registry-conflict` 1, `builder` 2, the others as often as `retries` allows",
        "{ network = 5, registry-busy = 1 }",
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
    Key(
        "budget",
        kinds.BUDGET,
        "What the image may come to: `size` (its layers together, unpacked), `growth` (against the"
        " last build in the history: `5%` or `10MB`), `layers` (how many), `forbid` (executables"
        " and packages by name, paths with a `/`; `*` stands for anything), `user` (`non-root`, or"
        " the one it must be), `labels` (that it must have, `NAME` or `NAME=VALUE`),"
        " `max-duration` and `min-cached` (`80%` of the steps). Checked after the build and before"
        " anything is published: [Budgets](../how-to/budgets.md).",
        "none",
        '{ size = "120MB", forbid = ["gcc", "pip", "/app/tests"], user = "non-root" }',
    ),
)
