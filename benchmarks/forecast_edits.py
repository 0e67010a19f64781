"""Random edits of a project, each of one kind, and what each should be told as."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.forecast_projects import Sample


@dataclass(slots=True, kw_only=True)
class Project:
    """
    A project on disk, as it is now.

    Attributes:
        sample: What it was made of.
        root: Its folder.
        args: The build args given.
        move_base: Moves the tag of its base image to another image.
        counter: Makes every edit another one.
    """

    sample: Sample
    root: Path
    args: dict[str, str] = field(default_factory=dict)
    move_base: Callable[[], None] | None = None
    counter: int = 0

    def number(self) -> int:
        """Return a number that was never used in this project."""
        self.counter += 1
        return self.counter

    @property
    def dockerfile(self) -> str:
        """The Dockerfile's text."""
        return (self.root / "Dockerfile").read_text()

    @dockerfile.setter
    def dockerfile(self, text: str) -> None:
        (self.root / "Dockerfile").write_text(text)

    def files(self) -> list[Path]:
        """Return the files of the project, without those that configure it."""
        return sorted(
            path
            for path in self.root.rglob("*")
            if path.is_file() and path.name not in ("Dockerfile", ".dockerignore")
        )

    def spare(self) -> list[Path]:
        """Return the files that can go: no instruction names them, and others are left."""
        text = self.dockerfile
        return [path for path in self.files() if path.name not in text and _has_siblings(path)]


def _has_siblings(path: Path) -> bool:
    return sum(other.suffix == path.suffix for other in path.parent.iterdir()) > 1


def content(project: Project, rng: random.Random) -> str | None:
    """Change a file."""
    path = rng.choice(project.files())
    path.write_text(path.read_text() + f"# edit {project.number()}\n")
    return f"file:{path.relative_to(project.root)}"


def mode(project: Project, rng: random.Random) -> str | None:
    """Change a file's mode."""
    path = rng.choice(project.files())
    path.chmod(path.stat().st_mode ^ rng.choice((0o100, 0o020, 0o004)))
    return f"file:{path.relative_to(project.root)}"


def add(project: Project, rng: random.Random) -> str | None:
    """Add a file next to another one."""
    beside = rng.choice(project.files())
    number = project.number()
    path = beside.with_name(f"n{number}{beside.suffix}")
    path.write_text(f"new {number}\n")
    return f"file:{path.relative_to(project.root)}"


def remove(project: Project, rng: random.Random) -> str | None:
    """Remove a file that can go."""
    spare = project.spare()
    if not spare:
        return None
    path = rng.choice(spare)
    path.unlink()
    return f"file:{path.relative_to(project.root)}"


def rename(project: Project, rng: random.Random) -> str | None:
    """Rename a file that can go."""
    spare = project.spare()
    if not spare:
        return None
    path = rng.choice(spare)
    renamed = path.rename(path.with_name(f"r{project.number()}{path.suffix}"))
    names = (str(one.relative_to(project.root)) for one in (path, renamed))
    return f"file:{'|'.join(names)}"  # the context may leave out one of the two


def touch(project: Project, rng: random.Random) -> str | None:
    """Change nothing of files but their times."""
    for path in rng.sample(project.files(), 2):
        path.touch()
    return ""


def ignore(project: Project, rng: random.Random) -> str | None:
    """Add a file that the context leaves out, or stop leaving one out."""
    path = project.root / ".dockerignore"
    lines = path.read_text().splitlines() if path.exists() else []
    mine = [line for line in lines if "gone-" in line]
    if mine:
        lines.remove(rng.choice(mine))
    else:
        number = project.number()
        beside = rng.choice(project.files())
        beside.with_name(f"gone-{number}.txt").write_text(f"gone {number}\n")
        lines.append(f"**/gone-{number}.txt")
    path.write_text("\n".join(lines) + "\n")
    return "ignore"


def ignored(project: Project, rng: random.Random) -> str | None:
    """Change a file that the context leaves out."""
    path = project.root / ".dockerignore"
    lines = path.read_text().splitlines() if path.exists() else []
    if "*.log" not in lines:
        path.write_text("\n".join([*lines, "*.log"]) + "\n")
    (project.root / f"{rng.choice('abc')}.log").write_text(f"log {project.number()}\n")
    return ""


