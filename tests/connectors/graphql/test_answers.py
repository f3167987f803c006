"""What answers of GraphQL mean: data and errors at once, refusals of every make, limits."""

import json

import pytest
from tests.systems.graphql_server import said
from tests.systems.soap_server import opened_door

from tallystick.connectors.graphql import open_system
from tallystick.core.error import (
    AccessError,
    DataError,
    Duplicate,
    Garbled,
    Refused,
    RemoteError,
    Stale,
    Throttled,
    Unavailable,
)
from tallystick.core.ports import NotThere, Update
from tallystick.project.manifest import Manifest

MANIFEST = {
    "protocol": "graphql",
    "limits": {"longest_wait_seconds": 0.5},
    "graphql": {
        "operations": {
            "people": {
                "arguments": {"first": "Int", "after": "String"},
                "select": "edges { node { {record} } } pageInfo { endCursor hasNextPage }",
            },
            "person": {"arguments": {"id": "ID!"}},
            "addPerson": {
                "kind": "mutation",
                "arguments": {"input": "NewPerson!"},
                "select": "person { {record} } errors { field message code }",
                "error": "addPerson.errors",
            },
            "setPerson": {"kind": "mutation", "arguments": {"id": "ID!", "input": "Patch!"}},
            "dropPerson": {"kind": "mutation", "arguments": {"id": "ID!"}, "select": ""},
        },
        "objects": {
            "people": {
                "inputs": {"boss.id": "bossId"},
                "select": {"tags": "tags: labels(first: 3) { text }"},
                "write_only": ["password"],
            }
        },
        "errors": {"refused": ["VIP"]},
    },
    "objects": {
        "people": {
            "list": {"method": "POST", "path": "people", "record": "people.edges"},
            "get": {"method": "POST", "path": "person", "record": "person", "body": {"id": "{id}"}},
            "create": {"method": "POST", "path": "addPerson", "record": "addPerson.person", "wrap": "input"},
            "update": {
                "method": "POST", "path": "setPerson", "record": "setPerson", "wrap": "input",
                "beside": {"id": "{id}"},
            },
            "delete": {"method": "POST", "path": "dropPerson", "record": "dropPerson", "body": {"id": "{id}"}},
            "paging": {
                "type": "cursor", "cursor_param": "after", "next": "people.pageInfo.endCursor",
                "has_more": "people.pageInfo.hasNextPage", "size_param": "first",
            },
            "fields": {
                "id": {"type": "text"},
                "name": {"type": "text"},
                "home.town": {"type": "text"},
                "boss.id": {"type": "text"},
                "tags": {"type": "list"},
                "password": {"type": "text"},
            },
        }
    },
}  # fmt: skip
END = {"endCursor": None, "hasNextPage": False}


class NoSecrets:
    def resolve(self, reference):
        raise AssertionError(reference)


@pytest.fixture
def door():
    with opened_door() as door:
        yield door


@pytest.fixture
def system(door):
    manifest = Manifest.model_validate(MANIFEST | {"base_url": f"{door.url}graphql"})
    connector, transport = open_system("hr", manifest, NoSecrets())
    yield connector, transport
    transport.close()


def answers(door, *replies):
    """Let the door give these answers, the last one for ever."""
    left = list(replies)
    door.meet = lambda headers, body: left.pop(0) if len(left) > 1 else left[0]


def listed(system):
    connector, transport = system
    page = transport.run(connector.read("people"))
    return page, [connector.sight("people", row).record for row in page.rows]


def page_of(*nodes, **more):
    return {"data": {"people": {"edges": [{"node": node} for node in nodes], "pageInfo": END}}, **more}


def get(system):
    connector, transport = system
    return transport.run(connector.get("people", "7"))


def create(system, **body):
    connector, transport = system
    return transport.run(connector.create("people", body, "key"))


def update(system, **patch):
    connector, transport = system
    return transport.run(connector.update("people", Update("7", patch)))


def delete(system):
    connector, transport = system
    return transport.run(connector.delete("people", "7"))


def refusal(code="", message="no", path=("x",)):
    error = {"message": message, **({"path": list(path)} if path else {})}
    return {"data": None, "errors": [error | ({"extensions": {"code": code}} if code else {})]}


class TestDocuments:
    def test_only_the_fields_of_the_manifest_are_asked_for(self, door, system):
        """Selections come from the fields, or from what is written by hand; what cannot be read is left out."""
        answers(door, said(page_of()))
        listed(system)
        sent = json.loads(door.requests[-1][1])
        assert sent["query"] == (
            "query($first: Int) { people(first: $first) { edges { node { id name home { town } boss { id } "
            "tags: labels(first: 3) { text } } } pageInfo { endCursor hasNextPage } } }"
        )
        assert sent["variables"] == {"first": 100}

    def test_a_field_is_written_where_the_input_has_it(self, door, system):
        """A reference is read as an object with an id and written as an id."""
        answers(door, said({"data": {"addPerson": {"person": {"id": "9", "name": "Ada"}, "errors": []}}}))
        assert create(system, name="Ada", boss={"id": "3"}).id == "9"
        assert json.loads(door.requests[-1][1])["variables"] == {"input": {"name": "Ada", "bossId": "3"}}

    def test_a_cleared_reference_is_written_as_null(self, door, system):
        """To clear is a value, wherever the field moves."""
        answers(door, said({"data": {"setPerson": {"id": "7"}}}))
        update(system, boss={"id": None})
        assert json.loads(door.requests[-1][1])["variables"] == {"id": "7", "input": {"bossId": None}}


