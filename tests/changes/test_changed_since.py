"""``changed_since`` on real checkouts: what counts as a change, and what depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import stagebuild as sb

from .conftest import API, CONFIGURATION, Shop

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_is_built_of_a_clean_checkout(shop: Shop) -> None:
    found = shop.changes()
    assert found.builds == {}
    assert set(found.unchanged) == {"api:test", "common:prod", "api:prod", "docs:prod"}
    assert found.commit == shop.git("rev-parse", "HEAD")


def test_a_file_that_a_stage_takes_changes_its_builds_alone(shop: Shop) -> None:
    shop.write("api/src/app.py", "2")
    assert shop.changes().builds == {"api:prod": ("api/src/app.py",)}


def test_a_file_that_no_stage_takes_changes_nothing(shop: Shop) -> None:
    shop.write("api/README", "2")
    assert shop.changes().names == ()


def test_committed_staged_unstaged_and_new_files_count(shop: Shop) -> None:
    shop.write("docs/committed", "")
    shop.commit()
    shop.write("docs/staged", "")
    shop.git("add", "docs/staged")
    shop.write("docs/page", "2")
    shop.write("docs/new", "")
    found = shop.changes("HEAD~1").builds["docs:prod"]
    assert found == ("docs/committed", "docs/new", "docs/page", "1 more files")


def test_a_file_that_is_gone_counts(shop: Shop) -> None:
    (shop.root / "api/src/app.py").unlink()
    shop.write("api/src/other.py", "1")
    assert shop.changes().builds["api:prod"] == ("api/src/app.py", "api/src/other.py")


def test_a_mode_counts(shop: Shop) -> None:
    (shop.root / "docs/page").chmod(0o755)
    assert shop.changes().builds == {"docs:prod": ("docs/page",)}


def test_what_the_ignore_file_leaves_out_does_not_count(shop: Shop) -> None:
    shop.write("docs/drafts/one", "2")
    (shop.root / "docs/drafts/two").write_text("2")
    assert shop.changes().names == ()


def test_what_the_ignore_file_no_longer_leaves_out_counts(shop: Shop) -> None:
    shop.write("docs/.dockerignore", "nothing\n")
    assert "docs/.dockerignore" in shop.changes().builds["docs:prod"]


def test_what_git_ignores_counts_as_unchanged(shop: Shop) -> None:
    shop.write(".gitignore", "*.log\n")
    shop.write("docs/made.log", "1")
    assert shop.changes().names == ()


def test_what_is_based_on_a_changed_image_depends_on_it(shop: Shop) -> None:
    shop.write("common/lib/a", "b")
    assert shop.changes().builds == {
        "api:test": ("based on common:prod",),
        "common:prod": ("common/lib/a",),
        "api:prod": ("based on common:prod",),
    }


def test_what_requires_a_changed_gate_depends_on_it(shop: Shop) -> None:
    shop.write("api/tests/test_app.py", "2")
    assert shop.changes().builds == {
        "api:test": ("api/tests/test_app.py",),
        "api:prod": ("gate api:test",),
    }


def test_what_was_not_asked_for_is_not_among_them_but_leads_to_what_was(shop: Shop) -> None:
    shop.write("common/lib/a", "b")
    shop.write("docs/page", "2")
    found = shop.changes("HEAD", "api:prod")
    assert found.names == ("api:prod",)
    assert found.unchanged == ()


def test_a_setting_counts_by_its_key(shop: Shop) -> None:
    shop.write("stagebuild.toml", CONFIGURATION.replace('LEVEL = "1"', 'LEVEL = "2"'))
    assert shop.changes().builds["docs:prod"] == ("build-args",)
    assert shop.changes().builds["api:test"] == ("based on common:prod",)


def test_what_is_configured_anew_is_new(shop: Shop) -> None:
    shop.write("stagebuild.toml", f'{CONFIGURATION}\n[environments.extra]\ntarget = "prod"\n')
    assert shop.changes().builds == {
        f"{image}:extra": ("new",) for image in ("common", "api", "docs")
    }


def test_a_configuration_that_was_not_there_makes_everything_new(shop: Shop) -> None:
    shop.git("rm", "-q", "--cached", "stagebuild.toml")
    shop.git("commit", "-q", "-m", "without")
    assert set(shop.changes().builds.values()) == {("new",)}


def test_an_instruction_counts_for_the_stages_that_need_it(shop: Shop) -> None:
    shop.write("api/Dockerfile", API.replace("COPY src /src", "COPY src /app"))
    assert shop.changes().builds == {"api:prod": ("api/Dockerfile:2",)}


def test_an_instruction_that_makes_no_layer_counts(shop: Shop) -> None:
    shop.write("api/Dockerfile", API.replace('CMD ["api"]', 'CMD ["app"]'))
    assert list(shop.changes().builds) == ["api:prod"]


def test_a_comment_in_a_dockerfile_does_not_count(shop: Shop) -> None:
    shop.write("api/Dockerfile", f"# hello\n{API}")
    assert shop.changes().names == ()


def test_a_dockerfile_that_was_wrong_makes_its_builds_new(shop: Shop) -> None:
    shop.write("docs/Dockerfile", "NONSENSE\n")
    shop.commit()
    shop.write("docs/Dockerfile", "FROM scratch AS prod\nCOPY . /\n")
    assert "new" in shop.changes().builds["docs:prod"]
    assert "api:test" not in shop.changes().builds


def test_an_override_is_the_same_then_and_now(shop: Shop) -> None:
    overrides = sb.Overrides(environment=sb.Environment(build_args={"LEVEL": "7"}))
    shop.write("stagebuild.toml", CONFIGURATION.replace('LEVEL = "1"', 'LEVEL = "2"'))
    assert shop.changes("HEAD", overrides=overrides).names == ()


def test_a_branch_is_compared_where_it_was_left(shop: Shop) -> None:
    shop.git("checkout", "-q", "-b", "mine")
    shop.write("api/src/app.py", "mine")
    shop.commit()
    shop.git("checkout", "-q", "main")
    shop.write("docs/page", "theirs")
    parted = shop.git("rev-parse", "HEAD")
    shop.commit()
    shop.git("checkout", "-q", "mine")
    found = shop.changes("main")
    assert found.names == ("api:prod",)
    assert found.commit == parted


def test_a_link_that_leads_elsewhere_counts(shop: Shop) -> None:
    (shop.root / "docs/link").symlink_to("page")
    shop.commit()
    (shop.root / "docs/link").unlink()
    (shop.root / "docs/link").symlink_to("drafts")
    assert shop.changes().builds == {"docs:prod": ("docs/link",)}


def test_a_file_that_became_a_folder_counts(shop: Shop) -> None:
    (shop.root / "docs/page").unlink()
    shop.write("docs/page/one", "1")
    assert "docs/page/one" in shop.changes().builds["docs:prod"]


def test_an_edit_that_is_taken_back_counts_for_nothing(shop: Shop) -> None:
    shop.write("docs/page", "2")
    shop.commit()
    shop.write("docs/page", "1")
    assert shop.changes("HEAD~1").names == ()


def test_a_context_outside_of_the_checkout_counts_as_changed(shop: Shop, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "Dockerfile").write_text("FROM scratch AS prod\n")
    text = CONFIGURATION.replace('context = "docs"', f'context = "{outside}"')
    shop.write("stagebuild.toml", text)
    shop.commit()
    assert shop.changes().builds == {"docs:prod": (f"{outside} lies outside of the checkout",)}


def test_a_project_without_configuration_is_compared_too(shop: Shop) -> None:
    (shop.root / "docs/page").write_text("2")
    found = sb.changed_since(sb.load(shop.root / "docs"), "HEAD")
    assert found.builds == {"prod": ("docs/page",)}


def test_a_tagged_stage_belongs_to_its_build(shop: Shop) -> None:
    shop.write("one/Dockerfile", "FROM scratch AS early\nCOPY a /\nFROM scratch AS prod\n")
    shop.write("one/a", "1")
    shop.write(
        "one/stagebuild.toml", '[environments.prod]\ntag-stages = { early = "shop:early" }\n'
    )
    shop.commit()
    project = sb.load(shop.root / "one")
    assert sb.changed_since(project, "HEAD").unchanged == ("prod",)
    shop.write("one/stagebuild.toml", '[environments.prod]\ntag-stages = { early = "shop:e" }\n')
    found = sb.changed_since(sb.load(shop.root / "one"), "HEAD")
    assert found.builds == {"prod": ("tag-stages",)}


def test_a_submodule_that_moved_counts(shop: Shop, tmp_path: Path) -> None:
    other = Shop(tmp_path / "other")
    other.root.mkdir()
    other.git("init", "-q")
    other.write("file", "1")
    other.commit()
    shop.git(
        "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "docs/sub"
    )
    shop.commit()
    assert shop.changes().names == ()
    moved = Shop(shop.root / "docs/sub")
    moved.write("file", "2")
    moved.commit()
    assert list(shop.changes().builds) == ["docs:prod"]


def test_no_checkout_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch AS prod\n")
    with pytest.raises(sb.ConfigError, match=r"--changed-since: .* is not in a git checkout"):
        sb.changed_since(sb.load(tmp_path), "main")


def test_no_git_is_an_error(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(sb.ConfigError, match="git is not installed"):
        shop.changes()


@pytest.mark.parametrize("revision", ["nowhere", "--help", "", "HEAD:api"])
def test_an_unknown_revision_is_an_error(shop: Shop, revision: str) -> None:
    with pytest.raises(sb.ConfigError, match="git knows no revision") as caught:
        shop.changes(revision)
    assert caught.value.hint == "name a commit, a tag or a branch that git log shows"


def test_an_unknown_branch_of_a_remote_says_how_to_fetch_it(shop: Shop) -> None:
    shop.git("remote", "add", "origin", str(shop.root))
    with pytest.raises(sb.ConfigError) as caught:
        shop.changes("origin/main")
    assert caught.value.hint == "fetch it: git fetch origin main"


def test_a_shallow_clone_without_the_revision_says_how_to_deepen_it(
    shop: Shop, tmp_path: Path
) -> None:
    first = shop.git("rev-parse", "HEAD")
    shop.commit()
    shop.git("clone", "-q", "--depth", "1", f"file://{shop.root}", str(tmp_path / "shallow"))
    shallow = Shop(tmp_path / "shallow")
    with pytest.raises(sb.ConfigError) as caught:
        shallow.changes(first)
    assert "git fetch --unshallow" in (caught.value.hint or "")


def test_histories_without_a_common_commit_are_an_error(shop: Shop) -> None:
    shop.git("checkout", "-q", "--orphan", "apart")
    shop.write("docs/page", "2")
    shop.commit()
    with pytest.raises(sb.ConfigError, match='nothing shows where "main" and HEAD parted'):
        shop.changes("main")
