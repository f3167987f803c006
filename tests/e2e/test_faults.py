"""Systems that answer badly: each fault is named, the rest goes on, and in the end both sides agree.

Two twins over real HTTP, the production engine, real files. While a fault stands the two must not be damaged: nothing
is written twice, nothing is deleted that nobody deleted. After it ends a few runs bring everything in step.
"""

from dataclasses import dataclass, field

import pytest
from tests.e2e.twins_project import LATER, TwinsWorld, always, assert_undamaged, expected

from tallystick.core.error import AccessError, Error, Garbled, RemoteError, Throttled, Unavailable
from tallystick.engine.run import Result
from tallystick.testing.twins.fault import Fault

pytestmark = pytest.mark.e2e

BOTH = ("companies", "contacts")


def ends_well(world: TwinsWorld, *, twice: bool = False) -> None:
    """The fault is over: both sides agree, nothing is doubled or lost, nobody waits, nothing is left to do."""
    world.crm.faults.clear()
    world.erp.faults.clear()
    world.clock.skip(2 * 3600)
    result = world.settle()
    assert not result.failures
    assert not result.troubles
    assert world.left() == expected()
    assert world.right() == expected()
    assert world.waiting() == ([], [])
    assert_nothing_doubled_or_lost(world)
    plan = world.plan().plan
    assert plan.is_empty, plan.operations


def assert_nothing_doubled_or_lost(world: TwinsWorld) -> None:
    """The CRM got two new records from the ERP and the ERP four from the CRM; each lost the one that was deleted."""
    assert world.doubles() == []
    assert world.writes("POST") == (2, 4)
    assert [len(world.crm.rows("companies")), len(world.crm.rows("contacts"))] == [15, 4]
    assert len(world.erp.rows("partner")) == 19


def names_place_cause_and_cure(error: Error, place: str) -> None:
    """Every error says where, what, why and what to do."""
    assert error.place.startswith(place)
    assert error.message
    assert error.detail
    assert error.hint


# --- a side that cannot be read stops its pair, and only its pair ---------------------------------------------------


@dataclass(frozen=True)
class Unreadable:
    """A fault of reading: which error it ends in, and what the error says."""

    twin: str
    fault: Fault
    kind: type[Error]
    says: str
    pairs: tuple[str, ...] = BOTH


