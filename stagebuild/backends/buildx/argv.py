"""
A ``BuildSpec`` as the arguments of ``docker buildx build``. Pure: opens nothing, starts nothing.

No secret is in an argv: secrets are passed by the name of their variable or file, build args by
name (see ``buildargs``).

Source for what each option takes: docker/buildx commands/build.go and util/buildflags, v0.13 to
v0.36. ``--add-host`` alone is a cobra StringSlice, so its value is CSV; ``--ssh`` is split at
commas without any quoting; cache, output, secret and attest options are CSV records.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from stagebuild.backends.buildx.buildargs import build_arg_options
from stagebuild.backends.buildx.gitauth import without_git_passwords
from stagebuild.backends.requirements import REPRODUCIBLE
from stagebuild.errors import UnsupportedFeature
from stagebuild.model.csvfields import join_fields
from stagebuild.values import field, frozen, replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.model import CacheEntry, Output, Secret, SshForward
    from stagebuild.planning.spec import BuildSpec

BACKEND = "buildx"

POLICY_VARIABLE = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"
POLICY_NAME = "source-policy.json"

# Output types that make an image; ``registry`` is ``image`` that pushes.
_IMAGE_TYPES = frozenset({"docker", "image", "oci", "registry"})

# What in a local cache names a folder of the client.
_CACHE_FOLDERS = ("src", "dest")


@frozen
class Invocation:
    """
    How buildx is started for a build.

    Attributes:
        argv: Program and arguments.
        added: Variables that the child has besides those of the environment it was made for.
    """

    argv: tuple[str, ...]
    added: Mapping[str, str] = field(default_factory=dict)


def invocation(
    spec: BuildSpec,
    *,
    command: Sequence[str],
    metadata_file: str,
    environ: Mapping[str, str],
    stores_images: bool = False,
    policy_file: str | None = None,
) -> Invocation:
    """
    Return how buildx is started to build ``spec``.

    Args:
        spec: What to build.
        command: What runs buildx, as ``("docker", "buildx")``.
        metadata_file: Where buildx writes its answer; it must not exist.
        environ: The environment that the child gets; decides how build args are passed.
        stores_images: Whether the builder is known to keep every image that it makes in the
            engine's image store, as the ``docker`` driver does.
        policy_file: What holds base images to their digests, or None.

    Raises:
        UnsupportedFeature: Something can't be said to buildx: a build arg that would change the
            tools themselves and is a secret, a comma in an ssh path, an output on stdout.
    """
    git = without_git_passwords(spec)
    spec = git.spec
    build_args, added = build_arg_options(spec.build_args, environ, backend=BACKEND)
    argv = [
        *command,
        "build",
        "--progress",
        "rawjson",
        "--metadata-file",
        metadata_file,
        *_choices(spec),
        *build_args,
        *_each("--label", (f"{key}={value}" for key, value in spec.labels.items())),
        *_each("--annotation", (f"{key}={value}" for key, value in spec.annotations.items())),
        *_each("--tag", spec.tags),
        *_each("--cache-from", (_cache(spec, entry) for entry in spec.cache_from)),
        *_each("--cache-to", (_cache(spec, entry) for entry in spec.cache_to)),
        *_each("--secret", (_secret(id_, secret) for id_, secret in spec.secrets.items())),
        *_each("--secret", (_variable(id_, name) for id_, name in git.variables.items())),
        *_each("--ssh", (_ssh(spec, id_, forward) for id_, forward in spec.ssh.items())),
        *_outputs(spec, stores_images=stores_images),
        *_attestations(spec),
        *_surroundings(spec),
        *_each("--build-context", (f"{name}={at}" for name, at in spec.contexts.items())),
        spec.context,
    ]
    printed = {
        _holder(id_): spec.held_secrets.get(id_, "")
        for id_, secret in spec.secrets.items()
        if secret.command is not None
    }
    policy = {} if policy_file is None else {POLICY_VARIABLE: policy_file}
    return Invocation(argv=tuple(argv), added={**added, **git.added, **printed, **policy})


def _each(option: str, values: Iterator[str] | Sequence[str]) -> Iterator[str]:
    for given in values:
        yield option
        yield given


def _choices(spec: BuildSpec) -> Iterator[str]:
    """Yield the options that are given once."""
    if spec.builder is not None:
        yield from ("--builder", spec.builder)
    yield from ("--file", spec.dockerfile)
    if spec.target is not None:
        yield from ("--target", spec.target)
    if spec.platforms:
        yield from ("--platform", ",".join(map(str, spec.platforms)))
    if spec.pull:
        yield "--pull"
    if spec.no_cache:
        # It covers every filter, and buildx refuses both together.
        yield "--no-cache"
    else:
        yield from _each("--no-cache-filter", spec.no_cache_filter)


def _surroundings(spec: BuildSpec) -> Iterator[str]:
    """Yield the options for what RUN steps find around them."""
    if spec.network is not None:
        yield from ("--network", spec.network)
    hosts = (f"{host}={address}" for host, address in spec.extra_hosts.items())
    yield from _each("--add-host", (join_fields([host]) for host in hosts))
    yield from _each("--ulimit", (f"{name}={limit}" for name, limit in spec.ulimits.items()))
    if spec.shm_size_bytes is not None:
        yield from ("--shm-size", str(spec.shm_size_bytes))


def _cache(spec: BuildSpec, entry: CacheEntry) -> str:
    fields = [f"type={entry.type}"]
    for key, text in entry.attributes.items():
        is_folder = entry.type == "local" and key in _CACHE_FOLDERS
        fields.append(f"{key}={_within(spec, text) if is_folder else text}")
    return join_fields(fields)


def _secret(identifier: str, secret: Secret) -> str:
    if secret.command is not None:
        return _variable(identifier, _holder(identifier))
    source = f"src={secret.file}" if secret.env is None else f"env={secret.env}"
    return join_fields([f"id={identifier}", source])


def _holder(identifier: str) -> str:
    """Return the variable in which buildx gets what a secret's command printed."""
    return f"STAGEBUILD_SECRET_{identifier.encode().hex()}"


