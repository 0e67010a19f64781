"""What other programs read keeps its form."""

import shlex
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from tools.engine import cli, daemon, report, specs
from tools.engine.errors import EngineError
from tools.engine.fleet import spec_of
from tools.engine.network import Bridge
from tools.engine.places import of_checkout
from tools.engine.state import Record
from tools.engine.toolbox import Toolbox


def test_env_puts_the_engines_own_docker_first_and_takes_another_engines_out(
    tmp_path: Path,
) -> None:
    places = of_checkout(tmp_path)
    old = report.environment(places, spec_of("26.1"), registry="localhost:5000", path="/usr/bin")
    new = report.environment(places, spec_of("28.5"), registry="localhost:5000", path=old["PATH"])
    assert new["PATH"].split(":") == [str(places.clients / "28.5/bin"), "/usr/bin"]


def test_env_names_engine_and_registry(tmp_path: Path) -> None:
    places = of_checkout(tmp_path)
    variables = report.environment(
        places, spec_of("28.5"), registry="localhost:5000", path="/usr/bin"
    )
    assert set(variables) == {
        "DOCKER_HOST",
        "DOCKER_CONFIG",
        "DOCKER_BUILDKIT",
        "STAGEBUILD_ENGINE",
        "STAGEBUILD_REGISTRY",
        "PATH",
    }
    assert variables["DOCKER_HOST"] == f"unix://{places.run}/28.5/docker.sock"


def test_exports_survive_a_folder_with_a_space() -> None:
    line = report.as_exports({"DOCKER_CONFIG": "/a folder/it's"})
    assert shlex.split(line) == ["export", "DOCKER_CONFIG=/a folder/it's"]


def test_status_names_every_engine_running_or_not(tmp_path: Path) -> None:
    record = Record(name="28.5", pid=7, started_ticks=1, address="unix:///x")
    value = report.status(of_checkout(tmp_path), {"28.5": record}, versions={"28.5": "28.5.2"})
    assert list(value["engines"]) == ["20.10", "26.1", "26.1-containerd", "28.5", "28.5-graph"]
    assert value["engines"]["28.5"]["host"] == "unix:///x"
    assert value["engines"]["26.1"]["running"] is False
    assert value["registry"] is None
    assert "28.5.2" in report.status_text(value)


def test_a_misspelt_engine_is_answered_with_the_names() -> None:
    with pytest.raises(EngineError, match=r"no engine '28'[\s\S]*20\.10, 26\.1"):
        spec_of("28")


def test_env_of_an_engine_that_does_not_run_says_how_to_start_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "CHECKOUT", tmp_path)
    assert cli.main(["env", "26.1"]) == 1
    assert "tools/engine up 26.1` starts it" in capsys.readouterr().err


def test_an_engine_leaves_the_machines_iptables_alone_and_has_all_its_files_to_itself(
    tmp_path: Path,
) -> None:
    places = of_checkout(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/tini-static").touch()
    configs = []
    for name, spec in specs.ENGINES.items():
        one = daemon.Daemon(spec=spec, places=places, support=Toolbox(root=tmp_path), env={})
        bridge = Bridge(name=name, block=IPv4Network("10.208.0.0/20"))
        configs.append(daemon.configuration(one, bridge, registry="localhost:5000", mtu=1400))
    assert not any(config["iptables"] for config in configs)
    for key in ("data-root", "exec-root", "pidfile", "hosts", "bridge", "cgroup-parent"):
        assert len({str(config[key]) for config in configs}) == len(configs)


def test_mounts_of_an_engine_are_taken_away_from_the_inside_out() -> None:
    mountinfo = (
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        "2 1 0:1 / /data/28.5/overlay2/x rw - overlay overlay rw\n"
        "3 2 0:1 / /data/28.5/overlay2/x/a\\040b rw - tmpfs tmpfs rw\n"
        "4 1 0:1 / /data/28.5-graph/x rw - overlay overlay rw\n"
    )
    assert daemon.mounts_below(mountinfo, [Path("/data/28.5")]) == [
        "/data/28.5/overlay2/x/a b",
        "/data/28.5/overlay2/x",
    ]
