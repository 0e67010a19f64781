"""
Services of a Compose file: what they take over by ``extends``, and which a profile builds.

Source: compose-spec 05-services.md (extends), 13-merge.md, 15-profiles.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Service = dict[str, Any]


def extended(services: Mapping[str, Any], warn: Callable[[str], None]) -> dict[str, Service]:
    """
    Return services by name, each with what it extends; what is no table is empty.

    Args:
        services: As written.
        warn: Is told of what is in another file, or unknown, or extends itself.
    """
    return {str(name): _service(services, name, (), warn) for name in services}


def profile_groups(services: Mapping[str, Service]) -> dict[str, list[str]]:
    """
    Return the services that are built with each profile: its own, and those without any.

    ``default`` are the latter alone. Nothing where no service has a profile.
    """
    profiles = dict.fromkeys(
        str(profile) for service in services.values() for profile in service.get("profiles") or ()
    )
    if not profiles:
        return {}
    built = {
        name: [str(profile) for profile in service.get("profiles") or ()]
        for name, service in services.items()
        if service.get("build")
    }
    groups = {
        profile: [name for name, its in built.items() if not its or profile in its]
        for profile in profiles
    }
    always = [name for name, its in built.items() if not its]
    return {**({"default": always} if always else {}), **groups}


def _service(
    services: Mapping[str, Any], name: Any, seen: tuple[Any, ...], warn: Callable[[str], None]
) -> Service:
    service = services.get(name)
    if not isinstance(service, dict):
        return {}
    given = service.get("extends")
    if not given:
        return service
    own = {key: value for key, value in service.items() if key != "extends"}
    base = given if isinstance(given, str) else given.get("service")
    if not isinstance(given, str) and given.get("file"):
        warn(f"service {name}: extends {base} of {given['file']}: other files are not read")
    elif base not in services or base in (*seen, name):
        warn(f"service {name}: extends {base}: there is no such service to extend")
    else:
        return _merged(_service(services, base, (*seen, name), warn), own)
    return own


def _merged(base: Service, own: Service) -> Service:
    """Return what Compose makes of the two: tables by key, lists one after the other."""
    merged = dict(base)
    for key, value in own.items():
        as_table = _SHORT_FORMS.get(key, lambda written: written)
        match as_table(merged.get(key)), as_table(value):
            case dict() as before, dict() as after:
                merged[key] = _merged(before, after)
            case list() as before, list() as after:
                merged[key] = [*before, *(item for item in after if item not in before)]
            case _, after:
                merged[key] = after
    return merged


def _section(build: Any) -> Any:
    return {"context": build} if isinstance(build, str) else build


def _table(value: Any) -> Any:
    """Return a list of ``NAME=VALUE`` as the table that it is."""
    if not isinstance(value, list):
        return value
    pairs = (str(item).partition("=") for item in value)
    return {name: text if equals else None for name, equals, text in pairs}


_SHORT_FORMS = {
    "build": _section,
    "args": _table,
    "labels": _table,
    "additional_contexts": _table,
}
