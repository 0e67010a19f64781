"""Stages, their edges, and what a target needs."""

from __future__ import annotations

import pytest

from stagebuild.dockerfile import (
    ContextSource,
    Copy,
    Edge,
    EdgeKind,
    ImageSource,
    Run,
    ScratchSource,
    StageGraph,
    StageSource,
    outline,
    parse,
    resolve,
)
from stagebuild.errors import DockerfileError, UnknownStage
from stagebuild.model import Platform

SHOP = """\
ARG PYTHON=3.11
FROM python:${PYTHON} AS base
FROM base AS test
RUN pytest
FROM node:20 AS web
FROM base AS prod
COPY --from=web /dist /dist
RUN --mount=from=nginx:1,target=/n true
"""


def graph(text: str, **options: object) -> StageGraph:
    return resolve(parse(text), **options)  # type: ignore[arg-type]  # passed through


def labels(found: StageGraph, target: str | None = None) -> list[str]:
    return [stage.label for stage in found.reachable(target)]


def test_a_target_needs_its_base_and_what_it_copies_from() -> None:
    found = graph(SHOP)

    assert labels(found) == ["base", "web", "prod"]
    assert labels(found, "test") == ["base", "test"]
    assert labels(found, "WEB") == ["web"]


def test_an_edge_tells_its_kind_line_and_source() -> None:
    found = graph(SHOP)

    assert found.target.edges == (
        Edge(stage=3, kind=EdgeKind.BASE, line=6, source=StageSource(index=0)),
        Edge(stage=3, kind=EdgeKind.COPY, line=7, source=StageSource(index=2)),
        Edge(
            stage=3,
            kind=EdgeKind.MOUNT,
            line=8,
            source=ImageSource(reference="nginx:1", normalized="docker.io/library/nginx:1"),
        ),
    )


def test_the_images_of_a_target_are_those_it_reaches() -> None:
    found = graph(SHOP, build_args={"PYTHON": "3.12"})

    assert [i.reference for i in found.images()] == ["python:3.12", "node:20", "nginx:1"]
    assert [i.reference for i in found.images("test")] == ["python:3.12"]


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(UnknownStage, match=r'no stage "prdo"; did you mean "prod"\?') as caught:
        graph(SHOP).reachable("prdo")

    assert caught.value.available == ("base", "test", "web", "prod")
    with pytest.raises(UnknownStage):
        graph(SHOP, target="nope")


def test_an_index_is_no_target_as_in_buildkit() -> None:
    with pytest.raises(UnknownStage, match="no index"):
        graph(SHOP).stage("0")


def test_of_stages_with_one_name_from_takes_the_one_before_and_copy_the_last() -> None:
    found = graph(
        "FROM a AS x\nFROM x AS y\nFROM b AS x\nFROM x AS z\nCOPY --from=X / /\nFROM c AS x\n"
    )

    assert found.stages[1].base == StageSource(index=0)
    assert found.stages[3].base == StageSource(index=2)
    assert found.stages[3].edges[1].source == StageSource(index=4, is_forward=True)
    assert found.stage("x").index == 4


def test_a_later_stage_in_from_is_an_image_with_a_suggestion() -> None:
    found = graph("FROM late AS early\nFROM a AS late\nFROM lat AS third\n")

    assert found.stages[0].base == ImageSource(
        reference="late", normalized="docker.io/library/late:latest", suggestion="late"
    )
    assert found.stages[2].base == ImageSource(
        reference="lat", normalized="docker.io/library/lat:latest", suggestion="late"
    )


def test_a_misspelt_stage_in_copy_is_an_image_with_a_suggestion() -> None:
    source = graph("FROM a AS builder\nFROM b\nCOPY --from=bulider x y\n").target.edges[1].source

    assert isinstance(source, ImageSource)
    assert source.suggestion == "builder"


def test_a_forward_copy_stops_only_the_targets_that_need_it() -> None:
    found = graph("FROM a AS bad\nCOPY --from=late x y\nFROM a AS late\nFROM bad AS worse\n")

    found.check("late")
    with pytest.raises(DockerfileError, match=r"Dockerfile:2: .*not defined before"):
        found.check()


def test_a_mount_takes_a_number_for_an_image() -> None:
    source = (
        graph("FROM a AS x\nFROM b\nRUN --mount=from=0,target=/x true\n").target.edges[1].source
    )

    assert isinstance(source, ImageSource)
    assert source.normalized == "docker.io/library/0:latest"


