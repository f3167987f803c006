"""What is written through a manifest, and what the answers to writes prove. Fed from lists, no sockets."""

import json

import pytest

from tallystick.core.error import Absent, Bug, DataError, Duplicate, Garbled, Refused, RemoteError, Stale, Unavailable
from tallystick.core.ports import Update

SPEC = {
    "get": {"method": "GET", "path": "/companies/{id}"},
    "create": {"method": "POST", "path": "/companies"},
    "update": {"method": "PATCH", "path": "/companies/{id}"},
    "delete": {"method": "DELETE", "path": "/companies/{id}"},
    "claims": {"returns_record": True},
}
PUT = {"update": {"method": "PUT", "path": "/companies/{id}", "whole": True}}


@pytest.fixture
def crm(open_rest):
    def make(**changes):
        connector, _ = open_rest(objects={"companies": SPEC | changes})
        return connector

    return make


def test_a_create_sends_the_body_and_gives_the_stored_record(crm, feed, answer):
    written, [request] = feed(
        crm(claims={"idempotency_header": "Idempotency-Key", "returns_record": True}).create(
            "companies", {"name": "Müller"}, "k1"
        ),
        answer({"id": 5, "name": "Muller", "rev": 1}, 201),
    )
    assert (request.method, request.url) == ("POST", "http://crm.test/api/companies")
    assert dict(request.headers)["Idempotency-Key"] == "k1"
    assert dict(request.headers)["Content-Type"] == "application/json"
    assert json.loads(request.body) == {"name": "Müller"}
    assert not request.repeatable
    assert (written.id, written.stored.record["name"]) == ("5", "Muller")


def test_bodies_are_laid_over_the_manifests_values_and_wrapped(crm, feed, answer):
    create = {
        "method": "POST",
        "path": "/c",
        "wrap": "data.attributes",
        "body": {"type": "x", "a": {"b": 1, "c": 2}},
        "record": "data",
    }
    written, [request] = feed(
        crm(create=create).create("companies", {"type": "own", "a": {"c": 3}}, ""), answer({"data": {"id": "7"}})
    )
    assert json.loads(request.body) == {"data": {"attributes": {"type": "own", "a": {"b": 1, "c": 3}}}}
    assert (written.id, written.stored) == ("7", None)


@pytest.mark.parametrize("given", [{"id": 7, "name": "M"}, [{"id": 7, "name": "M"}]])
def test_a_record_may_come_alone_where_a_list_of_one_was_promised(crm, feed, answer, given):
    """Descriptions are often written for the call that takes several records."""
    calls = {name: {**SPEC[name], "record": "data[0]"} for name in ("create", "get")}
    written, _ = feed(crm(**calls).create("companies", {"name": "M"}, ""), answer({"data": given}))
    seen, _ = feed(crm(**calls).get("companies", "7"), answer({"data": given}))
    assert (written.id, written.stored.record, seen.record) == ("7", {"id": 7, "name": "M"}, {"id": 7, "name": "M"})


def test_forms_are_spelled_with_brackets(crm, feed, answer):
    create = {"method": "POST", "path": "/c", "encoding": "form"}
    body = {
        "name": "A & Ö",
        "address": {"city": "x", "geo": {"lat": 1}},
        "tags": ["a", "b"],
        "lines": [{"sku": 1}],
        "on": True,
        "off": None,
    }
    _, [request] = feed(crm(create=create).create("companies", body, ""), answer({"id": 1}))
    assert request.body == (
        b"name=A+%26+%C3%96&address[city]=x&address[geo][lat]=1&tags[]=a&tags[]=b&lines[0][sku]=1&on=true&off="
    )
    assert dict(request.headers)["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "status", "headers", "written_id"),
    [
        (b"", 201, {"Location": "/api/companies/42"}, "42"),
        (b"", 204, {"Location": "https://crm.test/api/companies/a%2Fb?x=1"}, "a/b"),
        ({"id": 42}, 200, {}, "42"),
        ({"result": {"x": 1}, "id": "9"}, 200, {}, "9"),
        ([{"id": 3}], 201, {}, "3"),
        ({"status": "ok"}, 201, {"Location": "/api/companies/42/"}, "42"),
    ],
)
def test_the_new_id_is_found_in_the_body_or_the_location(crm, feed, answer, body, status, headers, written_id):
    written, _ = feed(crm().create("companies", {"name": "x"}, ""), answer(body, status, headers))
    assert written.id == written_id


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 201), (b"", 204), (b"<html><title>ok</title>", 200), (b'{"id":', 200), ({"ok": True}, 201), (b"[]", 200),
     ({"error": {"message": "quota"}}, 200), ({"errors": ["quota"]}, 200)],
)  # fmt: skip
def test_a_create_whose_answer_names_no_record_is_unknown(crm, feed, answer, body, status):
    with pytest.raises(RemoteError) as caught:
        feed(crm().create("companies", {"name": "x"}, ""), answer(body, status))
    assert caught.value.applied == "unknown"
    assert caught.value.hint


