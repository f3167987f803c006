"""Each fault does what it says, when it says, and nothing else."""

import http.client
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import get_args

import msgspec
import pytest

from tallystick.core.error import InvalidValue
from tallystick.testing.twins.fault import Fault, Faults, What
from tallystick.testing.twins.server import Answer

COMPANIES = "/v1/companies"
PARTNER = "/api/partner"
FIRMA = {"art": "firma", "name1": "Groß"}
BROKEN = (ConnectionError, http.client.HTTPException)


@pytest.fixture
def many(crm, clock):
    """Twenty companies in the order of their ids; the last one changed just now."""
    crm.put_all("companies", [{"name": f"N{n:02d}"} for n in range(19)], [clock.now - 1000] * 19)
    crm.put("companies", {"name": "late"})
    return sorted(r["id"] for r in crm.rows("companies"))


def ids(rows):
    return [r["id"] for r in rows]


# --- when ---------------------------------------------------------------------------------------------------------


def hits(fault, requests):
    faults = Faults([fault])
    return [bool(faults.strike(method, path, role)) for method, path, role in requests]


def test_a_fault_strikes_from_the_nth_match_and_as_often_as_it_says():
    requests = [("GET", "/a", "read"), ("POST", "/a", "write"), ("POST", "/b", "write")] + [("POST", "/a", "write")] * 4
    fault = Fault("status", method="POST", path="/a", nth=2, count=2)
    assert hits(fault, requests) == [False, False, False, True, True, False, False]


def test_a_trait_never_ends_and_a_path_may_have_stars():
    assert hits(Fault("status", path="/v1/*", count=None), [("GET", "/v1/x/y", "read")] * 3) == [True] * 3


def test_probability_is_drawn_by_seed():
    """The same seed hits the same requests; about as many as asked for."""
    first, again, other = (
        hits(Fault("status", count=None, probability=0.3, seed=s), [("GET", "/v1", "read")] * 1000) for s in (1, 1, 2)
    )
    assert first == again != other
    assert 230 < sum(first) < 370


def test_faults_of_one_kind_take_turns():
    """A request that one fault of a kind hits is not seen by the next of that kind; other kinds see it."""
    faults = Faults([Fault("status", status=500), Fault("status", status=502), Fault("slow", nth=2)])
    struck = [faults.strike("GET", "/v1", "list") for _ in range(3)]
    assert [(s["status"].status if "status" in s else 0, "slow" in s) for s in struck] == [
        (500, False), (502, True), (0, False)
    ]  # fmt: skip


def test_faults_count_only_requests_that_they_can_spoil():
    assert hits(Fault("drop_row"), [("GET", "/v1/x", "read"), ("GET", "/v1", "list")]) == [False, True]
    assert hits(Fault("timeout_after_commit"), [("GET", "/v1", "list"), ("POST", "/v1", "write")]) == [False, True]


def test_the_description_is_only_hit_by_name():
    assert hits(Fault("html"), [("GET", "/openapi.json", "other")]) == [False]
    assert hits(Fault("html", path="/openapi.json"), [("GET", "/openapi.json", "other")]) == [True]


@pytest.mark.parametrize(
    "wrong",
    [
        {"what": "sttaus"},
        {"what": "status", "nth": 0},
        {"what": "status", "count": 0},
        {"what": "html", "mode": "x"},
        {"what": "status", "probability": 0},
        {"what": "normalise"},
    ],
)
def test_a_fault_that_could_never_strike_is_refused(wrong):
    with pytest.raises(InvalidValue):
        Fault(**wrong)


# --- answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 503])
def test_status_answers_without_doing_anything(crm, to_crm, status):
    crm.faults.add(Fault("status", method="POST", status=status))
    assert to_crm("POST", COMPANIES, {"name": "A"}).status == status
    assert crm.rows("companies") == []
    assert (crm.log[-1].status, crm.log[-1].applied, crm.log[-1].faults) == (status, False, ("status",))
    assert to_crm("POST", COMPANIES, {"name": "A"}).status == 201


def test_retry_after_is_seconds_or_a_date(crm, to_crm, clock):
    crm.faults.add(Fault("status", status=429, retry_after=7), Fault("status", status=503, retry_after=60, date=True))
    assert to_crm.get(COMPANIES).headers["Retry-After"] == "7"
    date = parsedate_to_datetime(to_crm.get(COMPANIES).headers["Retry-After"])
    assert date.timestamp() == int(clock.now) + 60


