from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from stagebuild.planning.git import GitFacts, GitUnavailable, read_git

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "file").write_text("1")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "one")
    return tmp_path


def test_commit_and_branch_are_those_of_git(checkout: Path) -> None:
    facts = read_git(str(checkout))
    assert facts.sha == git(checkout, "rev-parse", "HEAD")
    assert facts == GitFacts(
        sha=facts.sha, branch="main", tag=None, describe=facts.sha[:7], dirty=False
    )


def test_a_folder_inside_of_the_checkout_will_do(checkout: Path) -> None:
    (checkout / "sub").mkdir()
    assert read_git(str(checkout / "sub")).branch == "main"


def test_a_tag_counts_only_at_its_own_commit(checkout: Path) -> None:
    git(checkout, "tag", "v1-rc-2")
    assert (read_git(str(checkout)).tag, read_git(str(checkout)).describe) == ("v1-rc-2", "v1-rc-2")
    git(checkout, "commit", "-q", "--allow-empty", "-m", "two")
    facts = read_git(str(checkout))
    assert facts.tag is None
    assert facts.describe == f"v1-rc-2-1-g{facts.sha[:7]}"


def test_a_changed_file_makes_it_dirty_and_an_untracked_one_does_not(checkout: Path) -> None:
    (checkout / "new").write_text("")
    assert not read_git(str(checkout)).dirty
    (checkout / "file").write_text("2")
    assert read_git(str(checkout)).dirty


def test_a_detached_head_has_no_branch(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "--detach")
    assert read_git(str(checkout)).branch is None


def test_a_checkout_without_commits_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(GitUnavailable, match="has no commit yet"):
        read_git(str(tmp_path))


def test_a_folder_that_is_no_checkout_says_so(tmp_path: Path) -> None:
    with pytest.raises(GitUnavailable, match="is not in a git checkout"):
        read_git(str(tmp_path))


def test_git_that_is_missing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitUnavailable, match="git is not installed"):
        read_git(str(tmp_path))