def test_an_update_sends_only_the_patch(crm, feed, answer):
    written, [request] = feed(
        crm().update("companies", Update("c 1", {"name": "x"}, current={"id": "c 1", "name": "y", "z": 1})),
        answer(status=204),
    )
    assert (request.method, request.url) == ("PATCH", "http://crm.test/api/companies/c%201")
    assert json.loads(request.body) == {"name": "x"}
    assert (written.id, written.stored) == ("c 1", None)


def test_a_whole_update_sends_the_record_as_read_with_the_patch_merged_deeply(crm, feed, answer):
    current = {
        "id": 1,
        "name": "y",
        "address": {"city": "a", "zip": "1"},
        "tags": [1, 2],
        "audit": {"by": "me", "x": 1},
    }
    fields = {"id": {"read_only": True}, "audit.by": {"read_only": True}}
    _, [request] = feed(
        crm(**PUT, fields=fields).update(
            "companies", Update("1", {"address": {"zip": "2"}, "tags": [3]}, current=current)
        ),
        answer({"id": 1}),
    )
    assert json.loads(request.body) == {
        "name": "y",
        "address": {"city": "a", "zip": "2"},
        "tags": [3],
        "audit": {"x": 1},
    }
    assert current["address"]["zip"] == "1"
    assert "by" in current["audit"]


def test_a_whole_update_without_the_record_reads_it_first(crm, feed, answer):
    _, requests = feed(
        crm(**PUT).update("companies", Update("1", {"name": "x"})), answer({"id": 1, "z": 1}), answer({"id": 1})
    )
    assert [r.method for r in requests] == ["GET", "PUT"]
    assert json.loads(requests[1].body) == {"id": 1, "z": 1, "name": "x"}


@pytest.mark.parametrize("status", [404, 410])
def test_a_record_that_is_gone_before_a_whole_update_is_absent(crm, feed, answer, status):
    with pytest.raises(Absent):
        feed(crm(**PUT).update("companies", Update("1", {"name": "x"})), answer(status=status))


def test_a_whole_update_planned_on_an_older_version_is_stale_and_sends_nothing(crm, feed, answer):
    with pytest.raises(Stale):
        feed(
            crm(**PUT, version="rev").update("companies", Update("1", {"name": "x"}, "4")), answer({"id": 1, "rev": 5})
        )


@pytest.mark.parametrize(
    ("entries", "version", "header"),
    [
        ({"version": "header:ETag"}, 'W/"5"', 'W/"5"'),
        ({"version": "rev"}, "5", '"5"'),
        ({"version": "rev"}, '"5"', '"5"'),
        ({}, '"5"', '"5"'),
    ],
)
def test_a_conditional_write_names_the_version_it_was_planned_on(crm, feed, answer, entries, version, header):
    connector = crm(if_match="If-Match", **entries)
    _, [update] = feed(connector.update("companies", Update("1", {"a": 1}, version)), answer(status=204))
    _, [delete] = feed(connector.delete("companies", "1", version), answer(status=204))
    assert dict(update.headers)["If-Match"] == dict(delete.headers)["If-Match"] == header


def test_another_header_than_if_match_gets_the_bare_version(crm, feed, answer):
    _, [request] = feed(
        crm(if_match="X-Version", version="rev").update("companies", Update("1", {"a": 1}, "5")), answer(status=204)
    )
    assert dict(request.headers)["X-Version"] == "5"


def test_a_conditional_write_without_a_version_reads_it_first_and_sees_that_nothing_has_moved(crm, feed, answer):
    connector = crm(if_match="If-Match")
    update = Update("1", {"a": {"b": 1}}, current={"id": 1, "a": {"b": 0, "c": 9}, "z": 1})
    _, requests = feed(
        connector.update("companies", update),
        answer({"id": 1, "a": {"b": 0, "c": 8}, "z": 2}, headers={"ETag": '"7"'}),
        answer(status=204),
    )
    assert dict(requests[1].headers)["If-Match"] == '"7"'
    with pytest.raises(Stale):
        feed(connector.update("companies", update), answer({"id": 1, "a": {"b": 5}}, headers={"ETag": '"8"'}))
    _, requests = feed(
        connector.delete("companies", "1"), answer({"id": 1}, headers={"ETag": '"7"'}), answer(status=204)
    )
    assert dict(requests[1].headers)["If-Match"] == '"7"'


def test_no_write_goes_without_a_condition_where_there_should_be_one(crm, feed, answer):
    """R-10.4."""
    with pytest.raises(Garbled):
        feed(crm(if_match="If-Match").update("companies", Update("1", {"a": 1})), answer({"id": 1}))


