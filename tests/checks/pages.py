"""Bad and good examples out of Markdown, and a check of one without a file system."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.checks import CheckReport, check_project
from stagebuild.checks.subject import ContextFile, ContextView
from stagebuild.config import read_project
from stagebuild.model import Project
from stagebuild.planning import GitFacts, Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator


SECTION = re.compile(r"^#{2,3} ([a-z-]+)$\n(.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """
    One half of a pair.

    Attributes:
        dockerfile: Its text.
        toml: The configuration, or None.
        files: What the context sends, or None where nobody looks.
    """

    dockerfile: str
    toml: str | None = None
    files: tuple[ContextFile, ...] | None = None


def pairs_of(page: str) -> Iterator[tuple[str, Example, Example]]:
    """Yield rule, bad and good example of every pair of a page."""
    for section in SECTION.finditer(page):
        halves = re.split(r"^(Bad|Good):$", section[2], flags=re.MULTILINE)
        examples = [_example(text) for text in halves[2::2]]
        for bad, good in zip(examples[::2], examples[1::2], strict=True):
            yield section[1], bad, good


def _example(text: str) -> Example:
    blocks = dict(FENCE.findall(text))
    files = None
    if "text" in blocks:
        lines = (line.rsplit(" ", 1) for line in blocks["text"].splitlines())
        files = tuple(ContextFile(path=path, size_bytes=int(size)) for path, size in lines)
    return Example(dockerfile=blocks["dockerfile"], toml=blocks.get("toml"), files=files)


def check(dockerfile: str, toml: str | None = None, *, files: object = None) -> CheckReport:
    """Return what a check of these texts says; there is no file system."""
    return check_example(Example(dockerfile=dockerfile, toml=toml, files=files))  # type: ignore[arg-type]  # None


def check_example(example: Example, *names: str) -> CheckReport:
    """Return what a check of an example says."""
    root = Path("/project")
    project = Project(root=root)
    if example.toml is not None:
        project = read_project(example.toml, path="stagebuild.toml", root=root)
    files = {"/project/Dockerfile": example.dockerfile.encode()}
    if example.toml is not None:
        files["/project/stagebuild.toml"] = example.toml.encode()
    return check_project(
        project, names, surroundings=surroundings(files), look=lambda _: view(example)
    )


def view(example: Example) -> ContextView | None:
    if example.files is None:
        return None
    named = any(file.path == ".dockerignore" for file in example.files)
    return ContextView(
        folder=".",
        ignore_file=".dockerignore" if named else None,
        files=lambda: example.files or (),
    )


def surroundings(files: dict[str, bytes]) -> Surroundings:
    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    def no_git(folder: str) -> GitFacts:
        raise AssertionError(folder)

    return Surroundings(
        environ={},
        now_s=0.0,
        folder="/project",
        git=no_git,
        read_bytes=read,
        is_folder=lambda path: path == "/project",
        is_file=files.__contains__,
    )


def rules_in(report: CheckReport) -> set[str]:
    return {finding.rule for finding in report.findings}
