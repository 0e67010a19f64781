"""
The variables that the instructions of a stage see, while they are read one after another.

BuildKit keeps ENV and ARG in one environment, where the later one wins; a stage starts with that
of its base stage, over which it lays the ENV of the base's image again. So an ARG hides an ENV of
the same stage that stands before it, and an ENV of the base hides an ARG of the base.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go, dispatchStages, dispatchEnv,
dispatchArg.
"""

from __future__ import annotations

import posixpath
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What BuildKit sets when an image for anything but Windows has no PATH."""


class Scope:
    """
    The environment of one stage.

    Attributes:
        variables: ENV and ARG together. Replaced, never changed: it can be kept.
        env: The ENV of the image so far. Replaced, never changed.
        args: The declared ARGs, None for one without a value. Replaced, never changed.
        workdir: Absolute, or None while it depends on an image we know nothing about.
    """

    def __init__(self, *, env: Mapping[str, str], workdir: str | None) -> None:
        self.variables: Mapping[str, str] = MappingProxyType(dict(env))
        self.env: Mapping[str, str] = self.variables
        self.args: Mapping[str, str | None] = MappingProxyType({})
        self.workdir = workdir

    @classmethod
    def of_scratch(cls) -> Scope:
        """Return the scope of an empty image."""
        return cls(env={"PATH": DEFAULT_PATH}, workdir="/")

    @classmethod
    def of_image(cls, env: Mapping[str, str] | None) -> Scope:
        """Return the scope of an image with this environment, or of an unknown one."""
        known = {} if env is None else {**env, "PATH": env.get("PATH", DEFAULT_PATH)}
        return cls(env=known, workdir=None)

    def child(self) -> Scope:
        """Return the scope with which a stage on top of this one starts."""
        scope = Scope(env=self.env, workdir=self.workdir)
        scope.variables = MappingProxyType({**self.variables, **self.env})
        scope.args = self.args
        return scope

    def set_env(self, values: Mapping[str, str]) -> None:
        """Apply an ENV."""
        self.env = MappingProxyType({**self.env, **values})
        self.variables = MappingProxyType({**self.variables, **values})

    def note_arg(self, name: str, value: str | None) -> None:
        """Remember that an ARG was declared, without making it a variable."""
        self.args = MappingProxyType({**self.args, name: value})

    def set_arg(self, name: str, value: str | None) -> None:
        """Apply one declaration of an ARG; without a value the variable stays what it was."""
        self.note_arg(name, value)
        if value is not None:
            self.variables = MappingProxyType({**self.variables, name: value})

    def change_directory(self, path: str) -> None:
        """Apply a WORKDIR."""
        if path.startswith("/"):
            self.workdir = _clean(path)
        elif self.workdir is not None:
            self.workdir = _clean(posixpath.join(self.workdir, path))


def _clean(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/")
