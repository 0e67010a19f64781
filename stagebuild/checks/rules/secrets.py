"""Rules about secrets that end up in layers, in the history or in the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit, Severity
from stagebuild.checks.naming import SECRET_TEXT, URL_PASSWORD, is_secret_file, is_secret_name
from stagebuild.checks.places import from_context
from stagebuild.dockerfile import Arg, Copy, Env, Run, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.checks.subject import Subject
    from stagebuild.dockerfile import Instruction

_MOUNT = "RUN --mount=type=secret,id={id}"


def secret_in_arg(subject: Subject) -> Iterator[Hit]:
    """Yield each ARG and ENV, and each build arg of an environment, called like a secret."""
    seen: set[str] = set()
    for instruction in subject.tree.instructions:
        kind, names = _named(instruction)
        for name, value in names:
            if not is_secret_name(name) or (kind == "ENV" and not value.strip("\"'")):
                continue
            if kind == "ENV" and value.strip("\"'").startswith("$") and name in seen:
                continue  # the ARG it comes from is told already
            seen.add(name)
            kept = "in the image, for everybody to read" if kind == "ENV" else "in its history"
            yield Hit(
                line=instruction.line,
                end_line=instruction.lines.end,
                about=name,
                message=f"{kind} {name} looks like a secret, and its value is kept {kept}",
                hint=f"take it where it is used, with {_MOUNT.format(id=name.lower())}, and give it"
                " with secrets = { … } or --secret; at run time, set it in the container",
            )
    yield from _in_configuration(subject)


def secret_text(subject: Subject) -> Iterator[Hit]:
    """Yield each instruction that holds a token, a private key or a URL with a password."""
    for instruction in subject.tree.instructions:
        text = instruction.text
        if isinstance(instruction, Run) and instruction.statement.heredocs:
            text = instruction.script
        what = None
        if SECRET_TEXT.search(text):
            what = "a token or key is written out"
        elif URL_PASSWORD.search(text):
            what = "a URL with a password is written out"
        if what is not None:
            yield Hit(
                line=instruction.line,
                end_line=instruction.lines.end,
                message=f"{what}: it is in the image's history, and in the repository",
                hint=f"revoke it, and use {_MOUNT.format(id='token')}",
            )


def secret_file(subject: Subject) -> Iterator[Hit]:
    """Yield each COPY or ADD that names a file of secrets; in a shipped image it is an error."""
    shipped = {
        step.instruction.line for target in subject.production for _, step in target.image_steps()
    }
    for stage in subject.graph.stages:
        for step in stage.steps:
            transfer = step.expanded
            if not isinstance(transfer, Transfer):
                continue
            if not from_context(transfer) and not isinstance(transfer, Copy):
                continue
            names = [source for source in transfer.sources if is_secret_file(source)]
            if names:
                ships = step.instruction.line in shipped
                yield Hit(
                    line=transfer.line,
                    end_line=transfer.lines.end,
                    message=f"{', '.join(names)} is copied: secrets become a layer"
                    + (", which is shipped" if ships else " of the cache"),
                    hint="mount it where it is used, with RUN --mount=type=secret,id=…,target=…",
                    severity=None if ships else Severity.WARNING,
                )


def _named(instruction: Instruction) -> tuple[str, list[tuple[str, str]]]:
    """Return the kind of an ARG or ENV with its names and values; nothing for others."""
    match instruction:
        case Arg():
            return "ARG", [(each.name, each.default or "") for each in instruction.declarations]
        case Env():
            return "ENV", [(pair.name, pair.value) for pair in instruction.pairs]
        case _:
            return "", []


def _in_configuration(subject: Subject) -> Iterator[Hit]:
    project = subject.project
    for environment, settings in (project.environments or {}).items():
        for name in settings.build_args:
            if not is_secret_name(name):
                continue
            key = f"environments.{environment}.build-args.{name}"
            yield Hit(
                line=None if project.origin is None else project.origin.line(key),
                path=None if project.origin is None else project.origin.path,
                key=key,
                message=f"the build arg {name} looks like a secret, and its value is kept in the"
                " image's history",
                hint=f'give it as a secret: secrets = {{ {name.lower()} = {{ env = "{name}" }} }},'
                f" and read it with {_MOUNT.format(id=name.lower())}",
            )
