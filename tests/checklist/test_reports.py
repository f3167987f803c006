"""What the reports show, and what they never show."""

import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console
from town import Town

from tallystick.checklist.questions import all_questions
from tallystick.checklist.report import Report, make_rows, report_document
from tallystick.checklist.report_html import render_html
from tallystick.checklist.report_markdown import render_markdown
from tallystick.checklist.report_text import render_text
from tallystick.checklist.runner import run_checks, save_report
from tallystick.checklist.sample import Sample
from tallystick.checklist.wire import WireTransport
from tallystick.core.checks import Evidence, Finding
from tallystick.wiring import open_house

EVIL = '<script>alert(1)</script> & "Öl" | *x* `y`'


def finding(question, verdict="fail", **settings):
    facts = {"example": Sample("Erika Mustermann"), "said": EVIL}
    again = f"tally check --only {question}"
    usual = {
        "subject": "crm/companies", "summary": EVIL, "reasons": (EVIL,), "fix": "do this", "owner": "",
        "evidence": Evidence(facts, "the listing once", 3, 1_800_000_000.0), "reproduce": again,
    }  # fmt: skip
    return Finding(question=question, verdict=verdict, **(usual | settings))


def report(*findings, reveal=False):
    return Report("Größe & Co", "demo", 1_800_000_000.0, make_rows(all_questions(), findings), 17, reveal=reveal)


SAMPLE = report(finding("C7.8"), finding("C1.1", "pass", summary="REST answers"), finding("C7.9", "warn"))


def text_of(one):
    console = Console(width=150, color_system=None, file=None)
    with console.capture() as shown:
        console.print(render_text(one))
    return shown.get()


def test_every_question_is_in_every_report():
    document = report_document(SAMPLE)
    html, markdown, text = render_html(SAMPLE), render_markdown(SAMPLE), text_of(SAMPLE)
    assert [q["id"] for q in document["questions"]] == [q.id for q in all_questions()]
    for question in all_questions():
        assert f'id="{question.id}"' in html
        assert f"### {question.id} " in markdown
        assert re.search(rf"^{re.escape(question.id)} ", text, re.MULTILINE)


def test_what_nobody_measures_is_said_to_be_asked_of_people():
    statuses = {q["id"]: q["status"] for q in report_document(SAMPLE)["questions"]}
    assert statuses["C6"] == "not_automated"
    assert statuses["C7.8"] == "fail"
    assert "ask people" in text_of(SAMPLE)


def test_a_question_answered_within_another_has_its_status():
    statuses = {q["id"]: q["status"] for q in report_document(SAMPLE)["questions"]}
    assert statuses["B8"] == statuses["C7.9"] == "warn"


def test_only_failed_gates_stop_a_go_live():
    assert [row.question.id for row in SAMPLE.failed_gates] == ["C7.8"]
    assert not report(finding("C7.8", "warn")).failed_gates


@pytest.mark.parametrize("render", [render_html, render_markdown, text_of])
def test_a_red_answer_names_owner_cure_and_command(render):
    shown = render(SAMPLE)
    for words in ("nobody is named as owner", "do this", "tally check --only C7.8"):
        assert words in shown


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_neither_scripts_nor_the_network():
    page = render_html(SAMPLE)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not {"script", "img", "link", "iframe"} & set(tags.tags)
    assert not [value for name, value in tags.attributes if name in {"src", "onclick"} or "http" in (value or "")]
    assert "url(" not in page
    assert "&lt;script&gt;" in page


def test_every_filter_of_the_page_has_its_label():
    tags = Tags()
    tags.feed(render_html(SAMPLE))
    ids = {value for name, value in tags.attributes if name == "id" and value.startswith("show-")}
    labelled = {value for name, value in tags.attributes if name == "for"}
    assert ids == labelled
    assert {"show-all", "show-fail", "show-warn", "show-pass", "show-not_automated"} <= ids


def test_markdown_keeps_foreign_text_on_its_line():
    lines = render_markdown(report(finding("C7.8", summary="a\n# b\n- c"))).splitlines()
    assert not [line for line in lines if line.startswith(("# b", "- c"))]
    assert "<script>" not in "".join(lines).replace("\\<script\\>", "")


@pytest.mark.parametrize("reveal", [False, True])
def test_values_of_records_are_shown_only_if_asked_for(reveal):
    one = report(finding("C7.8"), reveal=reveal)
    document = json.dumps(report_document(one), ensure_ascii=False)
    for shown in (document, render_html(one)):
        assert ("Erika" in shown) == reveal
        assert ("E***a M********n" in shown) != reveal


def test_answers_are_kept_and_the_newest_counts(databases):
    databases.pair([("Anker", "anker@x.example")], [("Anker", "anker@x.example")])
    with open_house(databases.folder) as house:
        town = Town(house)
        for ids in (("C7.6", "C9"), ("C7.6",)):
            last = town.ask(*ids)
            save_report(last, house.store)
        kept = {row["question"]: row for row in house.store.look(lambda tx: tx.findings())}
    assert kept.keys() == {"C7.6", "C9"}
    assert kept["C7.6"]["at"] == last.at
    assert kept["C7.6"]["findings"][0]["facts"]["rules"]


def test_values_are_never_kept_whatever_is_shown(databases):
    rounded = {"path": "note", "codec": [{"codec": "number"}, {"codec": "round", "scale": 1}]}
    columns = {"name": {"type": "text"}, "email": {"type": "text"}, "note": {"type": "text"}}
    for name, table in (("crm", "companies"), ("erp", "partners")):
        databases.system(name, table, columns, [("Anker", "anker@x.example", "98765.4321")])
    note = {"left": {"path": "note", "codec": {"codec": "number", "scale": 4}}, "right": rounded}
    databases.mapping(
        {"name": {"left": "name", "right": "name"}, "email": {"left": "email", "right": "email"}, "note": note}
    )
    with open_house(databases.folder) as house:
        scene, wire = Town(house).scene(), WireTransport()
        shown = run_checks(scene, house.boundary(), wire, all_questions(), reveal=True)
        save_report(shown, house.store)
        kept = json.dumps(house.store.look(lambda tx: tx.findings()))
    assert "98765.4321" in json.dumps(report_document(shown))
    assert "98765" not in kept
