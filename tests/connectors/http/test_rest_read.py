"""What is read through a manifest: filters, sights, single records, searches. Fed from lists, no sockets."""

import json
from decimal import Decimal

import pytest

from tallystick.connectors.http.message import Request
from tallystick.core.error import AccessError, DataError, Garbled, InvalidValue, ProjectError, RemoteError, Unavailable
from tallystick.core.ports import NotThere

T = 1741334709.25  # 2025-03-07 08:05:09.25 UTC

SPEC = {
    "id": "id",
    "list": {"method": "GET", "path": "/companies", "record": "data", "query": {"expand": "all"}},
    "get": {"method": "GET", "path": "/companies/{id}", "record": "data"},
    "since": {"param": "updated", "template": "gte:{}"},
    "sort": {"param": "sort", "value": "updated_at,id"},
    "filters": {"email": {"param": "q", "template": "email:{}"}, "number": {"param": "number"}},
    "version": "rev",
    "modified": "updated_at",
    "created": "created_at",
    "deleted": {"path": "deleted", "query": {"with_deleted": "1"}},
}


@pytest.fixture
def crm(open_rest):
    def make(*, base_url="http://crm.test/api", system=None, **changes):
        connector, _ = open_rest(base_url, objects={"companies": SPEC | changes}, **(system or {}))
        return connector

    return make


def row(**fields):
    return json.dumps({"id": "c1", **fields}).encode()


def test_a_listing_asks_for_what_changed_in_order_deleted_ones_included(crm, feed, answer):
    page, [request] = feed(
        crm().read("companies", since=T),
        answer({"data": [{"id": 1}]}, headers={"Date": "Fri, 07 Mar 2025 08:05:10 GMT"}),
    )
    assert request.url == (
        "http://crm.test/api/companies?expand=all&updated=gte%3A2025-03-07T08%3A05%3A09.250Z"
        "&sort=updated_at%2Cid&with_deleted=1"
    )
    assert dict(request.headers) == {"Accept": "application/json"}
    assert page.server_time == 1741334710
    assert page.rows == [b'{"id": 1}']


def test_what_changed_since_replaces_what_shows_deleted_records_where_both_have_one_name(crm, feed, answer):
    """Where asking for changes shows deletions, a whole listing asks for all changes; no parameter goes out twice."""
    since = {"param": "since", "format": "unix"}
    changed = crm(since=since, deleted={"path": "deleted", "query": {"since": "0", "trash": "1"}})
    _, [request] = feed(changed.read("companies", since=T), answer({"data": []}))
    assert request.url.endswith("since=1741334709&sort=updated_at%2Cid&trash=1")
    _, [request] = feed(changed.read("companies"), answer({"data": []}))
    assert request.url.endswith("sort=updated_at%2Cid&since=0&trash=1")


@pytest.mark.parametrize(
    ("since", "asked"),
    [
        ({"param": "s", "format": "unix"}, "s=1741334709"),
        ({"param": "s", "format": "unix_ms"}, "s=1741334709250"),
        ({"param": "s", "format": "dd.MM.yyyy HH:mm:ss"}, "s=07.03.2025%2009%3A05%3A09"),
        ({"param": "s", "format": "unix", "inclusive": False}, "s=1741334708"),
    ],
)
def test_the_since_filter_is_spelled_as_the_system_wants_it(crm, since, asked):
    request = next(crm(since=since, system={"timezone": "Europe/Berlin"}).read("companies", since=T))
    assert asked in request.url


def test_without_a_since_filter_everything_is_read(crm):
    assert "gte" not in next(crm(since=None).read("companies", since=T)).url


def test_a_sight_has_id_version_times_and_tombstone(crm):
    seen = crm().sight(
        "companies",
        row(rev=7, updated_at="2025-03-07T08:05:09.25Z", created_at="2025-01-01T00:00:00+00:00", deleted=True, n=1.10),
    )
    assert (seen.id, seen.version, seen.modified, seen.created) == ("c1", "7", T, 1735689600)
    assert seen.deleted
    assert seen.record["n"] == Decimal("1.10")


def test_what_is_missing_stays_unknown(crm):
    seen = crm().sight("companies", row(updated_at=None))
    assert (seen.version, seen.modified, seen.created, seen.deleted) == (None, None, None, False)


