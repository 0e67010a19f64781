"""Rules about the order of steps, and other things that make a build run what it need not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit
from stagebuild.checks.installs import is_system_install
from stagebuild.checks.naming import VOLATILE_NAME
from stagebuild.checks.places import from_context, is_within
from stagebuild.checks.scripts import cache_targets, commands_of_step
from stagebuild.dockerfile import Arg, Run, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.checks.commands import Command
    from stagebuild.checks.subject import Subject
    from stagebuild.dockerfile import Step

_WHOLE = frozenset((".", "./", "*", "./*", "/"))
_LOCKED_INSTALLS = {
    "npm": ("ci", "install", "i"),
    "yarn": ("", "install"),
    "pnpm": ("install", "i", "fetch"),
    "bun": ("install", "i"),
    "go": ("mod",),
    "bundle": ("install",),
    "composer": ("install", "i"),
    "poetry": ("install", "sync"),
    "pipenv": ("install", "sync"),
    "uv": ("sync",),
    "mix": ("deps.get",),
    "cargo": ("fetch",),
}
_CACHES = {
    "pip": ("/root/.cache/pip", ("install", "wheel", "download")),
    "uv": ("/root/.cache/uv", ("sync", "pip")),
    "poetry": ("/root/.cache/pypoetry", ("install", "sync")),
    "npm": ("/root/.npm", ("ci", "install", "i")),
    "yarn": ("/usr/local/share/.cache/yarn", ("", "install")),
    "pnpm": ("/root/.local/share/pnpm/store", ("install", "i", "fetch")),
    "go": ("/root/.cache/go-build", ("build", "install", "mod", "test")),
    "cargo": ("/usr/local/cargo/registry", ("build", "install", "fetch", "test")),
    "mvn": ("/root/.m2", None),
    "mvnw": ("/root/.m2", None),
    "gradle": ("/root/.gradle", None),
    "gradlew": ("/root/.gradle", None),
    "composer": ("/root/.composer", ("install", "i")),
    "bundle": ("/usr/local/bundle/cache", ("install",)),
}


def copy_before_install(subject: Subject) -> Iterator[Hit]:
    """
    Yield each ``COPY . .`` that stands before the step that installs dependencies.

    A program that has installed before it is taken to add the project itself.
    """
    for stage in subject.graph.stages:
        whole: Step | None = None
        before: set[str] = set()
        for step in stage.steps:
            transfer = step.expanded
            if isinstance(transfer, Transfer):
                if whole is None and from_context(transfer) and _is_whole(transfer):
                    whole = step
                continue
            installs = [each for each in commands_of_step(step) if _installs_dependencies(each)]
            if whole is None:
                before.update(each.program for each in installs)
                continue
            install = next((each for each in installs if each.program not in before), None)
            if install is not None:
                yield Hit(
                    line=whole.instruction.line,
                    end_line=whole.instruction.lines.end,
                    message="the whole context is copied before dependencies are installed"
                    f" (line {step.instruction.line}: {_short(install)}): every edit installs them"
                    " again",
                    hint="first COPY the files that name the dependencies, install, then COPY the"
                    " rest",
                )
                break


def early_arg(subject: Subject) -> Iterator[Hit]:
    """
    Yield each ARG that differs from build to build and stands above steps that don't use it.

    It is in the cache key of every RUN below it. An ARG differs when it is called so
    (``GIT_SHA``), or when environments of the project give it different values.
    """
    varying = _varying(subject)
    for stage in subject.graph.stages:
        steps = stage.steps
        for at, step in enumerate(steps):
            if not isinstance(step.instruction, Arg) or step.is_triggered:
                continue
            for declaration in step.instruction.declarations:
                name = declaration.name
                if not VOLATILE_NAME.search(name.upper()) and name not in varying:
                    continue
                first, unaffected = _until_used(name, steps[at + 1 :])
                if unaffected:
                    first_line = "below" if first is None else f"to line {first.instruction.line}"
                    yield Hit(
                        line=step.instruction.line,
                        end_line=step.instruction.lines.end,
                        about=name,
                        message=f"ARG {name} changes from build to build, and stands above"
                        f" {unaffected} RUN step{'s' * (unaffected > 1)} that don't use it: each"
                        " change runs them again",
                        hint=f"move it down {first_line}, right above what uses it",
                    )


def update_alone(subject: Subject) -> Iterator[Hit]:
    """Yield each RUN that updates the package index and installs nothing."""
    for stage in subject.graph.stages:
        for step in stage.steps:
            commands = commands_of_step(step)
            updates = [each for each in commands if _is_update(each)]
            if not updates or any(_uses_index(each) for each in commands):
                continue
            yield Hit(
                line=step.instruction.line,
                end_line=step.instruction.lines.end,
                message=f"{updates[0].program} update stands alone: the cache keeps its index, and"
                " a later install fetches versions that are gone",
                hint="put update and install into one RUN, joined by &&",
            )


def missing_cache_mount(subject: Subject) -> Iterator[Hit]:
    """Yield each RUN whose downloads or compiled objects a cache mount would keep."""
    for stage in subject.graph.stages:
        for step in stage.steps:
            mounted = cache_targets(step)
            for command in commands_of_step(step):
                folder, verbs = _CACHES.get(command.program, ("", ()))
                if not folder or (verbs is not None and command.verb not in verbs):
                    continue
                if mounted or command.has(
                    "--no-cache-dir", "--no-deps", "-g", "--global", "--version"
                ):
                    continue
                yield Hit(
                    line=step.instruction.line,
                    end_line=step.instruction.lines.end,
                    message=f"{_short(command)} begins with an empty cache whenever the step runs",
                    hint=f"RUN --mount=type=cache,target={folder} … keeps it between builds, and"
                    " out of the image",
                )
                break


def late_cleanup(subject: Subject) -> Iterator[Hit]:
    """Yield each RUN of a shipped image that deletes what an earlier layer holds."""
    for target in subject.production:
        earlier: list[str] = []
        for _, step in target.image_steps():
            commands = commands_of_step(step)
            installs = any(is_system_install(each) or _is_update(each) for each in commands)
            created = {word for each in commands if each.program != "rm" for word in each.words}
            for command in commands:
                for path in command.plain_words if command.program == "rm" else ():
                    folder = path.rstrip("/*")
                    if not folder or installs or any(folder in word for word in created):
                        continue
                    if any(is_within(done, folder) or is_within(folder, done) for done in earlier):
                        yield Hit(
                            line=step.instruction.line,
                            end_line=step.instruction.lines.end,
                            about=path,
                            message=f"rm {path} hides what an earlier layer holds: it is still"
                            " shipped",
                            hint="delete it in the RUN that makes it, mount a cache there, or leave"
                            " it behind in another stage",
                        )
            earlier += _left_behind(step, installs=installs)


def _left_behind(step: Step, *, installs: bool) -> list[str]:
    """Return folders that a step is known to fill."""
    transfer = step.expanded
    if isinstance(transfer, Transfer):
        destination = transfer.destination.rstrip("/")
        return [destination] if destination.startswith("/") and destination else []
    if installs and not any("/var/lib/apt/lists" in each.text for each in commands_of_step(step)):
        return ["/var/lib/apt/lists", "/var/cache/apt"]
    return []


def _is_whole(transfer: Transfer) -> bool:
    return any(source in _WHOLE for source in transfer.sources)


def _installs_dependencies(command: Command) -> bool:
    if is_system_install(command):
        return True
    if command.program == "pip" and command.verb == "install":
        return any(
            word in ("-r", "--requirement") or word.startswith("-r") for word in command.words
        )
    if command.program == "go":
        return command.words[:2] == ("mod", "download")
    verbs = _LOCKED_INSTALLS.get(command.program)
    if verbs is None or command.verb not in verbs or command.has("-g", "--global"):
        return False
    return command.verb != "" or not command.words


def _varying(subject: Subject) -> frozenset[str]:
    """Return the build args that this file's targets are given different values for."""
    values: dict[str, set[str | None]] = {}
    names = {name for target in subject.targets for name in target.build_args}
    for name in names:
        values[name] = {target.build_args.get(name) for target in subject.targets}
    shared = {name for name, given in values.items() if len(given - {None}) > 1}
    return frozenset(shared)


def _until_used(name: str, steps: Sequence[Step]) -> tuple[Step | None, int]:
    """Return the first step that uses a variable, and how many RUN steps stand before it."""
    runs = 0
    for step in steps:
        if mentions(step, name):
            return step, runs
        runs += isinstance(step.expanded, Run)
    return None, runs


def mentions(step: Step, name: str) -> bool:
    """Say whether a step uses a variable, or has its name in a script."""
    if name in step.used or name in step.unset:
        return True
    instruction = step.instruction
    if not isinstance(instruction, Run):
        return False
    return re.search(rf"\b{re.escape(name)}\b", instruction.script) is not None


def _is_update(command: Command) -> bool:
    return command.program in ("apt-get", "apt", "apk", "aptitude") and command.verb == "update"


def _uses_index(command: Command) -> bool:
    return is_system_install(command) or command.verb in (
        "upgrade",
        "dist-upgrade",
        "build-dep",
        "download",
    )


def _short(command: Command) -> str:
    return f"{command.program} {command.verb}".strip()