def test_html_and_half_json_come_after_the_work_was_done(crm, to_crm):
    crm.faults.add(Fault("html", method="POST"), Fault("truncated_json", method="POST", nth=2))
    page = to_crm("POST", COMPANIES, {"name": "A"})
    assert (page.status, page.headers["Content-Type"].partition(";")[0]) == (200, "text/html")
    assert page.body.startswith(b"<!DOCTYPE html>")
    half = to_crm("POST", COMPANIES, {"name": "B"})
    with pytest.raises(msgspec.DecodeError):
        _ = half.json
    assert len(crm.rows("companies")) == 2


@pytest.mark.parametrize(
    ("what", "done", "seen"),
    [("reset", 0, 0), ("timeout_before_commit", 0, 0), ("timeout_after_commit", 1, 0), ("cut_body", 1, 201)],
)
def test_a_broken_connection_says_nothing_about_the_write(crm, to_crm, what, done, seen):
    """The client sees no whole answer; the log knows whether the write was done."""
    crm.faults.add(Fault(what, method="POST"))
    with pytest.raises(BROKEN):
        to_crm("POST", COMPANIES, {"name": "A"})
    assert len(crm.rows("companies")) == done
    assert (crm.log[-1].status, crm.log[-1].applied) == (seen, bool(done))
    assert to_crm.get(COMPANIES).status == 200


def test_a_key_makes_a_create_safe_whose_answer_was_lost(crm, to_crm):
    crm.faults.add(Fault("timeout_after_commit"))
    with pytest.raises(BROKEN):
        to_crm("POST", COMPANIES, {"name": "A"}, {"Idempotency-Key": "k"})
    again = to_crm("POST", COMPANIES, {"name": "A"}, {"Idempotency-Key": "k"})
    assert [r["id"] for r in crm.rows("companies")] == [again.json["id"]]


def test_a_slow_answer_comes_after_the_client_gave_up(crm, to_crm):
    """The write is done although the client timed out; stopping the twin does not wait for the sleeper."""
    crm.faults.add(Fault("slow", method="POST", seconds=60))
    to_crm.connection.timeout = 0.2
    with pytest.raises(TimeoutError):
        to_crm("POST", COMPANIES, {"name": "A"})
    assert len(crm.rows("companies")) == 1


# --- records in answers -------------------------------------------------------------------------------------------


def test_answers_lose_the_id_or_the_version(crm, to_crm, many):
    crm.faults.add(Fault("no_id", count=2), Fault("no_etag", nth=3, count=2))
    assert all("id" not in r and r["name"] for r in to_crm.get(COMPANIES).json["data"])
    assert "id" not in to_crm.get(f"{COMPANIES}/{many[0]}").json
    assert all("version" not in r for r in to_crm.get(COMPANIES).json["data"])
    one = to_crm.get(f"{COMPANIES}/{many[0]}")
    assert ("version" in one.json, "ETag" in one.headers) == (False, False)
    assert "ETag" in to_crm.get(f"{COMPANIES}/{many[0]}").headers


def test_duplicate_keys_are_in_the_text_with_the_right_value_last(crm, to_crm, many):
    crm.faults.add(Fault("duplicate_keys", field="name"))
    body = to_crm.get(COMPANIES, limit=1).body
    pairs = json.loads(body, object_pairs_hook=list)[0][1][0]
    names = [value for key, value in pairs if key == "name"]
    assert len(names) == 2
    assert names[1] == crm.row("companies", many[0])["name"]


def test_wrong_types_keep_the_id(crm, to_crm, many):
    crm.faults.add(Fault("wrong_types"), Fault("wrong_types", field="name"), Fault("wrong_types", mode="envelope"))
    crm.change("companies", many[0], {"annualRevenue": 5})
    record = to_crm.get(f"{COMPANIES}/{many[0]}").json
    assert (record["id"], record["annualRevenue"], type(record["name"])) == (many[0], "5", list)
    record = to_crm.get(f"{COMPANIES}/{many[0]}").json
    assert (type(record["name"]), record["annualRevenue"]) == (list, 5)
    page = to_crm.get(COMPANIES).json
    assert (page["data"], page["meta"]) == ("20 records", {"total": 20})


def test_writes_may_answer_without_the_record(crm, to_crm, many):
    crm.faults.add(Fault("no_record", count=None))
    reply = to_crm("POST", COMPANIES, {"name": "A"})
    assert (reply.status, reply.json) == (201, {})
    assert to_crm.get(f"{COMPANIES}/{many[0]}").json["id"] == many[0]


