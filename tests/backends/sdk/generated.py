"""Random contexts and Dockerfiles, of everything that a transfer or a COPY can get wrong."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.context.trees import random_pattern

if TYPE_CHECKING:
    import random
    from pathlib import Path

NAMES = [
    *("a", "b.txt", "c-d", "c.d", "c d", "ä", ".hidden", "Z", "z", "0", "a+b", "c'd", "日本"),
    *("x" * 200, "lib", "x.c", "a.c", "a\nb", "back\\slash", "[a]", "*", "#", "!a", '"', "$a", "~"),
]
MODES = [0o644, 0o600, 0o755, 0o777, 0o400, 0o000, 0o4755, 0o2711, 0o1777, 0o6777]
FOLDER_MODES = [0o755, 0o700, 0o1777, 0o2775, 0o555]
TARGETS = ["a", "../a", "nowhere", "/etc/passwd", ".", "lib", "..", "b.txt/"]
SIZES = (1, 1_000, 40_000, 262_144, 300_000)
EPOCH_S = 1_200_000_000
"""Later than a part of the generated times, and earlier than anything that is made now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    Something to build.

    Attributes:
        context: Folder of the context.
        dockerfile: In it or outside of it.
        other: Folder of the named context ``other``, or None.
    """

    context: Path
    dockerfile: Path
    other: Path | None

    def copy(self, folder: Path) -> Case:
        """Return the same elsewhere, which no engine has seen: times and links are kept."""
        folder.mkdir()
        there = folder / f"context-{uuid.uuid4().hex}"
        _copy(self.context, there)
        other = None
        if self.other is not None:
            other = folder / f"other-{uuid.uuid4().hex}"
            _copy(self.other, other)
        if self.dockerfile.is_relative_to(self.context):
            dockerfile = there / self.dockerfile.relative_to(self.context)
        else:
            dockerfile = folder / self.dockerfile.parent.name / self.dockerfile.name
            shutil.copytree(self.dockerfile.parent, dockerfile.parent)
        return Case(context=there, dockerfile=dockerfile, other=other)


def _copy(source: Path, target: Path) -> None:
    archive = target.with_suffix(".tar")
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(source, ".")
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="fully_trusted")
    archive.unlink()
    for path in [source, *source.rglob("*")]:  # times to the nanosecond, and what tar leaves out
        there = target / path.relative_to(source)
        found = path.lstat()
        if not path.is_symlink():
            for name in os.listxattr(path):
                os.setxattr(there, name, os.getxattr(path, name))
        os.utime(there, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=False)


def make_case(rng: random.Random, folder: Path, *, repeatable: bool = False) -> Case:
    """
    Make a context and a Dockerfile.

    Args:
        rng: Decides everything but a nonce, so that nothing is left of earlier runs.
        folder: An empty one.
        repeatable: Leave out the steps whose result has the moment in it.
    """
    # Contexts of one name share the engine's copy with buildx, which does not see every edit.
    context = folder / f"context-{uuid.uuid4().hex}"
    context.mkdir()
    _grow(rng, context)
    (context / "nonce").write_text(uuid.uuid4().hex)
    if rng.random() < 0.3:
        _archive(rng, context)
    other = None
    if rng.random() < 0.2:
        other = folder / f"other-{uuid.uuid4().hex}"
        other.mkdir()
        _grow(rng, other)
    dockerfile = _place(rng, folder, context)
    dockerfile.parent.mkdir(exist_ok=True)
    dockerfile.write_text(_steps(rng, context, has_other=other is not None, repeatable=repeatable))
    _ignore(rng, context, dockerfile)
    return Case(context=context, dockerfile=dockerfile, other=other)


def _grow(rng: random.Random, folder: Path, depth: int = 0) -> list[Path]:
    """Fill a folder with files, links and folders; return the regular files."""
    files: list[Path] = []
    for name in rng.sample(NAMES, rng.randint(0 if depth else 1, 7)):
        path = folder / name
        match rng.randrange(11):
            case 0 | 1 if depth < 3:
                path.mkdir()
                files += _grow(rng, path, depth + 1)
                path.chmod(rng.choice(FOLDER_MODES))
            case 2:
                path.symlink_to(rng.choice(TARGETS))
            case 3 if files:
                path.hardlink_to(rng.choice(files))
            case 4:
                path.mkdir()
            case 5:
                path.write_bytes(b"")
                files.append(path)
            case 6 if rng.random() < 0.3:
                os.mkfifo(path, rng.choice(MODES))
            case 7 if rng.random() < 0.2:
                os.mknod(path, stat.S_IFCHR | 0o640, os.makedev(1, 3))
            case 8 if rng.random() < 0.3:
                with path.open("wb") as file:
                    file.truncate(rng.randint(1, 2_000_000))
                files.append(path)
            case _:
                path.write_bytes(rng.randbytes(rng.choice(SIZES)))
                _dress(rng, path)
                files.append(path)
    return files


def _dress(rng: random.Random, path: Path) -> None:
    if rng.random() < 0.2:
        os.chown(path, rng.choice((0, 1000)), rng.choice((0, 1000)))  # which no transfer keeps
    path.chmod(rng.choice(MODES))
    os.utime(path, ns=(rng.getrandbits(60), rng.getrandbits(60)))
    if rng.random() < 0.1:
        os.setxattr(path, "user.note", rng.randbytes(5))


def _archive(rng: random.Random, context: Path) -> None:
    inside = context / "for-archive"
    inside.mkdir()
    _grow(rng, inside)
    with tarfile.open(context / "archive.tar", "w") as tar:
        tar.add(inside, "inside")
    shutil.rmtree(inside)


def _place(rng: random.Random, folder: Path, context: Path) -> Path:
    choices = [context / "Dockerfile"] * 5
    choices += [context / "my.Dockerfile", folder / f"outside-{uuid.uuid4().hex}" / "Dockerfile"]
    return rng.choice(choices)


def _ignore(rng: random.Random, context: Path, dockerfile: Path) -> None:
    if rng.random() < 0.5:
        (context / ".dockerignore").write_text(_patterns(rng))
    if rng.random() < 0.15:
        own = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
        own.write_text(_patterns(rng))


def _patterns(rng: random.Random) -> str:
    if rng.random() < 0.15:
        return rng.choice(["*\n", "**\n", "*\n!nonce\n", "*\n!**/a\n", "**\n!*/lib\n"])
    # No pattern that can't be read: two COPYs under one end the daemon of Docker 28.5 (by a nil
    # regular expression, in moby/patternmatcher). tests/context/ holds what those mean.
    lines = [random_pattern(rng, odd=False) for _ in range(rng.randint(0, 5))]
    lines += rng.sample(["# a comment", "", "  a  ", "/lib", "./a", "Dockerfile", "\ufeff"], 2)
    return "\n".join(lines) + "\n"


def _steps(rng: random.Random, context: Path, *, has_other: bool, repeatable: bool) -> str:
    """Return a Dockerfile that takes things from the context in several ways."""
    names = [path.name for path in context.iterdir()]
    plain = [name for name in names if name.isascii() and name.isalnum()]
    lines = ["FROM busybox AS one", f"LABEL seed={rng.getrandbits(64)}"]
    lines += [
        _way(rng, plain, f"/to{number}/", number, has_other=has_other)
        for number in range(rng.randint(1, 4))
    ]
    if rng.random() < 0.5:
        link = rng.choice(["", "--link "])
        lines += ["FROM busybox", f"COPY {link}--from=one /to0 {rng.choice(['/x', '/'])}"]
    if rng.random() < 0.3 and not repeatable:
        lines.append("RUN --mount=type=bind,target=/ctx ls -lR /ctx > /listing")
        lines.append("RUN <<EOF\nset -e\nls -lR / | wc -l\nEOF")
    return "\n".join(lines) + "\n"


def _way(rng: random.Random, plain: list[str], to: str, number: int, *, has_other: bool) -> str:
    one = rng.choice(plain) if plain else "nonce"
    ways = [
        f"COPY . {to}",
        f"COPY --chmod=0750 . {to}",
        f"COPY --chown=12:34 . {to}",
        f"COPY --link . {to}",
        f"COPY --link --chmod=0711 --chown=7 . {to}",
        f"COPY --exclude=*.txt --exclude=**/a . {to}",
        f"COPY --exclude={random_pattern(rng, odd=False)} . {to}",
        f"COPY --link --exclude=lib --exclude=!lib/a . {to}",
        f"ADD . {to}",
        f"ADD --link --chown=1:2 . {to}",
        f"COPY <<EOF <<-'END' {to}\nhello {number}\nEOF\n\tnot $expanded\nEND",
        f"COPY <<said.txt {to}\nhello ${{seed:-nobody}}\nsaid.txt",
        f"COPY [a-z]* nonce {to}",
        f"COPY */a* nonce {to}",
        f"COPY .h* lib* nonce {to}",
        f'COPY ["{one}", "nonce", "{to}"]',
        f"COPY {one} {to}renamed",
        f"ADD nonce archive.ta[r] {to}",
    ]
    if rng.random() < 0.05:
        ways.append(f"COPY --parents */a nonce {to}")  # which few engines know without a frontend
    if has_other:
        ways += [f"COPY --from=other . {to}", f"COPY --from=other --link . {to}"] * 3
    return rng.choice(ways)
