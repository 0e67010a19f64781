"""Images reach package registries as the machine does, without what lies on its disk."""

from tools.engine.images import kitchen, python
from tools.engine.machine import CA_BUNDLE, apt_conf, apt_sources, npmrc, pip_conf
from tools.engine.oci import file


def test_locations_on_the_machines_disk_are_left_out_of_pip_conf() -> None:
    listed = (
        "global.extra-index-url='file:///opt/simple https://index.example/simple'\n"
        "global.find-links='/opt/wheels'\n"
        "global.constraint='/etc/xdg/pip/constraints.txt'\n"
    )
    assert pip_conf(listed) == (
        f"[global]\ncert = {CA_BUNDLE}\nextra-index-url = https://index.example/simple\n"
    )


def test_the_environment_wins_over_pips_files() -> None:
    listed = (
        "global.index-url='https://one.example/simple'\n"
        ":env:.index-url='https://two.example/simple'\n"
        ":env:.default-timeout='180'\n"
    )
    assert "index-url = https://two.example/simple\n" in pip_conf(listed)
    assert "default-timeout = 180\n" in pip_conf(listed)


def test_a_machine_without_pip_gives_a_pip_conf_with_its_certificates() -> None:
    assert pip_conf("") == f"[global]\ncert = {CA_BUNDLE}\n"


def test_npm_settings_that_are_not_set_are_left_out() -> None:
    text = npmrc({"registry": "https://npm.example/\n", "proxy": "null\n"})
    assert "registry=https://npm.example/\n" in text
    assert "proxy" not in text


def test_every_source_of_the_suite_becomes_one_paragraph() -> None:
    text = apt_sources(
        [
            ("http://mirror.example/debian/", "bookworm"),
            ("http://mirror.example/debian/", "bookworm"),
            ("http://mirror.example/debian-security/", "bookworm-security"),
        ]
    )
    assert text.count("Types: deb\n") == 2
    assert "Suites: bookworm-security\n" in text


def test_only_apts_way_to_the_mirror_is_taken_over() -> None:
    dumped = (
        'APT::Architecture "amd64";\n'
        'Acquire::http::Proxy "http://proxy.example:3128";\n'
        'Acquire::Check-Valid-Until "false";\n'
        'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";\n'
    )
    assert apt_conf(dumped).splitlines() == [
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::Check-Valid-Until "false";',
    ]


def test_files_of_older_packages_move_to_usr_where_debian_links_them() -> None:
    entries = [file("lib/x86_64-linux-gnu/libdb.so", "x"), file("etc/services", "x")]
    assert [entry.path for entry in kitchen.merged_usr(entries)] == [
        "usr/lib/x86_64-linux-gnu/libdb.so",
        "etc/services",
    ]


def test_slim_drops_documentation_but_keeps_licences() -> None:
    entries = [file("usr/share/doc/x/README", ""), file("usr/share/doc/x/copyright", "")]
    assert [entry.path for entry in kitchen.slim(entries)] == ["usr/share/doc/x/copyright"]


def test_python_moves_to_where_the_usual_image_has_it() -> None:
    assert python.moved_to("usr/lib/python3.11/os.py") == "usr/local/lib/python3.11/os.py"
    assert python.moved_to("usr/bin/python3.11") == "usr/local/bin/python3.11"
    assert python.moved_to("usr/lib/python3.11/EXTERNALLY-MANAGED") is None
    assert python.moved_to("usr/share/doc/python3.11/README") is None
