"""What the memory system adds to the contract: ids, clocks, marks of deletion, and requests to intercept."""

import pytest

from tallystick.connectors.memory import MemoryRequest, open_system
from tallystick.core.error import Duplicate, Garbled, ProjectError, Refused
from tallystick.core.ports import NotThere, Update
from tallystick.project.manifest import Manifest


def memory(spec, clock=None):
    return open_system("m", Manifest.model_validate({"protocol": "memory", "objects": {"things": spec}}), clock=clock)


def test_ids_are_given_or_generated():
    connector, transport = memory({"id_type": "integer"})
    ids = [transport.run(connector.create("things", body, "")).id for body in ({"id": 1}, {}, {"id": 7}, {})]
    assert ids == ["1", "2", "7", "3"]
    assert transport.shelves["things"].record("2") == {"id": 2}


@pytest.mark.parametrize(("body", "error"), [({"id": 1}, Duplicate), ({"id": "x"}, Refused)])
def test_a_given_id_must_be_free_and_of_its_type(body, error):
    connector, transport = memory({"id_type": "integer"})
    transport.shelves["things"].create({"id": 1})
    with pytest.raises(error) as caught:
        transport.run(connector.create("things", body, ""))
    assert caught.value.field == "id"


def test_change_times_come_from_the_clock_that_was_given():
    now = [1_700_000_000.5]
    connector, transport = memory(
        {"modified": "at", "created": "born", "modified_format": "unix"}, clock=lambda: now[0]
    )
    shelf = transport.shelves["things"]
    record_id = shelf.create({})
    now[0] += 10
    shelf.update(record_id, {"x": 1})
    seen = transport.run(connector.get("things", record_id))
    assert (seen.created, seen.modified) == (1_700_000_000.5, 1_700_000_010.5)


def test_the_default_clock_makes_every_write_later():
    connector, transport = memory({"modified": "at"})
    for _ in range(3):
        transport.shelves["things"].create({})
    page = transport.run(connector.read("things"))
    times = [connector.sight("things", row).modified for row in page.rows]
    assert times == sorted(set(times))
    assert page.server_time > times[-1]


def test_a_marked_record_is_gone_by_id_but_listed_as_deleted():
    connector, transport = memory({"deleted": {"path": "state", "values": ["removed"]}})
    record_id = transport.shelves["things"].create({})
    transport.run(connector.delete("things", record_id))
    assert transport.run(connector.get("things", record_id)) == NotThere(
        gone=True, evidence="the record is marked as deleted"
    )
    [row] = transport.run(connector.read("things")).rows
    assert connector.sight("things", row).deleted
    assert transport.shelves["things"].record(record_id)["state"] == "removed"


def test_a_refused_update_leaves_the_record_and_its_unique_values_alone():
    connector, transport = memory({"fields": {"id": {}, "vat": {"unique": True}, "name": {"max_length": 3}}})
    shelf = transport.shelves["things"]
    first, second = shelf.create({"vat": "a"}), shelf.create({"vat": "b"})
    with pytest.raises(Duplicate):
        transport.run(connector.update("things", Update(second, {"vat": "a"})))
    with pytest.raises(Refused):
        transport.run(connector.update("things", Update(first, {"vat": "c", "name": "long"})))
    assert [record["vat"] for record in shelf] == ["a", "b"]
    transport.run(connector.update("things", Update(first, {"vat": "c"})))
    assert shelf.create({"vat": "a"})


def test_every_call_is_a_request_that_a_wrapper_can_see():
    connector, _ = memory({})
    flow = connector.create("things", {"x": 1}, "k")
    assert next(flow) == MemoryRequest("create", "things", {"body": {"x": 1}, "key": "k"})
    assert next(connector.get("things", "1")).writes is False
    assert next(connector.delete("things", "1")).writes is True


def test_what_a_caller_holds_is_never_what_is_stored():
    _, transport = memory({})
    body = {"nested": {"a": 1}}
    record_id = transport.shelves["things"].create(body)
    body["nested"]["a"] = 2
    transport.shelves["things"].record(record_id)["nested"]["a"] = 3
    assert transport.shelves["things"].record(record_id)["nested"] == {"a": 1}


def test_wrong_positions_and_names_are_told():
    connector, transport = memory({})
    with pytest.raises(Garbled):
        transport.run(connector.read("things", position="{}"))
    with pytest.raises(ProjectError) as caught:
        connector.capabilities("thing")
    assert "things" in caught.value.hint
