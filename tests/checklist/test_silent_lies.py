"""Lies that answer politely: each is told by its own question in its own words, and no other question is moved."""

import pytest
import yaml
from town import findings, red, statuses, told

from tallystick.core.error import InvalidValue
from tallystick.testing.twins.fault import Fault

DAY = 86_400
LIES = [
    (Fault("ignore_sort", count=None), ("crm",), "C7.10", "fail", "asked for an order by it"),
    (Fault("page_cap", count=None, rows=20), ("crm", "erp"), "C7.8", "warn", "lowers them silently"),
    (Fault("zone", count=None, seconds=7200), ("crm", "erp"), "C7.9", "fail", "2 hours off"),
    (Fault("zone", count=None, seconds=-7200), ("crm", "erp"), "C7.9", "warn", "2 hours off"),
    (Fault("coarse_since", count=None, seconds=DAY), ("crm", "erp"), "C7.9", "warn", "rounds the instant down to the"),
    (Fault("hide_absent", count=None, status=403), ("crm", "erp"), "C1.3", "warn", "get.absent: [403]"),
    (Fault("hide_absent", count=None, status=400), ("crm", "erp"), "C1.3", "warn", "get.absent: [400]"),
    (Fault("extra_field", count=None, field="churnRisk"), ("crm", "erp"), "C1.2", "warn", "not declared: churnRisk"),
]


def moved(report):
    """Give the questions with another answer than an honest pair of twins gets."""
    quiet = {"pass", "not_applicable"}
    # No right to write is known, one twin gives no count, and nothing has changed for long.
    untold = {(q, "cannot_tell") for q in ("C4", "C7.8", "C7.9")}
    return {q: s for q, s in statuses(report).items() if s not in quiet and (q, s) not in untold}


@pytest.mark.parametrize(
    ("lie", "side", "question", "verdict", "words"),
    [(lie, side, *rest) for lie, sides, *rest in LIES for side in sides],
    ids=lambda given: f"{given.what}{given.seconds:+g}" if isinstance(given, Fault) else str(given),
)
def test_a_lie_moves_its_question_and_no_other(twins, lie, side, question, verdict, words):
    getattr(twins, side).faults.add(lie)
    report = twins.ask()
    assert moved(report) == {question: verdict}
    assert words in told(report, question)
    assert {f.subject.partition("/")[0] for f in findings(report, question) if f.verdict == verdict} == {side}
    assert getattr(twins, side).faults.struck(lie.what)


@pytest.mark.parametrize(("side", "mapped"), [("crm", "city"), ("erp", "ort")])
def test_a_declared_field_that_never_comes_is_told_where_it_is_mapped(twins, side, mapped):
    getattr(twins, side).faults.add(Fault("no_field", count=None, field=mapped))
    report = twins.ask()
    assert moved(report) == {"C1.2": "warn"}
    assert f"{mapped}: mapped, but in no record" in told(report, "C1.2")


def change_before(twin, name, record_id, values, seconds):
    """Change a record as somebody did so many seconds ago."""
    clock = twin.clock
    twin.clock = lambda: clock() - seconds
    twin.change(name, record_id, values)
    twin.clock = clock


@pytest.mark.parametrize(("side", "name"), [("crm", "companies"), ("erp", "partner")])
def test_a_listing_that_shows_changes_late_is_found_by_reading_what_changed_last(twins, side, name):
    twin = getattr(twins, side)
    newest = twin.rows(name)[89]["id"]
    change_before(twin, name, newest, {"email": "late@x.example"}, 30)
    assert moved(twins.ask("C7.8", "C7.9", "C7.10")) == {}
    twin.faults.add(Fault("lag", count=None, seconds=90))
    report = twins.ask("C7.8", "C7.9", "C7.10")
    assert moved(report) == {"C7.9": "fail"}
    assert "changes show late: a change" in told(report, "C7.9")
    assert f"newer when read by id: {newest}" in told(report, "C7.9")


def test_a_listing_may_be_as_late_as_the_manifest_says(twins):
    newest = twins.crm.rows("companies")[-1]["id"]
    change_before(twins.crm, "companies", newest, {"email": "late@x.example"}, 30)
    twins.crm.faults.add(Fault("lag", count=None, seconds=90))
    project = twins.folder / "tally.yaml"
    text = project.read_text()
    project.write_text(text.replace("strong_reads: true", "consistency_seconds: 120", 1))
    report = twins.ask("C7.9")
    assert red(report) == []
    [seen] = [f for f in findings(report, "C7.9") if f.subject == "crm/companies, visibility"]
    assert seen.verdict == "pass"
    assert "late, as the manifest allows" in seen.summary


def test_reads_by_id_that_are_behind_the_listing_are_found(twins):
    newest = twins.crm.rows("companies")[-1]["id"]
    change_before(twins.crm, "companies", newest, {"email": "late@x.example"}, 30)
    twins.crm.faults.add(Fault("stale_read", count=None))
    report = twins.ask("C7.9")
    assert red(report) == ["C7.9"]
    assert "reads by id are behind the listing" in told(report, "C7.9")


def test_a_change_made_while_the_check_reads_accuses_nobody(twins):
    """The record is newer by id than in the listing, and rightly so."""
    newest = twins.crm.rows("companies")[-1]["id"]

    def change_meanwhile(request, moment):
        if moment == "before" and request.path.endswith(newest):
            twins.crm.change("companies", newest, {"city": f"Ort {len(twins.crm.log)}"})

    twins.crm.on_request = change_meanwhile
    assert red(twins.ask("C7.9")) == []


def refer(manifest):
    """Say in the manifest that persons point to companies."""
    document = yaml.safe_load(manifest.read_text())
    document["objects"]["partner"]["fields"]["firma_id"]["reference"] = "partner"
    manifest.write_text(yaml.safe_dump(document, allow_unicode=True))


def test_deletions_that_are_not_listed_although_declared_are_found(twins):
    """A company that people point to was deleted: by id it says so, the listing must too."""
    refer(twins.folder / "systems" / "erp.yaml")
    firm = twins.erp.rows("partner")[0]["id"]
    clock = twins.erp.clock
    twins.erp.clock = lambda: clock() - 60
    twins.erp.remove("partner", firm)
    twins.erp.clock = clock
    honest = twins.ask("C7.9")
    assert red(honest) == []
    assert "1 deleted records are listed as such" in told(honest, "C7.9")
    twins.erp.faults.add(Fault("hide_deleted", count=None))
    report = twins.ask("C7.8", "C7.9", "C7.10")
    assert moved(report) == {"C7.9": "warn"}
    assert f"deleted, and not listed as such: {firm}" in told(report, "C7.9")


def test_times_of_change_that_are_coarser_than_declared_are_told(twins):
    """Half-hourly imports are no such thing; only a measure that all have in common and that is a unit counts."""
    minutes = (1, 4, 11, 13, 29, 38, 41, 57, 58, 83, 97, 134)
    now = twins.crm.clock()
    times = [now - now % 60 - 60 * n for n in minutes]
    twins.crm.put_all("companies", [{"name": f"Neu {n}"} for n in minutes], times)
    report = twins.ask("C7.9")
    assert statuses(report) == {"C7.9": "warn"}
    assert "exact to the minute only" in told(report, "C7.9")


@pytest.mark.parametrize(
    "useless", [{"what": "no_field"}, {"what": "extra_field"}, {"what": "zone"}, {"what": "coarse_since"}]
)
def test_a_lie_that_would_change_nothing_is_refused(useless):
    with pytest.raises(InvalidValue):
        Fault(**useless)
