"""Every status means one thing to do, and the vendor's own words are found in any of the usual shapes."""

import json

import pytest

from tallystick.connectors.http.message import Headers, Response
from tallystick.connectors.http.refusal import complaint, complaints, refusal
from tallystick.connectors.http.scrub import Scrub
from tallystick.core import error as tree

FIELDS = {"name", "email", "address.city", "status", "title", "name1"}


def refuse(status, body=b"", write=None, headers=None):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return refusal(Response(status, Headers.of(headers or {}), body), "crm/c/1", Scrub(), write=write, fields=FIELDS)


@pytest.mark.parametrize(
    ("status", "write", "kind"),
    [
        (401, None, tree.AccessError),
        (401, "update", tree.AccessError),
        (403, None, tree.AccessError),
        (403, "create", tree.AccessError),
        (407, None, tree.AccessError),
        (404, None, tree.AccessError),
        (404, "update", tree.Absent),
        (410, "delete", tree.Absent),
        (404, "create", tree.Refused),
        (409, "update", tree.Stale),
        (409, "create", tree.Stale),
        (409, "delete", tree.Stale),
        (412, "update", tree.Stale),
        (423, "update", tree.Stale),
        (428, "update", tree.Stale),
        (400, "create", tree.Refused),
        (422, "update", tree.Refused),
        (413, "update", tree.Refused),
        (405, "update", tree.Refused),
        (429, None, tree.Throttled),
        (500, None, tree.Unavailable),
        (503, "create", tree.Unavailable),
        (408, "create", tree.Unavailable),
        (425, "create", tree.Unavailable),
        (501, "create", tree.RemoteError),
        (400, None, tree.RemoteError),
        (302, "create", tree.RemoteError),
    ],
)
def test_each_status_has_its_class(status, write, kind):
    error = refuse(status, write=write)
    assert type(error) is kind
    assert error.place == "crm/c/1"
    assert error.hint
    assert str(status) in error.detail


@pytest.mark.parametrize(
    ("status", "write", "applied"),
    [
        (500, "create", "unknown"),
        (502, "update", "unknown"),
        (504, "delete", "unknown"),
        (408, "create", "unknown"),
        (500, None, "no"),
        (425, "create", "no"),
        (501, "create", "no"),
        (422, "create", "no"),
        (409, "update", "no"),
        (412, "update", "no"),
        (302, "create", "unknown"),
        (303, "create", "unknown"),
        (307, "create", "no"),
        (308, "update", "no"),
    ],
)
def test_only_proof_says_that_nothing_was_applied(status, write, applied):
    """R-10.3."""
    assert refuse(status, write=write).applied == applied


@pytest.mark.parametrize(
    "message",
    [
        "email has already been taken",
        "A company with this VAT id already exists",
        "DUPLICATE_VALUE",
        "violates unique constraint",
        "Kundennummer ist bereits vergeben",
        "existe déjà",
    ],
)
@pytest.mark.parametrize("status", [409, 400, 422])
def test_a_create_that_meets_a_unique_key_is_a_duplicate(message, status):
    assert isinstance(refuse(status, {"message": message}, "create"), tree.Duplicate)
    assert type(refuse(status, {"message": message}, "update")) is tree.Refused


def test_a_conflict_over_a_field_of_a_new_record_is_a_duplicate_in_any_language():
    body = {"fehler": [{"feld": "email", "meldung": "gibt es"}]}
    assert isinstance(refuse(409, body, "create"), tree.Duplicate)
    assert type(refuse(409, body, "update")) is tree.Stale
    assert type(refuse(409, {"message": "busy"}, "create")) is tree.Stale


@pytest.mark.parametrize("message", ["the company does not exist", "not exists", "no such group"])
def test_what_does_not_exist_is_no_duplicate(message):
    assert type(refuse(422, {"message": message}, "create")) is tree.Refused


