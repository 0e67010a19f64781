"""The graph as SVG, and the places of its nodes."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from stagebuild.report.stagegraph.layering import layout
from stagebuild.report.stagegraph.svg import svg
from tests.report.stagegraph.pictures import GATED, figures, picture

if TYPE_CHECKING:
    from stagebuild.report.stagegraph.picture import Picture

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    """Return a graph, circles and doubled lines included."""
    nodes = [f"n{number}" for number in range(draw(st.integers(0, 12)))]
    if not nodes:
        return [], []
    ends = st.sampled_from(nodes)
    return nodes, draw(st.lists(st.tuples(ends, ends), max_size=30))


@given(graphs())
def test_every_node_has_one_place(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    nodes, lines = graph
    placed = [name for layer in layout(nodes, lines).layers for name in layer if ">" not in name]
    assert sorted(placed) == sorted(nodes)


@given(graphs())
def test_every_line_goes_from_left_to_right_one_layer_at_a_time(
    graph: tuple[list[str], list[tuple[str, str]]],
) -> None:
    found = layout(*graph)
    for route in found.routes.values():
        depths = [[at for at, layer in enumerate(found.layers) if name in layer] for name in route]
        start = depths[0][0]
        assert all(start + step in at for step, at in enumerate(depths))


@given(graphs())
def test_only_lines_that_would_close_a_circle_are_left_out(
    graph: tuple[list[str], list[tuple[str, str]]],
) -> None:
    nodes, lines = graph
    ahead = [(a, b) for a, b in lines if nodes.index(a) < nodes.index(b)]
    assert set(layout(nodes, ahead).routes) == set(ahead)


def boxes(drawn: Picture) -> list[tuple[float, float, float, float]]:
    root = ET.fromstring(svg(drawn))
    return [
        (float(x["x"]), float(x["y"]), float(x["width"]), float(x["height"]))
        for x in (rect.attrib for rect in root.iter(f"{SVG}rect"))
    ]


def test_the_drawing_is_xml_with_a_box_for_every_node_and_a_path_for_every_link() -> None:
    drawn = picture(toml=GATED)
    root = ET.fromstring(svg(drawn))
    assert len(boxes(drawn)) == len(drawn.nodes)
    paths = [path for path in root.iter(f"{SVG}path") if "marker-end" in path.attrib]
    assert len(paths) == len(drawn.links)


def test_no_box_lies_on_another_and_all_are_inside() -> None:
    drawn = picture(toml=GATED, figures={"base": figures()})
    _, _, wide, high = map(float, ET.fromstring(svg(drawn)).attrib["viewBox"].split())
    for (ax, ay, aw, ah), (bx, by, bw, bh) in itertools.combinations(boxes(drawn), 2):
        assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
    for x, y, width, height in boxes(drawn):
        assert x >= 0 <= y
        assert x + width <= wide
        assert y + height <= high


def test_it_is_readable_without_seeing_it() -> None:
    root = ET.fromstring(svg(picture()))
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == "Stages of Dockerfile"
    assert "prod copy assets" in (root.findtext(f"{SVG}desc") or "")


def test_it_asks_no_network_and_runs_no_script() -> None:
    drawn = svg(picture()).replace("http://www.w3.org/2000/svg", "")
    assert "http" not in drawn
    assert "<script" not in drawn


def test_names_can_not_break_out_of_the_drawing() -> None:
    drawn = svg(picture('FROM scratch AS x\nFROM x AS prod\nARG A="<&>"\n'))
    ET.fromstring(drawn)


def test_the_times_of_a_build_are_in_the_box_and_the_critical_path_stands_out() -> None:
    drawn = svg(picture(figures={"prod": figures(is_critical=True), "base": figures(failed=True)}))
    assert ">12.1 s, 1/4 cached</text>" in drawn
    assert 'class="box critical"' in drawn
    assert 'class="box failed"' in drawn
