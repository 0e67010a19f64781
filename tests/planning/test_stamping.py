"""Times and labels that come from the commit."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import ConfigError
from stagebuild.planning import GitUnavailable, plan_builds
from stagebuild.planning.git import CommitFacts, read_commit
from stagebuild.planning.stamping import public_url

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.planning import BuildSpec
    from tests.planning.conftest import World

SHA = "0123456789abcdef0123456789abcdef01234567"
COMMIT = CommitFacts(committed_s=1_700_000_000, remote="https://me:secret@git.example/shop.git")
OCI = "org.opencontainers.image"


def prod(world: World, settings: str, commit: CommitFacts | None = COMMIT) -> BuildSpec:
    def asked(folder: str) -> CommitFacts:
        del folder
        if commit is None:
            raise GitUnavailable("/shop is not in a git checkout")
        return commit

    project = world.project(f"[environments.prod]\n{settings}\n")
    around = replace(world.surroundings(), commit=asked)
    return plan_builds(project, ["prod"], surroundings=around).specs[0]


def test_a_reproducible_build_has_the_time_of_the_commit(world: World) -> None:
    spec = prod(world, "reproducible = true")
    assert spec.reproducible
    assert spec.build_args["SOURCE_DATE_EPOCH"] == "1700000000"


def test_the_variable_wins_over_the_commit_and_a_build_arg_over_both(world: World) -> None:
    world.environ["SOURCE_DATE_EPOCH"] = "5"
    assert prod(world, "reproducible = true").build_args["SOURCE_DATE_EPOCH"] == "5"
    given = 'reproducible = true\nbuild-args = { SOURCE_DATE_EPOCH = "7" }'
    assert prod(world, given).build_args["SOURCE_DATE_EPOCH"] == "7"


def test_the_variable_reaches_builds_that_are_not_reproducible_as_with_buildx(
    world: World,
) -> None:
    world.environ["SOURCE_DATE_EPOCH"] = "5"
    spec = prod(world, "")
    assert (spec.reproducible, spec.build_args["SOURCE_DATE_EPOCH"]) == (False, "5")


def test_without_any_of_it_git_is_not_asked(world: World) -> None:
    spec = prod(world, "", commit=None)
    assert (spec.build_args, spec.labels, world.asked_git) == ({}, {}, 0)


@pytest.mark.parametrize(
    ("settings", "epoch", "words"),
    [
        ("reproducible = true", "yesterday", 'SOURCE_DATE_EPOCH is "yesterday", not a number'),
        ("reproducible = true", None, "set SOURCE_DATE_EPOCH to seconds since 1970"),
        (
            "reproducible = true\nattestations = { provenance = true }",
            "5",
            "leave attestations out, or reproducible",
        ),
        ('git-metadata = "labels"', None, "build in a Git checkout, or leave git-metadata out"),
        ('git-metadata = "lables"', None, "expected one of labels, annotations, both, none"),
    ],
)
def test_what_can_not_be_is_an_error_of_its_key(
    settings: str, epoch: str | None, words: str, world: World
) -> None:
    if epoch is not None:
        world.environ["SOURCE_DATE_EPOCH"] = epoch
    with pytest.raises(ConfigError) as caught:
        prod(world, settings, commit=None)
    assert words in str(caught.value)
    assert str(caught.value).startswith("stagebuild.toml:2: environments.prod.")


def test_labels_from_git_are_the_commits_and_hold_no_password(world: World) -> None:
    assert prod(world, 'git-metadata = "labels"').labels == {
        f"{OCI}.revision": f"{SHA}-dirty",
        f"{OCI}.created": "2023-11-14T22:13:20Z",
        f"{OCI}.version": "v1.2-dirty",
        f"{OCI}.source": "https://git.example/shop",
    }


def test_what_is_written_wins_over_what_git_says(world: World) -> None:
    written = f'git-metadata = "labels"\nlabels = {{ "{OCI}.version" = "mine" }}'
    assert prod(world, written).labels[f"{OCI}.version"] == "mine"


def test_annotations_are_on_the_index_too_where_there_is_one(world: World) -> None:
    one = prod(world, 'git-metadata = "annotations"')
    assert (one.labels, next(iter(one.annotations))) == ({}, f"{OCI}.revision")
    two = prod(world, 'git-metadata = "both"\nplatforms = ["linux/amd64", "linux/arm64"]')
    assert f"index,manifest:{OCI}.revision" in two.annotations
    assert f"{OCI}.revision" in two.labels


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("https://git.example/a/b.git", "https://git.example/a/b"),
        ("https://user:token@git.example:8443/a/b.git/", "https://git.example:8443/a/b"),
        ("https://token@git.example/a?private_token=x", "https://git.example/a"),
        ("git@git.example:a/b.git", "https://git.example/a/b"),
        ("git.example:a/b", "https://git.example/a/b"),
        ("ssh://git@git.example:2222/a/b.git", "https://git.example/a/b"),
        ("git://git.example/a", "https://git.example/a"),
        ("/srv/git/a.git", None),
        ("../a.git", None),
        ("file:///srv/git/a.git", None),
    ],
)
def test_the_address_of_a_remote_is_one_for_a_browser(remote: str, shown: str | None) -> None:
    assert public_url(remote) == shown


def test_time_and_remote_of_a_real_checkout(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        name = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(
            ["git", *name, *words],
            cwd=tmp_path,
            check=True,
            env={"GIT_COMMITTER_DATE": "1700000000 +0000", "PATH": "/usr/bin:/bin"},
            capture_output=True,
        )

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    assert read_commit(str(tmp_path)) == CommitFacts(committed_s=1_700_000_000, remote=None)
    git("remote", "add", "origin", "git@git.example:a/b.git")
    assert read_commit(str(tmp_path)).remote == "git@git.example:a/b.git"
    with pytest.raises(GitUnavailable):
        read_commit("/")
