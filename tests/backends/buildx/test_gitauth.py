"""Passwords of Git URLs go to BuildKit as secrets, and into no argv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stagebuild.backends.buildx.argv import invocation
from stagebuild.backends.buildx.rendering import render
from stagebuild.model import Secret
from stagebuild.planning.spec import BuildSpec
from stagebuild.secrecy import secret_values

URL = "https://me:s3cret-pass@git.example:8443/shop/app.git#main:sub"


def spec(**changes: Any) -> BuildSpec:
    fields: dict[str, Any] = {
        "name": "prod",
        "root": Path("/p"),
        "context": URL,
        "dockerfile": "Dockerfile",
        "dockerfile_shown": "Dockerfile",
        "target": None,
    }
    return BuildSpec(**(fields | changes))


def started(built: BuildSpec) -> Any:
    return invocation(built, command=("buildx",), metadata_file="m", environ={})


def test_the_password_is_in_a_variable_and_in_no_argument() -> None:
    made = started(spec(contexts={"extra": URL}))
    assert "s3cret-pass" not in " ".join(made.argv)
    assert made.argv[-1] == "https://git.example:8443/shop/app.git#main:sub"
    assert "id=GIT_AUTH_HEADER.git.example:8443,env=STAGEBUILD_GIT_AUTH_0" in made.argv
    assert made.added == {"STAGEBUILD_GIT_AUTH_0": "basic bWU6czNjcmV0LXBhc3M="}


def test_the_line_for_a_shell_does_not_show_it() -> None:
    shown = render(started(spec()))
    assert "bWU6" not in shown
    assert "s3cret-pass" not in shown


def test_a_secret_that_the_user_gives_for_the_host_wins() -> None:
    made = started(spec(secrets={"GIT_AUTH_HEADER.git.example:8443": Secret(env="X")}))
    assert made.added == {}
    assert made.argv[-1] == URL


def test_urls_without_a_user_are_left_as_they_are() -> None:
    made = started(spec(context="https://git.example/app.git"))
    assert made.argv[-1] == "https://git.example/app.git"
    assert made.added == {}


def test_the_password_counts_as_a_secret_of_the_build() -> None:
    assert "s3cret-pass" in secret_values(spec(), {})


def test_the_password_of_a_proxy_counts_as_a_secret_of_the_build(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"proxies": {"default": {"httpProxy": "http://u:configured@p:1"}}}'
    )
    environ = {"https_proxy": "http://u:inherited@p:1", "DOCKER_CONFIG": str(tmp_path)}
    values = secret_values(spec(context="."), environ)
    assert "inherited" in values
    assert "configured" in values
