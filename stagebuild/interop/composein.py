"""
A Compose file's ``build`` sections -> environments, one for each service that has one.

Source: compose-spec build.md, 12-interpolation.md, 15-profiles.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.interop.composeservices import extended, profile_groups
from stagebuild.interop.composetext import interpolated
from stagebuild.interop.grouping import with_groups
from stagebuild.interop.imported import Imported, Table
from stagebuild.interop.yamltext import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


def imported_from_compose(text: str) -> Imported:
    """
    Return the environments that a Compose file's services are.

    Raises:
        ValueError: It is no Compose file.
    """
    document = read_yaml(text)
    services = document.get("services")
    if not isinstance(services, dict):
        raise ValueError("it has no services")  # noqa: TRY004 - its content is wrong
    warnings: list[str] = []
    known = extended(services, warnings.append)
    built = {name for name, service in known.items() if service.get("build")}
    reader = _Reader(document, built, warnings)
    environments = {}
    for name, service in known.items():
        if name in built:
            environments[name] = reader.service(name, service)
        else:
            warnings.append(f"service {name}: it has no build section")
    environments = with_groups(
        environments, profile_groups(known), kind="profile", warn=warnings.append
    )
    warnings += [
        f"{key}: it is no part of a build"
        for key in map(str, document)
        if key not in ("services", "secrets", "version", "name") and not key.startswith("x-")
    ]
    return Imported(environments=environments, warnings=tuple(warnings))


class _Reader:
    """Reads ``build`` sections; what it does not know, it warns of."""

    def __init__(
        self, document: Mapping[str, Any], built: Collection[str], warnings: list[str]
    ) -> None:
        self._secrets = document.get("secrets") or {}
        self._built = built
        self._warnings = warnings

    def service(self, name: str, service: Mapping[str, Any]) -> Table:
        build = service["build"]
        section = {"context": build} if isinstance(build, str) else dict(build)
        table: Table = {}
        for key, value in section.items():
            if value is None:
                continue
            read = self._readers().get(key)
            if read is None:
                self._warn(name, f"build.{key} = {value!r}")
            else:
                _add(table, read(name, value))
        if service.get("image"):
            image = self._text(service["image"])
            table["tags"] = [image, *(tag for tag in table.get("tags", ()) if tag != image)]
        if service.get("platform"):
            table.setdefault("platforms", [self._text(service["platform"])])
        return table

    def _readers(self) -> dict[str, Callable[[str, Any], Table]]:
        return {
            "context": lambda _, value: {"context": self._text(value)},
            "dockerfile": lambda _, value: {"dockerfile": self._text(value)},
            "target": lambda _, value: {"target": self._text(value)},
            "args": lambda _, value: {"build-args": self._args(value)},
            "labels": lambda _, value: {"labels": self._map(value)},
            "tags": lambda _, value: {"tags": self._list(value)},
            "platforms": lambda _, value: {"platforms": self._list(value)},
            "cache_from": lambda _, value: {"cache-from": self._list(value)},
            "cache_to": lambda _, value: {"cache-to": self._list(value)},
            "additional_contexts": self._contexts,
            "extra_hosts": lambda _, value: {"extra-hosts": self._map(value, "=", ":")},
            "network": self._network,
            "dockerfile_inline": self._inline,
            "no_cache_filter": lambda _, value: {"no-cache-filter": self._list(value)},
            "no_cache": lambda _, value: {"no-cache": bool(value)},
            "pull": lambda _, value: {"pull": bool(value)},
            "shm_size": lambda _, value: {"shm-size": self._text(value)},
            "secrets": self._secrets_of,
            "ssh": lambda _, value: {"ssh": self._ssh(value)},
            "ulimits": lambda _, value: {"ulimits": dict(value)},
            "provenance": lambda _, value: self._attestation("provenance", value),
            "sbom": lambda _, value: self._attestation("sbom", value),
        }

    def _warn(self, name: str, words: str) -> None:
        self._warnings.append(f"service {name}: {words}")

    def _attestation(self, kind: str, value: Any) -> Table:
        return {"attestations": {kind: value}} if value else {}

    def _inline(self, name: str, _: Any) -> Table:
        file = f"{name}.Dockerfile"
        self._warn(name, f"build.dockerfile_inline: write it to {file}, in the context")
        return {"dockerfile": file}

    def _network(self, name: str, value: Any) -> Table:
        if value in ("none", "host", "default"):
            return {"network": value}
        self._warn(name, f"build.network = {value!r}")
        return {}

    def _contexts(self, name: str, value: Any) -> Table:
        kept = {}
        for key, place in self._map(value).items():
            kind, _, service = place.partition(":")
            if kind != "service":
                kept[key] = place
            elif service in self._built:
                kept[key] = f"image:@{service}"
            else:
                self._warn(name, f"additional_contexts.{key} = {place!r}: that builds nothing")
        return {"contexts": kept} if kept else {}

    def _secrets_of(self, name: str, value: Any) -> Table:
        secrets: Table = {}
        for item in value:
            source = item if isinstance(item, str) else str(item.get("source"))
            target = source if isinstance(item, str) else str(item.get("target") or source)
            defined = self._secrets.get(source) or {}
            for key in ("uid", "gid", "mode"):
                if not isinstance(item, str) and key in item:
                    self._warn(name, f"secret {source}: {key}: RUN --mount=type=secret says it")
            if "environment" in defined:
                secrets[target] = {"env": str(defined["environment"])}
            elif "file" in defined:
                secrets[target] = {"file": self._text(defined["file"])}
            else:
                self._warn(name, f"secret {source}: it has neither file nor environment")
        return {"secrets": secrets} if secrets else {}

    def _ssh(self, value: Any) -> Table:
        items = (
            value if isinstance(value, list) else [f"{k}={v}" if v else k for k, v in value.items()]
        )
        agents: Table = {}
        for item in items:
            name, _, path = str(item).partition("=")
            agents[name] = [self._text(path)] if path else []
        return agents

    def _args(self, value: Any) -> Table:
        items = value.items() if isinstance(value, dict) else [_pair(item) for item in value]
        return {
            str(name): {"env": str(name)} if text is None else self._text(text)
            for name, text in items
        }

    def _map(self, value: Any, *separators: str) -> dict[str, str]:
        if isinstance(value, dict):
            return {str(name): self._text(text) for name, text in value.items()}
        pairs = {}
        for item in value:
            separator = next((s for s in separators or ("=",) if s in item), "=")
            name, _, text = str(item).partition(separator)
            pairs[name] = self._text(text)
        return pairs

    def _list(self, value: Any) -> list[str]:
        return [self._text(item) for item in (value if isinstance(value, list) else [value])]

    def _text(self, value: Any) -> str:
        """Return text with Compose's variables as those of the process environment."""
        if isinstance(value, bool):
            return "true" if value else "false"
        return interpolated(str(value), self._warnings.append)


def _add(table: Table, more: Table) -> None:
    """Change a table by keys that are read; two of Compose's keys can make one table of ours."""
    for key, value in more.items():
        before: Any = table.get(key)
        merged = isinstance(before, dict) and isinstance(value, dict)
        table[key] = before | value if merged else value


def _pair(item: Any) -> tuple[str, str | None]:
    name, equals, text = str(item).partition("=")
    return name, text if equals else None
