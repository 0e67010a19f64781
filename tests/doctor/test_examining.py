"""What the doctor says of facts: good, a caution or a problem, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from stagebuild.backends.buildx.discovery import Builder, Node
from stagebuild.backends.sdk.inspection import EngineState
from stagebuild.doctor import Facts, Finding, Verdict, examine
from stagebuild.doctor.facts import DefinedBuilder, Disk, Registry, Wanted
from stagebuild.errors import ConfigError, EngineUnavailable

GB = 10**9
DOWN = EngineUnavailable("nobody answers", backend="sdk", hint="start the engine")


def engine(**changes: Any) -> EngineState:
    told: dict[str, Any] = {
        "host": "unix:///var/run/docker.sock",
        "version": "28.5.2",
        "api": "1.51",
        "platform": "linux/amd64",
        "containerd_store": True,
        "storage": "overlayfs",
        "root": "/var/lib/docker",
        "time_s": 1000.0,
        "is_local": True,
    }
    return EngineState(**(told | changes))


def builder(name: str = "default", **changes: Any) -> Builder:
    node: dict[str, Any] = {
        "name": f"{name}0",
        "endpoint": "default",
        "status": "running",
        "buildkit": "v0.25.1",
        "platforms": ("linux/amd64", "linux/arm64*"),
    }
    driver = changes.pop("driver", "docker")
    return Builder(name=name, driver=driver, nodes=(Node(**(node | changes)),))


def facts(**changes: Any) -> Facts:
    known: dict[str, Any] = {
        "now_s": 1000.0,
        "engine": engine(),
        "buildx": "0.29.1",
        "builders": (builder(),),
        "in_use": "default",
        "wanted": Wanted(path="stagebuild.toml", environments=("prod",)),
    }
    return Facts(**(known | changes))


def said(subject: str, **changes: Any) -> Finding:
    """Return the one finding about a subject."""
    (found,) = (each for each in examine(facts(**changes)) if each.subject == subject)
    return found


def test_a_machine_in_order_has_nothing_but_good_findings() -> None:
    assert {each.verdict for each in examine(facts())} == {Verdict.GOOD}


def test_the_backend_that_builds_is_named_with_its_reason() -> None:
    assert said("backend", backend=("sdk", "it is fast")).text == "sdk: it is fast"


def test_everything_that_is_not_good_says_what_to_do() -> None:
    bad = facts(
        engine=engine(version="20.10.24", containerd_store=False, time_s=0.0),
        buildx="0.12.0",
        builders=(builder(status="inactive"), builder("b", status=None)),
        disks=(Disk(path="/", free_bytes=0, total_bytes=GB),),
        registries=(
            Registry(host="a", user="", error="helper is gone", is_pushed_to=True),
            Registry(host="b", user="", error="", is_pushed_to=True),
        ),
        wanted=Wanted(path="x", platforms={"linux/s390x": ("prod",)}, builders={"ci": ("prod",)}),
    )
    findings = [each for each in examine(bad) if each.verdict is not Verdict.GOOD]
    assert len(findings) == 11
    assert all(each.remedy for each in findings)


def test_an_engine_that_is_not_there_is_a_problem_with_its_own_hint() -> None:
    found = said("engine", engine=DOWN)
    assert (found.verdict, found.remedy) == (Verdict.PROBLEM, "start the engine")


@pytest.mark.parametrize(
    ("version", "verdict"),
    [("20.10.24", "caution"), ("22.06", "caution"), ("23.0.0", "good"), ("29.0.1", "good")],
)
def test_an_old_engine_is_a_caution(version: str, verdict: str) -> None:
    assert said("engine", engine=engine(version=version)).verdict == verdict


def test_the_old_image_store_is_a_caution_and_a_problem_where_it_is_needed() -> None:
    old = engine(containerd_store=False, storage="overlay2")
    assert said("image store", engine=old).verdict is Verdict.CAUTION
    needs = Wanted(path="x", features={"cache export": ("prod",)})
    assert said("image store", engine=old, wanted=needs).verdict is Verdict.PROBLEM


def test_the_image_store_is_no_problem_where_another_builder_is_in_use() -> None:
    found = said(
        "image store",
        engine=engine(containerd_store=False),
        builders=(builder("ci", driver="docker-container"),),
        in_use="ci",
        wanted=Wanted(path="x", features={"cache export": ("prod",)}),
    )
    assert found.verdict is Verdict.CAUTION


@pytest.mark.parametrize(("time_s", "words"), [(1060.0, "60 s ahead of"), (940.0, "60 s behind")])
def test_a_clock_that_differs_is_told(time_s: float, words: str) -> None:
    assert words in said("clock", engine=engine(time_s=time_s)).text


@pytest.mark.parametrize(
    ("version", "verdict"),
    [(None, "caution"), ("0.12.1", "problem"), ("0.13.1", "caution"), ("0.15.0", "good")],
)
def test_buildx_is_judged_by_its_version(version: str | None, verdict: str) -> None:
    assert said("buildx", buildx=version).verdict == verdict


def test_a_builder_that_there_is_not_names_the_nearest_one() -> None:
    found = said("builder defualt", wanted=Wanted(path="x", builders={"defualt": ("prod",)}))
    assert found.verdict is Verdict.PROBLEM
    assert 'did you mean "default"?' in found.text


def test_a_broken_builder_that_is_in_use_is_a_problem() -> None:
    assert said("builder default", builders=(builder(status="error"),)).verdict is Verdict.PROBLEM
    other = (builder(), builder("old", status="error"))
    assert said("builder old", builders=other).verdict is Verdict.CAUTION


def test_a_platform_that_the_builder_lacks_is_a_problem() -> None:
    wanted = Wanted(path="x", platforms={"linux/arm64": ("prod",), "linux/s390x": ("prod",)})
    found = said("platforms", wanted=wanted)
    assert (found.verdict, "linux/s390x" in found.text) == (Verdict.PROBLEM, True)


def test_an_unknown_version_of_buildkit_is_not_told() -> None:
    assert "unknown" not in said("builder default", builders=(builder(buildkit="v0+unknown"),)).text


@pytest.mark.parametrize(
    ("free_bytes", "verdict"), [(50 * GB, "good"), (5 * GB, "caution"), (GB // 2, "problem")]
)
def test_a_full_disk_is_told(free_bytes: int, verdict: str) -> None:
    disk = Disk(path="/", free_bytes=free_bytes, total_bytes=100 * GB)
    assert said("disk", disks=(disk,)).verdict == verdict


def test_a_registry_that_is_only_pulled_from_needs_no_credentials() -> None:
    registry = Registry(host="r", user="", error="", is_pushed_to=False)
    assert said("registry r", registries=(registry,)).verdict is Verdict.GOOD


def test_a_project_that_can_not_be_read_is_a_problem() -> None:
    found = said("project", wanted=ConfigError("no such key", path="stagebuild.toml", line=3))
    assert (found.verdict, found.text) == (Verdict.PROBLEM, "stagebuild.toml:3: no such key")


def test_no_project_at_all_is_a_caution() -> None:
    assert said("project", wanted=None).verdict is Verdict.CAUTION


def test_a_defined_builder_that_is_not_there_yet_is_no_problem() -> None:
    defined = DefinedBuilder(driver="remote", nodes=2, missing=2)
    wanted = Wanted(path="x", builders={"farm": ("prod",)}, defined={"farm": defined})
    found = said("builder farm", wanted=wanted)
    assert found.verdict is Verdict.GOOD
    assert found.text == "remote, 2 nodes, not there yet: the first build makes it"


def test_a_defined_builder_that_is_another_is_a_problem() -> None:
    error = EngineUnavailable("it is another", backend="buildx", hint="remove it")
    defined = DefinedBuilder(driver="remote", nodes=1, error=error)
    wanted = Wanted(path="x", builders={"farm": ("prod",)}, defined={"farm": defined})
    found = said("builder farm", builders=(), wanted=wanted)
    assert (found.verdict, found.text, found.remedy) == (
        Verdict.PROBLEM,
        "it is another",
        "remove it",
    )


def test_a_cache_that_the_engine_does_not_have_is_a_problem() -> None:
    wanted = Wanted(path="stagebuild.toml", caches={"s3": ("prod",)})
    found = said("cache s3", wanted=wanted)
    assert found.verdict is Verdict.PROBLEM
    assert "docker-container" in found.remedy
    container = builder("own", driver="docker-container")
    found = said("cache s3", wanted=wanted, builders=(container,), in_use="own")
    assert found.verdict is Verdict.GOOD


def test_githubs_cache_needs_what_only_its_jobs_have() -> None:
    wanted = Wanted(path="stagebuild.toml", caches={"gha": ("prod", "staging")})
    assert said("cache gha", wanted=wanted).verdict is Verdict.CAUTION
    there = frozenset({"ACTIONS_RUNTIME_TOKEN", "ACTIONS_RESULTS_URL"})
    found = said("cache gha", wanted=wanted, variables=there)
    assert (found.verdict, found.text) == (Verdict.GOOD, "used by prod, staging")
