"""Systems that say what is not so: changed values, records that are "not there", batches that are done in part."""

import pytest
from tests.e2e.twins_project import LATER, TwinsWorld, always, assert_undamaged, company, expected

from tallystick.testing.twins.fault import Fault

pytestmark = pytest.mark.e2e

VERSION = "            version: lfd_nr\n"
BULK = (
    "            create_bulk: {method: POST, path: /api/partner/stapel, items: partner, results: ergebnisse,"
    " record: partner, error: fehler}\n"
)


@pytest.mark.parametrize(
    ("twin", "fault"),
    [
        ("erp", always("normalise", mode="truncate", length=8, field="ansprechpartner")),
        ("erp", always("normalise", mode="upper", field="ort")),
        ("crm", always("normalise", mode="lower", field="name")),
    ],
    ids=["truncated", "upper-case", "lower-case"],
)
def test_what_a_system_makes_of_a_value_never_flows_back(twins: TwinsWorld, twin, fault):
    """The stored form becomes that side's base; the side the value came from keeps it (R-3.1, R-6.4)."""
    origin, other = (twins.left, twins.right) if twin == "erp" else (twins.right, twins.left)
    twins.edit_both()
    getattr(twins, twin).faults.add(fault)
    for full in (False, True, True):
        assert not twins.go(full=full).failures
        twins.clock.skip(LATER)
        assert_undamaged(twins)
    assert origin() == expected()
    changed = set(other()) ^ set(expected())
    assert changed
    assert [len(row) for row in other()] == [len(row) for row in expected()]
    posts, patches = twins.writes("POST"), twins.writes("PATCH")
    assert posts == (2, 4)
    assert not twins.settle(2).failures
    assert (twins.writes("POST"), twins.writes("PATCH")) == (posts, patches)
    assert twins.plan().plan.is_empty
    assert twins.waiting() == ([], [])


@pytest.mark.parametrize("status", [404, 410])
def test_reads_by_id_that_deny_everything_delete_nothing(twins: TwinsWorld, status):
    """A 404 proves nothing while no other record vouches for our access; after a 410 a changed record is asked about.

    After a 410 the one record whose deletion was under way counts as gone; when it shows up again a person is asked.
    """
    twins.edit_both()
    twins.crm.faults.add(always("status", status=status, method="GET", path="/v1/*/*"))
    for full in (False, True, True):
        assert not twins.go(full=full).failures
        twins.clock.skip(LATER)
        assert_undamaged(twins)
    questions, parked = twins.waiting()
    assert {q.kind for q in questions} <= {"delete", "delete_update", "restore"}
    assert parked == []
    twins.crm.faults.clear()
    assert not twins.settle().failures
    shown_again = tuple(company(8)[k] for k in ("name", "vatId", "email", "phone", "contactName"))
    # One 404 is no proof that our own deletion is done, so it is done again; a 410 is.
    kept = {shown_again} if status == 410 else set()
    assert {row[:5] for row in twins.left()} - {row[:5] for row in expected()} == kept
    assert twins.right() == expected()
    questions, parked = twins.waiting()
    assert [q.kind for q in questions] == (["restore"] if status == 410 else [])
    assert parked == []
    assert twins.plan().plan.is_empty


@pytest.mark.parametrize(
    ("fault", "failed"),
    [
        (Fault("partial_bulk", rows=2, status=503), 1),
        (Fault("partial_bulk", mode="cut", rows=1), 2),
        (always("timeout_after_commit", path="/api/partner/stapel"), 3),
        (always("timeout_before_commit", path="/api/partner/stapel"), 3),
        (always("truncated_json", path="/api/partner/stapel"), 3),
    ],
    ids=["one fails", "results are cut", "answer is lost", "request is lost", "half an answer"],
)
def test_a_batch_that_is_done_in_part_is_neither_lost_nor_doubled(twins: TwinsWorld, fault, failed):
    """An item without a result is unknown: it is looked for before it is sent again (R-14.3)."""
    project = twins.folder / "tally.yaml"
    text = project.read_text()
    assert VERSION in text
    project.write_text(text.replace(VERSION, VERSION + BULK))
    twins.edit_both()
    twins.erp.faults.add(fault)
    result = twins.go()
    assert not result.failures
    assert result.done["companies"]["failed"] == failed
    assert result.troubles["companies"]
    assert any(e.path.endswith("stapel") for e in twins.erp.log)
    for _ in range(2):
        twins.clock.skip(LATER)
        twins.go()
        assert_undamaged(twins)
    twins.erp.faults.clear()
    assert not twins.settle().failures
    assert twins.left() == expected()
    assert twins.right() == expected()
    assert twins.doubles() == []
    assert twins.waiting() == ([], [])
    assert twins.plan().plan.is_empty