@pytest.mark.parametrize(
    ("body", "message", "field"),
    [
        ({"message": "too long"}, "too long", ""),
        ({"error": "too long"}, "too long", ""),
        ({"error": {"message": "too long", "field": "name"}}, "too long", "name"),
        ({"error": {"code": "E1", "message": "too long", "param": "email"}}, "too long", "email"),
        ({"detail": "too long"}, "too long", ""),
        ({"detail": [{"loc": ["body", "address", "city"], "msg": "too long"}]}, "too long", "address.city"),
        ({"title": "Invalid", "status": 400, "type": "about:blank", "detail": "too long"}, "too long", ""),
        ({"title": "Invalid", "errors": {"name": ["too long"]}}, "Invalid: name: too long", "name"),
        ({"errors": ["too long", "too odd"]}, "too long; too odd", ""),
        ({"errors": [{"detail": "too long", "source": {"pointer": "/data/attributes/name"}}]}, "too long", "name"),
        ({"errors": [{"message": "too long", "propertyName": "name"}]}, "too long", "name"),
        ([{"message": "too long", "errorCode": "X", "fields": ["name"]}], "too long", "name"),
        ({"name": ["too long"]}, "name: too long", "name"),
        ({"fehler": [{"feld": "name1", "meldung": "zu lang"}]}, "feld: name1, meldung: zu lang", "name1"),
        ({"error_description": "bad", "error": "invalid"}, "bad", ""),
        ({"timestamp": 1, "status": 400, "error": "Bad Request", "path": "/api/c"}, "Bad Request", ""),
        ({"ok": False}, "", ""),
        ("too long", "too long", ""),
        ([], "", ""),
        (None, "", ""),
    ],
)
def test_the_vendors_message_and_field_are_found(body, message, field):
    assert complaint(json.dumps(body).encode(), Scrub(), FIELDS) == (message, field)


@pytest.mark.parametrize(
    ("body", "message", "named"),
    [
        (
            [{"field": "name", "message": "too long"}, {"field": "email", "message": "no address"}],
            "name: too long; email: no address",
            {"name": "too long", "email": "no address"},
        ),
        (
            {"title": "Invalid", "errors": {"email": ["no address", "too short"], "name": ["too long"]}},
            "Invalid: email: no address; too short; name: too long",
            {"email": "no address; too short", "name": "too long"},
        ),
        (
            {"errors": [{"detail": f"bad {n}", "source": {"pointer": f"/data/attributes/f{n}"}} for n in range(5)]},
            "f0: bad 0; f1: bad 1; f2: bad 2; f3: bad 3; f4: bad 4",
            {f"f{n}": f"bad {n}" for n in range(5)},
        ),
        (
            {"errors": [{"field": "name", "message": "too long"}, {"field": "name", "message": "too odd"}]},
            "name: too long; name: too odd",
            {"name": "too long; too odd"},
        ),
        (
            {"name": ["too long"], "email": ["empty"]},
            "name: too long, email: empty",
            {"name": "too long", "email": "empty"},
        ),
        ([{"message": "clash", "fields": ["name", "email"]}], "clash", {"name": "clash", "email": "clash"}),
        (
            {"errors": [{"field": "name", "message": "no"}], "sent": {"name": "x", "email": "y"}},
            "no",
            {"name": "no"},
        ),
    ],
)
def test_every_field_that_is_named_is_told_and_kept(body, message, named):
    """The first place in an answer that names fields counts, all of it; a record that is echoed beside it does not."""
    fields = {*FIELDS, *(f"f{n}" for n in range(5))}
    assert complaints(json.dumps(body).encode(), Scrub(), fields) == (message, named)


def test_a_refusal_can_be_taken_apart_by_field():
    """Each field is parked and learned of with what was said of it, as if it had been refused alone."""
    body = [{"field": "name", "message": "too long"}, {"field": "email", "message": "no address"}]
    error = refuse(422, body, "update")
    assert [(each.field, each.detail, each.place) for each in error.each()] == [
        ("name", "status 422: too long", "crm/c/1"),
        ("email", "status 422: no address", "crm/c/1"),
    ]
    assert error.detail == "status 422: name: too long; email: no address"


def test_of_several_complaints_the_taken_key_decides():
    body = [{"field": "name", "message": "too long"}, {"field": "email", "message": "already taken"}]
    error = refuse(422, body, "create")
    assert (type(error), error.field) == (tree.Duplicate, "email")


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 50_000, b'{"message":' + b'{"message":' * 500])
def test_a_body_that_says_nothing_readable_gives_no_message(body):
    assert complaint(body, Scrub(), FIELDS) == ("", "")


def test_a_message_never_shows_a_secret():
    scrub = Scrub()
    scrub.learn("s3cret-key")
    message, _ = complaint(b'{"message":"key s3cret-key is unknown"}', scrub)
    assert message == "key *** is unknown"


def test_a_field_of_the_record_that_an_answer_echoes_is_not_blamed():
    body = {"message": "no", "record": {"name": "x", "title": "y", "id": 5}}
    assert complaint(json.dumps(body).encode(), Scrub(), FIELDS)[1] == ""
