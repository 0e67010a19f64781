"""``cache = "registry"``: whose cache it is, what is imported and where it is exported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.model import CacheEntry, Platform
from stagebuild.model.references import Reference
from stagebuild.planning.caches import CacheOwner, branches_of, derived_exports, derived_imports
from stagebuild.planning.git import GitUnavailable
from stagebuild.planning.sharedcaches import shared_exports
from stagebuild.planning.spec import BuildSpec

if TYPE_CHECKING:
    from tests.planning.conftest import World

TOP = '[project]\nname = "shop"\nrepository = "r.example/shop"'


def refs(entries: tuple[CacheEntry, ...]) -> list[str]:
    return [entry.attributes["ref"] for entry in entries]


def test_a_word_names_the_environment_and_the_branch(world: World) -> None:
    spec = world.prod('cache = "registry"', top=TOP)
    assert refs(spec.cache_from) == [
        "r.example/shop:cache-prod-main",
        "r.example/shop:cache-prod-master",
    ]


def test_nothing_is_exported_outside_of_ci(world: World) -> None:
    assert world.prod('cache = "registry"', top=TOP).cache_to == ()


def test_everything_that_was_built_is_exported_in_ci(world: World) -> None:
    world.environ["CI"] = "true"
    (entry,) = world.prod('cache = "registry"', top=TOP).cache_to
    assert entry.type == "registry"
    assert entry.attributes == {"mode": "max", "ref": "r.example/shop:cache-prod-main"}


@pytest.mark.parametrize(("ci", "write", "exports"), [("true", "false", 0), ("", "true", 1)])
def test_cache_write_decides_where_it_is_given(
    world: World, ci: str, write: str, exports: int
) -> None:
    world.environ["CI"] = ci
    spec = world.prod(f'cache = "registry"\ncache-write = {write}', top=TOP)
    assert len(spec.cache_to) == exports


def test_a_pull_request_reads_its_own_its_base_and_the_default_branch(world: World) -> None:
    world.environ |= {
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix/cart",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "release-2",
        "CI_DEFAULT_BRANCH": "trunk",
        "CI": "1",
    }
    spec = world.prod('cache = "registry"', top=TOP)
    own, base, default = refs(spec.cache_from)
    assert own.startswith("r.example/shop:cache-prod-fix-cart-")
    assert (base, default) == (
        "r.example/shop:cache-prod-release-2",
        "r.example/shop:cache-prod-trunk",
    )
    assert refs(spec.cache_to) == [own]


def test_git_is_not_asked_where_ci_says_which_branch_it_is(world: World) -> None:
    world.environ["GITHUB_REF_NAME"] = "main"
    world.prod('cache = "registry"', top=TOP)
    assert world.asked_git == 0


def test_git_is_not_asked_without_a_cache(world: World) -> None:
    world.prod("", top=TOP)
    assert world.asked_git == 0


def test_without_branches_there_is_one_cache_for_all(world: World) -> None:
    world.git = GitUnavailable("no checkout")
    spec = world.prod('cache = "registry"', top=TOP)
    assert refs(spec.cache_from) == ["r.example/shop:cache-prod"]


def test_platforms_have_caches_of_their_own(world: World) -> None:
    world.environ["GITHUB_REF_NAME"] = "main"
    spec = world.prod('cache = "registry"\nplatforms = ["linux/amd64", "linux/arm64"]', top=TOP)
    assert refs(spec.cache_from)[0].startswith(
        "r.example/shop:cache-prod-linux-amd64_linux-arm64-main-"
    )


def test_what_is_given_wins_over_what_follows_from_the_word(world: World) -> None:
    world.environ["CI"] = "1"
    spec = world.prod('cache = "registry"\ncache-from = "r.example/other:c"', top=TOP)
    assert refs(spec.cache_from) == ["r.example/other:c"]
    assert refs(spec.cache_to) == ["r.example/shop:cache-prod-main"]


def test_an_inherited_cache_can_be_switched_off(world: World) -> None:
    text = f'{TOP}\n[environments.base]\ncache = "registry"\n'
    text += '[environments.prod]\ninherits = ["base"]\ncache = "none"'
    assert world.plan(text, "prod")["prod"].cache_from == ()


def test_a_registry_cache_needs_a_repository(world: World) -> None:
    refusal = world.refusal('[environments.prod]\ncache = "registry"', "prod")
    assert refusal.key == "environments.prod.cache"
    assert "repository" in (refusal.hint or "")


def test_another_repository_can_be_named(world: World) -> None:
    spec = world.prod('cache = { type = "registry", ref = "r.example/caches" }')
    assert refs(spec.cache_from)[0] == "r.example/caches:cache-prod-main"


def test_a_local_cache_is_never_in_the_project(world: World) -> None:
    world.environ["XDG_CACHE_HOME"] = "/home/me/.cache"
    spec = world.prod('cache = "local"\ncache-write = true')
    (entry,) = spec.cache_to
    assert entry.attributes["dest"].startswith("/home/me/.cache/stagebuild/caches/shop-")
    assert spec.cache_from[0].attributes["src"] == entry.attributes["dest"]


def test_a_cache_at_github_is_a_scope(world: World) -> None:
    spec = world.prod('cache = "gha"\ncache-write = true', top=TOP)
    assert spec.cache_to[0].attributes == {"mode": "max", "scope": "shop-prod-main"}


def test_a_bucket_is_for_the_user_to_name(world: World) -> None:
    text = 'cache = { type = "s3", bucket = "b", region = "eu-1" }'
    assert world.prod(text, top=TOP).cache_from[0].attributes == {
        "name": "shop-prod-main",
        "bucket": "b",
        "region": "eu-1",
    }


def test_an_inline_cache_is_read_from_the_image_itself(world: World) -> None:
    spec = world.prod('cache = "inline"\ncache-write = true\ntags = "r.example/shop:1"', top=TOP)
    assert refs(spec.cache_from) == ["r.example/shop:1"]
    assert spec.cache_to == (CacheEntry(type="inline"),)


def test_an_unknown_word_is_refused_with_those_there_are(world: World) -> None:
    refusal = world.refusal('[environments.prod]\ncache = "regsitry"', "prod")
    assert "registry" in refusal.message
    assert refusal.key == "environments.prod.cache"


def owner(environment: str, platforms: tuple[str, ...], branch: str) -> CacheOwner:
    return CacheOwner(
        project="shop",
        environment=environment,
        platforms=[Platform.parse(text) for text in platforms],
        repository="r.example/shop",
        tags=(),
        branches=branches_of({"CI_DEFAULT_BRANCH": "main"}, branch),
        folder="/caches",
    )


PLATFORMS = st.sampled_from([(), ("linux/amd64",), ("linux/arm64", "linux/amd64")])
OWNERS = st.tuples(
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}", fullmatch=True),
    PLATFORMS,
    st.text(min_size=1, max_size=120).filter(str.strip),
)


@given(OWNERS)
def test_every_name_is_a_tag_that_a_registry_takes(given: tuple[str, tuple[str, ...], str]) -> None:
    for entry in derived_imports(CacheEntry(type="registry"), owner(*given)):
        reference = Reference.parse(entry.attributes["ref"])
        assert reference.path == "shop"
        assert (reference.tag or "").startswith("cache-")


@given(OWNERS, OWNERS)
def test_no_two_branches_of_one_environment_share_a_cache(
    one: tuple[str, tuple[str, ...], str], other: tuple[str, tuple[str, ...], str]
) -> None:
    other = (one[0], one[1], other[2])
    (first,) = derived_exports(CacheEntry(type="registry"), owner(*one))
    (second,) = derived_exports(CacheEntry(type="registry"), owner(*other))
    assert (first == second) == (one[2] == other[2])


def spec(name: str, *exports: str) -> BuildSpec:
    return BuildSpec(
        name=name,
        root=Path("/"),
        context="/",
        dockerfile="/d",
        dockerfile_shown="d",
        target=None,
        cache_to=tuple(CacheEntry.parse(text) for text in exports),
    )


def test_two_environments_that_write_one_cache_are_warned() -> None:
    warned = shared_exports(
        [
            spec("dev", "type=registry,ref=r/a:c,mode=min"),
            spec("prod", "type=registry,ref=r/a:c,mode=max"),
            spec("test", "type=registry,ref=r/a:d"),
        ]
    )
    assert warned.keys() == {"dev", "prod"}
    assert warned["dev"] == (
        "dev and prod write one cache, registry r/a:c: each replaces what the other had",
    )


def test_inline_caches_are_in_images_of_their_own() -> None:
    assert shared_exports([spec("a", "type=inline"), spec("b", "type=inline")]) == {}
