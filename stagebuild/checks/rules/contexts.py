"""Rules about the build context: what it sends, and what of it is shipped."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit, Severity
from stagebuild.checks.naming import is_secret_file
from stagebuild.checks.places import from_context
from stagebuild.dockerfile import Run, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.checks.subject import ContextFile, Subject

_BALLAST = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        "node_modules",
        ".venv",
        "venv",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".nox",
        "target",
        ".gradle",
        ".idea",
        ".vscode",
        ".terraform",
        ".next",
        "coverage",
        "htmlcov",
        "bower_components",
        ".cache",
        ".npm",
        "tmp",
    ]
)
_NOT_FOR_PRODUCTION = {
    "the version control folder": re.compile(r"(?:.*/)?\.(?:git|hg|svn)/.*"),
    "tests": re.compile(
        r"(?:.*/)?(?:tests?|__tests__|spec|e2e)/.*|.*[._](?:test|spec)\.[jt]sx?|.*_test\.go"
    ),
    "CI and editor files": re.compile(r"\.(?:github|gitlab|circleci|vscode|idea)/.*"),
}
_SMALL_BYTES = 1_000_000


def no_ignore_file(subject: Subject) -> Iterator[Hit]:
    """Yield the whole file where folders of a context without ignore file are copied."""
    context = subject.context
    if context is None or context.ignore_file is not None:
        return
    whole = next(_whole_copies(subject), None)
    if whole is None:
        return
    total = sum(each.size_bytes for each in context.files())
    yield Hit(
        line=whole.line,
        end_line=whole.lines.end,
        message=f"there is no .dockerignore: all of {context.folder} is sent and copied"
        f" ({_size(total)})",
        hint="write one that leaves out everything and names what is needed: *, then !src",
    )


def ballast(subject: Subject) -> Iterator[Hit]:
    """Yield each folder that the ignore file lets in and a build does not need, with its size."""
    context = subject.context
    if context is None or next(_context_copies(subject), None) is None:
        return
    sizes: dict[str, list[int]] = {}
    for file in context.files():
        folder = _ballast_folder(file.path)
        if folder is not None:
            sizes.setdefault(folder, []).append(file.size_bytes)
    for folder, each in sorted(sizes.items()):
        files = f"{len(each)} file{'s' * (len(each) != 1)}"
        yield Hit(
            line=1,
            path=context.ignore_file,
            about=folder,
            message=f"{folder} is sent with the context: {files}, {_size(sum(each))}",
            hint=f"add {folder} to .dockerignore: a change in it runs steps again, and it may be"
            " shipped",
            severity=None if sum(each) >= _SMALL_BYTES or folder == ".git" else Severity.INFO,
        )


def shipped_clutter(subject: Subject) -> Iterator[Hit]:
    """Yield each copy into a shipped image that takes tests, VCS folders or secrets along."""
    context = subject.context
    if context is None:
        return
    for target in subject.production:
        for _, step in target.image_steps():
            transfer = step.expanded
            if not isinstance(transfer, Transfer) or not from_context(transfer):
                continue
            files = _selected(transfer, context.files())
            secrets = [file.path for file in files if is_secret_file(file.path)]
            if secrets:
                yield Hit(
                    line=transfer.line,
                    end_line=transfer.lines.end,
                    message=f"{target.shown} ships what looks like secrets: {_some(secrets)}",
                    hint="add them to .dockerignore, and mount them where they are used",
                    severity=Severity.ERROR,
                    about="secrets",
                )
            for what, pattern in _NOT_FOR_PRODUCTION.items():
                found = [file for file in files if pattern.fullmatch(file.path)]
                if found:
                    total = sum(file.size_bytes for file in found)
                    yield Hit(
                        line=transfer.line,
                        end_line=transfer.lines.end,
                        message=f"{target.shown} ships {what}: {_some([f.path for f in found])}"
                        f" ({_size(total)})",
                        hint="copy the folders that run, or add the others to .dockerignore",
                        about=what,
                    )


def source_shipped(subject: Subject) -> Iterator[Hit]:
    """Yield each shipped image that holds the whole context: code, tests and what lies about."""
    for target in subject.production:
        for _, step in target.image_steps():
            transfer = step.expanded
            if not isinstance(transfer, Transfer) or not from_context(transfer):
                continue
            if not any(_is_whole(source) for source in transfer.sources):
                continue
            built = any(isinstance(each.expanded, Run) for each in target.stage.steps)
            yield Hit(
                line=transfer.line,
                end_line=transfer.lines.end,
                message=f"{target.shown} ships the whole build context",
                hint="name the folders that run, as COPY src/ src/"
                + (", or build in a stage before and COPY --from it" if built else ""),
            )


def _whole_copies(subject: Subject) -> Iterator[Transfer]:
    """Yield the copies of the context that take a folder as a whole."""
    for transfer in _context_copies(subject):
        if any(_is_whole(source) for source in transfer.sources):
            yield transfer


def _context_copies(subject: Subject) -> Iterator[Transfer]:
    for stage in subject.graph.stages:
        for step in stage.steps:
            transfer = step.expanded
            if isinstance(transfer, Transfer) and from_context(transfer):
                yield transfer


def _is_whole(source: str) -> bool:
    return source in (".", "./", "/", "*", "./*")


def _selected(transfer: Transfer, files: Sequence[ContextFile]) -> list[ContextFile]:
    """Return the files of a context that a COPY takes; patterns as the shell's, nearly."""
    if any(_is_whole(source) for source in transfer.sources):
        return list(files)
    sources = [source.strip("/").removeprefix("./") for source in transfer.sources]
    return [file for file in files if any(_is_in(file.path, source) for source in sources)]


def _is_in(path: str, source: str) -> bool:
    if path == source or path.startswith(f"{source}/"):
        return True
    if not any(character in source for character in "*?["):
        return False
    depth = source.count("/") + 1
    return fnmatchcase("/".join(path.split("/")[:depth]), source)


def _ballast_folder(path: str) -> str | None:
    """Return the outermost folder of a path that is ballast, or None."""
    parts = path.split("/")[:-1]
    for at, part in enumerate(parts):
        if part in _BALLAST:
            return "/".join(parts[: at + 1])
    return None


def _some(paths: Sequence[str]) -> str:
    shown = 3
    more = f" and {len(paths) - shown} more" if len(paths) > shown else ""
    return f"{', '.join(paths[:shown])}{more}"


def _size(size_bytes: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes} B"
