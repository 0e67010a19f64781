"""Every field of a spec is in the argv, quoted as buildx reads it, and no secret is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.backends.buildx.argv import Invocation, invocation
from stagebuild.errors import UnsupportedFeature
from stagebuild.model import Attestation, CacheEntry, Output, Secret, SshForward, Ulimit
from stagebuild.model.csvfields import split_fields
from stagebuild.model.values import Platform
from stagebuild.planning.spec import BuildSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def said(spec: BuildSpec, **more: Any) -> Invocation:
    given = {"command": ("docker", "buildx"), "metadata_file": "/m.json", "environ": {}}
    return invocation(spec, **{**given, **more})


def after(option: str, argv: Sequence[str]) -> list[str]:
    """What follows each occurrence of an option."""
    return [argv[index + 1] for index, word in enumerate(argv) if word == option]


def test_a_plain_spec_is_the_shortest_argv(spec: Callable[..., BuildSpec], tmp_path: Path) -> None:
    assert said(spec()).argv == (
        *("docker", "buildx", "build", "--progress", "rawjson", "--metadata-file", "/m.json"),
        *("--file", str(tmp_path / "Dockerfile"), "--provenance=false", str(tmp_path)),
    )


@pytest.mark.parametrize(
    ("fields", "option", "values"),
    [
        ({"builder": "farm"}, "--builder", ["farm"]),
        ({"target": "prod"}, "--target", ["prod"]),
        (
            {"platforms": (Platform("linux", "amd64"), Platform("linux", "arm", "v7"))},
            "--platform",
            ["linux/amd64,linux/arm/v7"],
        ),
        ({"labels": {"a": "1, 2", "b": ""}}, "--label", ["a=1, 2", "b="]),
        ({"annotations": {"index:a": "b=c"}}, "--annotation", ["index:a=b=c"]),
        ({"tags": ("shop:1", "shop:2")}, "--tag", ["shop:1", "shop:2"]),
        ({"no_cache_filter": ("a", "b")}, "--no-cache-filter", ["a", "b"]),
        ({"network": "none"}, "--network", ["none"]),
        ({"shm_size_bytes": 1024}, "--shm-size", ["1024"]),
        ({"ulimits": {"nofile": Ulimit(soft=1, hard=-1)}}, "--ulimit", ["nofile=1:-1"]),
        ({"extra_hosts": {"six": "2001:db8::6"}}, "--add-host", ["six=2001:db8::6"]),
        ({"extra_hosts": {"two": "10.0.0.1,10.0.0.2"}}, "--add-host", ['"two=10.0.0.1,10.0.0.2"']),
        ({"secrets": {"pip": Secret(env="PIP_TOKEN")}}, "--secret", ["id=pip,env=PIP_TOKEN"]),
        ({"secrets": {"a,b": Secret(file="/x,y")}}, "--secret", ['"id=a,b","src=/x,y"']),
        ({"ssh": {"default": SshForward()}}, "--ssh", ["default"]),
        ({"ssh": {"git": SshForward(paths=("/a", "/b"))}}, "--ssh", ["git=/a,/b"]),
        ({"contexts": {"base": "docker-image://x"}}, "--build-context", ["base=docker-image://x"]),
        (
            {"attestations": (Attestation(type="provenance", attributes={"mode": "max"}),)},
            "--attest",
            ["type=provenance,mode=max"],
        ),
        (
            {"cache_from": (CacheEntry.parse("reg/shop:cache"),)},
            "--cache-from",
            ["type=registry,ref=reg/shop:cache"],
        ),
        (
            {"cache_to": (CacheEntry(type="gha", attributes={"scope": "a,b"}),)},
            "--cache-to",
            ['type=gha,"scope=a,b"'],
        ),
        (
            {"outputs": (Output(type="local", dest='/o,"ut"'), Output(type="tar", dest="/t"))},
            "--output",
            ['type=local,"dest=/o,""ut"""', "type=tar,dest=/t"],
        ),
    ],
)
def test_a_field_is_said(
    fields: dict[str, Any],
    option: str,
    values: list[str],
    spec: Callable[..., BuildSpec],
) -> None:
    assert after(option, said(spec(**fields)).argv) == values


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"pull": True}, "--pull"),
        ({"no_cache": True}, "--no-cache"),
        ({"push": True}, "--push"),
        ({"load": True}, "--load"),
    ],
)
def test_a_choice_is_a_word_of_its_own(
    fields: dict[str, Any], word: str, spec: Callable[..., BuildSpec]
) -> None:
    assert word in said(spec(**fields)).argv
    assert word not in said(spec()).argv


