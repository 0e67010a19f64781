"""
Statement to instruction: what each keyword demands of its arguments and flags.

Source: moby/buildkit frontend/dockerfile/instructions/parse.go.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.dockerfile.durations import seconds
from stagebuild.dockerfile.flags import Flags
from stagebuild.dockerfile.heredoc import heredoc_word, is_heredoc_word
from stagebuild.dockerfile.instructions import (
    Add,
    Arg,
    ArgDeclaration,
    Cmd,
    Copy,
    Document,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Instruction,
    Label,
    Maintainer,
    OnBuild,
    Pair,
    Run,
    Shell,
    Statement,
    StopSignal,
    User,
    Volume,
    Workdir,
)
from stagebuild.dockerfile.mounts import mount_from, read_device
from stagebuild.dockerfile.words import SPACE_CHARACTERS
from stagebuild.errors import DockerfileError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

_STAGE_NAME = re.compile(r"[a-z][a-z0-9._-]*")
_ONBUILD = re.compile(r"^[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*", re.IGNORECASE)
_NETWORKS = ("default", "none", "host")
_SECURITIES = ("sandbox", "insecure")
_RETRIES = re.compile(r"[+-]?[0-9]{1,10}")
_LARGEST_RETRIES = 2**31 - 1


def read_instruction(statement: Statement) -> Instruction:
    """
    Return the instruction that a statement is.

    Raises:
        DockerfileError: Without a place: the keyword is unknown, or its flags or arguments are
            not what it takes.
    """
    read = _READERS.get(statement.keyword)
    if read is None:
        hint = did_you_mean(statement.keyword, _READERS).removeprefix("; ")
        raise DockerfileError(f'unknown instruction "{statement.spelling}"', hint=hint or None)
    return read(statement)


def _only_argument(statement: Statement) -> str:
    Flags(statement.keyword, statement.flags)
    if len(statement.arguments) != 1:
        raise DockerfileError(f"{statement.keyword} needs an argument")
    return statement.arguments[0]


def _some_arguments(statement: Statement) -> tuple[str, ...]:
    if not statement.arguments:
        raise DockerfileError(f"{statement.keyword} needs at least one argument")
    return statement.arguments


def _description(statement: Statement, name: str | None) -> str:
    """Return what the first comment that begins with the name says after it."""
    for comment in statement.comments:
        if name and comment.startswith(f"{name} "):
            return comment[len(name) + 1 :]
    return ""


def _from(statement: Statement) -> From:
    arguments = statement.arguments
    name = None
    match arguments:
        case (base,):
            pass
        case (base, word, spelled) if word.lower() == "as":
            name = spelled.lower()
            if not _STAGE_NAME.fullmatch(name):
                raise DockerfileError(
                    f'"{spelled}" can\'t name a stage',
                    hint="a name starts with a letter, then come letters, digits, - _ and .",
                )
        case _:
            raise DockerfileError("FROM takes a base, or a base and AS and a name")
    platform = Flags("FROM", statement.flags).text("platform")
    return From(
        statement=statement,
        base=base,
        name=name,
        platform=platform or None,
        description=_description(statement, name),
    )


def _arg(statement: Statement) -> Arg:
    declarations: list[ArgDeclaration] = []
    for word in _some_arguments(statement):
        name, equals, default = word.partition("=")
        if equals and not name:
            raise DockerfileError("the name of an ARG can't be empty")
        declarations.append(
            ArgDeclaration(
                name=name,
                default=default if equals else None,
                description=_description(statement, name),
            )
        )
    return Arg(statement=statement, declarations=tuple(declarations))


def _read_pairs(statement: Statement) -> tuple[Pair, ...]:
    Flags(statement.keyword, statement.flags)
    triples = _some_arguments(statement)
    if "" in triples[::3]:
        raise DockerfileError(f"the names of {statement.keyword} can't be empty")
    return tuple(
        Pair(name=name, value=value, is_legacy=not separator)
        for name, value, separator in zip(triples[::3], triples[1::3], triples[2::3], strict=True)
    )


def _sources(statement: Statement) -> tuple[tuple[str, ...], tuple[Document, ...], str]:
    """Return the paths, the documents and the destination of a COPY or ADD."""
    *words, destination = statement.arguments
    if is_heredoc_word(destination):
        raise DockerfileError(f"the destination of {statement.keyword} can't be a heredoc")
    bodies = {heredoc.name: heredoc.body for heredoc in statement.heredocs}
    paths: list[str] = []
    documents: list[Document] = []
    for word in words:
        heredoc = heredoc_word(word) if is_heredoc_word(word) else None
        if heredoc is None:
            paths.append(word)
            continue
        content = heredoc.with_body(bodies.get(heredoc.name, "")).content
        documents.append(Document(name=heredoc.name, text=content, expands=heredoc.expands))
    return tuple(paths), tuple(documents), destination


def _needs_destination(statement: Statement) -> Flags:
    if len(statement.arguments) < 2:  # noqa: PLR2004 - a source and a destination
        raise DockerfileError(f"{statement.keyword} needs a source and a destination")
    return Flags(statement.keyword, statement.flags)


def _copy(statement: Statement) -> Copy:
    flags = _needs_destination(statement)
    sources, documents, destination = _sources(statement)
    return Copy(
        statement=statement,
        sources=sources,
        documents=documents,
        destination=destination,
        chown=flags.text("chown"),
        chmod=flags.text("chmod"),
        is_linked=bool(flags.switch("link")),
        excludes=flags.texts("exclude"),
        from_=flags.text("from") or None,
        keeps_parents=bool(flags.switch("parents")),
    )


def _add(statement: Statement) -> Add:
    flags = _needs_destination(statement)
    sources, documents, destination = _sources(statement)
    return Add(
        statement=statement,
        sources=sources,
        documents=documents,
        destination=destination,
        chown=flags.text("chown"),
        chmod=flags.text("chmod"),
        is_linked=bool(flags.switch("link")),
        excludes=flags.texts("exclude"),
        checksum=flags.text("checksum"),
        keeps_git_dir=flags.switch("keep-git-dir"),
        unpacks=flags.switch("unpack"),
    )


def _run(statement: Statement) -> Run:
    flags = Flags("RUN", statement.flags)
    mounts = flags.texts("mount")
    network = flags.text("network", "default")
    if network not in _NETWORKS:
        hint = did_you_mean(network, _NETWORKS).removeprefix("; ")
        raise DockerfileError(f'invalid network "{network}"', hint=hint)
    security = flags.text("security", "sandbox")
    if security not in _SECURITIES:
        hint = did_you_mean(security, _SECURITIES).removeprefix("; ")
        raise DockerfileError(f'invalid security mode "{security}"', hint=hint)
    return Run(
        statement=statement,
        command=statement.arguments,
        is_exec_form=statement.is_exec_form,
        mount_texts=mounts,
        mount_sources=tuple(mount_from(text) for text in mounts),
        network=network,
        security=security,
        devices=tuple(read_device(text) for text in flags.texts("device")),
    )


def _cmd(statement: Statement) -> Cmd:
    Flags("CMD", statement.flags)
    return Cmd(
        statement=statement, command=statement.arguments, is_exec_form=statement.is_exec_form
    )


def _entrypoint(statement: Statement) -> Entrypoint:
    Flags("ENTRYPOINT", statement.flags)
    return Entrypoint(
        statement=statement, command=statement.arguments, is_exec_form=statement.is_exec_form
    )


def _shell(statement: Statement) -> Shell:
    Flags("SHELL", statement.flags)
    if not _some_arguments(statement) or not statement.is_exec_form:
        raise DockerfileError("SHELL takes a JSON array", hint='as SHELL ["/bin/bash", "-c"]')
    return Shell(statement=statement, command=statement.arguments)


def _healthcheck(statement: Statement) -> Healthcheck:
    kind, *command = _some_arguments(statement)
    if kind.upper() == "NONE":
        if command:
            raise DockerfileError("HEALTHCHECK NONE takes no arguments")
        return Healthcheck(statement=statement, command=None, is_exec_form=False)
    flags = Flags("HEALTHCHECK", statement.flags)
    if kind.upper() != "CMD":
        raise DockerfileError(f'unknown type "{kind}" of HEALTHCHECK', hint="use CMD or NONE")
    if not command:
        raise DockerfileError("there is no command after HEALTHCHECK CMD")
    return Healthcheck(
        statement=statement,
        command=tuple(command),
        is_exec_form=statement.is_exec_form,
        interval_s=_interval_s(flags, "interval"),
        timeout_s=_interval_s(flags, "timeout"),
        start_period_s=_interval_s(flags, "start-period"),
        start_interval_s=_interval_s(flags, "start-interval"),
        retries=_retries(flags.text("retries")),
    )


def _interval_s(flags: Flags, name: str) -> float:
    text = flags.text(name)
    value_s = seconds(text) if text else 0.0
    if value_s and value_s < 0.001:  # noqa: PLR2004 - the engine counts in milliseconds
        raise DockerfileError(f"--{name} can't be less than 1ms")
    return value_s


def _retries(text: str) -> int:
    if not text:
        return 0
    if not _RETRIES.fullmatch(text) or not 0 <= int(text) <= _LARGEST_RETRIES:
        raise DockerfileError(f'invalid --retries "{text}"', hint="it is a number, 0 or more")
    return int(text)


def _expose(statement: Statement) -> Expose:
    ports = _some_arguments(statement)
    Flags("EXPOSE", statement.flags)
    return Expose(statement=statement, ports=tuple(sorted(ports)))


def _volume(statement: Statement) -> Volume:
    _some_arguments(statement)
    Flags("VOLUME", statement.flags)
    paths = tuple(path.strip(SPACE_CHARACTERS) for path in statement.arguments)
    if "" in paths:
        raise DockerfileError("the path of a VOLUME can't be empty")
    return Volume(statement=statement, paths=paths)


def _stop_signal(statement: Statement) -> StopSignal:
    if len(statement.arguments) != 1:
        raise DockerfileError("STOPSIGNAL needs an argument")
    return StopSignal(statement=statement, signal=statement.arguments[0])


def _on_build(statement: Statement) -> OnBuild:
    nested = statement.nested
    if nested is None:
        raise DockerfileError("ONBUILD needs an instruction")
    Flags("ONBUILD", statement.flags)
    keyword = nested.keyword.strip(SPACE_CHARACTERS)
    if keyword in ("FROM", "MAINTAINER", "ONBUILD"):
        raise DockerfileError(f"{keyword} can't be triggered by ONBUILD")
    bodies = (f"\n{heredoc.body}{heredoc.name}" for heredoc in statement.heredocs)
    expression = "".join((_ONBUILD.sub("", statement.text), *bodies))
    return OnBuild(statement=statement, expression=expression, trigger_keyword=keyword)


_READERS: dict[str, Callable[[Statement], Instruction]] = {
    "ADD": _add,
    "ARG": _arg,
    "CMD": _cmd,
    "COPY": _copy,
    "ENTRYPOINT": _entrypoint,
    "ENV": lambda statement: Env(statement=statement, pairs=_read_pairs(statement)),
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": lambda statement: Label(statement=statement, pairs=_read_pairs(statement)),
    "MAINTAINER": lambda statement: Maintainer(statement=statement, name=_only_argument(statement)),
    "ONBUILD": _on_build,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _stop_signal,
    "USER": lambda statement: User(statement=statement, user=_only_argument(statement)),
    "VOLUME": _volume,
    "WORKDIR": lambda statement: Workdir(statement=statement, path=_only_argument(statement)),
}
