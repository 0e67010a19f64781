"""The graph as a tree, Mermaid and DOT; and what a build's document says of it."""

from __future__ import annotations

import re

import pytest

from stagebuild.report.look import ASCII, Look
from stagebuild.report.stagegraph.dot import dot
from stagebuild.report.stagegraph.mermaid import mermaid
from stagebuild.report.stagegraph.picture import LinkKind, NodeKind
from stagebuild.report.stagegraph.texttree import text_tree
from stagebuild.report.stagegraph.timings import StageFigures, figures_of
from tests.report.stagegraph.pictures import GATED, figures, picture

STAGE = {"name": "prod", "busy_s": 2.0, "steps": 3, "cached_steps": 1, "error": None}


def test_the_picture_has_images_stages_and_environments() -> None:
    drawn = picture(toml=GATED)
    assert [(node.kind, node.label) for node in drawn.nodes] == [
        (NodeKind.IMAGE, "python:3.12-slim"),
        (NodeKind.IMAGE, "node:22"),
        (NodeKind.STAGE, "base"),
        (NodeKind.STAGE, "assets"),
        (NodeKind.STAGE, "test"),
        (NodeKind.STAGE, "prod"),
        (NodeKind.ENVIRONMENT, "test"),
        (NodeKind.ENVIRONMENT, "prod"),
    ]


def test_the_picture_has_every_way_in_which_one_leads_to_another() -> None:
    drawn = picture(toml=GATED)
    labels = {node.id: node.label for node in drawn.nodes}
    told = {(labels[each.source], labels[each.target], each.kind) for each in drawn.links}
    assert ("assets", "test", LinkKind.MOUNT) in told
    assert ("assets", "prod", LinkKind.COPY) in told
    assert ("base", "prod", LinkKind.BASE) in told
    assert ("prod", "prod", LinkKind.TARGET) in told
    assert ("test", "prod", LinkKind.GATE) in told


def test_one_environment_alone_has_what_it_reaches() -> None:
    drawn = picture("FROM a AS x\nFROM b AS y\n", None, "y")
    assert [node.label for node in drawn.nodes] == ["b", "y", "y"]


def test_scratch_is_nothing_to_draw() -> None:
    assert [node.label for node in picture("FROM scratch AS x\n").nodes] == ["x", "x"]


def test_a_base_that_differs_between_environments_is_drawn_twice() -> None:
    text = "ARG V=1\nFROM alpine:$V AS prod\n"
    toml = '[environments.prod]\n[environments.next]\ntarget = "prod"\nbuild-args = { V = "2" }\n'
    images = [node.label for node in picture(text, toml).nodes if node.kind is NodeKind.IMAGE]
    assert images == ["alpine:1", "alpine:2"]


def test_the_tree_goes_from_environments_down_to_images() -> None:
    assert text_tree(picture(toml=GATED), look=Look()) == (
        "Dockerfile\n"
        "test\n"
        "├─ base\n"
        "│  └─ python:3.12-slim\n"
        "└─ assets (mounted)\n"
        "   └─ node:22\n"
        "prod  (after test)\n"
        "├─ base  …\n"
        "└─ assets (copied from)  …"
    )


def test_a_stage_that_no_environment_builds_is_a_root_of_its_own() -> None:
    shown = text_tree(picture("FROM a AS x\nFROM b AS y\n", "[environments.y]\n"), look=Look())
    assert "\nx  (no environment builds it)\n└─ a" in shown


def test_the_tree_has_a_form_for_poor_terminals() -> None:
    shown = text_tree(picture(), look=Look(glyphs=ASCII))
    assert shown.isascii()
    assert "`- node:22" in shown


def test_a_chain_of_thousands_of_stages_is_drawn() -> None:
    lines = ["FROM a AS s0", *(f"FROM s{n - 1} AS s{n}" for n in range(1, 3000))]
    shown = text_tree(picture("\n".join(lines), None, "s2999"), look=Look())
    assert shown.endswith("└─ a")


def test_the_tree_tells_the_times_of_a_build() -> None:
    drawn = picture(figures={"assets": figures(is_critical=True), "prod": figures(busy_s=0.4)})
    shown = text_tree(drawn, look=Look())
    assert "assets (mounted)  12.1 s, 1/4 cached  critical path" in shown
    assert "\nprod  0.4 s, 1/4 cached\n" in shown


def test_mermaid_has_a_shape_and_an_arrow_for_every_kind() -> None:
    shown = mermaid(picture(toml=GATED))
    assert shown.startswith("flowchart LR\n")
    assert '  i0[("python:3.12-slim")]\n' in shown
    assert '  s3["prod"]\n' in shown
    assert '  e1(["prod"])\n' in shown
    assert "  s1 -. copy .-> s3\n" in shown
    assert "  s1 -. mount .-> s2\n" in shown
    assert "  e0 -. gate .-o e1\n" in shown


def test_mermaid_text_can_not_break_out_of_its_quotes() -> None:
    drawn = picture("FROM scratch AS x\n")
    (node, _) = drawn.nodes
    from stagebuild.values import replaced  # noqa: PLC0415 - one test

    odd = replaced(drawn, nodes=(replaced(node, label='a"<b>#1'),), links=())
    assert '["a#quot;#lt;b#gt;#35;1"]' in mermaid(odd)


def test_dot_declares_every_node_that_it_links() -> None:
    shown = dot(picture(toml=GATED))
    declared = set(re.findall(r"^  (\w+) \[shape=", shown, re.MULTILINE))
    linked = {
        each for pair in re.findall(r"^  (\w+) -> (\w+)", shown, re.MULTILINE) for each in pair
    }
    assert linked <= declared
    assert shown.count("{") == shown.count("}") == 1


def test_dot_text_is_escaped() -> None:
    assert dot(picture("FROM scratch AS x\n", figures={"x": figures()})).count("\\n12.1 s") == 1


def document(*stages: dict[str, object], critical: str = "") -> dict[str, object]:
    timeline = {"stages": list(stages), "critical_path": [{"stage": critical}]}
    return {"results": {"prod": {"timeline": timeline}}, "errors": []}


def test_figures_come_from_the_json_document_of_a_run() -> None:
    assert figures_of(document(STAGE, critical="prod")) == {
        "prod": StageFigures(busy_s=2.0, steps=3, cached_steps=1, is_critical=True, failed=False)
    }


def test_a_stage_of_several_builds_has_the_figures_of_the_longest() -> None:
    both = document({**STAGE, "busy_s": 0.0}, STAGE, {**STAGE, "busy_s": 1.0})
    assert figures_of(both)["prod"].busy_s == 2.0


def test_a_failed_build_has_figures_too() -> None:
    timeline = {"stages": [{**STAGE, "error": "exit code: 1"}], "critical_path": []}
    told = figures_of({"results": {}, "errors": [{"timeline": timeline}, {"timeline": None}]})
    assert told["prod"].text == "failed, 2.0 s, 1/3 cached"


@pytest.mark.parametrize("other", [{}, {"results": []}, {"results": {"a": {}}, "errors": []}, []])
def test_another_document_is_refused(other: object) -> None:
    with pytest.raises(ValueError, match="no document that stagebuild --json prints"):
        figures_of(other)  # type: ignore[arg-type]  # what a file may hold