def test_no_cache_covers_its_filters_since_buildx_refuses_both(
    spec: Callable[..., BuildSpec],
) -> None:
    argv = said(spec(no_cache=True, no_cache_filter=("a",))).argv

    assert "--no-cache-filter" not in argv


def test_a_remote_context_comes_last_with_a_dockerfile_within_it(
    spec: Callable[..., BuildSpec],
) -> None:
    argv = said(spec(context="https://example.test/r.git#main", dockerfile="d/Dockerfile")).argv

    assert argv[-1] == "https://example.test/r.git#main"
    assert after("--file", argv) == ["d/Dockerfile"]


def test_paths_of_the_project_do_not_depend_on_the_working_directory(
    spec: Callable[..., BuildSpec], tmp_path: Path
) -> None:
    argv = said(
        spec(
            cache_from=(CacheEntry(type="local", attributes={"src": ".cache"}),),
            cache_to=(CacheEntry(type="local", attributes={"dest": "/abs", "mode": "max"}),),
            ssh={"default": SshForward(paths=("keys/deploy",))},
        )
    ).argv

    assert after("--cache-from", argv) == [f"type=local,src={tmp_path}/.cache"]
    assert after("--cache-to", argv) == ["type=local,dest=/abs,mode=max"]
    assert after("--ssh", argv) == [f"default={tmp_path}/keys/deploy"]


def test_provenance_is_off_unless_asked_for(spec: Callable[..., BuildSpec]) -> None:
    sbom = said(spec(attestations=(Attestation(type="sbom"),))).argv
    provenance = said(spec(attestations=(Attestation(type="provenance"),))).argv

    assert "--provenance=false" in sbom
    assert "--provenance=false" not in provenance


@pytest.mark.parametrize(
    ("fields", "stores_images", "outputs"),
    [
        # What pushes comes last: of several answers buildx keeps the last digest.
        (
            {"push": True, "load": True},
            False,
            ["--output type=docker", "--output type=image,push=true"],
        ),
        # An engine's own builder has it in the store already.
        ({"push": True, "load": True}, True, ["--output type=image,push=true"]),
        (
            {"push": True, "outputs": (Output(type="oci", dest="/o"),)},
            False,
            ["--output type=oci,dest=/o", "--output type=image,push=true"],
        ),
        (
            {"push": True, "outputs": (Output(type="local", dest="/o"),)},
            False,
            ["--output type=local,dest=/o", "--push"],
        ),
        (
            {
                "push": True,
                "outputs": (Output(type="registry"), Output(type="local", dest="/o")),
            },
            False,
            ["--output type=local,dest=/o", "--output type=registry"],
        ),
        (
            {"load": True, "outputs": (Output(type="local", dest="/o"),)},
            True,
            ["--output type=local,dest=/o", "--load"],
        ),
    ],
)
def test_what_pushes_comes_last(
    fields: dict[str, Any],
    stores_images: bool,
    outputs: list[str],
    spec: Callable[..., BuildSpec],
) -> None:
    argv = said(spec(**fields), stores_images=stores_images).argv

    words = iter(argv)
    found = [
        f"{word} {next(words)}" if word == "--output" else word
        for word in words
        if word in ("--output", "--push", "--load")
    ]
    assert found == outputs


def test_an_output_on_stdout_is_refused(spec: Callable[..., BuildSpec]) -> None:
    with pytest.raises(UnsupportedFeature, match="output type tar on stdout"):
        said(spec(outputs=(Output(type="tar", dest="-"),)))


def test_a_comma_in_an_ssh_path_is_refused(spec: Callable[..., BuildSpec]) -> None:
    with pytest.raises(UnsupportedFeature, match=r"a comma in the path of ssh\.git"):
        said(spec(ssh={"git": SshForward(paths=("/a,b",))}))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(identifier=TEXT.filter(bool), path=TEXT.filter(bool))
def test_any_secret_is_read_back_as_it_was_meant(identifier: str, path: str) -> None:
    made = BuildSpec(
        name="prod",
        root=__file__,  # type: ignore[arg-type]  # no file system is touched
        context="/c",
        dockerfile="/c/Dockerfile",
        dockerfile_shown="Dockerfile",
        target=None,
        secrets={identifier: Secret(file=path)},
    )

    (record,) = after("--secret", said(made).argv)

    assert split_fields(record) == [f"id={identifier}", f"src={path}"]
