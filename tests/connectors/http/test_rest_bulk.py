"""Batches: one outcome each, in order; what has no result is unknown; one bad record does not stop the others."""

import json

import pytest

from tallystick.core.error import AccessError, Duplicate, Refused, RemoteError, Throttled, Unavailable
from tallystick.core.ports import Update, Written

BATCH = {"method": "POST", "path": "/batch", "size": 4, "items": "records", "results": "results", "record": "data"}
SPEC = {
    "create": {"method": "POST", "path": "/c"},
    "update": {"method": "PATCH", "path": "/c/{id}"},
    "create_bulk": BATCH,
    "update_bulk": BATCH | {"method": "PATCH"},
    "id_type": "integer",
}


@pytest.fixture
def crm(open_rest):
    def make(**changes):
        return open_rest(objects={"c": SPEC | changes})[0]

    return make


def bodies(*names):
    return [({"name": name}, f"key-{name}") for name in names]


def results(*items):
    return {"results": list(items)}


def good(record_id, name="x"):
    return {"data": {"id": record_id, "name": name}}


def test_every_item_gets_its_own_outcome_in_order(crm, feed, answer):
    outcomes, [request] = feed(
        crm().create_many("c", bodies("a", "b", "c", "d")),
        answer(
            results(good(1, "a"), {"error": {"message": "name taken already"}}, {"error": "too long", "status": 400}, 4)
        ),
    )
    assert json.loads(request.body) == {"records": [{"name": n} for n in "abcd"]}
    assert [type(o) for o in outcomes] == [Written, Duplicate, Refused, Written]
    assert [o.id for o in outcomes if isinstance(o, Written)] == ["1", "4"]
    assert "too long" in outcomes[2].detail


def test_long_lists_are_cut_into_batches(crm, feed, answer):
    outcomes, requests = feed(
        crm().create_many("c", bodies(*"abcdef")),
        answer(results(*(good(n) for n in range(4)))),
        answer(results(good(4), good(5))),
    )
    assert [o.id for o in outcomes] == list("012345")
    assert [len(json.loads(r.body)["records"]) for r in requests] == [4, 2]


def test_an_item_without_a_result_is_unknown_and_so_is_one_whose_result_may_be_anothers(crm, feed, answer):
    """R-14.3: here the second of three was left out, so position alone would give "b" the id of "c"."""
    outcomes, _ = feed(crm().create_many("c", bodies("a", "b", "c")), answer(results(good(1, "a"), good(3, "c"))))
    assert outcomes[0] == Written("1", outcomes[0].stored)
    assert [o.applied for o in outcomes[1:]] == ["unknown", "unknown"]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"{}",
        b'{"results":',
        {"results": None},
        {"results": {"0": {}}},
        results(1, 2, 3, 4, 5),
        results(None, None),
    ],
)
def test_results_that_cannot_be_joined_leave_all_unknown(crm, feed, answer, body):
    outcomes, _ = feed(crm().create_many("c", bodies("a", "b")), answer(body))
    assert [o.applied for o in outcomes] == ["unknown", "unknown"]


def test_a_batch_refused_as_a_whole_is_halved_until_the_culprit_stands_alone(crm, feed, answer):
    outcomes, requests = feed(
        crm().create_many("c", bodies("a", "b", "c", "d")),
        answer({"message": "invalid"}, 422),
        answer(results(good(1), good(2))),
        answer({"message": "invalid"}, 422),
        answer({"error": {"message": "too long", "field": "name"}}, 422),
        answer(results(good(4))),
    )
    assert [type(o) for o in outcomes] == [Written, Written, Refused, Written]
    assert outcomes[2].field == "name"
    keys = {dict(r.headers).get("Idempotency-Key") for r in requests}
    assert keys == {None}


def test_each_composition_of_a_batch_has_its_own_key(crm, feed, answer):
    connector = crm(claims={"idempotency_header": "Key"})
    one, again, other = (
        dict(next(connector.create_many("c", bodies(*names))).headers)["Key"] for names in ("ab", "ab", "abc")
    )
    assert one == again != other


def test_an_error_in_the_middle_does_not_lose_what_was_confirmed(crm, feed, answer):
    outcomes, requests = feed(
        crm().create_many("c", bodies(*"abcdefghi")),
        answer(results(*(good(n) for n in range(4)))),
        Unavailable("no answer in time", applied="unknown"),
    )
    assert len(requests) == 2
    assert [type(o) for o in outcomes] == [Written] * 4 + [Unavailable] * 5
    assert [o.applied for o in outcomes[4:]] == ["unknown"] * 4 + ["no"]


@pytest.mark.parametrize(
    ("status", "kind", "applied"), [(500, Unavailable, "unknown"), (401, AccessError, None), (429, Throttled, "no")]
)
def test_a_failed_batch_is_the_outcome_of_each_item(crm, feed, answer, status, kind, applied):
    outcomes, _ = feed(crm().create_many("c", bodies("a", "b")), answer(status=status))
    assert [type(o) for o in outcomes] == [kind, kind]
    assert {getattr(o, "applied", None) for o in outcomes} == {applied}


def test_updates_carry_their_ids_and_are_joined_only_to_their_own(crm, feed, answer):
    updates = [Update(str(n), {"name": f"n{n}"}) for n in (1, 2, 3)]
    outcomes, [request] = feed(crm().update_many("c", updates), answer(results(good(1), good(9), {"data": {}})))
    assert json.loads(request.body)["records"][0] == {"name": "n1", "id": 1}
    assert isinstance(outcomes[0], Written)
    assert isinstance(outcomes[1], RemoteError)
    assert outcomes[1].applied == "unknown"
    assert outcomes[1].place == "crm/c/2"
    assert isinstance(outcomes[2], Written)


def test_conditional_updates_go_alone(crm, feed, answer):
    updates = [Update("1", {"a": 1}, '"1"'), Update("2", {"a": 1}, '"2"')]
    outcomes, requests = feed(
        crm(if_match="If-Match").update_many("c", updates), answer(status=204), answer(status=412)
    )
    assert [dict(r.headers)["If-Match"] for r in requests] == ['"1"', '"2"']
    assert [type(o).__name__ for o in outcomes] == ["Written", "Stale"]


def test_without_a_batch_the_records_go_one_by_one(crm, feed, answer):
    outcomes, requests = feed(
        crm(create_bulk=None).create_many("c", bodies("a", "b")), answer({"message": "no"}, 422), answer({"id": 2})
    )
    assert [type(o) for o in outcomes] == [Refused, Written]
    assert [r.url for r in requests] == ["http://crm.test/api/c"] * 2


def test_a_list_can_be_the_whole_body_and_the_whole_answer(crm, feed, answer):
    bulk = {"method": "POST", "path": "/batch", "body": {"kind": "x"}}
    connector = crm(create_bulk=bulk, claims={"returns_record": True})
    outcomes, [request] = feed(connector.create_many("c", bodies("a")), answer([{"id": 1, "name": "a"}]))
    assert json.loads(request.body) == [{"kind": "x", "name": "a"}]
    assert outcomes[0].stored.record["name"] == "a"


def test_an_empty_list_sends_nothing(crm, feed):
    assert feed(crm().create_many("c", []))[0] == []
