"""A project with two images and a gate, in a git checkout of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import stagebuild as sb

COMMON = """\
FROM scratch AS prod
COPY lib /lib
"""
API = """\
FROM base AS build
COPY src /src

FROM base AS test
COPY tests /tests

FROM build AS prod
CMD ["api"]
"""
CONFIGURATION = """\
[environments.test]

[environments.prod]
requires = ["test"]
build-args = { LEVEL = "1" }

[images.common]
context = "common"

[images.api]
context = "api"
contexts = { base = "image:common@prod" }

[images.docs]
context = "docs"
"""
FILES = {
    "stagebuild.toml": CONFIGURATION,
    "common/Dockerfile": COMMON,
    "common/lib/a": "a",
    "api/Dockerfile": API,
    "api/src/app.py": "1",
    "api/tests/test_app.py": "1",
    "api/README": "1",
    "docs/Dockerfile": "FROM scratch AS prod\nCOPY . /\n",
    "docs/.dockerignore": "drafts\n",
    "docs/page": "1",
    "docs/drafts/one": "1",
}


class Shop:
    """
    The project.

    Attributes:
        root: Its folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, content: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            check=True,
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_AUTHOR_NAME": "A",
                "GIT_AUTHOR_EMAIL": "a@example.com",
                "GIT_COMMITTER_NAME": "A",
                "GIT_COMMITTER_EMAIL": "a@example.com",
            },
        )
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def changes(self, revision: str = "HEAD", *names: str, **options: object) -> sb.Changes:
        project = sb.load(self.root)
        return sb.changed_since(project, revision, names or None, **options)  # type: ignore[arg-type]  # the function's own


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop that tests copy: that is quicker than git is."""
    made = Shop(tmp_path_factory.mktemp("shop"))
    made.git("init", "-q", "-b", "main")
    for path, content in FILES.items():
        made.write(path, content)
    made.commit()
    return made.root


@pytest.fixture
def shop(committed: Path, tmp_path: Path) -> Shop:
    """A shop whose files are all committed."""
    return Shop(Path(shutil.copytree(committed, tmp_path / "shop", symlinks=True)))
