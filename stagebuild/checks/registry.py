"""Every rule, in the order of the reference."""

from __future__ import annotations

from stagebuild.checks.findings import Severity
from stagebuild.checks.rule import Rule
from stagebuild.checks.rules import (
    arguments,
    bases,
    caching,
    contexts,
    copies,
    forms,
    names,
    reach,
    repeats,
    secrets,
    tools,
    users,
)

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

RULES: tuple[Rule, ...] = (
    Rule(
        "later-stage",
        ERROR,
        "a stage is used above the line where it begins",
        names.later_stage,
    ),
    Rule(
        "unknown-stage",
        ERROR,
        "a name that is taken for an image is nearly that of a stage",
        names.unknown_stage,
    ),
    Rule(
        "copies-whole-stage",
        ERROR,
        "a stage's whole file system is copied into a shipped image",
        copies.whole_stage,
    ),
    Rule(
        "copies-too-much",
        WARNING,
        "a shipped image takes source code or system folders from another stage",
        copies.too_much,
    ),
    Rule("copies-by-number", WARNING, "a stage is copied from by its number", copies.by_number),
    Rule(
        "stands-on-builder",
        WARNING,
        "a shipped stage stands on one that builds",
        bases.stands_on_builder,
    ),
    Rule("build-image", WARNING, "a shipped image is a build image", bases.build_image),
    Rule(
        "heavy-base", WARNING, "a shipped image has the large variant of its base", bases.heavy_base
    ),
    Rule("floating-base", WARNING, "a base image has no tag, or latest", bases.floating_base),
    Rule("base-without-digest", INFO, "a base image has a tag and no digest", bases.without_digest),
    Rule(
        "build-tools",
        WARNING,
        "a shipped image has compilers, headers or package managers",
        tools.build_tools,
    ),
    Rule("debug-tools", WARNING, "a shipped image has debugging tools", tools.debug_tools),
    Rule(
        "dev-dependencies",
        WARNING,
        "a shipped image has packages that only development needs",
        tools.dev_dependencies,
    ),
    Rule("runs-as-root", WARNING, "a shipped image runs as root", users.runs_as_root),
    Rule(
        "secret-in-arg",
        ERROR,
        "an ARG, an ENV or a build arg is called like a secret",
        secrets.secret_in_arg,
    ),
    Rule("secret-text", ERROR, "a token, key or password is written out", secrets.secret_text),
    Rule("secret-file", ERROR, "a file of secrets is copied", secrets.secret_file),
    Rule(
        "ships-context", WARNING, "a shipped image holds the whole context", contexts.source_shipped
    ),
    Rule(
        "ships-clutter",
        WARNING,
        "a shipped image takes tests, VCS folders or secrets from the context",
        contexts.shipped_clutter,
    ),
    Rule(
        "no-dockerignore",
        WARNING,
        "a context is copied without ignore file",
        contexts.no_ignore_file,
    ),
    Rule(
        "context-ballast",
        WARNING,
        "the context sends folders that no build needs",
        contexts.ballast,
    ),
    Rule(
        "copy-before-install",
        WARNING,
        "the whole context is copied before dependencies are installed",
        caching.copy_before_install,
    ),
    Rule(
        "early-arg",
        WARNING,
        "an ARG that often changes stands above steps that don't use it",
        caching.early_arg,
    ),
    Rule(
        "update-alone",
        WARNING,
        "a package index is updated in a step of its own",
        caching.update_alone,
    ),
    Rule(
        "late-cleanup",
        WARNING,
        "files of an earlier layer are deleted, and shipped all the same",
        caching.late_cleanup,
    ),
    Rule(
        "missing-cache-mount",
        INFO,
        "a step downloads or compiles without a cache mount",
        caching.missing_cache_mount,
    ),
    Rule(
        "unknown-build-arg",
        WARNING,
        "an environment's build arg is declared by no stage that it builds",
        arguments.unknown_build_arg,
    ),
    Rule("unused-arg", WARNING, "an ARG is declared and not used", arguments.unused_arg),
    Rule(
        "global-arg",
        WARNING,
        "an ARG from above the first FROM is used in a stage, where it is empty",
        arguments.global_arg,
    ),
    Rule("unreachable-stage", WARNING, "nothing leads to a stage", reach.unreachable_stage),
    Rule("unbuilt-target", WARNING, "no environment builds a stage", reach.unbuilt_target),
    Rule(
        "repeated-step", WARNING, "the same step stands in several stages", repeats.repeated_steps
    ),
    Rule(
        "tests-in-production",
        WARNING,
        "building a shipped image runs the tests",
        reach.tests_run_in_production,
    ),
    Rule(
        "tests-not-required",
        WARNING,
        "a shipped image is built without its tests",
        reach.tests_not_required,
    ),
    Rule("shell-form", WARNING, "a shipped image is started through a shell", forms.shell_form),
    Rule(
        "unchecked-download",
        WARNING,
        "a URL is added without a checksum",
        forms.unchecked_download,
    ),
)

REFUSED = "refused"
"""The id of what BuildKit would refuse: it has no check of its own, since nothing more is known."""

USELESS_IGNORE = "useless-ignore"
"""The id of a suppression that suppresses nothing."""

RULE_IDS = frozenset((*(rule.id for rule in RULES), REFUSED, USELESS_IGNORE))