# --- listings -----------------------------------------------------------------------------------------------------


def test_a_page_repeats_for_ever_in_both_systems(crm, erp, to_crm, to_erp, many):
    crm.faults.add(Fault("repeat_page", count=None))
    erp.faults.add(Fault("repeat_page", count=None))
    pages = [to_crm.get(COMPANIES, offset=n * 5, limit=5).json for n in range(6)]
    assert all(ids(p["data"]) == many[:5] and p["meta"]["total"] > 100_000 for p in pages)
    erp.put_all("partner", [FIRMA] * 7, [1_700_000_000] * 7)
    cursor = {}
    for _ in range(4):
        page = to_erp.get(PARTNER, page_size=5, **cursor).json
        assert ids(page["items"]) == [1, 2, 3, 4, 5]
        assert {"cursor": page["next_cursor"]} != cursor
        cursor = {"cursor": page["next_cursor"]}


def test_rows_are_dropped_doubled_and_miscounted(crm, to_crm, many):
    crm.faults.add(Fault("drop_row", rows=2), Fault("duplicate_row", nth=2), Fault("wrong_total", nth=3, rows=-5))
    dropped, doubled, miscounted = (to_crm.get(COMPANIES).json for _ in range(3))
    assert ids(dropped["data"]) == many[:10] + many[12:]
    assert ids(doubled["data"]) == [*many, many[0]]
    assert (ids(miscounted["data"]), miscounted["meta"]["total"]) == (many, 15)


def test_a_listing_may_end_at_a_cap(crm, erp, to_crm, to_erp, many):
    crm.faults.add(Fault("cap", rows=12, count=None))
    erp.faults.add(Fault("cap", rows=12, count=None))
    erp.put_all("partner", [FIRMA] * 20, [1_700_000_000] * 20)
    assert ids(to_crm.all(COMPANIES, limit=5)) == many[:12]
    assert ids(to_erp.all(PARTNER, page_size=5)) == list(range(1, 13))


def test_since_and_filters_may_be_ignored_or_exclusive(crm, to_crm, many):
    now = "2025-06-15T15:06:40.250Z"
    assert [r["name"] for r in to_crm.all(COMPANIES, updatedSince=now)] == ["late"]
    crm.faults.add(Fault("ignore_since"), Fault("exclusive_since", nth=2), Fault("ignore_filter", nth=3))
    assert len(to_crm.get(COMPANIES, updatedSince=now).json["data"]) == 20
    assert to_crm.get(COMPANIES, updatedSince=now).json["data"] == []
    assert len(to_crm.get(COMPANIES, vatId="none").json["data"]) == 20