@pytest.mark.parametrize(
    ("id_type", "raw", "seen"),
    [
        ("text", 5, "5"),
        ("text", "5", "5"),
        ("integer", "005", "5"),
        ("integer", 5, "5"),
        ("text", "005", "005"),
        ("text", 12345678901234567890123, "12345678901234567890123"),
    ],
)
def test_ids_of_numbers_and_texts_compare_as_the_system_means_them(crm, id_type, raw, seen):
    assert crm(id_type=id_type).sight("companies", json.dumps({"id": raw}).encode()).id == seen


def test_an_id_may_be_nested(crm):
    assert crm(id="meta.key").sight("companies", b'{"meta":{"key":9}}').id == "9"


@pytest.mark.parametrize(
    "bad",
    [b"{}", b'{"id":null}', b'{"id":""}', b'{"id":true}', b'{"id":{}}', b'{"id":1.5}', b"[1]", b'"x"', b'{"id":', b"7"],
)
def test_a_record_without_id_is_one_bad_record_with_place_and_hint(crm, bad):
    with pytest.raises(DataError) as caught:
        crm().sight("companies", bad)
    assert caught.value.place == "crm/companies"
    assert caught.value.hint


def test_a_broken_time_stamp_is_one_bad_record(crm):
    with pytest.raises(InvalidValue) as caught:
        crm().sight("companies", row(updated_at="yesterday"))
    assert caught.value.place == "crm/companies/c1"


@pytest.mark.parametrize(
    ("tombstone", "value", "deleted"),
    [
        ({"path": "deleted"}, True, True),
        ({"path": "deleted"}, "2025-01-01", True),
        ({"path": "deleted"}, 1, True),
        ({"path": "deleted"}, False, False),
        ({"path": "deleted"}, "false", False),
        ({"path": "deleted"}, "0", False),
        ({"path": "deleted"}, None, False),
        ({"path": "deleted", "values": ["gone", 2]}, "gone", True),
        ({"path": "deleted", "values": ["gone", 2]}, 2, True),
        ({"path": "deleted", "values": ["gone", 1]}, True, False),
        ({"path": "deleted", "values": ["gone"]}, "active", False),
    ],
)
def test_a_tombstone_is_what_the_manifest_says(crm, tombstone, value, deleted):
    assert crm(deleted=tombstone).sight("companies", row(deleted=value)).deleted is deleted


# --- one record ---------------------------------------------------------------------------------------------------


def test_get_reads_one_record_and_its_etag(crm, feed, answer):
    seen, [request] = feed(
        crm(version="header:ETag").get("companies", "c/1"), answer({"data": {"id": "c/1"}}, headers={"ETag": 'W/"5"'})
    )
    assert request.url == "http://crm.test/api/companies/c%2F1"
    assert seen.version == 'W/"5"'


@pytest.mark.parametrize(("status", "gone"), [(404, False), (410, True)])
def test_not_found_and_gone_are_different_silences(crm, feed, answer, status, gone):
    found, _ = feed(crm().get("companies", "c1"), answer(status=status))
    assert isinstance(found, NotThere)
    assert found.gone is gone
    assert "crm/companies/c1" in found.evidence


def test_a_soft_deleted_record_is_gone_with_evidence(crm, feed, answer):
    found, _ = feed(crm().get("companies", "c1"), answer({"data": {"id": "c1", "deleted": True}}))
    assert found == NotThere(gone=True, evidence="crm/companies/c1: marked as deleted at 'deleted'")


HIDDEN = [
    (403, {"errors": [{"message": "no permission", "extensions": {"code": "FORBIDDEN"}}]}, [403]),
    (400, {"code": "x1", "message": "Unknown id c1"}, ["unknown ID"]),
    (200, {"success": False, "error": "Record not found"}, [403, "not found"]),
    (500, b"No such customer", ["no such"]),
]


