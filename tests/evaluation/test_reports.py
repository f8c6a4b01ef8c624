"""The table and the HTML report."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from mom.evaluation.figures import figures
from mom.evaluation.html_report import write_html
from mom.evaluation.table import write_table
from tests.evaluation.outcomes import outcome

OUTCOMES = {
    "regex": [outcome("text", 0.1, kind="chat"), outcome("image", 0.4, kind="<b>"), outcome("image", 0.9, kind="bare")],
    "small-llm": [outcome("text", 0.9, kind="chat", took_ms=20.0), outcome("image", 0.9), outcome("image", 0.9)],
}


def test_the_table_has_one_column_a_classifier():
    lines = write_table({name: figures(each) for name, each in OUTCOMES.items()}).splitlines()
    cells = {line[:20].strip(): line[20:].split() for line in lines}
    assert cells[""] == ["regex", "small-llm"]
    assert cells["accuracy"] == ["66.7", "66.7"]
    assert cells["false_image_rate"] == ["0.0", "100.0"]
    assert cells["kind bare (1)"] == ["100.0"]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "action", "data"}]


@pytest.fixture
def report():
    return write_html(OUTCOMES, ["open <test>.jsonl"])


def test_the_report_opens_offline(report):
    reader = Reader()
    reader.feed(report)
    assert "script" not in reader.tags
    assert reader.addresses == []
    assert not re.search(r"url\(|@import|https?:", report)
    assert reader.tags.count("svg") == 4 * len(OUTCOMES)


def test_what_the_data_names_is_escaped(report):
    assert "open &lt;test&gt;.jsonl" in report
    assert "<td>&lt;b&gt;</td>" in report


def test_each_plot_is_well_formed_and_stays_in_its_frame(report):
    for drawing in re.findall(r"<svg.*?</svg>", report):
        tree = ET.fromstring(drawing)
        _, _, width, height = map(float, tree.attrib["viewBox"].split())
        for line in tree.iter("polyline"):
            points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
            assert points
            assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


def test_the_messages_that_were_routed_wrongly_are_listed_the_surest_first():
    text = "Why is the sky <blue>?"
    wrong = [outcome("image", 0.4, words="a fox"), outcome("text", 0.97, words=text), outcome("text", 0.1, words="hi")]
    report = write_html({"bert": wrong}, ["x"])
    assert "Wrong: 2" in report
    assert report.index("<td>Why is the sky &lt;blue&gt;?</td><td>text</td><td>image 0.97</td>") < report.index("a fox")
    assert "hi</td>" not in report
    assert "Wrong" not in write_html({"bert": wrong[2:]}, ["x"])


def test_of_very_many_wrong_ones_it_is_said_that_only_some_are_listed():
    report = write_html({"bert": [outcome("text", 0.9, words="so it is")] * 150}, ["x"])
    assert "Wrong: the 100 surest of 150" in report
    assert report.count("so it is") == 100


@pytest.mark.parametrize("took_ms", [0.521, 11.4, 1_500.0, 60_000.0])
def test_the_figures_of_the_latency_axis_are_plain_and_within_the_plot(took_ms):
    report = write_html({"small": [outcome("text", 0.0, took_ms=took_ms)]}, ["x"])
    last = re.findall(r'<text class="tick" x="([\d.]+)" y="[\d.]+">([^<]+)<', report)[-1]
    assert last[1] == f"{took_ms:g}"
    assert float(last[0]) + 3.2 * len(last[1]) <= 360  # half of the words, at 6.4 px a sign of 11 px


def test_a_set_of_one_need_alone_can_be_reported():
    assert "small" in write_html({"small": [outcome("text", 0.0, took_ms=0.0)]}, ["x"])
    assert write_table({"small": figures([outcome("text", 0.0)])}).count("-") >= 1