def _variable(identifier: str, name: str) -> str:
    return join_fields([f"id={identifier}", f"env={name}"])


def _ssh(spec: BuildSpec, identifier: str, forward: SshForward) -> str:
    paths = [_within(spec, path) for path in forward.paths]
    if any("," in path for path in paths):
        raise UnsupportedFeature(
            f"a comma in the path of ssh.{identifier}",
            backend=BACKEND,
            remedy="buildx splits ssh paths at commas: rename the file, or link to it",
        )
    return f"{identifier}={','.join(paths)}" if paths else identifier


def loads_besides(spec: BuildSpec) -> bool:
    """Whether an image is to be loaded that another output makes, too."""
    return spec.load and (spec.push or any(out.type in _IMAGE_TYPES for out in spec.outputs))


def _outputs(spec: BuildSpec, *, stores_images: bool) -> Iterator[str]:
    """
    Yield the options for where the result goes, what pushes last.

    With several outputs the engine's answers are merged, and the last one's digest stays
    (moby/buildkit solver/llbsolver/solver.go, runExporters): it has to be the registry's, which
    differs from that of an OCI layout or of a loaded image.

    Where every image is in the store anyway, loading it besides is two writers of one tag, of
    which the slower one fails: "already exists".
    """
    extra = REPRODUCIBLE if spec.reproducible else {}
    end = "".join(f",{key}={value}" for key, value in extra.items())
    outputs = [_with(out, extra) for out in spec.outputs]
    pushing = [out for out in outputs if out.pushes]
    yield from _each("--output", (_output(out) for out in outputs if not out.pushes))
    if spec.load and not loads_besides(spec) and not extra:
        yield "--load"
    elif spec.load and not stores_images:
        yield from ("--output", f"type=docker{end}")
    yield from _each("--output", map(_output, pushing))
    if spec.push and not pushing and extra:
        yield from ("--output", f"type=image,push=true{end}")
    elif spec.push and not pushing:
        # Alone, --push knows best: since 0.31 it also spares unpacking.
        alone = not spec.load and not any(out.type in _IMAGE_TYPES for out in spec.outputs)
        yield from ("--push",) if alone else ("--output", "type=image,push=true")
    if spec.has_unnamed_annotations:
        yield from ("--output", "type=image")


def _with(output: Output, extra: Mapping[str, str]) -> Output:
    """Return an output of an image with further attributes, which give way to its own."""
    if output.type not in _IMAGE_TYPES or not extra:
        return output
    return replaced(output, attributes={**extra, **output.attributes})


def _output(output: Output) -> str:
    if output.dest == "-":
        raise UnsupportedFeature(
            f"output type {output.type} on stdout",
            backend=BACKEND,
            remedy="give dest a file: stdout carries the result alone",
        )
    return str(output)


def _attestations(spec: BuildSpec) -> Iterator[str]:
    """Yield the attestations; provenance is on by default and has a timestamp, so: off."""
    if all(attestation.type != "provenance" for attestation in spec.attestations):
        yield "--provenance=false"
    yield from _each("--attest", (str(attestation) for attestation in spec.attestations))


def _within(spec: BuildSpec, path: str) -> str:
    return os.path.join(spec.root, path)  # noqa: PTH118 - keeps an absolute path as it is written
