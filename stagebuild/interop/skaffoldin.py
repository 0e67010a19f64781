"""
A Skaffold file's artifacts -> environments, one each.

Source: skaffold.dev/docs/references/yaml, ``build.artifacts``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.interop.imported import Imported, Table, literal
from stagebuild.interop.yamltext import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS = {"dockerfile": "dockerfile", "target": "target", "network": "network"}
_FLAGS = {"noCache": "no-cache", "pullParent": "pull"}


def imported_from_skaffold(text: str) -> Imported:
    """
    Return the environments that a Skaffold file's artifacts are.

    Raises:
        ValueError: It is no Skaffold file.
    """
    build = read_yaml(text).get("build")
    artifacts = build.get("artifacts") if isinstance(build, dict) else None
    if not isinstance(artifacts, list):
        raise ValueError("it has no build.artifacts")  # noqa: TRY004 - its content is wrong
    warnings: list[str] = []
    environments = {}
    for artifact in artifacts:
        image = str(artifact.get("image"))
        environments[image.rpartition("/")[2]] = _environment(image, artifact, warnings)
    return Imported(environments=environments, warnings=tuple(warnings))


def _environment(image: str, artifact: Mapping[str, Any], warnings: list[str]) -> Table:
    table: Table = {"tags": [literal(image)]}
    if artifact.get("context"):
        table["context"] = literal(str(artifact["context"]))
    for key, value in (artifact.get("docker") or {}).items():
        if key in _TEXTS:
            table[_TEXTS[key]] = literal(str(value)).lower() if key == "network" else literal(value)
        elif key in _FLAGS:
            table[_FLAGS[key]] = bool(value)
        elif key == "buildArgs":
            table["build-args"] = {name: literal(str(arg)) for name, arg in value.items()}
        elif key == "cacheFrom":
            table["cache-from"] = [literal(str(entry)) for entry in value]
        elif key == "secrets":
            table["secrets"] = {
                secret["id"]: {"file": secret["src"]}
                if secret.get("src")
                else {"env": secret.get("env") or secret["id"]}
                for secret in value
            }
        elif key == "ssh":
            name, _, path = str(value).partition("=")
            table["ssh"] = {name: [path] if path else []}
        else:
            warnings.append(f"artifact {image}: docker.{key} = {value!r}")
    warnings += [
        f"artifact {image}: {key} = {value!r}"
        for key, value in artifact.items()
        if key not in ("image", "context", "docker")
    ]
    return table
