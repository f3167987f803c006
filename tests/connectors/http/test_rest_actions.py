"""Fields that have calls of their own: which calls are made for a change, in which order, and what is told of them."""

import json

import pytest

from tallystick.core.error import Absent, Refused, Stale, Unavailable
from tallystick.core.ports import Update

TICKETS = {
    "get": {"method": "GET", "path": "/tickets/{id}"},
    "create": {"method": "POST", "path": "/tickets"},
    "update": {"method": "PATCH", "path": "/tickets/{id}"},
    "claims": {"returns_record": True, "strong_reads": True},
    "actions": {
        "reopen": {
            "field": "status",
            "to": ["open"],
            "first": True,
            "call": {"method": "POST", "path": "/tickets/{id}/reopen"},
        },
        "close": {"field": "status", "to": ["closed"], "call": {"method": "POST", "path": "/tickets/{id}/close"}},
        "assign": {
            "field": "owner.id",
            "call": {
                "method": "PUT",
                "path": "/tickets/{id}/owners/{value}",
                "query": {"who": "u-{value}"},
                "body": {"user": "{value}", "ticket": "{id}"},
            },
        },
        "unassign": {
            "field": "owner.id",
            "to": [None],
            "call": {"method": "DELETE", "path": "/tickets/{id}/owners"},
        },
    },
}


@pytest.fixture
def desk(open_rest):
    def make(**changes):
        connector, _ = open_rest(objects={"tickets": TICKETS | changes})
        return connector

    return make


def made(requests):
    """Name the calls that were made."""
    return [f"{request.method} {request.url.removeprefix('http://crm.test/api')}" for request in requests]


def ticket(**fields):
    return {"id": 7, "title": "T", "status": "open", "owner": {"id": None}, **fields}


def test_an_action_is_called_after_the_other_changes(desk, feed, answer):
    """The rest goes by the update; what the action sets is not in it."""
    written, requests = feed(
        desk().update("tickets", Update("7", {"title": "N", "status": "closed"})),
        answer(ticket(title="N")),
        answer({}),
        answer(ticket(title="N", status="closed")),
    )
    assert made(requests) == ["PATCH /tickets/7", "POST /tickets/7/close", "GET /tickets/7"]
    assert [json.loads(request.body) for request in requests[:2]] == [{"title": "N"}, {}]
    assert (written.stored.record["status"], written.incomplete) == ("closed", ())


def test_an_action_that_comes_first_comes_first(desk, feed, answer):
    """A closed ticket cannot be changed; the update then goes on the version that reopening made."""
    written, requests = feed(
        desk(version="rev", if_match="If-Match").update("tickets", Update("7", {"title": "N", "status": "open"}, "1")),
        answer(ticket(status="closed", rev="1")),
        answer({}),
        answer(ticket(rev="2")),
        answer(ticket(rev="3")),
        answer(ticket(rev="3", title="N")),
    )
    assert made(requests)[1:4] == ["POST /tickets/7/reopen", "GET /tickets/7", "PATCH /tickets/7"]
    assert dict(requests[3].headers)["If-Match"] == '"2"'
    assert written.version == "3"


def test_the_wanted_value_stands_where_the_call_names_it(desk, feed, answer):
    """In an address it is one step, in a body it keeps its type."""
    _, requests = feed(
        desk().update("tickets", Update("7", {"owner": {"id": 12}})), answer({}), answer(ticket(owner={"id": 12}))
    )
    assert made(requests)[0] == "PUT /tickets/7/owners/12?who=u-12"
    assert json.loads(requests[0].body) == {"user": 12, "ticket": "7"}
    _, requests = feed(
        desk().update("tickets", Update("7", {"owner": {"id": "a/b"}})), answer({}), answer(ticket(owner={"id": "a/b"}))
    )
    assert made(requests)[0] == "PUT /tickets/7/owners/a%2Fb?who=u-a%2Fb"


def test_a_blank_is_brought_about_only_by_an_action_for_blanks(desk, feed, answer):
    _, requests = feed(
        desk().update("tickets", Update("7", {"owner": {"id": None}})), answer(b"", 204), answer(ticket())
    )
    assert made(requests) == ["DELETE /tickets/7/owners", "GET /tickets/7"]
    assert requests[0].body is None


