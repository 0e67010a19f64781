"""The values of variables for one environment, and why one has none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stagebuild.config.definitions import BUILT_INS
from stagebuild.config.keypaths import Misfit, within
from stagebuild.config.templates import Absent, expand, literal
from stagebuild.errors import did_you_mean
from stagebuild.planning.git import GitUnavailable
from stagebuild.planning.naming import BuildName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.model import Image, Project
    from stagebuild.planning.git import CommitFacts, GitFacts
    from stagebuild.planning.surroundings import Surroundings

_DATES = {
    "date.iso": "%Y-%m-%dT%H:%M:%SZ",
    "date.compact": "%Y%m%d%H%M%S",
    "date.day": "%Y-%m-%d",
}
_FAMILIES = ("env.NAME", "matrix.AXIS")
_DEEPEST = 100


class Facts:
    """
    The built-in values that are the same for every environment of a plan; git is asked once.

    Args:
        surroundings: Where they come from.
        root: Absolute folder of the project.
    """

    def __init__(self, surroundings: Surroundings, root: str) -> None:
        self.environ = surroundings.environ
        self._surroundings = surroundings
        self._root = root
        self._git: GitFacts | GitUnavailable | None = None
        self._commit: CommitFacts | None = None

    def value(self, name: str) -> str:
        """
        Return the value of ``date.…``, ``env.…`` or ``git.…``.

        Raises:
            Absent: It has none here.
            KeyError: There is no such built-in.
        """
        if name.startswith("env."):
            value = self.environ.get(name[4:])
            if value is None:
                raise Absent(f"the environment variable {name[4:]} is not set")
            return value
        if name in _DATES:
            return time.strftime(_DATES[name], time.gmtime(self._surroundings.now_s))
        if name not in BUILT_INS or not name.startswith("git."):
            raise KeyError(name)
        return _git_value(name, self._git_facts())

    def git(self) -> GitFacts:
        """
        Return the state of the checkout.

        Raises:
            GitUnavailable: There is none.
        """
        try:
            return self._git_facts()
        except Absent as absent:
            raise GitUnavailable(str(absent)) from absent

    def commit(self) -> CommitFacts:
        """
        Return what else there is to say of the checkout.

        Raises:
            GitUnavailable: There is none.
        """
        if self._commit is None:
            self._commit = self._surroundings.commit(self._root)
        return self._commit

    def _git_facts(self) -> GitFacts:
        if self._git is None:
            try:
                self._git = self._surroundings.git(self._root)
            except GitUnavailable as unavailable:
                self._git = unavailable
        if isinstance(self._git, GitUnavailable):
            raise Absent(str(self._git))
        return self._git


def _git_value(name: str, git: GitFacts) -> str:
    match name:
        case "git.sha":
            return git.sha
        case "git.short-sha":
            return git.sha[:7]
        case "git.describe":
            return git.describe
        case "git.dirty":
            return "-dirty" if git.dirty else ""
        case "git.branch" if git.branch is None:
            raise Absent("HEAD is detached")
        case "git.tag" if git.tag is None:
            raise Absent("no tag at this commit")
        case "git.branch":
            return git.branch or ""
        case "git.tag":
            return git.tag or ""
    raise KeyError(name)


class NoFacts:
    """In place of ``Facts`` where only names are checked: everything is present and empty."""

    environ: Mapping[str, str] = {}

    def value(self, name: str) -> str:
        """
        Return the empty text.

        Raises:
            KeyError: There is no such built-in.
        """
        if name in BUILT_INS or name.startswith("env."):
            return ""
        raise KeyError(name)


class Variables:
    """
    The variables of one environment.

    Args:
        project: Whose variables, name and repository these are.
        facts: The other built-ins.
        given: Values from the command line, by name; they win over everything.
        name: The environment's name, with its image's and its combination.
        image: The image, or None in a project that has only one.
        target: Its stage, once that is known; set it then.
    """

    def __init__(
        self,
        project: Project,
        facts: Facts | NoFacts,
        *,
        given: Mapping[str, str],
        name: BuildName,
        image: Image | None = None,
    ) -> None:
        self._project = project
        self._facts = facts
        self._given = given
        self._values = {"environment": name.environment}
        self._values |= {f"matrix.{axis}": value for axis, value in name.combination}
        if name.image is not None:
            self._values["image"] = name.image
        self._image = image
        self._open: list[str] = []
        self.target: str | None = None

    def expand(self, text: str) -> str:
        """
        Return ``text`` with variables filled in.

        Raises:
            Misfit: One is unknown, absent without a default, or needs itself.
        """
        return expand(text, self._value) if "$" in text else text

    def _value(self, name: str) -> str:
        value = self._values.get(name)
        if value is None:
            value = self._values[name] = self._find(name)
        return value

    def _find(self, name: str) -> str:
        project = self._project
        if name in project.variables:
            written = self._given.get(name, self._facts.environ.get(name))
            if written is not None:
                return written
            return self._within(name, project.variables[name], "variables", name)
        match name:
            case "target":
                if self.target is None:
                    raise Absent("this is what the target is found with, or it is the last stage")
                return self.target
            case "project":
                written = project.name or literal(project.root.absolute().name)
                return self._within(name, written, "project", "name")
            case "image":
                raise Absent("the project has a single image, without a name")
            case "repository":
                return self._repository()
        return self._built_in(name)

    def _repository(self) -> str:
        """Return the image's repository: its own, or its name below the project's."""
        project, image = self._project, self._image
        name = self._values.get("image", "")
        if image is not None and image.repository is not None:
            return self._within("repository", image.repository, "images", name, "repository")
        if project.repository is None:
            raise Absent("project.repository is not set")
        written = self._within("repository", project.repository, "project", "repository")
        return written if image is None else f"{written}/{name}"

    def _built_in(self, name: str) -> str:
        try:
            return self._facts.value(name)
        except KeyError:
            raise self._unknown(name) from None

    def _within(self, name: str, text: str, *place: str) -> str:
        """Return ``text`` expanded; an error in it is an error of ``place``."""
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            raise Misfit(f"the variable needs itself: {circle}", *place, settled=True)
        if len(self._open) >= _DEEPEST:
            raise Misfit(f"more than {_DEEPEST} variables need each other", *place, settled=True)
        self._open.append(name)
        try:
            with within(*place, settled=True):
                return self.expand(text)
        finally:
            self._open.pop()

    def _unknown(self, name: str) -> Misfit:
        available = [*self._project.variables, *(n for n in BUILT_INS if n not in _FAMILIES)]
        hint = None
        if name in self._facts.environ:
            hint = f"it is set in the process environment: use ${{env.{name}}}, or declare it"
        elif name in self._given:
            hint = f"it is given on the command line: declare {name} under [variables] too"
        return Misfit(f'no variable "{name}"{did_you_mean(name, available)}', hint=hint)


def check_variables(project: Project) -> None:
    """
    Check every declared variable as the file has it, used or not.

    Raises:
        Misfit: One is broken, uses an unknown one, or needs itself; the place is settled.
    """
    variables = Variables(project, NoFacts(), given={}, name=BuildName(""))
    variables.target = ""
    for name in project.variables:
        variables.expand(f"${{{name}:-}}")
