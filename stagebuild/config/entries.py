"""Readers of what an environment lists: each entry as short text in buildx's form, or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.config.keypaths import Misfit, within
from stagebuild.config.plain import (
    check_keys,
    expected,
    read_count,
    read_list,
    read_members,
    read_scalar,
    read_text,
    read_text_or_list,
    read_texts,
)
from stagebuild.model.budget import BUDGET_KEYS, BUDGET_LISTS
from stagebuild.model.csvfields import parse_pairs
from stagebuild.model.entries import (
    ATTESTATION_TYPES,
    CACHE_TYPES,
    OUTPUT_TYPES,
    RETRIED,
    Attestation,
    CacheEntry,
    Output,
    Secret,
    SshForward,
    Ulimit,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ATTESTATION_TYPES", "CACHE_TYPES", "OUTPUT_TYPES", "RETRIED"]


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    """Return what a value's own ``parse`` makes of short text."""
    try:
        return parse(text)
    except ValueError as error:
        raise Misfit(str(error)) from error


def _attributes(table: dict[str, object], types: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Return the type and the other attributes of an entry written as a table."""
    if "type" not in table:
        raise Misfit(f'the entry has no "type"; the types are: {", ".join(types)}')
    attributes = read_texts(table)
    kind = attributes.pop("type")
    if kind not in types:
        raise Misfit(f'unknown type "{kind}"; the types are: {", ".join(types)}', "type")
    return kind, attributes


def _read_cache(value: object) -> CacheEntry:
    if isinstance(value, dict):
        kind, attributes = _attributes(value, CACHE_TYPES)
        return CacheEntry(type=kind, attributes=attributes)
    entry: CacheEntry = _parsed(CacheEntry.parse, read_text(value))
    return entry


def read_caches(value: object) -> tuple[CacheEntry, ...]:
    """Return cache imports or exports."""
    return read_list(value, read=_read_cache, what="text, a table, or a list of these")


def read_cache_word(value: object) -> CacheEntry:
    """Return where a build's cache is: a type alone, or a table with more of the place."""
    types = (*CACHE_TYPES, "none")
    if isinstance(value, dict):
        kind, attributes = _attributes(value, types)
        return CacheEntry(type=kind, attributes=attributes)
    word = read_text(value)
    if word not in types:
        raise Misfit(f'"{word}" is no type of cache; the types are: {", ".join(types)}')
    return CacheEntry(type=word)


def _read_output(value: object) -> Output:
    if isinstance(value, dict):
        kind, attributes = _attributes(value, OUTPUT_TYPES)
        return Output(type=kind, dest=attributes.pop("dest", None), attributes=attributes)
    output: Output = _parsed(Output.parse, read_text(value))
    return output


def read_outputs(value: object) -> tuple[Output, ...]:
    """Return outputs."""
    return read_list(value, read=_read_output, what="text, a table, or a list of these")


def read_build_args(value: object) -> dict[str, str | None]:
    """
    Return build args by name.

    ``{ env = "X" }`` is None, which means the variable of the arg's own name, or ``${env.X}``.
    """
    return read_members(value, read=_read_build_arg)


def _read_build_arg(name: str, value: object) -> str | None:
    if not isinstance(value, dict):
        return read_scalar(value)
    check_keys(value, ("env",))
    if "env" not in value:
        raise expected("text, a number, true or false, or { env = NAME }", value)
    with within("env"):
        variable = read_text(value["env"])
    return None if variable == name else f"${{env.{variable}}}"


def read_secrets(value: object) -> dict[str, Secret]:
    """Return secrets by id, from a table or from buildx's short texts."""
    if isinstance(value, dict):
        return read_members(value, read=_read_secret)
    what = "a table of secrets, text as id=NAME,env=VARIABLE, or a list of these"
    pairs = read_list(value, read=lambda item: _parsed(Secret.parse, read_text(item)), what=what)
    return dict(pairs)


def _read_secret(_: str, value: object) -> Secret:
    if not isinstance(value, dict):
        raise expected("{ env = NAME }, { file = PATH } or { command = TEXT }", value)
    check_keys(value, ("env", "file", "command"))
    sources = read_members(value, read=lambda _, source: read_text(source))
    try:
        return Secret(**sources)
    except ValueError as error:
        raise Misfit(str(error)) from error


def read_ssh(value: object) -> dict[str, SshForward]:
    """Return ssh agents and keys by id, from a table or from buildx's short texts."""
    if isinstance(value, dict):
        return read_members(value, read=lambda _, paths: SshForward(paths=read_text_or_list(paths)))
    what = 'a table of paths, text such as "default", or a list of these'
    pairs = read_list(
        value, read=lambda item: _parsed(SshForward.parse, read_text(item)), what=what
    )
    return dict(pairs)


def read_attestations(value: object) -> tuple[Attestation, ...]:
    """Return attestations; one that is false is left out."""
    if isinstance(value, dict):
        check_keys(value, ATTESTATION_TYPES)
        members = read_members(value, read=_read_attestation)
        return tuple(member for member in members.values() if member is not None)
    what = "a table with provenance and sbom, text as type=provenance,mode=max, or a list of these"
    return read_list(
        value, read=lambda item: _parsed(Attestation.parse, read_text(item)), what=what
    )


def _read_attestation(kind: str, value: object) -> Attestation | None:
    match value:
        case True | "true":
            return Attestation(type=kind)
        case False | "false":
            return None
        case dict():
            return Attestation(type=kind, attributes=read_texts(value))
        case "min" | "max" if kind == "provenance":
            return Attestation(type=kind, attributes={"mode": value})
        case str() if value:
            return Attestation(type=kind, attributes=_parsed(parse_pairs, value))
        case _:
            raise expected("true, false, text such as mode=max, or a table", value)


def read_retry_limits(value: object) -> dict[str, int]:
    """Return how often a build is tried again at most, by class of failure."""
    if isinstance(value, dict):
        check_keys(value, RETRIED)
    return read_members(value, read=lambda _, number: read_count(number))


def read_ulimits(value: object) -> dict[str, Ulimit]:
    """Return resource limits by name."""
    return read_members(value, read=_read_ulimit)


def _read_ulimit(_: str, value: object) -> Ulimit:
    match value:
        case bool():
            pass
        case int():
            return Ulimit(soft=value, hard=value)
        case str():
            limit: Ulimit = _parsed(Ulimit.parse, value)
            return limit
        case dict():
            check_keys(value, ("soft", "hard"))
            limits = read_members(value, read=_read_limit)
            if len(limits) < 2:  # noqa: PLR2004 - soft and hard
                raise Misfit("a limit has both soft and hard")
            return _parsed(Ulimit.parse, f"{limits['soft']}:{limits['hard']}")  # type: ignore[no-any-return]  # it is Ulimit's own
    raise expected("a number, text as soft:hard, or { soft = N, hard = N }", value)


def _read_limit(_: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise expected("a number", value)


def read_budget(value: object) -> dict[str, str | tuple[str, ...]]:
    """Return a budget by key: text, or a list of it."""
    if isinstance(value, dict):
        check_keys(value, BUDGET_KEYS)
    return read_members(value, read=_read_budget_key, what="a table with size, forbid, user, …")


def _read_budget_key(key: str, value: object) -> str | tuple[str, ...]:
    if key in BUDGET_LISTS:
        return read_text_or_list(value)
    if isinstance(value, bool):
        raise expected("text or a number", value)
    return read_scalar(value)