class TestPartialData:
    def test_a_field_that_failed_is_unknown_and_not_blank(self, door, system):
        """Its null is taken out; the record's other fields and the other records are used."""
        errors = [{"message": "no", "path": ["people", "edges", 1, "node", "home", "town"]}]
        nodes = ({"id": "1", "name": None}, {"id": "2", "home": {"town": None}})
        answers(door, said(page_of(*nodes, errors=errors)))
        _, records = listed(system)
        assert records == [{"id": "1", "name": None}, {"id": "2", "home": {}}]

    def test_a_failure_that_moved_up_takes_out_what_it_made_null(self, door, system):
        """A field that may not be null makes its holder null, and that is what is unknown."""
        errors = [{"message": "no", "path": ["people", "edges", 0, "node", "home", "town"]}]
        answers(door, said(page_of({"id": "1", "home": None}, errors=errors)))
        assert listed(system)[1] == [{"id": "1"}]

    def test_a_list_in_which_one_element_failed_is_unknown(self, door, system):
        """A list that is written back must not lose what could not be read."""
        errors = [{"message": "no", "path": ["people", "edges", 0, "node", "tags", 1, "text"]}]
        answers(door, said(page_of({"id": "1", "tags": [{"text": "a"}, {"text": None}]}, errors=errors)))
        assert listed(system)[1] == [{"id": "1"}]

    def test_a_record_that_failed_keeps_its_place(self, door, system):
        """It is seen to be missing; the others are used."""
        errors = [{"message": "no", "path": ["people", "edges", 0, "node"]}]
        answers(door, said(page_of(None, {"id": "2"}, errors=errors)))
        connector, transport = system
        page = transport.run(connector.read("people"))
        with pytest.raises(DataError):
            connector.sight("people", page.rows[0])
        assert connector.sight("people", page.rows[1]).id == "2"

    @pytest.mark.parametrize("path", [["people"], ["people", "edges"], ["people", "pageInfo", "hasNextPage"], None])
    def test_what_says_how_the_listing_goes_on_must_not_fail(self, door, system, path):
        """Else a cut listing would look like a whole one."""
        answer = page_of({"id": "1"}, errors=[{"message": "no", **({"path": path} if path else {})}])
        if path:
            here = answer["data"]
            for step in path[:-1]:
                here = here[step]
            here[path[-1]] = None
        answers(door, said(answer))
        with pytest.raises(RemoteError):
            listed(system)

    def test_a_record_without_one_field_is_read(self, door, system):
        """A read of one record knows what it did not get."""
        errors = [{"message": "no", "path": ["person", "name"]}]
        answers(door, said({"data": {"person": {"id": "7", "name": None}}, "errors": errors}))
        assert get(system).record == {"id": "7"}

    def test_a_write_whose_answer_lacks_a_field_is_confirmed(self, door, system):
        """The record is there; only a field of the answer could not be read."""
        errors = [{"message": "no", "path": ["setPerson", "name"]}]
        answers(door, said({"data": {"setPerson": {"id": "7", "name": None}}, "errors": errors}))
        assert update(system, name="Ada").id == "7"


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "kind"),
        [("UNAUTHENTICATED", AccessError), ("FORBIDDEN", AccessError), ("access-denied", AccessError),
         ("GRAPHQL_VALIDATION_FAILED", RemoteError), ("INTERNAL_SERVER_ERROR", Unavailable), ("", Unavailable)],
    )  # fmt: skip
    def test_a_read_that_failed_proves_nothing(self, door, system, code, kind):
        """No error but "there is no such record" says that a record is not there."""
        answers(door, said(refusal(code, path=("person",))))
        with pytest.raises(kind):
            get(system)

    @pytest.mark.parametrize("code", ["NOT_FOUND", "RESOURCE_NOT_FOUND", "graphql-no-such-entity", "P2025"])
    def test_codes_tell_that_a_record_is_not_there(self, door, system, code):
        """Codes have no standard; their words are understood."""
        answers(door, said(refusal(code, path=("person",))))
        assert isinstance(get(system), NotThere)

    def test_null_is_no_record(self, door, system):
        """The ordinary way to say that there is none."""
        answers(door, said({"data": {"person": None}}))
        assert isinstance(get(system), NotThere)

    @pytest.mark.parametrize(
        ("error", "kind"),
        [({"message": "is too long", "field": ["input", "name"]}, Refused),
         ({"message": "has already been taken", "code": "TAKEN"}, Duplicate),
         ({"message": "not now", "code": "CONFLICT"}, Stale)],
    )  # fmt: skip
    def test_refusals_in_the_data_are_refusals(self, door, system, error, kind):
        """Payloads tell errors that their authors planned for; nothing was done then."""
        answers(door, said({"data": {"addPerson": {"person": None, "errors": [error]}}}))
        with pytest.raises(kind) as caught:
            create(system, name="Ada")
        assert getattr(caught.value, "field", "") == ("name" if "field" in error else "")
        assert "status" not in caught.value.detail

    def test_a_refused_input_names_the_field_as_the_record_has_it(self, door, system):
        """People know the field by the name that they mapped."""
        error = {"message": "no such boss", "field": ["input", "bossId"]}
        answers(door, said({"data": {"addPerson": {"person": None, "errors": [error]}}}))
        with pytest.raises(Refused) as caught:
            create(system, boss={"id": "3"})
        assert caught.value.field == "boss.id"

    def test_a_write_that_broke_off_is_of_unknown_outcome(self, door, system):
        """A resolver without a code may have done its work before it failed."""
        answers(door, said(refusal(path=("addPerson",))))
        with pytest.raises(RemoteError) as caught:
            create(system, name="Ada")
        assert caught.value.applied == "unknown"

    def test_a_request_that_never_ran_was_not_applied(self, door, system):
        """Errors without a path come before anything is carried out."""
        answers(door, said({"errors": [{"message": 'Field "nope" is not defined'}]}, 400))
        with pytest.raises(Refused) as caught:
            create(system, name="Ada", nope=1)
        assert caught.value.field == "nope"

    def test_words_of_the_manifest_come_first(self, door, system):
        """A system's own words are what its owner says they are."""
        answers(door, said(refusal(message="not for VIP customers", path=("setPerson",))))
        with pytest.raises(Refused):
            update(system, name="Ada")

    @pytest.mark.parametrize("found", [None, False])
    def test_a_write_without_record_found_none(self, door, system, found):
        """Null without an error means that there was nothing to write to."""
        answers(door, said({"data": {"dropPerson": found}}))
        with pytest.raises(RemoteError, match="not there"):
            delete(system)

    def test_an_argument_that_is_not_known_is_not_sent(self, door, system):
        """The manifest says what can be said; what cannot is no silent loss."""
        manifest = Manifest.model_validate(
            MANIFEST | {"base_url": door.url, "objects": {"people": MANIFEST["objects"]["people"] | {
                "list": {"method": "POST", "path": "people", "record": "people.edges", "body": {"last": 5}}}}}
        )  # fmt: skip
        connector, other = open_system("hr", manifest, NoSecrets())
        with pytest.raises(Refused, match="no argument 'last'"):
            other.run(connector.read("people"))
        other.close()
        assert door.requests == []

    def test_a_web_page_is_no_answer(self, door, system):
        """What is no GraphQL at all is said to be what it is."""
        reply = said({})
        reply.body = b"<html><title>Sign in</title></html>"
        answers(door, reply)
        with pytest.raises(Garbled, match=r"web page|no such record"):
            get(system)