def test_a_value_that_no_action_is_for_goes_with_the_update(desk, feed, answer):
    _, [request] = feed(desk().update("tickets", Update("7", {"status": "waiting"})), answer(ticket(status="waiting")))
    assert json.loads(request.body) == {"status": "waiting"}


def test_a_new_record_is_made_first_and_then_brought_there(desk, feed, answer):
    """What it shows from the start needs no call."""
    written, requests = feed(
        desk().create("tickets", {"title": "T", "status": "closed"}, ""),
        answer(ticket(), 201),
        answer({}),
        answer(ticket(status="closed")),
    )
    assert made(requests) == ["POST /tickets", "POST /tickets/7/close", "GET /tickets/7"]
    assert json.loads(requests[0].body) == {"title": "T"}
    assert (written.id, written.stored.record["status"]) == ("7", "closed")
    _, requests = feed(desk().create("tickets", {"title": "T", "status": "open"}, ""), answer(ticket(), 201))
    assert made(requests) == ["POST /tickets"]


def test_a_refused_action_leaves_the_rest_written_and_is_told_by_its_field(desk, feed, answer):
    written, _ = feed(
        desk().update("tickets", Update("7", {"title": "N", "status": "closed"})),
        answer(ticket(title="N")),
        answer({"message": "work is left"}, 422),
        answer(ticket(title="N")),
    )
    [(path, error)] = written.incomplete
    assert (path, type(error), "work is left" in error.detail) == (("status",), Refused, True)


@pytest.mark.parametrize("trouble", [409, 422, 500])
def test_a_failed_action_is_done_if_the_record_shows_its_value(desk, feed, answer, trouble):
    """Closed already, or closed although no clear answer came: the wanted state is there."""
    written, _ = feed(
        desk(claims={}).update("tickets", Update("7", {"status": "closed"})),
        answer({"message": "it is closed"}, trouble),
        answer(ticket(status="closed")),
    )
    assert (written.id, written.stored, written.incomplete) == ("7", None, ())


def test_where_nothing_at_all_was_done_the_write_failed(desk, feed, answer):
    with pytest.raises(Refused, match="refuses"):
        feed(desk().update("tickets", Update("7", {"status": "closed"})), answer({}, 422), answer(ticket()))
    with pytest.raises(Unavailable) as caught:
        feed(
            desk().update("tickets", Update("7", {"status": "closed"})),
            Unavailable("no answer", applied="unknown"),
            answer({}, 500),
        )
    assert caught.value.applied == "unknown"


def test_an_update_that_is_refused_after_a_first_action_is_told_by_field(desk, feed, answer):
    """The ticket is open now, so the write did not fail as a whole."""
    written, _ = feed(
        desk().update("tickets", Update("7", {"title": "N", "x": {"y": 1}, "status": "open"})),
        answer({}),
        answer(ticket()),
        answer({"message": "no"}, 422),
        answer(ticket()),
    )
    assert [path for path, _ in written.incomplete] == [("title",), ("x", "y")]


def test_no_action_is_called_once_the_update_is_refused(desk, feed, answer):
    with pytest.raises(Refused):
        feed(desk().update("tickets", Update("7", {"title": "N", "status": "closed"})), answer({}, 422))


@pytest.mark.parametrize(("found", "error"), [((ticket(rev="2"), 200), Stale), (({}, 404), Absent)])
def test_nothing_is_called_for_a_record_that_moved_or_is_gone(desk, feed, answer, found, error):
    """Action calls take no condition, so the record is looked at before them (W-2)."""
    flow = desk(version="rev", if_match="If-Match").update("tickets", Update("7", {"status": "closed"}, "1"))
    with pytest.raises(error):
        feed(flow, answer(*found))


def test_a_trial_leaves_out_what_actions_do(desk, feed, answer):
    trial = {"validate_only": {"query": {"dryRun": "1"}}}
    connector = desk(create=TICKETS["create"] | trial, update=TICKETS["update"] | trial)
    _, [request] = feed(connector.try_create("tickets", {"title": "T", "status": "closed"}), answer({}))
    assert json.loads(request.body) == {"title": "T"}
    assert feed(connector.try_update("tickets", Update("7", {"status": "closed"}))) == (None, [])


def test_records_with_actions_are_written_one_by_one(desk):
    bulk = {"create_bulk": {"method": "POST", "path": "/tickets/all", "size": 50}}
    assert desk(**bulk).capabilities("tickets").bulk == 0
    assert desk(**bulk, actions={}).capabilities("tickets").bulk == 50
