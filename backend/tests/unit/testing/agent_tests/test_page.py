"""The page needs nothing beside itself, and shows what it is given as text."""

import re
from html.parser import HTMLParser

import pytest

from app.testing.agent_tests.html.page import page
from app.testing.agent_tests.html.plots import bars, line
from tests.unit.testing.agent_tests.reports import HOSTILE, whole_report
from tests.unit.testing.agent_tests.test_report import check, outcome, reported


def whole():
    return page(whole_report())


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.names, self.links, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        self.names.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href", "srcset")]
        if tag in ("table", "figure", "svg", "div", "details", "tr", "td"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("table", "figure", "svg", "div", "details", "tr", "td"):
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def tags():
    reader = Tags()
    reader.feed(whole())
    return reader


def test_no_script_runs_and_nothing_is_fetched(tags):
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(tags.names)
    assert tags.links == []
    assert re.findall(r"url\(|@import|https?://(?!www\.w3\.org/)", whole().replace("https://example.com/x", "")) == []


def test_every_element_is_closed(tags):
    assert tags.open == []


def test_what_others_wrote_is_shown_as_text():
    assert "<script>" not in whole()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in whole()


def test_figures_are_those_of_the_report():
    shown = whole()
    assert "50.0%" in shown
    assert "1 of 2" in shown
    assert ">20,780<" in shown
    assert "knee at 1 at once" in shown


def test_a_report_without_measures_is_a_page_too():
    shown = page(reported(outcome(check())))
    assert "Every expectation held." in shown
    assert "How many at once" not in shown


def test_plots_say_what_they_show_and_escape_it():
    drawn = bars(f"rates {HOSTILE}", {HOSTILE: 0.5}, shares=True)
    assert "<script>" not in drawn
    assert 'role="img"' in drawn
    assert ">50%<" in drawn


def test_the_axis_of_a_line_names_its_points():
    drawn = line("decisions", [(1, 10.0), (2, 20.0), (64, 25.0)], "at once", "a second")
    assert sorted(re.findall(r">(1|2|64)</text>", drawn)) == ["1", "2", "64"]


def test_a_line_may_lie_at_nothing():
    assert "<svg" in line("errors", [(1, 0.0)], "at once", "errors")
