"""``tally reconcile``: what it says of both systems is so, it writes nothing, and its exit code can be relied on."""

import hashlib
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.cli.conftest import World

from tallystick.cli import exits
from tallystick.cli.person import person
from tallystick.cli.reconcile_words import KIND_WORDS, verdict_words
from tallystick.core.agreement import KINDS, Kind, Verdict

NAMES = {"left": "crm", "right": "erp"}


def only(world: World, *arguments: str, code: int = exits.DONE) -> dict[str, Any]:
    """Give the one mapping of the comparison."""
    outcome = world.tally("reconcile", "--json", *arguments)
    assert outcome.code == code, outcome
    [found] = outcome.document["mappings"]
    assert isinstance(found, dict)
    return found


def kinds(document: dict[str, Any]) -> dict[str, int]:
    """Count records by kind and reason."""
    return {f"{r['kind']}: {r['reason']}".rstrip(": "): r["count"] for r in document["records"]}


def contents(folder: Path) -> dict[str, str]:
    """Fingerprint every file that is there to stay."""
    files = [
        f
        for f in folder.rglob("*")
        if f.is_file() and "scratch" not in f.parts and f.suffix not in {".db-shm", ".db-wal"}
    ]
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_it_says_how_far_both_systems_agree(in_step: World) -> None:
    document = only(in_step)
    assert kinds(document) == {"in_step": 4, "conflict: initial": 1, "parked: invalid_value": 1}
    assert document["score"] == {"percent": 66.66, "in_step": 4, "due": 6}
    fields = {f["field"]: f["score"]["percent"] for f in document["fields"]}
    assert fields == {"name": 100.0, "email": 100.0, "phone": 80.0}
    told = in_step.succeed("reconcile").out
    assert "66.66 % in step: 4 of 6 records that should be." in told
    assert "1 record waits for an answer: the sides differ at first contact and nobody leads" in told


def test_nothing_is_written_to_any_system_or_state(in_step: World) -> None:
    in_step.execute("crm", "update companies set phone = '9' where email = 'beta@example.com'")
    in_step.execute("erp", "insert into partners (partner_name, mail) values ('New', 'new@example.com')")
    in_step.execute("erp", "delete from partners where mail = 'mueller@example.com'")
    before = contents(in_step.folder)
    in_step.succeed("reconcile")
    in_step.succeed("reconcile", "--sample", "3")
    assert contents(in_step.folder) == before


def test_values_are_masked_unless_they_are_asked_for(in_step: World) -> None:
    in_step.execute("erp", "update partners set partner_name = 'Secret name' where mail = 'beta@example.com'")
    masked = in_step.succeed("reconcile").out + in_step.succeed("reconcile", "--json").out
    assert "name: B**a <-> S****t n**e" in masked
    assert "Secret" not in masked
    assert "name: Beta <-> Secret name" in in_step.succeed("reconcile", "--show-values").out


def test_a_score_that_is_too_low_fails_a_check(in_step: World) -> None:
    assert only(in_step, "--fail-under", "66.66")["score"]["percent"] == 66.66
    outcome = in_step.tally("reconcile", "--fail-under", "66.67")
    assert outcome.code == exits.CHECK
    assert "companies is below the 66.67 % that were asked for" in outcome.out


def test_a_sample_is_read_by_id(in_step: World) -> None:
    document = only(in_step, "--sample", "2")
    assert document["sampled"] == 2
    assert sum(r["count"] for r in document["records"]) == 2


def test_what_a_person_accepted_is_no_longer_due(in_step: World) -> None:
    in_step.succeed("problems", "discard", "companies/initial/phone", "--reason", "both numbers are right")
    document = only(in_step)
    assert kinds(document) == {
        "in_step": 4,
        "parked: invalid_value": 1,
        f"accepted: taken off the list: initial: both numbers are right (by {person()})": 1,
    }
    assert document["score"]["due"] == 5


def test_the_page_is_one_file_and_names_every_difference(in_step: World) -> None:
    in_step.execute("erp", "update partners set partner_name = '<b>Bold</b>' where mail = 'beta@example.com'")
    outcome = in_step.succeed("reconcile", "--html", str(in_step.folder / "out" / "in-step.html"), "--show-values")
    assert "wrote" in outcome.err
    page = (in_step.folder / "out" / "in-step.html").read_text(encoding="utf-8")
    assert "<b>Bold" not in page
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert not re.search(r"<script|<link|src=|https?:", page)
    for words in ("in flight", "waits for an answer", "parked", "50.00 %"):
        assert words in page
    assert page.count("<article>") == page.count("</article>") == 3


def test_a_page_that_cannot_be_written_is_told(in_step: World) -> None:
    (in_step.folder / "file").write_text("")
    outcome = in_step.tally("reconcile", "--html", str(in_step.folder / "file" / "page.html"))
    assert outcome.code == exits.WRONG
    assert "cannot be written" in outcome.err


def test_what_could_not_be_compared_is_no_agreement(in_step: World) -> None:
    in_step.execute("erp", "drop table partners")
    outcome = in_step.tally("reconcile", "--json", "--fail-under", "1")
    assert outcome.code == exits.WRONG
    assert outcome.document["mappings"] == []
    assert "partners" in outcome.document["failures"]["companies"]["message"]
    assert "companies: could not be compared" in in_step.tally("reconcile").out


@pytest.mark.parametrize("arguments", [("nobody",), ("--fail-under", "101"), ("--sample", "0")])
def test_wrong_usage_is_refused(in_step: World, arguments: tuple[str, ...]) -> None:
    assert in_step.tally("reconcile", *arguments).code == exits.WRONG


def test_a_project_that_never_ran_has_everything_on_one_side(world: World) -> None:
    assert set(kinds(only(world))) == {
        "only_left: new",
        "only_right: new",
        "in_flight: link",
        "in_flight: to right",
        "conflict: initial",
        "parked: invalid_value",
    }


def test_every_kind_has_words() -> None:
    assert set(KIND_WORDS) == set(KINDS) == set(get_args(Kind))
    for kind in KINDS:
        assert verdict_words(Verdict(kind, "some reason"), NAMES)
        assert "{" not in verdict_words(Verdict(kind), NAMES)