def test_a_zone_moves_the_instant_and_a_coarse_filter_rounds_it_down(crm, to_crm, clock):
    day = clock.now - clock.now % 86_400
    crm.put_all("companies", [{"name": f"N{n}"} for n in range(5)], [day + n * 3600 for n in range(5)])
    asked = datetime.fromtimestamp(day + 2 * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert len(to_crm.get(COMPANIES, updatedSince=asked).json["data"]) == 3
    for fault, count in (
        (Fault("zone", seconds=3600), 2),
        (Fault("zone", seconds=-3600), 4),
        (Fault("coarse_since", seconds=86_400), 5),
    ):
        crm.faults.add(fault)
        assert len(to_crm.get(COMPANIES, updatedSince=asked).json["data"]) == count


def test_pages_are_capped_although_larger_ones_were_asked_for(crm, to_crm, many):
    crm.faults.add(Fault("page_cap", rows=7))
    assert len(to_crm.get(COMPANIES, limit=15).json["data"]) == 7
    assert len(to_crm.get(COMPANIES, limit=15).json["data"]) == 15


def test_an_ignored_order_is_the_one_of_creation(crm, to_crm, many):
    crm.faults.add(Fault("ignore_sort"))
    created = ids(crm.rows("companies"))
    assert ids(to_crm.get(COMPANIES, sort="-updatedAt").json["data"]) == created
    assert ids(to_crm.get(COMPANIES, sort="-updatedAt").json["data"]) != created


def test_deleted_records_are_hidden_though_asked_for(erp, to_erp):
    gone = erp.put("partner", FIRMA)["id"]
    erp.remove("partner", gone)
    erp.faults.add(Fault("hide_deleted"))
    assert to_erp.get(PARTNER, mit_geloeschten="1").json["items"] == []
    assert ids(to_erp.get(PARTNER, mit_geloeschten="1").json["items"]) == [gone]


def test_what_is_not_there_is_hidden_behind_another_answer(crm, to_crm, many):
    crm.faults.add(Fault("hide_absent", status=403, count=None))
    hidden = to_crm.get(f"{COMPANIES}/nobody")
    assert (hidden.status, "no such" in hidden.body.decode()) == (403, False)
    assert to_crm.get(f"{COMPANIES}/{many[0]}").status == 200


def test_records_lack_a_field_or_have_one_more(crm, to_crm, many):
    crm.faults.add(Fault("no_field", field="city"), Fault("extra_field", nth=2, field="churnRisk"))
    first, second = (to_crm.get(COMPANIES, limit=1).json["data"][0] for _ in range(2))
    assert "city" not in first
    assert "churnRisk" not in first
    assert {"city", "churnRisk"} <= second.keys()


def test_an_unstable_sort_loses_and_repeats_rows_between_pages(crm, to_crm, many):
    crm.faults.add(Fault("unstable_sort", count=None))
    seen = ids(to_crm.all(COMPANIES, limit=5))
    assert len(seen) == 20
    assert len(set(seen)) < 20


def test_an_insert_while_paging_repeats_a_row_and_a_removal_loses_one(crm, to_crm, many):
    crm.faults.add(Fault("shift"))
    seen = ids(to_crm.all(COMPANIES, limit=10))
    assert seen == [*many[:10], *many[9:]]
    newcomer = ids(to_crm.get(COMPANIES).json["data"])[0]
    crm.faults.add(Fault("shift", mode="remove"))
    seen = ids(to_crm.all(COMPANIES, limit=10))
    assert seen == [newcomer, *many[:9], *many[10:]]


def test_a_lagging_listing_shows_the_past(crm, to_crm, clock, many):
    """Creations, edits and deletions appear in listings late, and in reads by id at once."""
    crm.faults.add(Fault("lag", seconds=30, count=None))
    clock.now += 60
    crm.change("companies", many[0], {"name": "edited"})
    crm.remove("companies", many[1])
    made = crm.put("companies", {"name": "made"})
    for later, names, count in ((29, set(), 20), (1, {"edited", "made"}, 20)):
        clock.now += later
        page = to_crm.get(COMPANIES).json
        assert {r["name"] for r in page["data"]} & {"edited", "made"} == names
        assert page["meta"]["total"] == len(page["data"]) == count
    assert many[1] not in ids(page["data"])
    assert to_crm.get(f"{COMPANIES}/{made['id']}").status == 200


# --- reads and writes ---------------------------------------------------------------------------------------------


def test_a_stale_read_shows_the_version_before_or_another_time(crm, to_crm, clock, many):
    path = f"{COMPANIES}/{many[0]}"
    before = crm.row("companies", many[0])["name"]
    clock.now += 10
    crm.change("companies", many[0], {"name": "edited"})
    crm.faults.add(Fault("stale_read"), Fault("stale_read", seconds=5, count=2))
    assert to_crm.get(path).json["name"] == before
    assert to_crm.get(path).json["name"] == before
    clock.now += 5
    assert to_crm.get(path).json["name"] == "edited"
    crm.faults.clear()
    made = crm.put("companies", {"name": "made"})
    crm.faults.add(Fault("stale_read", seconds=5))
    assert to_crm.get(f"{COMPANIES}/{made['id']}").status == 404


def test_a_skewed_clock_moves_the_date_header_and_the_stamps(crm, to_crm, clock):
    crm.faults.add(Fault("skew", seconds=-3600))
    reply = to_crm("POST", COMPANIES, {"name": "A"})
    assert reply.json["updatedAt"] == "2025-06-15T14:06:40.250Z"
    assert parsedate_to_datetime(reply.headers["Date"]).timestamp() == int(clock.now) - 3600


def test_a_batch_may_fail_in_part_or_lose_its_results(erp, to_erp):
    erp.faults.add(Fault("partial_bulk", rows=2, status=503), Fault("partial_bulk", mode="cut", rows=1))
    first = to_erp("POST", f"{PARTNER}/stapel", {"partner": [FIRMA] * 4}).json["ergebnisse"]
    assert [r["status"] for r in first] == [201, 503, 201, 503]
    assert len(erp.rows("partner")) == 2
    second = to_erp("POST", f"{PARTNER}/stapel", {"partner": [FIRMA] * 4}).json["ergebnisse"]
    assert (len(second), len(erp.rows("partner"))) == (1, 6)


def test_a_stale_version_may_be_accepted(crm, erp, to_crm, to_erp, many):
    for twin in (crm, erp):
        twin.faults.add(Fault("ignore_if_match"))
    erp.put("partner", FIRMA)
    for client, path in ((to_crm, f"{COMPANIES}/{many[0]}"), (to_erp, f"{PARTNER}/1")):
        assert client("PATCH", path, {"email": "a@x.example"}, {"If-Match": '"v9"'}).status == 200
        assert client("PATCH", path, {"email": "b@x.example"}, {"If-Match": '"v9"'}).status == 412


def test_an_idempotency_key_may_be_ignored(crm, to_crm):
    crm.faults.add(Fault("ignore_idempotency_key", count=None))
    made = {to_crm("POST", COMPANIES, {"name": "A"}, {"Idempotency-Key": "k"}).json["id"] for _ in range(2)}
    assert len(made) == 2


@pytest.mark.parametrize(
    ("settings", "stored"),
    [
        ({"mode": "upper"}, "MÜLLER & CO "),
        ({"mode": "lower"}, "müller & co "),
        ({"mode": "trim"}, "Müller & Co"),
        ({"mode": "truncate", "length": 4, "field": "name1"}, "Müll"),
        ({"mode": "upper", "field": "ort"}, "Müller & Co "),
    ],
)
def test_text_may_be_stored_in_the_systems_own_spelling(erp, to_erp, settings, stored):
    """Options, keys to others and other fields stay as they are."""
    erp.faults.add(Fault("normalise", **settings))
    record = to_erp("POST", PARTNER, {"art": "firma", "name1": "Müller & Co ", "status": "Aktiv"}).json
    assert (record["name1"], record["status"], record["art"]) == (stored, "Aktiv", "firma")


# --- from outside -------------------------------------------------------------------------------------------------


def test_faults_are_steered_over_http_by_those_who_may(crm, to_crm, many):
    """The admin token adds, lists and clears; the API's token does not; neither request is logged."""
    admin = {"Authorization": f"Bearer {crm.admin_token}"}
    assert to_crm("GET", "/_faults").status == 401
    assert (
        to_crm("POST", "/_faults", [{"what": "status", "status": 502}, {"what": "html", "count": None}], admin).status
        == 204
    )
    assert to_crm.get(COMPANIES).status == 502
    listed = to_crm("GET", "/_faults", headers=admin).json
    assert [(f["what"], f["seen"], f["struck"]) for f in listed] == [("status", 1, 1), ("html", 1, 1)]
    assert crm.faults.struck("status") == 1
    assert to_crm("DELETE", "/_faults", headers=admin).status == 204
    assert to_crm.get(COMPANIES).status == 200
    assert [e["status"] for e in to_crm("GET", "/_log", headers=admin).json] == [502, 200]
    assert to_crm("GET", "/_else", headers=admin).status == 404


@pytest.mark.parametrize(
    "body", [b"{", {"what": "nothing"}, {"what": "status", "colour": 1}, {"what": "status", "nth": "x"}, 5]
)
def test_a_fault_that_is_none_is_explained(crm, to_crm, body):
    reply = to_crm("POST", "/_faults", body, {"Authorization": f"Bearer {crm.admin_token}"})
    assert reply.status == 422
    assert reply.json["error"]
    assert crm.faults.standing() == []


def test_every_kind_of_fault_is_tested():
    """This file and the webhooks' name each of them."""
    from pathlib import Path

    here = Path(__file__)
    text = here.read_text("utf-8") + here.with_name("test_webhooks.py").read_text("utf-8")
    assert [what for what in get_args(What) if f'"{what}"' not in text] == []


def test_a_watch_sees_every_request_twice_and_may_answer_in_the_systems_place(crm, to_crm):
    seen = []

    def watch(request, moment):
        seen.append((request.method, moment, len(crm.rows("companies"))))
        return Answer(418) if request.headers.get("x-stop") == moment else None

    crm.on_request = watch
    assert to_crm("POST", COMPANIES, {"name": "A"}, {"X-Stop": "before"}).status == 418
    assert to_crm("POST", COMPANIES, {"name": "B"}, {"X-Stop": "after"}).status == 418
    assert seen == [("POST", "before", 0), ("POST", "before", 0), ("POST", "after", 1)]
    assert [e.applied for e in crm.log] == [True]
