"""
Where a result goes: a ``BuildSpec``'s outputs as BuildKit's exporters, and what comes back here.

In a Docker engine the exporter of images is called ``moby``, and puts them into its image store.

Source: docker/buildx build/opt.go, util/buildflags/export.go; moby builder-next/exporter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.backends.base import SolveFailed
from stagebuild.backends.requirements import REPRODUCIBLE
from stagebuild.backends.sdk.dockerconfig import BACKEND
from stagebuild.buildkit.messages import Exporter
from stagebuild.errors import UnsupportedFeature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.backends.sdk.facts import EngineFacts
    from stagebuild.buildkit.filereceive import Target
    from stagebuild.model import Output
    from stagebuild.planning.spec import BuildSpec

_LEVEL = r"([a-z-]+)(\[[A-Za-z0-9_/-]+\])?"
_LEVELS = ("manifest", "index", "manifest-descriptor", "index-descriptor")
_FILES = ("tar", "oci", "docker")


class Outputs(NamedTuple):
    """
    What a build's results become.

    Attributes:
        exporters: As sent, in order.
        targets: What comes to this machine, by place in ``exporters``.
        layouts: Folders of this machine that become OCI layouts.
        pushed_here: Whether the engine ignores ``push``, so that it is ours to do afterwards.
    """

    exporters: tuple[Exporter, ...]
    targets: Mapping[int, Target]
    layouts: tuple[str, ...]
    pushed_here: bool


def outputs_of(spec: BuildSpec, facts: EngineFacts) -> Outputs:
    """
    Return a build's outputs.

    Raises:
        UnsupportedFeature: One of them can't be had.
        SolveFailed: Something is to be pushed, and nothing says where to.
    """
    image = {"name": ",".join(_names(spec)), **annotation_attributes(spec.annotations)}
    exporters: list[Exporter] = []
    targets: dict[int, Target] = {}
    layouts: list[str] = []
    pushes = spec.push or any(output.pushes for output in spec.outputs)
    for output in _with_defaults(spec, facts):
        if output.type == "cacheonly":
            continue
        if _is_layout(output):
            layouts.append(str(output.dest))
        target = _target(output)
        if target is not None:
            targets[len(exporters)] = target
        exporters.append(_exporter(output, image, facts, reproducible=spec.reproducible))
    if pushes and not image["name"]:
        raise SolveFailed("a tag is needed to push: nothing says where to")
    if len(layouts) > 1:
        remedy = "the protocol has room for one: leave tar=false out of the others"
        raise UnsupportedFeature("several OCI layouts", backend=BACKEND, remedy=remedy)
    ignores_push = facts.is_docker and not facts.has_store
    return Outputs(tuple(exporters), targets, tuple(layouts), pushes and ignores_push)


def _is_layout(output: Output) -> bool:
    """Say whether an image comes as a folder, blob by blob, instead of as one file."""
    is_tar = output.attributes.get("tar", "true").lower() not in ("false", "0")
    return output.type in ("oci", "docker") and bool(output.dest) and not is_tar


def _names(spec: BuildSpec) -> list[str]:
    return [_whole_name(tag) for tag in spec.tags]


def _whole_name(tag: str) -> str:
    from stagebuild.model.references import Reference  # noqa: PLC0415 - a build without tags

    reference = Reference.parse(tag)
    domain = "" if reference.domain == "docker.io" else f"{reference.domain}/"
    path = reference.path if domain else f"docker.io/{reference.path}"
    return f"{domain}{path}:{reference.tag or 'latest'}"


def _with_defaults(spec: BuildSpec, facts: EngineFacts) -> list[Output]:
    """Return the outputs with those that ``push`` and ``load`` stand for, what pushes last."""
    from stagebuild.model import Output  # noqa: PLC0415 - for types only above

    local = [output for output in spec.outputs if not output.pushes]
    pushing = [output for output in spec.outputs if output.pushes]
    is_image = any(output.type in ("image", "docker") and not output.dest for output in local)
    if facts.is_docker and not pushing and (spec.push or spec.load or not spec.outputs):
        # The engine's one exporter stores and pushes at once.
        if not is_image:
            attributes = {"push": "true"} if spec.push else {}
            return [*local, Output(type="image", attributes=attributes)]
        if spec.push:
            local = [
                Output(type="image", attributes={**output.attributes, "push": "true"})
                if output.type in ("image", "docker") and not output.dest
                else output
                for output in local
            ]
    elif spec.push and not pushing:
        pushing = [Output(type="image", attributes={"push": "true"})]
    return [*local, *pushing]


def _exporter(
    output: Output, image: Mapping[str, str], facts: EngineFacts, *, reproducible: bool
) -> Exporter:
    attributes = dict(output.attributes)
    kind = output.type
    if kind == "registry":
        kind = "image"
        attributes = {"push": "true", "unpack": "false", **attributes}
    if kind in ("image", "oci", "docker"):
        attributes = {**image, **attributes}
        if not attributes["name"]:
            del attributes["name"]
        if reproducible:
            attributes = {**REPRODUCIBLE, **attributes}
    if facts.is_docker and kind in ("image", "docker") and not output.dest:
        # The engine's own exporter unpacks, which BuildKit refuses beside rewritten times.
        kind = "image" if reproducible else "moby"
        if reproducible and "name" not in attributes:
            attributes["dangling-name-prefix"] = "moby-dangling"
        if not facts.has_store:
            attributes.pop("push", None)
    return Exporter(type=kind, attrs=attributes)


def _target(output: Output) -> Target | None:
    """Return what takes an output here, or None for one that stays with the engine."""
    if output.type not in ("local", *_FILES):
        return None
    if not output.dest:
        if output.type == "docker":
            return None  # the image store
        raise SolveFailed(f"output type {output.type} needs a dest")
    if output.dest == "-":
        raise UnsupportedFeature(
            f"output type {output.type} on stdout",
            backend=BACKEND,
            remedy="give dest a file: stdout carries the result alone",
        )
    if _is_layout(output):
        return None  # the content service
    from stagebuild.buildkit.filereceive import (  # noqa: PLC0415 - most builds export nothing here
        FileTarget,
        FolderTarget,
    )

    return FolderTarget(output.dest) if output.type == "local" else FileTarget(output.dest)


def annotation_attributes(annotations: Mapping[str, str]) -> dict[str, str]:
    """
    Return annotations as exporter attributes: ``index,manifest:key`` becomes two of them.

    Raises:
        SolveFailed: A level is unknown.
    """
    found: dict[str, str] = {}
    for key, value in annotations.items():
        levels, colon, name = key.partition(":")
        if not colon:
            found[f"annotation.{key}"] = value
            continue
        for level in levels.split(","):
            match = re.fullmatch(_LEVEL, level)
            if match is None or match[1] not in _LEVELS:
                raise SolveFailed(f"annotation {key}: no level {level}; there are: {_LEVELS}")
            found[f"annotation-{match[1]}{match[2] or ''}.{name}"] = value
    return found
