"""Every relative link in the documentation leads somewhere, down to the heading."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/*/*.md")
    for page in ROOT.glob(pattern)
    if "node_modules" not in page.parts
)
CODE = re.compile(r"^(```+|~~~+).*?^\1[`~]*\s*?$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ANCHOR = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")
ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|//")


def links_of(text: str) -> list[str]:
    """Return the relative link targets of a page; those in code are examples, and left out."""
    found = (inline or reference for inline, reference in LINK.findall(CODE.sub("", text)))
    return [target for target in found if not ABSOLUTE.match(target)]


def anchors_of(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page, and those written out."""
    fences = re.compile(r"^(```+|~~~+).*?^\1[`~]*\s*?$", re.MULTILINE | re.DOTALL)
    anchors: set[str] = set()
    for heading in HEADING.findall(fences.sub("", text)):
        shown = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        count = sum(1 for other in anchors if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other))
        anchors.add(f"{slug}-{count}" if count else slug)
    return anchors | set(ANCHOR.findall(text))


def problem_with(page: Path, target: str) -> str | None:
    """Return what is wrong with a link, or None."""
    path, _, anchor = unquote(target).partition("#")
    led_to = page if not path else (page.parent / path).resolve()
    if not led_to.exists():
        return f"{target}: no such file"
    if not led_to.is_relative_to(ROOT):
        return f"{target}: leads out of the repository"
    if anchor and anchor not in anchors_of(led_to.read_text(encoding="utf-8")):
        return f"{target}: no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = links_of(page.read_text(encoding="utf-8"))
    assert [problem for link in links if (problem := problem_with(page, link))] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in links_of(page.read_text(encoding="utf-8")):
            led_to = (page.parent / link.partition("#")[0]).resolve()
            if led_to.suffix == ".md" and led_to.is_file():
                waiting.append(led_to)
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert pages - reached == set()


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("nothing.md", "no such file"),
        ("../../../outside.md", "no such file"),
        ("README.md#no-such-heading", "no such heading"),
        ("/etc/hostname", "leads out of the repository"),
    ],
)
def test_a_broken_link_is_found(target: str, problem: str) -> None:
    assert (problem_with(ROOT / "README.md", target) or "").endswith(problem)


def test_links_in_code_are_examples() -> None:
    text = "a [link](a.md), `[code](b.md)`\n```md\n[fenced](c.md)\n```\n[web](https://d.example)\n"
    assert links_of(text) == ["a.md"]
