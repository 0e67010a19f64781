"""The machine's own apt is asked for its mirror; no mirror is written down anywhere."""

from pathlib import Path

import pytest

from tools.engine.debian import Archive, Release, choose_mirror, machine_codename, parse_targets
from tools.engine.errors import EngineError


def test_indextargets_are_pairs_of_mirror_and_release() -> None:
    text = "http://mirror.example/debian/ bookworm\nhttp://mirror.example/debian bookworm-updates\n"
    assert parse_targets(text) == [
        ("http://mirror.example/debian/", "bookworm"),
        ("http://mirror.example/debian/", "bookworm-updates"),
    ]


def test_planned_downloads_are_read_where_nothing_was_fetched_yet() -> None:
    text = (
        "'http://mirror.example/debian/dists/bookworm/InRelease' "
        "mirror.example_debian_dists_bookworm_InRelease 0 \n"
        "'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' x 0 \n"
    )
    assert parse_targets(text) == [("http://mirror.example/debian/", "bookworm")]


def test_the_mirror_is_debians_and_not_a_third_partys() -> None:
    sources = [
        ("https://tools.example/apt/", "stable"),
        ("http://mirror.example/debian-security/", "bookworm-security"),
        ("http://mirror.example/debian/", "bookworm-updates"),
        ("http://mirror.example/debian/", "bookworm"),
    ]
    assert choose_mirror(sources, codename="bookworm") == "http://mirror.example/debian/"


def test_a_machine_without_a_mirror_is_told_what_to_add() -> None:
    with pytest.raises(EngineError, match=r"no mirror of Debian bookworm[\s\S]*sources\.list\.d"):
        choose_mirror([("https://tools.example/apt/", "stable")], codename="bookworm")


def test_another_system_is_told_to_use_its_docker(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text('PRETTY_NAME="Fedora 42"\nID=fedora\nVERSION_ID=42\n')
    with pytest.raises(EngineError, match=r"Fedora 42[\s\S]*Install Docker 23"):
        machine_codename(release)


def test_debians_codename_is_read(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text("ID=debian\nVERSION_CODENAME=bookworm\n")
    assert machine_codename(release) == "bookworm"


def test_a_failed_download_says_what_failed_and_how_to_go_on(tmp_path: Path) -> None:
    closed = Release(mirror="http://127.0.0.1:9/debian/", suite="bookworm", architecture="amd64")
    with pytest.raises(EngineError) as error:
        Archive(closed, tmp_path, retries=0).download(["busybox-static"])
    assert "could not fetch the package list from http://127.0.0.1:9/debian/" in error.value.what
    assert "call the same command again" in error.value.remedy