class TestLimits:
    def test_smaller_pages_are_asked_for_where_a_system_refuses_large_ones(self, door, system):
        """Complexity has no standard either; half as much is tried, and remembered."""
        too_much = {"errors": [{"message": "Query has complexity 1200, which exceeds max complexity of 1000"}]}
        answers(door, said(too_much), said(too_much), said(page_of({"id": "1"})))
        listed(system)
        assert [json.loads(body)["variables"]["first"] for _, body in door.requests] == [100, 50, 25]
        listed(system)
        assert json.loads(door.requests[-1][1])["variables"]["first"] == 25
        assert any("pages of 50" in oddity for oddity in system[0].oddities())

    def test_a_throttled_question_is_asked_again_later(self, door, system):
        """Status 200 says nothing; the code does, and the cost tells how long to wait."""
        cost = {"requestedQueryCost": 50, "throttleStatus": {"currentlyAvailable": 0, "restoreRate": 500}}
        slow = refusal("THROTTLED") | {"extensions": {"cost": cost}}
        door.meet = lambda headers, body: said(slow)
        with pytest.raises(Throttled):
            get(system)

    def test_a_write_that_was_throttled_was_not_applied(self, door):
        """It is sent again within the wait that is allowed."""
        manifest = Manifest.model_validate(MANIFEST | {"base_url": door.url, "limits": {"longest_wait_seconds": 20}})
        connector, transport = open_system("hr", manifest, NoSecrets())
        answers(door, said(refusal("THROTTLED")), said({"data": {"setPerson": {"id": "7"}}}))
        assert transport.run(connector.update("people", Update("7", {"name": "Ada"}))).id == "7"
        assert len(door.requests) == 2
        transport.close()
