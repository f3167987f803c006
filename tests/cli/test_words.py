"""Words, tables, progress and secrets: no code without words, no value that steers a terminal."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.cli.complaint import hide_secrets
from tallystick.cli.moment import ago, moment
from tallystick.cli.output import Screen, aligned, brief, number, visible
from tallystick.cli.plan_file import spell
from tallystick.cli.plan_text import operation_words, samples
from tallystick.cli.progress import Lines
from tallystick.cli.words import DISPOSITIONS, QUESTIONS, STATES, reason_words, side_names, waiting_words
from tallystick.core.binding import QueueKind, State
from tallystick.core.decision import Disposition
from tallystick.core.event import Decided, PageRead, Pushed, Resolved, Waiting
from tallystick.core.observation import Code
from tallystick.core.plan import Operation

NAMES = side_names("crm/companies", "erp/partners")


def test_every_code_has_words() -> None:
    assert set(QUESTIONS) == set(get_args(QueueKind))
    assert set(DISPOSITIONS) == set(get_args(Disposition))
    assert set(get_args(State)) == set(STATES)


@pytest.mark.parametrize("left", get_args(Code))
@pytest.mark.parametrize("right", get_args(Code))
@pytest.mark.parametrize("policy", ["", ".ask", ".verify", ".propagate"])
def test_every_reason_is_told_in_words(left: str, right: str, policy: str) -> None:
    told = reason_words(f"linked.{left}.{right}{policy}", NAMES)
    assert "crm" in told
    assert "erp" in told
    assert "linked." not in told
    assert ("; " in told) == bool(policy)


def test_a_reason_that_is_not_known_is_shown_as_it_is() -> None:
    assert reason_words("something.new", NAMES) == "something.new"
    assert "counterpart" in reason_words("unbound.create", NAMES)
    assert "after an interruption" in reason_words("unbound.create.recovered", NAMES)


def test_sides_are_told_apart_by_as_little_as_possible() -> None:
    assert side_names("a/x", "b/x") == {"left": "a", "right": "b"}
    assert side_names("a/x", "a/y") == {"left": "a/x", "right": "a/y"}
    assert len(set(side_names("a/x", "a/x").values())) == 2


@given(st.text())
def test_no_value_can_steer_a_terminal(text: str) -> None:
    shown = visible(text)
    assert all(ord(c) >= 32 and ord(c) != 127 for c in shown)
    assert "\u202e" not in shown
    assert "\x1b" not in brief(text)


def test_plain_text_stays_as_it_is() -> None:
    assert visible("Müller & Söhne 東京") == "Müller & Söhne 東京"
    assert brief("a\nb") == "'a\\nb'"
    assert brief(None) == "(blank)"
    assert len(brief("x" * 500)) < 80


def test_tables_align_by_what_is_seen() -> None:
    assert aligned(("name", "n"), [("東京", "1"), ("abcdef", "1,000")]) == [
        "name        n",
        "東京        1",
        "abcdef  1,000",
    ]


def test_counts_and_times_read_well() -> None:
    assert (number(1, "record"), number(2000, "record")) == ("1 record", "2,000 records")
    assert waiting_words(0, 0) == ""
    assert waiting_words(1, 2) == "1 question for a person and 2 records or fields parked"
    assert ago(None, 0) == "never"
    assert (ago(100, 100), ago(0, 61), ago(0, 90_000)) == ("just now", "1 minute ago", "1 day ago")
    assert moment(0) == "1970-01-01T00:00:00+00:00"
    assert spell(-1) == "f" * 16


@pytest.mark.parametrize(
    "line",
    [
        "password: geheim1",
        'client_secret: "geheim1"',
        "auth: {type: bearer, token: geheim1}",
        "url: postgresql://me:geheim1@host/db",
        "x: sk_live_geheim1aaaaaaaaaaaaaa",
        "api-key: geheim1  # comment",
    ],
)
def test_secrets_are_hidden_in_lines(line: str) -> None:
    assert "geheim1" not in hide_secrets(line)
    assert "***" in hide_secrets(line)


@pytest.mark.parametrize(
    "line",
    ["password: ${env:DB_PASSWORD}", "  on_keyless: ask", "  - {on: email, normalise: email}", "path: /v1/companies"],
)
def test_ordinary_lines_are_shown_as_they_are(line: str) -> None:
    assert hide_secrets(line) == line


def test_a_screen_for_json_keeps_stdout_for_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(as_json=True)
    screen.say("words")
    screen.title("words")
    screen.table(("a",), [("b",)])
    screen.document({"text": "ü\ud800"})
    assert json.loads(capsys.readouterr().out) == {"text": "ü\ud800"}


def test_progress_says_at_once_what_waits_and_the_rest_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 1.0, 12.0, 13.0, 30.0])
    lines = Lines(Screen(), clock=lambda: next(times))
    events: list[Any] = [
        PageRead("p", "left", 10, 10, None),
        PageRead("p", "left", 10, 2000, 5000),
        Decided("p", 7),
        Waiting("p", 65, "an earlier write may still be in flight"),
        Resolved("p", "right", "adopted"),
        Pushed("p", 3, 4, 1),
    ]
    for event in events:
        lines(event)
    assert capsys.readouterr().err.splitlines() == [
        "p: 2,000 of 5,000 read on the left",
        "p: waits 65 s: an earlier write may still be in flight",
        "p: an earlier write on the right is settled: adopted",
        "p: 3 of 4 carried out, 1 failed",
    ]


def test_samples_show_each_kind_of_line_and_writes_first() -> None:
    asks = [Operation("p", "ask", "left", None, str(i), 1, "linked.C.C") for i in range(50)]
    writes = [Operation("p", "update", "right", "1", "2", 1, "linked.C.U")]
    chosen = samples([*asks, *writes, Operation("q", "create", "left", "1", None, None, "unbound.create")], "p", 3)
    assert [o.action for o in chosen] == ["update", "ask", "ask"]
    assert samples(asks, "p", 0) == []


def test_operations_are_told_in_one_sentence() -> None:
    update = Operation("p", "update", "right", "1", "2", 1, "linked.C.U")
    assert operation_words(update, NAMES) == "change erp 2 from crm 1: crm changed, erp is unchanged"
    link = Operation("p", "link", "left", "2", "1", None, "linked.C.C")
    assert operation_words(link, NAMES) == "link crm 1 and erp 2: their match fields agree"
