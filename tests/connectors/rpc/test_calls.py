"""Calls: the session they are made in, how they are spelled, and what their answers mean."""

import json
from xmlrpc.client import loads

import pytest
from tests.systems.rpc_server import JsonLedger, Running, XmlLedger, manifest_of

from tallystick.connectors.http.message import Response
from tallystick.connectors.registry import open_system
from tallystick.connectors.rpc_service import compile_methods
from tallystick.connectors.rpc_xml import read_answer, write_call
from tallystick.core.error import Absent, AccessError, Duplicate, Error, Garbled, Refused, RemoteError, Unavailable
from tallystick.core.ports import NotThere, Update
from tallystick.project.manifest import Manifest

SERVERS = {"xml": XmlLedger, "json-2.0": JsonLedger}


class Vault:
    password = "s3cret-pw"

    def resolve(self, reference):
        return self.password


@pytest.fixture(params=SERVERS)
def version(request):
    return request.param


@pytest.fixture
def running(version):
    server = Running(SERVERS[version]())
    yield server
    server.stop()


@pytest.fixture
def opened(running, version):
    """Open the ledger; changes are laid over its manifest."""
    transports = []

    def open_it(vault=None, **rpc):
        manifest = manifest_of(running.url, version)
        manifest["rpc"] |= rpc
        manifest["limits"] = {"longest_wait_seconds": 0.1}
        connector, transport = open_system("ledger", Manifest.model_validate(manifest), vault or Vault())
        transports.append(transport)
        return connector, transport

    yield open_it
    for transport in transports:
        transport.close()


def test_one_login_serves_all_calls_that_wait_for_it(running, opened):
    connector, transport = opened()
    outcomes = transport.run_all([connector.create("accounts", {"code": f"C{n}"}, "") for n in range(6)])
    assert {done.id for done in outcomes} == {"1", "2", "3", "4", "5", "6"}
    assert running.ledger.calls.count("login") == 1


def test_a_session_that_ended_is_opened_again_and_the_call_is_made_once(running, opened):
    """The refusal proves that nothing was done, so a create is repeated too."""
    running.ledger.uses = 2
    connector, transport = opened()
    for number in range(5):
        transport.run(connector.create("accounts", {"code": f"C{number}"}, ""))
    assert len(running.ledger.rows) == 5
    assert running.ledger.calls.count("login") == 3


def test_a_session_that_ends_at_once_is_not_opened_without_end(running, opened):
    running.ledger.uses = 0
    connector, transport = opened(faults={"access": ["Session expired"]})
    with pytest.raises(AccessError):
        transport.run(connector.get("accounts", "1"))
    assert running.ledger.calls.count("login") == 2


def test_a_wrong_password_says_so_and_never_shows(running, opened):
    vault = Vault()
    vault.password = "wr0ng-pw"
    connector, transport = opened(vault)
    with pytest.raises(AccessError, match="does not let us in") as caught:
        transport.run(connector.get("accounts", "1"))
    assert "wr0ng" not in str(caught.value) + repr(caught.value)


def test_a_session_can_travel_in_a_header(opened, version):
    """The header is made of what the login gave, in base64 where the system wants it so."""
    login = {
        "call": "session.login", "params": [], "keep": {"token": "token", "who": "user"},
        "header": "Authorization", "scheme": "Session", "value": "{who}:{token}", "base64": True,
    }  # fmt: skip
    connector, _ = opened(login=login)
    flow = connector.get("accounts", "1")
    flow.send(None)
    session = {"token": "abc", "user": 7}
    body = json.dumps({"id": 1, "result": session}).encode() if version != "xml" else answer_of(session)
    sent = flow.send(Response(200, body=body))
    assert ("Authorization", "Session NzphYmM=") in sent.headers
    flow.close()


def answer_of(value):
    """Spell an answer of XML-RPC."""
    call = write_call("m", [value])
    return call.replace(b"methodCall", b"methodResponse").replace(b"<methodName>m</methodName>", b"")


