"""
Builds -> a ``docker-bake.json`` that builds the same digests.

Source: docker/buildx docs/bake-reference.md; bake/bake.go, Target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.planning.spec import DEFAULT_RETRIES
from stagebuild.secrecy import is_secret_like

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.planning.spec import BuildSpec

Json = dict[str, Any]


def bake_document(specs: Sequence[BuildSpec], named: Sequence[str]) -> tuple[Json, list[str]]:
    """
    Return the bake file's content, and a warning for each thing that it can't carry.

    Args:
        specs: The builds, as planned.
        named: Those that are built without a name given; the group ``default``.
    """
    names = {spec.name: target_name(spec.name) for spec in specs}
    variables: Json = {}
    targets = {names[spec.name]: _target(spec, names, variables) for spec in specs}
    document: Json = {"group": {"default": {"targets": [names[name] for name in named]}}}
    if variables:
        document["variable"] = variables
    document["target"] = targets
    return document, [warning for spec in specs for warning in _lost(spec)]


def target_name(build: str) -> str:
    """Return a build's name as bake allows one: letters, digits, ``_`` and ``-``."""
    return "".join(sign if sign.isalnum() or sign in "_-" else "_" for sign in build).strip("_")


def _target(spec: BuildSpec, names: Mapping[str, str], variables: Json) -> Json:
    contexts = {name: _text(place) for name, place in spec.contexts.items()}
    contexts |= {name: f"target:{names[base]}" for name, base in spec.bases.items()}
    fields: Json = {
        "context": _text(spec.context),
        "dockerfile": _text(spec.dockerfile),
        "target": spec.target,
        "args": {name: _arg(name, value, variables) for name, value in spec.build_args.items()},
        "labels": _texts(spec.labels),
        "annotations": [_text(f"{name}={value}") for name, value in spec.annotations.items()],
        "tags": list(spec.tags),
        "platforms": [str(platform) for platform in spec.platforms],
        "cache-from": [_text(str(entry)) for entry in spec.cache_from],
        "cache-to": [_text(str(entry)) for entry in spec.cache_to],
        "secret": list(_secrets(spec)),
        "ssh": [
            ",".join([f"{name}={forward.paths[0]}", *forward.paths[1:]]) if forward.paths else name
            for name, forward in spec.ssh.items()
        ],
        "output": list(_outputs(spec)),
        "attest": [_text(str(entry)) for entry in spec.attestations],
        "network": spec.network,
        "extra-hosts": dict(spec.extra_hosts),
        "ulimits": [f"{name}={limit}" for name, limit in spec.ulimits.items()],
        "shm-size": None if spec.shm_size_bytes is None else str(spec.shm_size_bytes),
        "contexts": contexts,
        "no-cache": spec.no_cache,
        "no-cache-filter": list(spec.no_cache_filter),
        "pull": spec.pull,
    }
    if not any(entry.type == "provenance" for entry in spec.attestations):
        # buildx attaches one unless told otherwise, and its time stamp changes the digest.
        fields["attest"].append("type=provenance,disabled=true")
    return {key: value for key, value in fields.items() if value}


def _arg(name: str, value: str, variables: Json) -> str:
    if not is_secret_like(name, value):
        return _text(value)
    variables[name] = {"default": ""}
    return f"${{{name}}}"


def _secrets(spec: BuildSpec) -> Iterator[str]:
    for name, secret in spec.secrets.items():
        variable = _variable(name) if secret.command is not None else secret.env
        source = f"src={secret.file}" if variable is None else f"env={variable}"
        yield _text(f"id={name},{source}")


def _variable(secret: str) -> str:
    """Return the variable from which bake takes what stagebuild has of a command."""
    return "".join(sign if sign.isalnum() else "_" for sign in secret).upper()


def _outputs(spec: BuildSpec) -> Iterator[str]:
    yield from (_text(str(output)) for output in spec.outputs)
    if spec.push and not any(output.pushes for output in spec.outputs):
        yield "type=registry"
    if spec.load:
        yield "type=docker"
    if spec.has_unnamed_annotations:
        yield "type=image"


def _texts(values: Mapping[str, str]) -> dict[str, str]:
    return {name: _text(value) for name, value in values.items()}


def _text(value: str) -> str:
    """Return text that stays as it is: bake fills in ``${…}`` and ``%{…}``."""
    return value.replace("${", "$${").replace("%{", "%%{")


def _lost(spec: BuildSpec) -> Iterator[str]:
    """Say what of a build a bake file has no place for."""
    name = spec.name
    if spec.requires:
        yield f"{name}: bake has no gates: requires = {list(spec.requires)} is left out"
    for key, value in (
        ("budget", spec.budget),
        ("timeout", spec.timeout_s),
        ("idle-timeout", spec.idle_timeout_s),
        ("retry-budget", spec.retry_budget_s),
        ("retry-limits", spec.retry_limits),
        ("retry-steps", spec.retry_steps),
        ("tag-stages", spec.tag_stages),
        ("builder", spec.builder),
        ("retries", spec.retries != DEFAULT_RETRIES),
        ("reproducible", spec.reproducible),
        ("lock of base images", spec.locked),
    ):
        if value:
            yield f"{name}: bake has no {key}: it is left out"
    for base in dict.fromkeys(spec.bases.values()):
        # One graph of both, where we begin with the finished image: other times, same files.
        yield f"{name}: bake builds on the steps of {base}, not on its image: the digest is another"
    for secret, source in spec.secrets.items():
        if source.command is not None:
            variable = _variable(secret)
            yield f"{name}: secret {secret} is of a command: bake takes it from {variable}"
    for arg, value in spec.build_args.items():
        if is_secret_like(arg, value):
            yield f"{name}: build arg {arg} looks like a secret: the file takes it from a variable"
    if target_name(name) != name:
        yield f"{name}: bake allows no such name: it is called {target_name(name)}"
