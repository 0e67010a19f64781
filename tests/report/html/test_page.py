"""The page of a run: one file, whole, and safe whatever is in it."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import html5lib
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebuild.report.cells import clean
from stagebuild.report.html.markup import element
from stagebuild.report.html.page import html
from stagebuild.report.runs.values import EarlierBuild, GraphDrawing, Verdict
from stagebuild.sizes import ImageSizes, LayerSize
from stagebuild.testing import hit, ran
from stagebuild.values import replaced
from tests.report.runs.samples import (
    START_S,
    failed,
    large_events,
    prints,
    run,
    succeeded,
)

if TYPE_CHECKING:
    from stagebuild.report.runs.values import RunReport

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


def everything() -> RunReport:
    """Return a run in which every part of the page has something to show."""
    told = run(succeeded(large_events(4, 5), requires=("test",)), failed(), gates=("test",))
    prod, test = told.builds
    layers = (
        LayerSize(digest=None, size_bytes=50_000_000, created_by="base"),
        LayerSize(digest=None, size_bytes=9_000_000, created_by="RUN make", stage="part-3"),
    )
    prod = replaced(
        prod,
        sizes=ImageSizes(total_bytes=59_000_000, layers=layers, compressed=True),
        verdicts={
            ("part-1", "", 2): Verdict(reasons=("src/cart.py",)),
            ("part-1", "", 3): Verdict(follows="part-1 2"),
            ("part-2", "", 2): Verdict(surprise="its result was thrown away"),
        },
        earlier=(
            EarlierBuild(
                started_s=START_S - 3600, outcome="built", wall_s=30.0, cached=0.5,
                size_bytes=58_000_000, digest="sha256:" + "0" * 64, commit="abc1234",
                busy_s={"part-1": 2.0},
            ),
        ),
        worse=("part-1 took 4 s; its last 9 runs took 2 s ± 1 s",),
    )  # fmt: skip
    graph = GraphDrawing(title="Dockerfile", svg="<svg><title>g</title></svg>", mermaid="")
    return replaced(told, builds=(prod, test), graphs=(graph,))


class Elements(HTMLParser):
    """Every element of a page, with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_a_page_is_html_without_an_error() -> None:
    html5lib.HTMLParser(strict=True).parse(html(everything()))


def test_a_page_of_400_steps_with_long_logs_is_below_2_mb_and_made_in_a_second() -> None:
    told = run(succeeded(large_events(40, 10, lines=2000)))
    began_s = time.perf_counter()
    page = html(told)
    assert time.perf_counter() - began_s < 1.0
    assert len(page.encode()) < 2_000_000
    assert page.count('<pre tabindex="0"') == 240


def test_a_page_asks_nobody_for_anything() -> None:
    page = html(everything())
    elements = Elements(page)
    loaded = [each for _, each in elements.found if "src" in each or "srcset" in each]
    assert loaded == []
    assert [each["href"][:5] for each in elements.named("link")] == ["data:"]  # type: ignore[index]  # it has one
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|import\(", page)


def test_the_policy_allows_the_pages_own_script_alone() -> None:
    page = html(everything())
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = Elements(page).named("meta")[1]["content"]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_every_id_is_there_once_and_every_link_within_the_page_leads_somewhere() -> None:
    elements = Elements(html(everything())).found
    ids = [each["id"] for _, each in elements if "id" in each]
    assert len(ids) == len(set(ids))
    inner = [
        str(each["href"])[1:]
        for tag, each in elements
        if tag == "a" and str(each["href"])[0] == "#"
    ]
    assert inner
    assert set(inner) <= set(ids)


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name() -> None:
    elements = Elements(html(everything()))
    scrolling = elements.named("pre") + [
        each for each in elements.named("div") if each.get("class") == "scrolled"
    ]
    assert len(scrolling) > 5
    assert all(each["tabindex"] == "0" and each["aria-label"] for each in scrolling)


def test_every_table_has_a_caption_and_names_its_rows_and_columns() -> None:
    page = html(everything())
    tables = re.findall(r"<table>.*?</table>", page, re.DOTALL)
    assert len(tables) >= 5
    for table in tables:
        assert "<caption" in table
        assert 'scope="col"' in table
        assert 'scope="row"' in table


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=60), st.text(max_size=200))
def test_no_text_becomes_markup(name: str, log: str) -> None:
    vertex = f"[app 1/1] RUN {name}"
    told = run(succeeded([ran(vertex, 0.0, 1.0), prints(vertex, log)], name="prod"))
    build = replaced(told.builds[0], name=name)
    page = html(replaced(told, builds=(build,)))
    assert len(Elements(page).named("script")) == 1
    shown = html5lib.parse(page, namespaceHTMLElements=False)
    heading = shown.find(".//h1")
    assert heading is not None
    wanted = "".join(clean(name).split())  # a line feed is a space in one, nothing in the other
    assert wanted in "".join("".join(heading.itertext()).split())


def test_hostile_commands_names_and_logs_stay_texts() -> None:
    vertex = f"[app 1/1] RUN {HOSTILE}"
    told = run(succeeded([ran(vertex, 0.0, 1.0), prints(vertex, f"{HOSTILE}\n")], name=HOSTILE))
    page = html(told)
    elements = Elements(page)
    assert len(elements.named("script")) == 1
    assert elements.named("img") == []
    assert not any("onerror" in each for _, each in elements.found)


def test_a_link_of_a_warning_is_one_only_if_it_leads_to_the_web() -> None:
    told = run(succeeded([hit("[app 1/1] RUN true")]))
    warning = replaced(told.builds[0].warnings[0], url="javascript:alert(1)")
    build = replaced(told.builds[0], warnings=(warning,))
    assert "javascript:" not in html(replaced(told, builds=(build,)))


def test_an_element_escapes_its_attributes() -> None:
    assert element("p", "<", title='"<') == '<p title="&quot;&lt;">&lt;</p>'


def test_escape_sequences_of_a_log_are_not_shown() -> None:
    vertex = "[app 1/1] RUN make"
    told = run(succeeded([ran(vertex, 0.0, 1.0), prints(vertex, "\x1b[31mred\x1b[0m\x00\n")]))
    assert ">red</pre>" in html(told)


def test_a_step_tells_why_it_ran() -> None:
    page = html(everything())
    assert "because: src/cart.py" in page
    assert "because: follows from part-1 2" in page
    assert "unexpected: its result was thrown away" in page


def test_a_failure_shows_its_place_and_the_last_lines() -> None:
    page = html(run(failed()))
    assert "(stage test Dockerfile:9)" in page
    assert "1 failed, 41 passed" in page
    assert "What to do: run the tests locally" in page