@pytest.mark.parametrize(("status", "body", "absent"), HIDDEN)
def test_a_system_that_says_otherwise_that_nobody_is_there_is_believed_where_its_manifest_says_so(
    crm, feed, answer, status, body, absent
):
    get = SPEC["get"]
    found, _ = feed(crm(get=get | {"absent": absent}).get("companies", "c1"), answer(body, status))
    assert isinstance(found, NotThere)
    assert not found.gone
    assert f"status {status}" in found.evidence
    with pytest.raises((AccessError, Garbled, RemoteError)):
        feed(crm().get("companies", "c1"), answer(body, status))


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, {"message": "Not found here"}), (503, b"x not found"), (401, {"error": "user not found"})],
)
def test_what_the_manifest_does_not_list_stays_a_failure(crm, feed, answer, status, body):
    """Whether nobody can be asked is never a word about a record; nor is a gateway's page."""
    get = SPEC["get"] | {"absent": [400, "not found"] if status != 403 else [400, "gone"]}
    with pytest.raises((AccessError, Unavailable)):
        feed(crm(get=get).get("companies", "c1"), answer(body, status))
    with pytest.raises((AccessError, Garbled, RemoteError)):
        feed(crm(get=get).get("companies", "c1"), answer(b"<html><title>Not found</title>", 500))


def test_a_record_that_is_there_is_read_although_it_holds_such_words(crm, feed, answer):
    get = SPEC["get"] | {"absent": ["not found"]}
    seen, _ = feed(crm(get=get).get("companies", "c1"), answer({"data": {"id": "c1", "error": "not found"}}))
    assert seen.id == "c1"


@pytest.mark.parametrize("status", [200, 401, 429, 503])
def test_no_manifest_can_take_an_outage_for_an_absence(crm, status):
    with pytest.raises(ValueError, match="absent"):
        crm(get=SPEC["get"] | {"absent": [status]})


@pytest.mark.parametrize(("status", "kind"), [(401, AccessError), (403, AccessError), (500, Unavailable)])
def test_what_cannot_be_read_is_an_error_and_never_an_absence(crm, feed, answer, status, kind):
    with pytest.raises(kind):
        feed(crm().get("companies", "c1"), answer(status=status))


@pytest.mark.parametrize(
    "body",
    [
        b"<html><title>Login</title>",
        b'{"data":',
        b"[]",
        b"null x",
        {"rows": [{"id": "c1"}]},
        {"error": "none of your business"},
        {"data": {"x": 1}},
        {"data": "c1"},
        b"",
    ],
)
def test_an_answer_that_is_not_this_record_is_garbled(crm, feed, answer, body):
    with pytest.raises(Garbled) as caught:
        feed(crm().get("companies", "c1"), answer(body))
    assert caught.value.place == "crm/companies/c1"


def test_a_list_of_one_is_that_record(crm, feed, answer):
    seen, _ = feed(crm().get("companies", "c1"), answer({"data": [{"id": "c1"}]}))
    assert seen.id == "c1"


# --- searches -----------------------------------------------------------------------------------------------------


def test_find_asks_by_the_filter_and_sees_the_trash(crm, feed, answer):
    hits, [request] = feed(
        crm().find("companies", ("email",), "a+b@x.test"),
        answer({"data": [{"id": 1, "email": "a+b@x.test", "deleted": True}]}),
    )
    assert "q=email%3Aa%2Bb%40x.test" in request.url
    assert "with_deleted=1" in request.url
    assert [(h.id, h.deleted) for h in hits] == [("1", True)]


def test_a_server_that_ignores_the_filter_fools_nobody_even_behind_the_first_page(crm, feed, answer):
    others = [{"id": n, "email": f"{n}@x.test"} for n in range(3)]
    hits, requests = feed(
        crm(paging={"type": "cursor", "next": "next"}).find("companies", ("email",), "me@x.test"),
        answer({"data": others, "next": "p2"}),
        answer({"data": [{"id": 9, "email": "me@x.test"}, {"id": 8}], "next": None}),
        answer({"data": {"id": 8, "email": "you@x.test"}}),
    )
    assert [h.id for h in hits] == ["9"]
    assert requests[2].url.endswith("/companies/8"), "a listing that leaves the field out is asked record by record"


@pytest.mark.parametrize(
    ("value", "found", "matches"),
    [
        ("7", 7, True),
        (7, "7", True),
        (Decimal("7.0"), 7, True),
        ("007", 7, False),
        ("007", "007", True),
        ("a", "A", False),
        ("1e3", 1000, False),
        (True, True, True),
        (True, 1, False),
        ("x", None, False),
    ],
)
def test_a_hit_is_the_same_value_however_it_is_typed(crm, feed, answer, value, found, matches):
    hits, _ = feed(crm().find("companies", ("number",), value), answer({"data": [{"id": 1, "number": found}]}))
    assert bool(hits) is matches