def test_a_named_context_replaces_a_stage_with_all_it_needs() -> None:
    found = graph(
        "FROM a AS lib\nRUN x\nFROM lib AS mid\nFROM b\nCOPY --from=mid x y\n",
        contexts={"mid": "docker-image://other"},
    )

    assert labels(found) == ["mid", "stage-2"]
    assert found.stages[1].replacement == ContextSource(
        name="mid", value="docker-image://other", reference="mid"
    )
    assert found.stages[1].steps == ()
    assert [i.reference for i in found.images()] == ["b"]
    assert [c.name for c in found.contexts()] == ["mid"]


@pytest.mark.parametrize("name", ["alpine", "alpine:latest", "docker.io/library/alpine"])
def test_a_named_context_replaces_an_image_however_it_is_written(name: str) -> None:
    found = graph("FROM alpine\n", contexts={name: "./dir"})

    assert found.target.base == ContextSource(name=name, value="./dir", reference="alpine")


def test_a_named_context_can_be_for_one_platform() -> None:
    contexts = {"alpine::linux/arm64": "x", "alpine": "y"}

    arm = graph("FROM alpine\n", contexts=contexts, target_platform=Platform("linux", "arm64"))
    amd = graph("FROM alpine\n", contexts=contexts)

    assert isinstance(arm.target.base, ContextSource)
    assert isinstance(amd.target.base, ContextSource)
    assert (arm.target.base.value, amd.target.base.value) == ("x", "y")


def test_scratch_is_neither_an_image_nor_a_context() -> None:
    found = graph("FROM scratch\n", contexts={"scratch": "x"})

    assert found.target.base == ScratchSource()
    assert found.images() == ()


def test_the_automatic_platform_args_decide_the_base() -> None:
    text = "FROM a AS build-amd64\nFROM b AS build-arm64\nFROM build-$TARGETARCH\n"

    assert graph(text).target.base == StageSource(index=0)
    arm = graph(text, target_platform=Platform("linux", "arm64"))
    assert arm.target.base == StageSource(index=1)


def test_the_target_is_itself_an_automatic_arg() -> None:
    text = "FROM a AS for-dev\nFROM b AS for-prod\nFROM for-$TARGETSTAGE AS dev\nFROM a AS prod\n"

    assert graph(text, target="dev").target.base == StageSource(index=0)
    assert graph(text).stages[2].base == StageSource(index=1)


def test_a_step_knows_its_number_and_what_it_expands_to() -> None:
    stage = graph("FROM a\nARG V=1\nENV W=$V\nCOPY f$W /d/\nWORKDIR /\nRUN x\n").target

    assert stage.total == 4
    assert stage.base_number == 1
    assert {n: s.instruction.keyword for n, s in stage.numbered_steps.items()} == {
        2: "COPY",
        3: "RUN",
    }
    copy = stage.numbered_steps[2]
    assert isinstance(copy.expanded, Copy)
    assert copy.expanded.sources == ("f1",)
    assert copy.used == {"W"}
    assert dict(copy.variables) == {"V": "1", "W": "1"}
    assert dict(copy.args) == {"V": "1"}


def test_a_step_tells_which_variables_were_unset_and_the_image_can_supply_them() -> None:
    text = "FROM a\nENV PATH=/x:$PATH\n"
    unknown = graph(text).target
    known = graph(text, image_env={"a": {"PATH": "/bin"}}).target

    assert unknown.steps[0].unset == {"PATH"}
    assert unknown.env["PATH"] == "/x:"
    assert known.steps[0].unset == frozenset()
    assert known.env["PATH"] == "/x:/bin"


def test_the_mounts_of_a_run_are_read_in_scope() -> None:
    stage = graph(
        "FROM a\nARG ID=pip\nRUN --mount=type=cache,id=$ID,target=/c "
        "--mount=type=secret,target=/run/secrets/t,required "
        "--mount=type=tmpfs,target=/t,size=1m true\n"
    ).target

    run = stage.steps[1].expanded
    assert isinstance(run, Run)
    cache, secret, tmpfs = run.mounts
    assert (cache.effective_id, cache.read_only) == ("pip", False)
    assert (secret.effective_id, secret.required, secret.read_only) == ("t", True, True)
    assert tmpfs.size_bytes == 1024**2


def test_onbuild_puts_its_instructions_before_those_of_the_child() -> None:
    found = graph(
        "FROM a AS tools\nFROM a AS p\nONBUILD COPY --from=tools x y\nFROM p AS c\nRUN z\n"
    )

    assert labels(found) == ["tools", "p", "c"]
    assert [(s.instruction.keyword, s.is_triggered) for s in found.target.steps] == [
        ("COPY", True),
        ("RUN", False),
    ]
    assert found.target.edges[1].line == 4