def arg(project: Project, rng: random.Random) -> str | None:
    """Give a build arg another value."""
    if not project.sample.args:
        return None
    name = rng.choice(sorted(project.sample.args))
    project.args[name] = f"edit-{project.number()}"
    return f"arg:{name}"


def unused_arg(project: Project, rng: random.Random) -> str | None:
    """Give a build arg that no step sees another value."""
    if not project.sample.unused_args:
        return None
    name = rng.choice(sorted(project.sample.unused_args))
    project.args[name] = f"edit-{project.number()}"
    return ""


def instruction(project: Project, rng: random.Random) -> str | None:
    """Change the text of a RUN."""
    text = project.dockerfile
    token = rng.choice(list(re.finditer(r": v(\d+);", text)))
    project.dockerfile = f"{text[: token.start()]}: v{project.number()};{text[token.end() :]}"
    return "instruction"


def comment(project: Project, rng: random.Random) -> str | None:
    """Put a comment between instructions."""
    project.dockerfile = _between(project, rng, f"# edit {project.number()}")
    return ""


def whitespace(project: Project, rng: random.Random) -> str | None:
    """Put an empty line between instructions, and other space behind keywords."""
    text = _between(project, rng, "")
    space = " " * rng.randint(1, 3)
    project.dockerfile = re.sub(r"(?m)^(COPY|WORKDIR|FROM) +", rf"\1{space}", text)
    return ""


def _between(project: Project, rng: random.Random, line: str) -> str:
    lines = project.dockerfile.splitlines()
    starts = [number for number, one in enumerate(lines) if one.startswith(("FROM ", "COPY --"))]
    lines.insert(rng.choice(starts), line)
    return "\n".join(lines) + "\n"


def label(project: Project, rng: random.Random) -> str | None:
    """Change what the image says, but no file of it."""
    del rng
    text = re.sub(r"LABEL edited=.*\n", "", project.dockerfile)
    project.dockerfile = f'{text}LABEL edited="{project.number()}"\n'
    return ""


def new_step(project: Project, rng: random.Random) -> str | None:
    """Put a RUN in front of another one, or take one away that was put there."""
    text = project.dockerfile
    added = re.findall(r"(?m)^RUN : v\d+; : added \d+\n", text)
    if added and rng.randrange(2):
        project.dockerfile = text.replace(rng.choice(added), "", 1)
        return "removed step"
    at = rng.choice([found.start() for found in re.finditer(r"(?m)^RUN ", text)])
    project.dockerfile = f"{text[:at]}RUN : v1; : added {project.number()}\n{text[at:]}"
    return "step"


def unrelated_stage(project: Project, rng: random.Random) -> str | None:
    """Add a stage that nothing needs, or change it."""
    del rng
    text = project.dockerfile
    body = f"FROM busybox AS nobody\nRUN : edit {project.number()}\n"
    stage = re.search(r"(?ms)^FROM +busybox AS nobody\n.*?(?=^FROM )", text)
    if stage:
        project.dockerfile = text.replace(stage[0], body)
    else:
        last = text.rindex("\nFROM ") + 1
        project.dockerfile = f"{text[:last]}{body}{text[last:]}"
    return ""


def stage_order(project: Project, rng: random.Random) -> str | None:
    """Swap two neighbouring stages, where neither needs the other."""
    stages = re.split(r"(?m)^(?=FROM )", project.dockerfile)
    movable = []
    for number in range(1, len(stages) - 2):
        first = re.search(r"AS (\w+)", stages[number])
        if first and not re.search(rf"(FROM +|from=){first[1]}\b", stages[number + 1]):
            movable.append(number)
    if not movable:
        return None
    here = rng.choice(movable)
    stages[here], stages[here + 1] = stages[here + 1], stages[here]
    project.dockerfile = "".join(stages)
    return ""


def base(project: Project, rng: random.Random) -> str | None:
    """Move the tag of the base image."""
    del rng
    if project.move_base is None:
        return None
    project.move_base()
    return "image"


def nothing(project: Project, rng: random.Random) -> str | None:
    """Change nothing at all."""
    del project, rng
    return ""


EDITS: tuple[Callable[[Project, random.Random], str | None], ...] = (
    content,
    content,
    mode,
    add,
    remove,
    rename,
    touch,
    ignore,
    ignored,
    arg,
    arg,
    unused_arg,
    instruction,
    comment,
    whitespace,
    label,
    new_step,
    unrelated_stage,
    stage_order,
    base,
    base,
    nothing,
)