UNREADABLE = {
    "a web page": Unreadable("crm", always("html", method="GET"), Garbled, "web page"),
    "a web page, ERP": Unreadable("erp", always("html", method="GET"), Garbled, "its title is 'Sign in'"),
    "401": Unreadable("crm", always("status", status=401), AccessError, "credentials are not accepted"),
    "403 on one object": Unreadable(
        "crm", always("status", status=403, path="/v1/contacts*"), AccessError, "do not allow this", ("contacts",)
    ),
    "404 everywhere": Unreadable("erp", always("status", status=404), AccessError, "address does not exist"),
    "422 on listings": Unreadable("crm", always("status", status=422, method="GET"), RemoteError, "question"),
    "429 for long": Unreadable("erp", always("status", status=429, retry_after=5000), Throttled, "5,000 seconds"),
    "429 until a date": Unreadable(
        "crm", always("status", status=429, retry_after=5000, date=True), Throttled, "asks to wait"
    ),
    "429 without end": Unreadable("erp", always("status", status=429), Throttled, "asks to wait"),
    "500 storm": Unreadable("crm", always("status", status=500, method="GET"), Unavailable, "status 500"),
    "502 storm": Unreadable("erp", always("status", status=502, method="GET"), Unavailable, "status 502"),
    "503 storm": Unreadable("crm", always("status", status=503, method="GET"), Unavailable, "status 503"),
    "silence": Unreadable("erp", always("timeout_before_commit"), Unavailable, "connection failed"),
    "too slow": Unreadable(
        "crm", always("slow", seconds=0.7, path="/v1/companies"), Unavailable, "no answer in time", ("companies",)
    ),
    "reset": Unreadable("erp", always("reset"), Unavailable, "connection failed"),
    "truncated JSON": Unreadable("crm", always("truncated_json", method="GET"), Garbled, "no complete JSON"),
    "cut body": Unreadable("erp", always("cut_body"), Unavailable, "connection failed"),
    "no list in the envelope": Unreadable("erp", always("wrong_types", mode="envelope"), Garbled, "not records"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNREADABLE.values(), ids=UNREADABLE)
def test_a_side_that_cannot_be_read_stops_its_pair_by_name(twins: TwinsWorld, case: Unreadable):
    """The error has place, cause and cure; nothing is written in its pair; the other pair is done."""
    twins.edit_both()
    twin = twins.crm if case.twin == "crm" else twins.erp
    twin.faults.add(case.fault)
    result = twins.go()
    assert set(result.failures) == set(case.pairs)
    for failure in result.failures.values():
        assert type(failure) is case.kind
        assert case.says in str(failure)
        names_place_cause_and_cure(failure, case.twin)
    written = {pair: sum(done.values()) for pair, done in result.done.items()}
    assert all(written.get(pair, 0) == 0 for pair in case.pairs)
    if "companies" not in case.pairs:
        assert written["companies"] > 0
    assert_undamaged(twins)
    ends_well(twins)


def test_a_long_wait_is_remembered_and_not_asked_about_again(twins: TwinsWorld):
    """While the system's own wait lasts no request is sent, in whichever process; then everything goes on."""
    twins.edit_both()
    twins.erp.faults.add(Fault("status", status=429, retry_after=5000))
    twins.go()
    asked = len(twins.erp.log)
    twins.clock.skip(4000)
    result = twins.go()
    assert {type(f) for f in result.failures.values()} == {Throttled}
    assert len(twins.erp.log) == asked
    twins.clock.skip(1500)
    assert not twins.go().failures
    ends_well(twins)


# --- a write that fails leaves the others alone ---------------------------------------------------------------------


@dataclass(frozen=True)
class Failing:
    """A fault of writing: the trouble that is told (``None``: it only has to be planned anew), how many fail."""

    twin: str
    fault: Fault
    failed: int
    kind: type[Error] | None = None
    says: str = ""
    others: dict[str, int] = field(default_factory=dict)


def creates(twin, what, kind=None, says="", **settings):
    failed = 3 if twin == "erp" else 2
    return Failing(
        twin, always(what, method="POST", **settings), failed, kind, says, {"update": 6, "create": 5 - failed}
    )


def updates(twin, what, kind=None, says="", **settings):
    return Failing(twin, always(what, method="PATCH", **settings), 3, kind, says, {"update": 3, "create": 5})


FAILING = {
    "create answers a web page": creates("erp", "html", RemoteError, "Sign in"),
    "create answers half a JSON": creates("erp", "truncated_json", RemoteError, "cannot be read"),
    "create answers half a JSON, CRM": creates("crm", "truncated_json", RemoteError, "cannot be read"),
    "create answers without id": creates("erp", "no_id", RemoteError, "does not say which"),
    "create answers nothing": creates("erp", "no_record", RemoteError, "does not say which"),
    "create 500": creates("erp", "status", Unavailable, "status 500", status=500),
    "create 503, CRM": creates("crm", "status", Unavailable, "status 503", status=503),
    "create times out after commit, ERP": creates("erp", "timeout_after_commit", Unavailable, "connection"),
    "create times out after commit, CRM": creates("crm", "timeout_after_commit", Unavailable, "connection"),
    "create is slow after commit, ERP": creates("erp", "timeout_after_commit", Unavailable, "in time", seconds=0.7),
    "create times out before commit, ERP": creates("erp", "timeout_before_commit", Unavailable, "connection"),
    "create times out before commit, CRM": creates("crm", "timeout_before_commit", Unavailable, "connection"),
    "create is reset": creates("crm", "reset", Unavailable, "connection"),
    "update answers a web page": updates("erp", "html", RemoteError, "Sign in"),
    "update answers half a JSON": updates("erp", "truncated_json", RemoteError, "cannot be read"),
    "update 500": updates("erp", "status", Unavailable, "status 500", status=500),
    "update times out after commit": updates("erp", "timeout_after_commit", Unavailable, "connection"),
    "update times out after commit, CRM": updates("crm", "timeout_after_commit", Unavailable, "connection"),
    "update 404": updates("erp", "status", status=404),
    "update 410, CRM": updates("crm", "status", status=410),
    "update 412, CRM": updates("crm", "status", status=412),
    "update 409, ERP": updates("erp", "status", status=409),
    "records without ETag": Failing(
        "crm", always("no_etag"), 4, Garbled, "without a version", {"update": 3, "create": 5}
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILING.values(), ids=FAILING)
def test_a_failing_write_is_told_and_the_others_go_on(twins: TwinsWorld, case: Failing):
    twins.edit_both()
    twin = twins.crm if case.twin == "crm" else twins.erp
    twin.faults.add(case.fault)
    result = twins.go()
    assert not result.failures
    assert_failed_alone(result, case)
    for _ in range(2):
        twins.clock.skip(LATER)
        twins.go()
        assert_undamaged(twins)
    ends_well(twins)


def assert_failed_alone(result: Result, case: Failing) -> None:
    done = result.done["companies"]
    assert done["failed"] == case.failed
    assert {op: done.get(op, 0) for op in case.others} == case.others
    troubles = result.troubles.get("companies", [])
    assert bool(troubles) == (case.kind is not None)
    for trouble in troubles:
        assert isinstance(trouble, case.kind)
        assert case.says in str(trouble)
        names_place_cause_and_cure(trouble, case.twin)


@pytest.mark.parametrize("status", [401, 403])
def test_a_write_that_is_not_allowed_stops_its_pair_after_the_batch(twins: TwinsWorld, status):
    twins.edit_both()
    twins.crm.faults.add(always("status", status=status, method="PATCH"))
    result = twins.go()
    assert type(result.failures["companies"]) is AccessError
    names_place_cause_and_cure(result.failures["companies"], "crm/companies/cmp_")
    assert result.done["companies"]["failed"] == 3
    assert result.done["contacts"]["create"] == 1
    assert_undamaged(twins)
    ends_well(twins)


@pytest.mark.parametrize("twin", ["crm", "erp"])
@pytest.mark.parametrize("what", ["timeout_after_commit", "reset", "status"])
def test_a_deletion_whose_answer_is_lost_is_done_once(twins: TwinsWorld, twin, what):
    twins.edit_both()
    getattr(twins, twin).faults.add(always(what, method="DELETE", path="*"))
    twins.go(full=True)
    assert_undamaged(twins)
    ends_well(twins)
    assert {p["ust_id"] for p in twins.erp.rows("partner", deleted=True) if p["geloescht"]} == {
        "DE000000007", "DE000000008",
    }  # fmt: skip


# --- a record that is refused is parked, alone ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("twin", "method", "status"),
    [("crm", "POST", 422), ("erp", "POST", 400), ("crm", "PATCH", 422), ("erp", "PATCH", 400), ("erp", "PATCH", 422)],
)
def test_a_refused_record_is_parked_with_the_systems_words(twins: TwinsWorld, capsys, twin, method, status):
    """It is not tried again by itself, the others are done, and a person can let it go on."""
    twins.edit_both()
    getattr(twins, twin).faults.add(Fault("status", status=status, method=method))
    result = twins.go()
    assert not result.failures
    done = result.done["companies"]
    assert (done["failed"], done["create"] + done["update"]) == (1, 10)
    questions, waiting = twins.waiting()
    assert questions == []
    # A contact of the refused company waits for it.
    [parked] = [p for p in waiting if p.code != "missing_reference"]
    assert parked.code == "refused"
    assert f"answered {status} on purpose" in parked.message
    assert parked.hint
    writes = twins.writes("POST"), twins.writes("PATCH")
    for _ in range(2):
        twins.clock.skip(LATER)
        twins.go(full=True)
    assert (twins.writes("POST"), twins.writes("PATCH")) == writes
    assert twins.plan().plan.is_empty
    assert twins.tally("problems", "retry", "companies/refused") == 0
    ends_well(twins)


# --- records and listings that are not as they should be ------------------------------------------------------------


@dataclass(frozen=True)
class Odd:
    """A fault of what is read: what is parked (code and words), what the plan says of the side."""

    twin: str
    fault: Fault
    parked: tuple[str, str] | None = None
    problem: str = ""
    full: bool = False


ODD = {
    "no id": Odd("crm", always("no_id", method="GET"), ("data", "has no id")),
    "no id, ERP": Odd("erp", always("no_id", method="GET"), ("data", "has no id")),
    "wrong types": Odd("crm", always("wrong_types"), ("invalid_value", "time stamp")),
    "a list for a text": Odd("erp", always("wrong_types", field="name1"), ("invalid_value", "name1 is declared")),
    "a list for a time": Odd("erp", always("wrong_types", field="geaendert_am"), ("invalid_value", "time stamp")),
    "the first page for ever": Odd("erp", always("repeat_page"), problem="paging loop", full=True),
    "the first page for ever, CRM": Odd("crm", always("repeat_page"), problem="paging loop", full=True),
    "dropped rows": Odd("crm", always("drop_row"), problem="new records wait", full=True),
    "too large a total": Odd("crm", always("wrong_total", rows=3), problem="but says it has", full=True),
}


@pytest.mark.parametrize("case", ODD.values(), ids=ODD)
def test_what_is_read_wrongly_is_named_and_the_rest_goes_on(twins: TwinsWorld, case: Odd):
    """Parked records and problems go by themselves when the system is well again."""
    twins.correct("crm", "      limit: 200", "      limit: 5")
    twins.correct("erp", "      size: 500", "      size: 5")
    twins.edit_both()
    twin = twins.crm if case.twin == "crm" else twins.erp
    twin.faults.add(case.fault)
    result = twins.go(full=case.full)
    assert not result.failures
    assert sum(n for op, n in result.done["companies"].items() if op != "failed") > 0
    _, parked = twins.waiting()
    if case.parked:
        code, words = case.parked
        assert any(p.code == code and words in p.message for p in parked)
        assert all(p.record and p.message for p in parked)
    else:
        assert case.problem in result.plan.pairs[0].problem
        assert case.twin in result.plan.pairs[0].problem
    for _ in range(2):
        twins.clock.skip(LATER)
        twins.go(full=True)
        assert_undamaged(twins)
    ends_well(twins)


ABSORBED = {
    "429 for a moment": ("erp", Fault("status", status=429, retry_after=3, count=4)),
    "a 503 now and then on reads": ("crm", always("status", status=503, method="GET", probability=0.3, seed=3)),
    "resets now and then on reads": ("erp", always("reset", method="GET", probability=0.3, seed=1)),
    "duplicate keys": ("crm", always("duplicate_keys", field="phone")),
    "duplicate id keys": ("crm", always("duplicate_keys", field="id")),
    "duplicate rows": ("crm", always("duplicate_row")),
    "duplicate rows, ERP": ("erp", always("duplicate_row", rows=2)),
    "dropped rows without a total": ("erp", always("drop_row")),
    "too small a total": ("crm", always("wrong_total", rows=-3)),
    "a total of nothing": ("crm", always("wrong_total", rows=-300)),
    "ignored since": ("crm", always("ignore_since")),
    "exclusive since": ("crm", always("exclusive_since")),
    "ignored filter": ("erp", always("ignore_filter")),
    "another order each time": ("crm", always("unstable_sort")),
    "a listing that ends early": ("erp", always("cap", rows=7)),
    "a listing that ends early, CRM": ("crm", always("cap", rows=7)),
    "listings that lag a day": ("crm", always("lag", seconds=100_000)),
    "listings that lag a little": ("erp", always("lag", seconds=400)),
    "stale reads": ("crm", always("stale_read")),
    "stale reads, ERP": ("erp", always("stale_read")),
    "a clock that is ahead": ("crm", always("skew", seconds=4000)),
    "a clock that is behind": ("erp", always("skew", seconds=-4000)),
    "If-Match is ignored": ("crm", always("ignore_if_match")),
    "idempotency keys are ignored": ("crm", always("ignore_idempotency_key")),
    "versions that are texts": ("erp", always("wrong_types", field="lfd_nr")),
    "writes without the record, CRM": ("crm", always("no_record", method="PATCH")),
    "trimmed": ("erp", always("normalise", mode="trim")),
}


@pytest.mark.parametrize("name", ABSORBED)
def test_what_needs_nobody_does_no_harm(twins: TwinsWorld, name):
    """Neither a look at what changed nor one at everything doubles or loses anything."""
    twins.correct("crm", "      limit: 200", "      limit: 5")
    twins.correct("erp", "      size: 500", "      size: 5")
    twins.edit_both()
    twin, fault = ABSORBED[name]
    getattr(twins, twin).faults.add(fault)
    for full in (False, True, False):
        result = twins.go(full=full)
        assert not result.failures
        assert_undamaged(twins)
        twins.clock.skip(LATER)
    ends_well(twins)