def test_faults_mean_what_the_manifest_and_their_words_say(opened):
    connector, transport = opened()
    made = transport.run(connector.create("accounts", {"code": "A", "name": "x"}, ""))
    with pytest.raises(Duplicate):
        transport.run(connector.create("accounts", {"code": "A"}, ""))
    with pytest.raises(Refused) as caught:
        transport.run(connector.update("accounts", Update(made.id, {"colour": "red"})))
    assert caught.value.field == "colour"
    with pytest.raises(Absent):
        transport.run(connector.update("accounts", Update("99", {"name": "x"})))
    assert isinstance(transport.run(connector.get("accounts", "99")), NotThere)


def test_a_method_that_is_not_there_is_not_offered(running, version):
    manifest = manifest_of(running.url, version)
    manifest["objects"]["accounts"]["delete"]["path"] = "accounts.nothing"
    connector, transport = open_system("ledger", Manifest.model_validate(manifest), Vault())
    try:
        with pytest.raises(RemoteError, match="does not offer this"):
            transport.run(connector.delete("accounts", "1"))
    finally:
        transport.close()


@pytest.mark.parametrize(
    "body", [b"", b"<html><title>Sign in</title></html>", b"{}", b'{"id": 9, "result": 5}', b'{"jsonrpc": "2.0"'],
)  # fmt: skip
def test_an_answer_that_is_none_leaves_a_write_unknown(opened, body):
    """Neither carried out nor refused: it is looked for before anything is sent again."""
    connector, _ = opened(login=None)
    for flow in (connector.create("accounts", {"code": "A"}, ""), connector.update("accounts", Update("1", {"a": 1}))):
        flow.send(None)
        with pytest.raises(Error) as caught:
            flow.send(Response(200, body=body))
        assert caught.value.applied == "unknown"


def test_xml_values_survive_the_way_there_and_back():
    values = [None, True, -1, 2**40, "ä & <b>\r\n", [1, ["x"]], {"a": {"b": None}}]
    assert list(loads(write_call("m", values))[0]) == values
    read, fault = read_answer(answer_of(values))
    assert (read, fault) == (values, None)


def test_xml_with_a_document_type_is_not_read():
    evil = b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaa">]><methodResponse><params/></methodResponse>'
    for text in (evil, evil.decode().encode("utf-16")):
        with pytest.raises(ValueError, match="document type"):
            read_answer(text)


def test_a_login_without_what_is_to_be_kept_says_so(opened):
    connector, transport = opened(
        login={"call": "session.login", "params": ["tally", "s3cret-pw"], "keep": {"token": "tokn"}}
    )
    with pytest.raises(Garbled, match="nothing for 'token'"):
        transport.run(connector.get("accounts", "1"))


def test_a_fault_that_nobody_understands_leaves_a_write_unknown(running, opened):
    """A failure inside the system may have come after the record was made."""
    running.ledger.rows = None
    connector, transport = opened()
    with pytest.raises(Unavailable) as caught:
        transport.run(connector.create("accounts", {"code": "A"}, ""))
    assert caught.value.applied == "unknown"


def test_methods_below_a_record_are_called_with_its_fields():
    """The id and the fields that a method's parameters name go along by these names; nothing else does."""
    times = {"list": {"method": "POST", "path": "time.list", "params": ["{task.project.code}", "{task}"]}}
    calls = {"list": {"method": "POST", "path": "task.list"}, "get": {"method": "POST", "path": "task.get"}}
    under = {"under": {"object": "tasks", "holder": "task"}}
    entries = {"protocol": "rpc", "objects": {"tasks": calls, "times": {**times, **under}}}
    compiled, _ = compile_methods(Manifest.model_validate(entries))
    assert compiled.objects["times"].list.body == {"task": "{task}", "task.project.code": "{task.project.code}"}
