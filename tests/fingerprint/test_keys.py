"""A key changes with what BuildKit's changes with, and with nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fingerprint.conftest import Shop

ALL = ["base 1", "base 2", "build 1", "build 2", "prod 1", "prod 2"]


def test_there_is_a_key_for_every_step_that_makes_a_vertex(shop: Shop) -> None:
    assert list(shop.keys()) == ALL


def test_keys_are_the_same_each_time(shop: Shop) -> None:
    assert shop.changed(shop.keys()) == []


def test_a_file_changes_the_step_that_takes_it_and_what_follows(shop: Shop) -> None:
    before = shop.keys()
    shop.write("src/a.c", "int other;")
    assert shop.changed(before) == ["build 1", "build 2", "prod 1", "prod 2"]


def test_a_file_that_no_step_takes_changes_nothing(shop: Shop) -> None:
    before = shop.keys()
    shop.write("README.md", "read it again")
    shop.write("conf/x.txt", "no .cfg")
    assert shop.changed(before) == []


def test_a_mode_changes_a_key(shop: Shop) -> None:
    before = shop.keys()
    (shop.root / "conf/x.cfg").chmod(0o755)
    assert shop.changed(before) == ["prod 2"]


def test_a_time_changes_nothing(shop: Shop) -> None:
    before = shop.keys()
    os.utime(shop.root / "src/a.c", (1, 1))
    assert shop.changed(before) == []


@pytest.mark.parametrize("change", ["add", "remove", "rename"])
def test_files_that_come_and_go_change_a_key(shop: Shop, change: str) -> None:
    before = shop.keys()
    match change:
        case "add":
            shop.write("src/c.c", "")
        case "remove":
            (shop.root / "src/b.c").unlink()
        case _:
            (shop.root / "src/b.c").rename(shop.root / "src/d.c")
    assert "build 1" in shop.changed(before)


def test_a_link_counts_by_its_target_where_it_is_not_followed(shop: Shop) -> None:
    (shop.root / "src/link").symlink_to("a.c")
    before = shop.keys()
    (shop.root / "src/link").unlink()
    (shop.root / "src/link").symlink_to("b.c")
    assert "build 1" in shop.changed(before)


def test_what_is_ignored_changes_nothing(shop: Shop) -> None:
    shop.write(".dockerignore", "src/*.tmp\n")
    before = shop.keys()
    shop.write("src/x.tmp", "x")
    assert shop.changed(before) == []


def test_the_dockerfiles_own_ignore_file_wins(shop: Shop) -> None:
    shop.write(".dockerignore", "src/b.c\n")
    before = shop.keys()
    shop.write("Dockerfile.dockerignore", "")
    assert "build 1" in shop.changed(before)


def test_an_arg_changes_the_runs_that_see_it(shop: Shop) -> None:
    before = shop.keys()
    shop.environment["build_args"] = {"LEVEL": "debug"}
    assert shop.changed(before) == ["build 2", "prod 1", "prod 2"]


def test_an_arg_that_no_step_sees_changes_nothing(shop: Shop) -> None:
    before = shop.keys()
    shop.environment["build_args"] = {"OTHER": "x", "HTTP_PROXY": "http://proxy"}
    assert shop.changed(before) == []


def test_the_order_of_variables_is_in_a_runs_key(shop: Shop) -> None:
    shop.dockerfile("ARG LEVEL=info", "ENV A=1\nENV B=2")
    before = shop.keys()
    shop.dockerfile("ENV A=1\nENV B=2", "ENV B=2\nENV A=1")
    assert shop.changed(before)[0] == "build 2"


def test_setting_a_variable_again_moves_it_to_the_end(shop: Shop) -> None:
    shop.dockerfile("ARG LEVEL=info", "ENV A=1 B=2")
    before = shop.keys()
    shop.dockerfile("ENV A=1 B=2", "ENV A=1 B=2\nENV A=1")
    assert shop.changed(before)[0] == "build 2"


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        ("RUN make", "RUN make all", "build 2"),
        ("RUN make", "RUN --network=none make", "build 2"),
        ("RUN make", "RUN --mount=type=tmpfs,target=/t make", "build 2"),
        ("RUN make", 'RUN ["make"]', "build 2"),
        ("RUN make", "USER nobody\nRUN make", "build 2"),
        ("RUN make", 'SHELL ["/bin/ash", "-c"]\nRUN make', "build 2"),
        ("WORKDIR /app", "WORKDIR /srv", "base 2"),
        ("COPY src/ src/", "COPY src/ lib/", "build 1"),
        ("COPY src/ src/", "COPY --chown=1:1 src/ src/", "build 1"),
        ("COPY src/ src/", "COPY --chmod=600 src/ src/", "build 1"),
        ("COPY src/ src/", "COPY --exclude=b.* src/ src/", "build 1"),
        ("COPY conf/*.cfg /etc/", "COPY conf/x.cfg /etc/", "prod 2"),
        ("/app/out /out", "/app/src /out", "prod 1"),
        ("FROM busybox", "FROM alpine", "base 1"),
    ],
)
def test_an_instruction_changes_its_key(shop: Shop, old: str, new: str, first: str) -> None:
    before = shop.keys()
    shop.dockerfile(old, new)
    assert shop.changed(before)[0] == first


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("COPY src/ src/", "# a comment\n\nCOPY   src/   src/"),
        ("RUN make", "RUN \\\n  make"),
        ("COPY src/ src/", "COPY src ./src/"),
        ("WORKDIR /app", "WORKDIR /app/"),
        ("RUN make", "LABEL a=b\nRUN make\nEXPOSE 80"),
        ("FROM base AS prod", "FROM busybox AS other\nRUN other\nFROM base AS prod"),
    ],
)
def test_what_is_written_in_another_way_has_the_same_keys(shop: Shop, old: str, new: str) -> None:
    before = shop.keys()
    shop.dockerfile(old, new)
    assert shop.changed(before) == []


def test_a_moved_base_image_changes_everything_on_top_of_it(shop: Shop) -> None:
    before = shop.keys()
    shop.images["docker.io/library/busybox:latest"] = "sha256:" + "2" * 64
    assert shop.changed(before) == ALL


def test_a_base_image_that_nobody_knows_is_a_doubt(shop: Shop) -> None:
    shop.images.clear()
    found = shop.prints()
    assert found.doubts == ("the digest of docker.io/library/busybox:latest is not known",)


def test_a_pinned_image_needs_nobody(shop: Shop) -> None:
    shop.images.clear()
    shop.dockerfile("FROM busybox", f"FROM busybox@sha256:{'3' * 64}")
    assert shop.prints().doubts == ()


@pytest.mark.parametrize(
    ("source", "doubts"),
    [
        ("https://example.org/file", 1),
        (f"--checksum=sha256:{'4' * 64} https://example.org/file", 0),
        ("https://github.com/a/b.git#main", 1),
        (f"https://github.com/a/b.git#{'a' * 40}", 0),
    ],
)
def test_a_url_is_a_doubt_unless_its_content_is_given(shop: Shop, source: str, doubts: int) -> None:
    shop.dockerfile("RUN make", f"ADD {source} /x")
    assert len(shop.prints().doubts) == doubts


def test_a_step_without_cache_is_fresh(shop: Shop) -> None:
    shop.environment["no_cache_filter"] = ("build",)
    assert [step.stage for step in shop.prints().steps if step.is_fresh] == ["build", "build"]


def test_every_platform_has_keys_of_its_own(shop: Shop) -> None:
    shop.environment["platforms"] = ("linux/amd64", "linux/arm64")
    keys = [step.key for step in shop.prints().steps]
    assert len(set(keys)) == len(keys) == 2 * len(ALL)


def test_a_label_changes_the_image_but_no_step(shop: Shop) -> None:
    keys, image = shop.keys(), shop.prints().image
    shop.dockerfile("CMD", "LABEL a=b\nCMD")
    assert shop.changed(keys) == []
    assert shop.prints().image != image


def test_a_named_folder_counts_like_a_context(shop: Shop) -> None:
    shop.environment["contexts"] = {"extra": "conf"}
    shop.dockerfile("COPY conf/*.cfg", "COPY --from=extra *.cfg")
    before = shop.keys()
    shop.write("conf/x.cfg", "changed")
    assert shop.changed(before) == ["prod 2"]


def test_a_mounted_file_is_in_a_runs_key(shop: Shop) -> None:
    shop.dockerfile("RUN make", "RUN --mount=type=bind,source=conf,target=/conf make")
    before = shop.keys()
    shop.write("conf/x.cfg", "changed")
    assert "build 2" in shop.changed(before)


def test_a_secret_is_in_no_fact(shop: Shop) -> None:
    shop.environment["build_args"] = {"API_TOKEN": "hunter22"}
    shop.dockerfile("ARG LEVEL=info", "ARG API_TOKEN\nWORKDIR /w/$API_TOKEN")
    assert "hunter22" not in repr([step.facts for step in shop.prints().steps])
