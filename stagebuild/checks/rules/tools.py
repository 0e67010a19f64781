"""Rules about tools that a shipped image carries, installed in its own stage or one below."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit
from stagebuild.checks.installs import system_installs
from stagebuild.checks.packages import DEV_FILE, DEV_PYTHON, is_build_package, is_debug_package
from stagebuild.checks.scripts import commands_of_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from stagebuild.checks.commands import Command
    from stagebuild.checks.subject import Subject, Target
    from stagebuild.dockerfile import Stage

_PRODUCTION = re.compile(r"^[\"']?prod")


def build_tools(subject: Subject) -> Iterator[Hit]:
    """Yield each step of a shipped image that installs compilers, headers or package managers."""
    yield from _packages(
        subject,
        is_build_package,
        "build tools",
        "install them in a stage that builds, and COPY --from it what runs",
    )


def debug_tools(subject: Subject) -> Iterator[Hit]:
    """Yield each step of a shipped image that installs debuggers, editors and the like."""
    yield from _packages(
        subject,
        is_debug_package,
        "debugging tools",
        "put them into a stage on top, as FROM prod AS debug, or attach them to a running"
        " container with docker debug or kubectl debug",
    )


def dev_dependencies(subject: Subject) -> Iterator[Hit]:
    """Yield each step of a shipped image that installs what only development needs."""
    for target in subject.production:
        pruned = _prunes(target)
        for stage, step in target.image_steps():
            for command in commands_of_step(step):
                what = _dev_install(command, step.variables)
                if what is not None and not pruned:
                    yield Hit(
                        line=step.instruction.line,
                        end_line=step.instruction.lines.end,
                        message=f"{what}{_through(target, stage)}",
                        hint="install what runs in one stage, and the rest in another on top of it"
                        " for dev and test",
                    )


def _packages(
    subject: Subject, is_meant: Callable[[str], bool], what: str, hint: str
) -> Iterator[Hit]:
    for target in subject.production:
        for stage, step in target.image_steps():
            for install in system_installs(commands_of_step(step)):
                found = [name for name in install.packages if is_meant(name)]
                if found:
                    yield Hit(
                        line=step.instruction.line,
                        end_line=step.instruction.lines.end,
                        message=f"{what} are installed ({', '.join(found)})"
                        f"{_through(target, stage)}",
                        hint=hint,
                    )


def _through(target: Target, stage: Stage) -> str:
    """Return how what a stage installs gets into the target's image."""
    if stage.index == target.stage.index:
        return f" in {target.shown}, which is shipped"
    return f', and {target.shown}, which is shipped, inherits them from the stage "{stage.label}"'


def _prunes(target: Target) -> bool:
    return any(
        command.program in ("npm", "pnpm", "yarn") and "prune" in command.words
        for _, step in target.image_steps()
        for command in commands_of_step(step)
    )


def _dev_install(  # noqa: PLR0911 - one line for each program
    command: Command, variables: Mapping[str, str]
) -> str | None:
    """Return what a command installs that only development needs, in words, or None."""
    verb = command.verb
    match command.program:
        case "pip" if verb == "install":
            return _pip(command.words)
        case "uv" if verb == "pip":
            return _pip(command.words)
        case "uv" if verb == "sync":
            by_default = "UV_NO_DEV" not in variables and not command.has(
                "--no-dev", "--no-default-groups", "--only-group"
            )
            return _group("uv sync", "--no-dev") if by_default else None
        case "npm" if verb in ("ci", "install", "i"):
            return _npm(command, variables)
        case "yarn" if verb in ("", "install"):
            kept = _for_production(variables) or command.has("--production", "--prod")
            return None if kept or "workspaces" in command.words else _group("yarn", "--production")
        case "pnpm" if verb in ("install", "i"):
            kept = _for_production(variables) or command.has("--prod", "-P", "--production")
            return None if kept else _group("pnpm install", "--prod")
        case "poetry" if verb in ("install", "sync"):
            kept = command.has("--only", "--without", "--no-dev", "--only-root")
            return None if kept else _group("poetry install", "--only main")
        case "pipenv" if command.has("--dev", "-d"):
            return "pipenv installs the development packages (--dev)"
        case "composer" if verb in ("install", "i"):
            kept = command.has("--no-dev") or "COMPOSER_NO_DEV" in variables
            return None if kept else _group("composer install", "--no-dev")
        case _:
            return None


def _group(command: str, option: str) -> str:
    return f"{command} installs the development dependencies too: it has no {option}"


def _for_production(variables: Mapping[str, str]) -> bool:
    return _PRODUCTION.match(variables.get("NODE_ENV", "")) is not None


def _npm(command: Command, variables: Mapping[str, str]) -> str | None:
    if command.has("-g", "--global", "--location") or len(command.plain_words) > 1:
        return None
    kept = _for_production(variables) or command.has("--omit", "--only", "--production", "--prod")
    in_front = any(word.startswith("NODE_ENV=prod") for word in command.assignments)
    return None if kept or in_front else _group(f"npm {command.verb}", "--omit=dev")


def _pip(words: tuple[str, ...]) -> str | None:
    """Return the packages or files of a pip install that are for development, or None."""
    found = []
    follows = ""
    for word in words:
        name = re.split(r"[=<>~!\[;@ ]", word)[0].lower()
        is_file = follows in ("-r", "--requirement") or word.startswith("--requirement=")
        extras = re.search(r"\[([^\]]+)\]", word)
        if is_file and DEV_FILE.search(word):
            found.append(word)
        elif word.startswith("-") or is_file or follows in ("-c", "-i", "-f"):
            pass
        elif name in DEV_PYTHON or (extras and DEV_FILE.search(extras[1])):
            found.append(word)
        follows = word
    return f"packages for development are installed ({', '.join(found)})" if found else None
