"""Checks and absolute paths for what an environment lists, once variables are filled in."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from stagebuild.config.keypaths import Misfit, within
from stagebuild.model.entries import CacheEntry, Output, Secret, SshForward
from stagebuild.model.references import Reference
from stagebuild.model.sizes import parse_size_bytes
from stagebuild.model.values import Platform
from stagebuild.planning.bases import is_base
from stagebuild.planning.locations import absolute, is_remote, shown, split_oci_layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.planning.surroundings import Surroundings

_AGENT = "SSH_AUTH_SOCK"


def read_reference(text: str, *parts: str) -> Reference:
    """Return the image reference that ``text`` is, or raise Misfit at ``parts``."""
    try:
        return Reference.parse(text)
    except ValueError as error:
        raise Misfit(str(error), *parts) from error


@lru_cache(maxsize=4096)
def read_tag(text: str) -> str:
    """Return an image's name and tag as written, ``:latest`` added where there is no tag."""
    reference = read_reference(text)
    if reference.digest is not None:
        raise Misfit(f'"{text}" has a digest: an image that is yet to be built can\'t')
    return text if reference.tag is not None else f"{text}:latest"


def read_repository(text: str) -> str:
    """Return a repository as written."""
    reference = read_reference(text)
    if reference.tag is not None or reference.digest is not None:
        raise Misfit(f'"{text}" has a tag or digest: a repository is given without')
    return text


@lru_cache(maxsize=256)
def read_platform(text: str) -> Platform:
    """Return the platform that ``text`` names."""
    try:
        return Platform.parse(text)
    except ValueError as error:
        raise Misfit(str(error)) from error


def read_size_bytes(text: str) -> int:
    """Return the number of bytes that ``text`` names."""
    try:
        return parse_size_bytes(text)
    except ValueError as error:
        raise Misfit(str(error)) from error


def read_duration_s(text: str) -> float:
    """Return the seconds that a duration lasts: ``90s``, ``1h30m``, or a bare number of seconds."""
    from stagebuild.dockerfile.durations import seconds  # noqa: PLC0415 - rarely given
    from stagebuild.errors import DockerfileError  # noqa: PLC0415

    try:
        value_s = float(text) if text.replace(".", "", 1).isdecimal() else seconds(text)
    except DockerfileError as error:
        raise Misfit(error.message, hint=error.hint) from error
    if value_s <= 0:
        raise Misfit(f'"{text}" is no time that anything could take')
    return value_s


class Places:
    """
    Turns what points to files into absolute paths, and checks that it is there.

    Args:
        surroundings: The files and variables that there are.
        root: Absolute folder of the project, which relative paths are relative to.
    """

    def __init__(self, surroundings: Surroundings, root: str) -> None:
        self._surroundings = surroundings
        self._root = root

    def cache(self, entry: CacheEntry, folder_key: str) -> CacheEntry:
        """
        Return the entry with an absolute folder.

        Args:
            entry: A cache import or export.
            folder_key: The attribute that names a local cache's folder: ``src`` or ``dest``.
        """
        attributes = entry.attributes
        match entry.type:
            case "registry":
                if not attributes.get("ref"):
                    raise Misfit('a registry cache needs "ref"')
                read_reference(attributes["ref"], "ref")
            case "local":
                folder = attributes.get(folder_key)
                if not folder:
                    raise Misfit(f'a local cache needs "{folder_key}" here')
                path = absolute(folder, self._root)
                return CacheEntry(type=entry.type, attributes={**attributes, folder_key: path})
        return entry

    def output(self, output: Output) -> Output:
        """Return the output with an absolute path."""
        dest = output.dest
        if dest == "-":
            raise Misfit("the result can't go to the standard output: name a file", "dest")
        if not dest:
            if output.type in ("local", "tar", "oci"):
                raise Misfit(f'an output of type {output.type} needs "dest"')
            return output
        return Output(
            type=output.type, dest=absolute(dest, self._root), attributes=output.attributes
        )

    def secret(self, secret: Secret) -> Secret:
        """Return the secret with an absolute path; its source must be there."""
        if secret.env is not None:
            self._check_variable(secret.env)
            return secret
        if secret.command is not None:
            return secret
        return Secret(file=self._file(secret.file or ""))

    def ssh(self, forward: SshForward) -> SshForward:
        """Return the forward with absolute paths; they, or the agent, must be there."""
        if not forward.paths:
            self._check_variable(_AGENT)
            return forward
        paths = []
        for index, path in enumerate(forward.paths):
            with within(index):
                paths.append(self._file(path))
        return SshForward(paths=tuple(paths))

    def build_arg(self, name: str, value: str | None) -> str:
        """Return the value; None stands for the variable of the arg's own name."""
        if value is not None:
            return value
        self._check_variable(name)
        return self._surroundings.environ[name]

    def context(self, context: str) -> str:
        """Return a named context: a folder is made absolute and must be there."""
        if not context:
            raise Misfit("a named context can't be empty")
        if is_remote(context) or is_base(context) or context.startswith("docker-image://"):
            return context
        layout = split_oci_layout(context)
        path, version = layout or (context, "")
        path = absolute(path, self._root)
        if not self._surroundings.is_folder(path):
            raise Misfit(f"there is no folder {self._show(path)}")
        return path if layout is None else f"oci-layout://{path}{version}"

    def _file(self, text: str) -> str:
        path = absolute(text, self._root)
        if not self._surroundings.is_file(path):
            raise Misfit(f"there is no file {self._show(path)}")
        return path

    def _show(self, path: str) -> str:
        return shown(path, self._surroundings.folder)

    def _check_variable(self, name: str) -> None:
        environ: Mapping[str, str] = self._surroundings.environ
        if name not in environ:
            raise Misfit(f"the environment variable {name} is not set")