def test_a_broken_record_stops_a_search_only_if_it_is_the_wanted_one(crm, feed, answer):
    broken = {"email": "other@x.test"}
    hits, _ = feed(
        crm().find("companies", ("email",), "me@x.test"), answer({"data": [broken, {"id": 1, "email": "me@x.test"}]})
    )
    assert len(hits) == 1
    with pytest.raises(DataError):
        feed(crm().find("companies", ("email",), "other@x.test"), answer({"data": [broken]}))


def test_a_search_that_does_not_end_is_stopped(crm, feed, answer):
    connector = crm(paging={"type": "cursor", "next": "next"}, system={"limits": {"max_pages": 5}})
    pages = [answer({"data": [{"id": n, "email": "y"}], "next": f"c{n}"}) for n in range(5)]
    with pytest.raises(Garbled, match="does not end"):
        feed(connector.find("companies", ("email",), "x"), *pages)


# --- mistakes of the manifest -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda c: next(c.find("companies", ("name",), "x")),
        lambda c: next(c.create("companies", {}, "k")),
        lambda c: next(c.delete("companies", "1")),
        lambda c: c.read("contacts"),
        lambda c: c.schema("contacts"),
    ],
)
def test_what_the_manifest_does_not_offer_is_a_named_error(crm, use):
    with pytest.raises(ProjectError) as caught:
        use(crm())
    assert caught.value.hint
    assert caught.value.place.startswith("crm")


@pytest.mark.parametrize(
    "entries",
    [
        {"base_url": "crm.test"},
        {"timezone": "Mars/Olympus"},
        {"network": {"proxy": "nonsense"}},
        {"network": {"allow_hosts": ["a b"]}},
        {"objects": {"c": {"list": {"method": "GET", "path": "/{tenant}/c"}}}},
        {"objects": {"c": {"modified_format": "HH:mm"}}},
        {"auth": {"type": "oauth2_client_credentials", "token_url": "nowhere", "client_id": "x", "client_secret": "y"}},
    ],
)
def test_a_manifest_that_cannot_work_is_refused_when_it_is_opened(open_rest, entries):
    with pytest.raises(ProjectError) as caught:
        open_rest(**entries)
    assert caught.value.hint


def test_headers_of_the_manifest_override_the_built_in_ones_and_may_be_secret(open_rest):
    connector, _ = open_rest(
        network={"headers": {"accept": "application/vnd.x+json", "X-Tenant": "${env:TOKEN}"}},
        objects={"c": {"list": {"method": "GET", "path": "/c", "headers": {"X-View": "full"}}}},
    )
    request = next(connector.read("c"))
    assert isinstance(request, Request)
    assert request.headers == (("accept", "application/vnd.x+json"), ("X-Tenant", "t0ken-value"), ("X-View", "full"))
    assert "t0ken" not in repr(request)


def test_schema_and_capabilities_are_what_the_manifest_says(crm):
    kind = crm(
        fields={"name": {"type": "text", "max_length": 40, "required": True}, "kind": {"options": {"a": "Alpha"}}},
        create={"method": "POST", "path": "/companies"},
        claims={"idempotency_header": "Idempotency-Key", "strong_reads": True, "returns_record": True},
        if_match="If-Match",
        paging={"type": "cursor", "next": "n"},
        create_bulk={"method": "POST", "path": "/batch", "size": 50},
    )
    schema, can = kind.schema("companies"), kind.capabilities("companies")
    assert schema.by_path["name"].max_length == 40
    assert [(o.key, o.label) for o in schema.by_path["kind"].options] == [("a", "Alpha")]
    assert (can.create, can.update, can.delete, can.read_by_id, can.since, can.sort) == (
        True,
        False,
        False,
        True,
        True,
        True,
    )
    assert (can.cas_write, can.create_idem, can.version, can.list_order) == (True, "key", "field", "cursor")
    assert (can.consistency, can.late_commit, can.tombstones, can.bulk) == (0, 0, "yes", 50)
    assert can.searchable == ("email", "number")


def test_what_is_not_claimed_is_the_weakest(open_rest):
    connector, _ = open_rest(objects={"c": {}})
    can = connector.capabilities("c")
    assert (can.create, can.read_by_id, can.cas_write, can.create_idem, can.searchable) == (
        False,
        False,
        False,
        "none",
        (),
    )
    assert (can.consistency, can.late_commit, can.skew, can.version, can.tombstones) == (60, 300, 300, "none", "no")