def test_a_version_can_be_a_field_of_the_body(crm, feed, answer):
    connector = crm(version="rev", claims={"cas_write": True}, fields={"rev": {"type": "integer", "read_only": True}})
    _, [request] = feed(connector.update("companies", Update("1", {"a": 1}, "5")), answer(status=204))
    assert json.loads(request.body) == {"a": 1, "rev": 5}
    patch = {"a": 1}
    feed(connector.update("companies", Update("1", patch, "5")), answer(status=204))
    assert patch == {"a": 1}, "the plan is never changed by sending it"


@pytest.mark.parametrize(
    ("answered", "stored"),
    [
        ({"id": 1, "name": "X "}, True),
        ({"id": 1}, False),
        ({"id": "job-9", "name": "x"}, False),
        ({"name": "x"}, True),
        ({}, False),
        ([], False),
        ("done", False),
    ],
)
def test_only_the_record_itself_counts_as_stored(crm, feed, answer, answered, stored):
    written, _ = feed(crm().update("companies", Update("1", {"name": "x"})), answer(answered))
    assert written.id == "1"
    assert (written.stored is not None) is stored
    if stored:
        assert written.stored.id == "1"


def test_the_new_version_comes_from_the_answer(crm, feed, answer):
    written, _ = feed(
        crm(version="header:ETag").update("companies", Update("1", {"a": 1})),
        answer(status=204, headers={"etag": '"8"'}),
    )
    assert written.version == '"8"'
    written, _ = feed(
        crm(version="rev").update("companies", Update("1", {"a": 1})), answer({"id": 1, "a": 1, "rev": 8})
    )
    assert written.version == written.stored.version == "8"


@pytest.mark.parametrize("body", [b"<html>", b'{"id":1', b"OK"])
def test_an_unreadable_answer_to_an_update_is_unknown(crm, feed, answer, body):
    with pytest.raises(RemoteError) as caught:
        feed(crm().update("companies", Update("1", {"a": 1})), answer(body))
    assert caught.value.applied == "unknown"


def test_a_web_page_as_answer_to_a_delete_is_unknown_all_other_success_is_success(crm, feed, answer):
    for body in (b"", b"OK", b"{}"):
        assert feed(crm().delete("companies", "1"), answer(body))[0] is None
    with pytest.raises(RemoteError) as caught:
        feed(crm().delete("companies", "1"), answer(b"<html><title>Sign in</title>"))
    assert caught.value.applied == "unknown"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, b"", Absent),
        (410, b"", Absent),
        (412, b"", Stale),
        (409, b"", Stale),
        (422, {"error": {"message": "too long", "field": "name"}}, Refused),
        (503, b"", Unavailable),
    ],
)
def test_refusals_carry_the_records_place(crm, feed, answer, status, body, kind):
    with pytest.raises(kind) as caught:
        feed(crm().update("companies", Update("1", {"name": "x"})), answer(body, status))
    assert caught.value.place == "crm/companies/1"
    if status == 422:
        assert caught.value.field == "name"


def test_a_sent_field_is_found_in_a_complaint_of_unknown_shape(crm, feed, answer):
    with pytest.raises(Refused) as caught:
        feed(
            crm().create("companies", {"name1": "x"}, ""),
            answer({"fehler": [{"feld": "name1", "meldung": "zu lang"}]}, 400),
        )
    assert caught.value.field == "name1"


def test_an_id_of_our_own_goes_into_the_address_and_never_replaces_a_record(crm, feed, answer):
    """R-10.9."""
    connector = crm(create={"method": "PUT", "path": "/companies/{id}"}, claims={"create_idem": "client_id"})
    written, [request] = feed(connector.create("companies", {"id": "own", "a": 1}, ""), answer(status=204))
    assert request.url.endswith("/companies/own")
    assert dict(request.headers)["If-None-Match"] == "*"
    assert written.id == "own"
    with pytest.raises(Duplicate):
        feed(connector.create("companies", {"id": "own"}, ""), answer(status=412))
    with pytest.raises(DataError):
        next(connector.create("companies", {"a": 1}, ""))


@pytest.mark.parametrize("record_id", ["", "..", "."])
def test_an_id_that_would_delete_the_collection_is_refused(crm, record_id):
    with pytest.raises(DataError):
        next(crm().delete("companies", record_id))


def test_a_line_break_cannot_be_smuggled_into_a_header(open_rest):
    connector, transport = open_rest(objects={"companies": SPEC | {"claims": {"idempotency_header": "Key"}}})
    with pytest.raises(Bug):
        transport.run(connector.create("companies", {"a": 1}, "x\r\nHost: evil"))
