"""Elements of HTML, of texts that stay texts whatever is in them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from stagebuild.report.cells import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID = frozenset({"br", "input", "meta"})


class Html(str):
    """Markup: nothing in it needs escaping any more."""

    __slots__ = ()


NOTHING = Html("")


def text(value: object) -> Html:
    """Return a text as markup: line ends stay, what no reader can show goes."""
    lines = str(value).split("\n")
    return Html(escape("\n".join(map(clean, lines))))


def element(name: str, /, *children: str | None, **attributes: str | bool | None) -> Html:
    """
    Return an element.

    Args:
        name: As ``p``.
        children: Markup, or texts, which are escaped; None is nothing.
        attributes: By name, of which ``_`` is written ``-`` and a final one is dropped; True is an
            attribute without a value, None and False none.
    """
    head = f"<{name}{''.join(_attribute(*pair) for pair in attributes.items())}>"
    if name in _VOID:
        return Html(head)
    return Html(f"{head}{join(children)}</{name}>")


def join(parts: Iterable[str | None]) -> Html:
    """Return parts one after another, texts among them escaped."""
    return Html(
        "".join(
            part if isinstance(part, Html) else text(part) for part in parts if part is not None
        )
    )


def _attribute(name: str, value: str | bool | None) -> str:
    shown = name.rstrip("_").replace("_", "-")
    match value:
        case None | False:
            return ""
        case True:
            return f" {shown}"
        case _:
            return f' {shown}="{text(value)}"'


def table(head: Iterable[str], rows: Iterable[Iterable[str | None]], *, caption: str) -> Html:
    """
    Return a table whose first column names its rows, in a box that scrolls when it is too wide.

    Args:
        head: Names of the columns; those that begin with ``>`` hold figures, those without a name
            drawings.
        rows: Cells, markup or text.
        caption: What it shows, for those who come to it by keyboard or ear.
    """
    names = list(head)
    classes = ["figure" if name.startswith(">") else None for name in names]
    top = [
        element("th", name.lstrip(">"), scope="col", class_=kind) if name else element("td")
        for name, kind in zip(names, classes, strict=True)
    ]
    lines = []
    for row in rows:
        first, *others = row
        cells = [element("th", first, scope="row", class_=classes[0])]
        cells += [
            element("td", cell, class_=kind) for cell, kind in zip(others, classes[1:], strict=True)
        ]
        lines.append(element("tr", *cells))
    return scrolled(
        element(
            "table",
            element("caption", caption, class_="unseen"),
            element("thead", element("tr", *top)),
            element("tbody", *lines),
        ),
        label=caption,
    )


def scrolled(content: Html, *, label: str) -> Html:
    """Return a box that scrolls sideways, also by keyboard."""
    return element("div", content, class_="scrolled", tabindex="0", role="group", aria_label=label)
