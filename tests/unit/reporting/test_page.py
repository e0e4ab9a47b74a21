"""The page is one whole, valid file that shows texts as they are and asks the network for nothing."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from foundry_engine.reporting.page import Page, shown

VOID = {"meta", "br", "rect", "line", "polyline"}


class Checked(HTMLParser):
    """Holds every tag to be closed in order, and keeps texts, attributes and tags."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), "no attribute twice"
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes what it opened"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


NASTY = [
    "<script>alert(1)</script>",
    "</table><img src=x onerror=alert(1)>",
    "a & b &amp; c",
    "\"quoted\" 'single'",
    "今天天气怎么样？",
    "<!-- -->",
    "</style></title>",
    "𠀀👍\u2028",
]


def page_of(text: str) -> Page:
    page = Page(text)
    page.heading(text)
    page.verdict(text, True)
    page.verdict(text, False)
    page.paragraph(text)
    page.paragraph(text, note=True)
    page.table([text, text], [[text, 1], [None, text]])
    page.picture("<svg></svg>", text)
    return page


@pytest.mark.parametrize("text", NASTY)
def test_every_text_is_shown_as_it_is(text: str) -> None:
    checked = Checked(page_of(text).html())
    assert checked.texts.count(text) == 12
    assert "script" not in checked.tags and "img" not in checked.tags


def test_the_page_needs_nothing_from_outside() -> None:
    html = page_of("文字").html()
    checked = Checked(html)
    assert html.startswith("<!doctype html>") and html.isascii() is False
    assert "http://" not in html and "https://" not in html and "//" not in html
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(checked.tags)
    assert not {"src", "href", "srcset", "action", "onload"} & {name for name, _ in checked.attributes}
    assert ("charset", "utf-8") in checked.attributes
    assert any(value.startswith("default-src 'none'") for _, value in checked.attributes)
    assert "url(" not in html and "@import" not in html


def test_a_page_with_nothing_on_it_is_a_page() -> None:
    assert {"html", "head", "body", "title", "h1"} <= set(Checked(Page("").html()).tags)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"), (True, "yes"), (False, "no"), (0.5, "50.0%"), (1.0, "100.0%"), (0.0, "0.0%"), (1.25, "1.25"),
        (-0.5, "-0.5"), (12345.678, "1.23e+04"), (1234567, "1,234,567"), (0, "0"), ("0.5", "0.5"), ("", ""),
        ("中文", "中文"),
    ],
)  # fmt: skip
def test_values_as_people_read_them(value: object, expected: str) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(("value", "right"), [(3, True), (0.5, True), (True, False), (None, False), ("3", False)])
def test_numbers_stand_right(value: object, right: bool) -> None:
    page = Page("t")
    page.table(["h"], [[value]])
    assert (("class", "n") in Checked(page.html()).attributes) is right
