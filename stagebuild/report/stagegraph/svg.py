"""
The graph as SVG: one file, no script, no font and no address in it, light and dark.

Widths of text are estimated, since nothing here can measure them: a monospace font has the same
width for every character, and fallbacks of it nearly so.
"""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.report.cells import width
from stagebuild.report.stagegraph.layering import Layout, layout
from stagebuild.report.stagegraph.picture import LinkKind, Node, NodeKind, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CHARACTER = 7.3
_LINE = 17
_PADDING = 12
_GAP_X = 64
_GAP_Y = 22
_MARGIN = 16
_STYLE = """\
svg{--ink:#1f2328;--quiet:#59636e;--line:#818b98;--box:#f6f8fa;--goal:#ddf4ff;--hot:#bc4c00;--bad:#d1242f}
@media(prefers-color-scheme:dark){svg{--ink:#f0f6fc;--quiet:#9198a1;--line:#656c76;--box:#151b23;\
--goal:#0c2d6b;--hot:#f0883e;--bad:#f85149}}
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--ink)}
text.note{fill:var(--quiet);font-size:11px}text.strong{font-weight:700}
rect.box{fill:var(--box);stroke:var(--line)}
rect.image{fill:none;stroke:var(--line);stroke-dasharray:2 3}
rect.environment{fill:var(--goal);stroke:var(--ink)}rect.unreached{stroke-dasharray:5 4;opacity:.7}
rect.critical{stroke:var(--hot);stroke-width:2.5}rect.failed{stroke:var(--bad);stroke-width:2.5}
path{fill:none;stroke:var(--line);stroke-width:1.3}path.copy{stroke-dasharray:6 4}
path.mount,path.gate{stroke-dasharray:2 3}path.target{stroke:var(--ink);stroke-width:1.8}
marker path{fill:var(--line);stroke:none}"""

_ARROW = (
    '<defs><marker id="{id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
    ' orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
)


class _Box(NamedTuple):
    """A node's place: its upper left corner, its size, and the lines in it."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def svg(picture: Picture, *, prefix: str = "") -> str:
    """
    Return the drawing, with a final line end.

    Args:
        picture: What to draw.
        prefix: Of the ids in it, which are unique where several drawings are in one page.
    """
    nodes = {node.id: node for node in picture.nodes}
    placed = layout(
        list(nodes),
        [(link.source, link.target) for link in picture.links if link.kind is not LinkKind.GATE],
    )
    boxes = _boxes(placed, nodes)
    right = max((box.x + box.width for box in boxes.values()), default=0) + _MARGIN
    bottom = max((box.y + box.height for box in boxes.values()), default=0) + _MARGIN
    size = f'viewBox="0 0 {right:.0f} {bottom:.0f}" width="{right:.0f}" height="{bottom:.0f}"'
    named = f'role="img" aria-labelledby="{prefix}t {prefix}d"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {named}>',
        f'<title id="{prefix}t">Stages of {_text(picture.title)}</title>',
        f'<desc id="{prefix}d">{_text(_described(picture))}</desc>',
        f"<style>{_STYLE}</style>",
        _ARROW.format(id=f"{prefix}a"),
        *_lines(picture, placed, boxes, marker=f"{prefix}a"),
        *(_drawn(nodes[name], boxes[name]) for name in boxes if name in nodes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _boxes(placed: Layout, nodes: Mapping[str, Node]) -> dict[str, _Box]:
    """Return a place for every node, and for every point that a line passes through."""
    columns = [[(name, _shape(nodes.get(name))) for name in layer] for layer in placed.layers]
    heights = [sum(height + _GAP_Y for _, (_, height, _) in column) - _GAP_Y for column in columns]
    tallest = max(heights, default=0)
    boxes: dict[str, _Box] = {}
    points: dict[str, int] = {}
    x = float(_MARGIN)
    for column, total in zip(columns, heights, strict=True):
        wide = max((size for _, (size, _, _) in column), default=0)
        y = _MARGIN + (tallest - total) / 2
        for name, (own, height, lines) in column:
            key = name
            if name not in nodes:
                points[name] = points.get(name, 0) + 1
                key = f"{name}#{points[name]}"
            boxes[key] = _Box(x=x, y=y, width=own or wide, height=height, lines=lines)
            y += height + _GAP_Y
        x += wide + _GAP_X
    return boxes


def _shape(node: Node | None) -> tuple[float, float, tuple[str, ...]]:
    """Return width, height and lines of a node's box; a point has no width and no lines."""
    if node is None:
        return 0.0, 4.0, ()
    lines = (node.label,) if node.figures is None else (node.label, node.figures.text)
    wide = max(map(width, lines)) * _CHARACTER + 2 * _PADDING
    return wide, len(lines) * _LINE + _PADDING, lines


def _lines(
    picture: Picture, placed: Layout, boxes: Mapping[str, _Box], *, marker: str
) -> Iterator[str]:
    for link in picture.links:
        route = placed.routes.get((link.source, link.target))
        if route is None:
            route = (link.source, link.target)
        keys = [name if name in boxes else f"{name}#{at}" for at, name in enumerate(route)]
        points = [boxes[key] for key in keys]
        path = [f"M{points[0].x + points[0].width:.1f} {points[0].middle:.1f}"]
        for left, right in pairwise(points):
            start = left.x + left.width
            bend = (right.x - start) / 2
            path.append(
                f"C{start + bend:.1f} {left.middle:.1f} {right.x - bend:.1f} {right.middle:.1f}"
                f" {right.x:.1f} {right.middle:.1f}"
            )
            if not right.lines:
                path.append(f"H{right.x + right.width:.1f}")
        told = f"{picture.node(link.source).label} → {picture.node(link.target).label}: {link.kind}"
        yield (
            f'<path class="{link.kind}" d="{"".join(path)}" marker-end="url(#{marker})">'
            f"<title>{_text(told)}</title></path>"
        )


def _drawn(node: Node, box: _Box) -> str:
    classes = {NodeKind.STAGE: "box", NodeKind.ENVIRONMENT: "environment"}.get(node.kind, "image")
    if not node.is_reached:
        classes += " unreached"
    if node.figures is not None and (node.figures.failed or node.figures.is_critical):
        classes += " failed" if node.figures.failed else " critical"
    radius = box.height / 2 if node.kind is NodeKind.ENVIRONMENT else 4
    shape = (
        f'<rect class="{classes}" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}"'
        f' height="{box.height:.1f}" rx="{radius:.1f}"/>'
    )
    texts = []
    for at, line in enumerate(box.lines):
        style = "note" if at else "strong" if node.kind is NodeKind.ENVIRONMENT else "name"
        y = box.y + _PADDING / 2 + _LINE * at + _LINE * 0.75
        texts.append(
            f'<text class="{style}" x="{box.x + _PADDING:.1f}" y="{y:.1f}">{_text(line)}</text>'
        )
    return f"<g>{shape}{''.join(texts)}</g>"


def _described(picture: Picture) -> str:
    """Return the graph in words, for those who can't see it."""
    labels = {node.id: node.label for node in picture.nodes}
    told = [f"{labels[each.target]} {each.kind} {labels[each.source]}" for each in picture.links]
    return "; ".join(told) or "no edges"


def _text(text: str) -> str:
    """Return text that may stand in XML: some control characters may not, even escaped."""
    return escape("".join(each for each in text if each.isprintable() or each == " "))