def test_a_single_stage_has_no_name_in_progress_unless_it_names_an_image_or_mounts() -> None:
    assert graph("FROM a\nRUN x\n").target.vertex_name == ""
    assert graph("FROM a AS app\nRUN x\n").target.vertex_name == ""
    assert graph("FROM a\nRUN --mount=target=/c x\n").target.vertex_name == "stage-0"
    assert graph("FROM a AS app\nCOPY --from=b x y\n").target.vertex_name == "app"


def test_the_outline_has_the_args_secrets_and_caches_of_the_reached_stages_alone() -> None:
    found = graph(
        "ARG USED=1\nARG OTHER=2\nFROM a:$USED AS x\nARG OTHER\n"
        "RUN --mount=type=secret,id=s --mount=type=cache,target=/c --mount=type=ssh true\n"
        "FROM a AS y\nARG ELSE\n"
    )

    outlined = outline(found, "x")
    assert [(a.name, a.value) for a in outlined.args] == [("USED", "1"), ("OTHER", "2")]
    assert [s.id for s in outlined.secrets] == ["s"]
    assert [s.id for s in outlined.ssh] == ["default"]
    assert [c.target for c in outlined.caches] == ["/c"]
    assert [a.name for a in outline(found).args] == ["ELSE"]


def test_a_platform_of_from_is_expanded() -> None:
    found = graph("FROM --platform=$BUILDPLATFORM a\n", target_platform=Platform("linux", "arm64"))

    assert found.target.platform == "linux/amd64"


def test_an_env_of_the_base_hides_an_arg_of_the_base_but_not_the_other_way_round() -> None:
    found = graph(
        "FROM a AS p\nARG A=arg\nENV A=env\nENV B=env\nARG B=arg\nLABEL b=$B\n"
        "FROM p\nLABEL a=$A b=$B\n"
    )

    assert dict(found.stages[0].steps[-1].variables) == {"A": "env", "B": "arg"}
    assert dict(found.target.steps[0].variables) == {"A": "env", "B": "env"}


def test_a_build_arg_beats_every_default_and_is_not_expanded() -> None:
    found = graph("ARG A=1\nFROM a\nARG A=2\nLABEL a=$A\n", build_args={"A": "$B"})

    assert dict(found.target.args) == {"A": "$B"}
    assert [(a.name, a.value, a.lines.start) for a in outline(found).args] == [("A", "$B", 3)]


def test_a_build_arg_makes_the_arg_that_takes_it_the_outlines_place() -> None:
    text = "ARG A=1\nFROM a\nARG A\n"

    assert [a.lines.start for a in outline(graph(text)).args] == [1]
    assert [a.lines.start for a in outline(graph(text, build_args={"A": "2"})).args] == [3]


def test_the_outline_has_the_args_that_a_used_arg_is_made_of() -> None:
    found = graph("ARG A=1\nARG B=$A\nARG B=${B}2\nARG C\nFROM a:$B\n")

    assert [(a.name, a.value) for a in outline(found).args] == [("A", "1"), ("B", "12")]
    assert found.global_args["B"].made_of == {"A"}


def test_an_unnamed_target_is_called_default_in_its_arg() -> None:
    assert dict(graph("FROM a\nARG TARGETSTAGE\n").target.args) == {"TARGETSTAGE": "default"}


def test_a_base_takes_no_part_in_a_circle() -> None:
    found = graph("FROM a AS x\nCOPY --from=y / /\nFROM x AS y\n")

    assert found.stages[0].error is not None


def test_every_triggered_instruction_counts_as_a_step_that_only_some_become() -> None:
    stage = graph("FROM a AS p\nONBUILD ENV A=1\nONBUILD RUN x\nFROM p\nRUN y\n").target

    assert stage.total == 3
    assert list(stage.numbered_steps) == [1, 2]


def test_a_bind_mount_can_be_made_writable_in_every_spelling() -> None:
    stage = graph(
        "FROM a\nRUN --mount=target=/a,rw --mount=target=/b,readwrite=true "
        "--mount=target=/c,ro=false --mount=target=/d,rw=false --mount=target=/e true\n"
    ).target

    run = stage.steps[0].expanded
    assert isinstance(run, Run)
    assert [mount.read_only for mount in run.mounts] == [False, False, False, True, True]
