"""Gates on the real engine and the real registry: nothing is published past one that fails."""

from __future__ import annotations

import os
import random
import uuid
from typing import TYPE_CHECKING

import pytest

from stagebuild.backends.buildx import BuildxBackend
from stagebuild.backends.sdk import SdkBackend
from stagebuild.errors import BuildCanceled, BuildFailed, GateFailed
from stagebuild.model import Environment
from stagebuild.planning import Overrides
from stagebuild.runevents import GatesAwaited
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.runevents import RunEvent
    from tests.conftest import Engine
    from tests.scheduling.conftest import EngineProject

pytestmark = pytest.mark.engine

# Of each backend: fifty for the figure in docs/how-to/gates.md; a few in every run.
RANDOM_RUNS = int(os.environ.get("STAGEBUILD_GATE_RUNS", "3"))

DOCKERFILE = """\
FROM busybox AS base
LABEL project=@name@
ARG SALT
RUN echo $SALT
FROM base AS test
ARG TEST_S=0
ARG CODE=0
RUN sleep $TEST_S; echo 3 passed; exit $CODE
FROM base AS prod
COPY app /
ARG PROD_S=0
RUN sleep $PROD_S; echo $SALT > /made
"""
TOML = """\
[project]
repository = "@repository@"
[environments.test]
[environments.prod]
requires = ["test"]
tags = ["${repository}:prod"]
"""


def args(**build_args: object) -> Overrides:
    given = {"SALT": uuid.uuid4().hex, **build_args}
    return Overrides(environment=Environment(build_args={k: str(v) for k, v in given.items()}))


@pytest.fixture
def shop(project: EngineProject) -> EngineProject:
    project.write(Dockerfile=DOCKERFILE, toml=TOML, app="app\n")
    return project


def test_what_the_gate_let_through_is_pushed(shop: EngineProject) -> None:
    outcome = shop.run("prod", overrides=args(), push=True)
    assert not outcome.errors
    assert list(outcome.results) == ["prod", "test"]
    assert shop.tags() == ["prod"]
    assert outcome.results["prod"].reference is not None


def test_a_failing_gate_names_its_stage_step_line_and_log(shop: EngineProject) -> None:
    outcome = shop.run("prod", overrides=args(CODE=7), push=True)
    error = outcome.error
    assert isinstance(error, GateFailed)
    assert (error.build, error.gate, error.stage, error.exit_code) == ("prod", "test", "test", 7)
    assert error.line == 8
    assert error.log_tail[-1] == "3 passed"


@pytest.mark.parametrize("number", range(RANDOM_RUNS))
@pytest.mark.parametrize("kind", [BuildxBackend, SdkBackend])
def test_a_gate_that_fails_at_any_moment_leaves_no_trace_of_prod(
    shop: EngineProject, kind: type[BuildxBackend | SdkBackend], number: int
) -> None:
    lots = random.Random(number)
    waits = args(CODE=1, TEST_S=lots.uniform(0, 1.5), PROD_S=lots.uniform(0, 1))
    backend = kind(environ=shop.engine.env)
    loads = lots.random() < 0.5
    outcome = shop.run("prod", overrides=waits, push=True, load=loads, backend=backend)
    assert isinstance(outcome.errors["prod"], GateFailed)
    assert (shop.tags(), shop.local_images()) == ([], [])


def test_a_passing_gate_costs_the_longer_of_the_two_not_both(shop: EngineProject) -> None:
    outcome = shop.run("prod", overrides=args(TEST_S=8, PROD_S=8), push=True)
    assert not outcome.errors
    slow = [
        stage.step_timings[-1].intervals[-1]
        for name in ("test", "prod")
        for stage in outcome.results[name].stages
        if stage.name == name
    ]
    together_s = min(i.end_s for i in slow) - max(i.start_s for i in slow)
    assert together_s > 6


def test_a_failing_gate_leaves_output_folders_and_cache_exports_as_they_were(
    shop: EngineProject,
) -> None:
    shop.write(
        toml=TOML + 'output = ["type=local,dest=out", "type=oci,dest=image.tar"]\n'
        'cache-to = "type=local,dest=cache"\n'
    )
    outcome = shop.run("prod", overrides=args(CODE=1, TEST_S=1))
    assert isinstance(outcome.errors["prod"], GateFailed)
    left = {path.name for path in shop.folder.iterdir()}
    assert left == {"Dockerfile", "app", "stagebuild.toml"}


def test_a_file_edited_while_gates_run_is_not_published(shop: EngineProject) -> None:
    def edit(event: RunEvent) -> None:
        if isinstance(event, GatesAwaited):
            (shop.folder / "app").write_text("edited\n")

    outcome = shop.run("prod", overrides=args(TEST_S=3), push=True, on_event=edit)
    assert "ran again" in outcome.errors["prod"].message
    assert shop.tags() == []


def test_without_buildx_what_the_gates_saw_is_published_whatever_is_edited_meanwhile(
    shop: EngineProject,
) -> None:
    def edit(event: RunEvent) -> None:
        if isinstance(event, GatesAwaited):
            (shop.folder / "app").write_text("edited\n")

    backend = SdkBackend(environ=shop.engine.env)
    outcome = shop.run("prod", overrides=args(TEST_S=3), push=True, backend=backend, on_event=edit)
    assert not outcome.errors
    image = f"{shop.repository}:prod"
    ran = shop.engine.run("docker", "run", "--rm", "--pull=always", image, "cat", "/app")
    assert ran.stdout == "app\n"
    shop.engine.run("docker", "image", "rm", image)


