"""Options of the command line -> what they change in every environment that is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from stagebuild.errors import ConfigError
from stagebuild.model import CacheEntry, Environment, Output, Secret, SshForward
from stagebuild.planning import Overrides

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def overrides_of(options: argparse.Namespace) -> Overrides:
    """
    Return what the build verb's options change.

    Raises:
        ConfigError: The text of an option has not the option's form.
    """
    environment = Environment(
        target=options.target,
        build_args=dict(_pair("--build-arg", text) for text in options.build_arg),
        labels={name: value or "" for name, value in _pairs("--label", options.label)},
        tags=_given(options.tag),
        platforms=_given([name for text in options.platform for name in text.split(",")]),
        cache_from=_read("--cache-from", options.cache_from, CacheEntry.parse),
        cache_to=_read("--cache-to", options.cache_to, CacheEntry.parse),
        secrets=dict(_read("--secret", options.secret, Secret.parse) or ()),
        ssh=dict(_read("--ssh", options.ssh, SshForward.parse) or ()),
        outputs=_read("--output", options.output, Output.parse),
        no_cache=options.no_cache or None,
        no_cache_filter=_given(options.no_cache_filter),
        reproducible=options.reproducible or None,
        pull=options.pull or None,
        builder=options.builder,
        push=options.push,
        load=options.load,
        retries=options.retries,
        retry_budget=options.retry_budget,
        timeout=options.timeout,
        idle_timeout=options.idle_timeout,
    )
    variables = {name: value or "" for name, value in _pairs("--var", options.var)}
    return Overrides(environment=environment, settings=tuple(options.set), variables=variables)


def _given(texts: Sequence[str]) -> tuple[str, ...] | None:
    """Return the texts of a repeatable option, or None when it was not given."""
    return tuple(texts) or None


def _read(option: str, texts: Sequence[str], parse: Callable[[str], T]) -> tuple[T, ...] | None:
    """Return the entries of a repeatable option, or None when it was not given."""
    try:
        return tuple(parse(text) for text in texts) or None
    except ValueError as error:
        raise ConfigError(str(error), key=option) from error


def _pairs(option: str, texts: Sequence[str]) -> list[tuple[str, str | None]]:
    return [_pair(option, text) for text in texts]


def _pair(option: str, text: str) -> tuple[str, str | None]:
    """Return name and value of ``NAME=VALUE``; None for a value that is not given."""
    name, equals, value = text.partition("=")
    if not name:
        raise ConfigError(f'"{text}" has no name in front of "="', key=option)
    return name, value if equals else None