def test_a_build_without_cache_runs_its_steps_once(shop: EngineProject) -> None:
    fresh = args()
    shop.run("prod", overrides=fresh, push=True)
    seen: list[RunEvent] = []
    anew = replaced(fresh, environment=replaced(fresh.environment, no_cache=True))
    outcome = shop.run("prod", overrides=anew, push=True, all_or_nothing=True, on_event=seen.append)
    assert not outcome.errors
    assert outcome.results["prod"].cached < 0.5


def test_the_timeline_of_a_gated_build_has_its_stages_the_wait_and_the_push(
    shop: EngineProject,
) -> None:
    outcome = shop.run("prod", overrides=args(TEST_S=4), push=True)
    timeline = outcome.results["prod"].timeline
    assert [stage.name for stage in timeline.stages] == ["base", "prod"]
    assert timeline.stages[1].cached_steps == 0
    by_kind = {row.kind: row.busy_s for row in timeline.overheads}
    assert by_kind["gates"] > 1.0
    assert {"export", "push"} <= set(by_kind)
    assert timeline.covered_s <= timeline.wall_s
    assert sum(s.length_s for s in timeline.critical_path) == pytest.approx(timeline.covered_s)


def test_a_report_is_exported_although_its_gate_fails(project: EngineProject) -> None:
    project.write(
        Dockerfile="FROM busybox AS pytest\n"
        "ARG SALT\n"
        "RUN mkdir /reports; echo junit > /reports/junit.xml; echo 4 > /reports/exit-code\n"
        "FROM scratch AS report\n"
        "COPY --from=pytest /reports /\n"
        "FROM pytest AS test\n"
        'RUN exit "$(cat /reports/exit-code)"\n'
        "FROM busybox AS prod\n",
        toml='[environments.report]\noutput = "reports"\n'
        '[environments.test]\nrequires = ["report"]\n'
        '[environments.prod]\nrequires = ["test"]\ntags = ["@repository@:prod"]\n',
    )
    outcome = project.run("prod", overrides=args(), push=True)
    assert isinstance(outcome.errors["prod"], GateFailed)
    assert isinstance(outcome.errors["test"], BuildFailed)
    assert (project.folder / "reports" / "junit.xml").read_text() == "junit\n"
    assert project.tags() == []


def test_all_or_nothing_pushes_none_when_one_fails(shop: EngineProject) -> None:
    shop.write(
        toml=TOML.replace('requires = ["test"]\n', "") + '[environments.staging]\ntarget = "prod"\n'
        'tags = ["@repository@:staging"]\n'
    )
    broken = Overrides(environment=args(TEST_S=2).environment, settings=("test.build-args.CODE=1",))
    outcome = shop.run("prod", "staging", "test", overrides=broken, push=True, all_or_nothing=True)
    assert isinstance(outcome.errors["prod"], BuildCanceled)
    assert not outcome.results
    assert shop.tags() == []


def test_a_gated_build_from_a_registry_cache_is_published_on_an_engine_that_never_made_it(
    shop: EngineProject,
    project_on: Callable[[Engine], EngineProject],
    engines: Callable[[str], Engine],
) -> None:
    # The gate imports it, too: where it ran the shared stage itself, prod would have that.
    import_ = 'cache-from = "type=registry,ref=@repository@:cache"\n'
    cached = TOML.replace("[environments.test]\n", f"[environments.test]\n{import_}") + import_
    shop.write(toml=cached + 'cache-to = "type=registry,ref=@repository@:cache,mode=max"\n')
    same = args()
    assert not shop.run("prod", overrides=same, push=True).errors
    other = project_on(engines("26.1-containerd"))
    other.write(Dockerfile=DOCKERFILE.replace("@name@", shop.name), app="app\n")
    other.write(toml=cached.replace("@repository@:cache", f"{shop.repository}:cache"))
    outcome = other.run("prod", overrides=same, push=True)
    assert not outcome.errors
    stages = {stage.name: stage for stage in outcome.results["prod"].stages}
    assert stages["prod"].cached_steps == stages["prod"].steps
    assert other.tags() == ["prod"]


def test_gates_hold_on_an_engine_without_the_containerd_store(
    project_on: Callable[[Engine], EngineProject], engines: Callable[[str], Engine]
) -> None:
    shop = project_on(engines("26.1"))
    shop.write(Dockerfile=DOCKERFILE, toml=TOML, app="app\n")
    failing = shop.run("prod", overrides=args(CODE=1, TEST_S=1), push=True)
    assert isinstance(failing.errors["prod"], GateFailed)
    assert (shop.tags(), shop.local_images()) == ([], [])
    assert not shop.run("prod", overrides=args(), push=True).errors
    assert shop.tags() == ["prod"]


def test_a_gated_build_is_one_build_in_the_engines_own_list(shop: EngineProject) -> None:
    # Without buildx a build is listed under its target.
    target = f"{shop.name}-prod"
    shop.write(
        Dockerfile=DOCKERFILE.replace("AS prod", f"AS {target}"),
        toml=TOML.replace("[environments.prod]", f'[environments.prod]\ntarget = "{target}"'),
    )
    backend = SdkBackend(environ=shop.engine.env)
    assert not shop.run("prod", overrides=args(TEST_S=1), push=True, backend=backend).errors
    listed = shop.engine.run("docker", "buildx", "history", "ls", "--format", "{{.Name}}").stdout
    assert listed.split().count(target) == 1


def test_gates_hold_without_any_docker_command_too(shop: EngineProject) -> None:
    backend = SdkBackend(environ=shop.engine.env)
    failing = shop.run("prod", overrides=args(CODE=1, TEST_S=1), push=True, backend=backend)
    assert isinstance(failing.errors["prod"], GateFailed)
    assert (shop.tags(), shop.local_images()) == ([], [])
    passing = shop.run("prod", overrides=args(TEST_S=1), push=True, backend=backend)
    assert not passing.errors
    assert shop.tags() == ["prod"]
