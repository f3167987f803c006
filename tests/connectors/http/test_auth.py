"""Credentials: where they go, that they never show, and that one request fetches a token for all."""

import base64
import json
import threading
from dataclasses import replace

import pytest

from tallystick.connectors.http.auth import open_auth
from tallystick.connectors.http.limits import REAL_TIMING
from tallystick.connectors.http.message import Request, Response
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import AccessError, Error, Garbled, ProjectError, Unavailable
from tallystick.project.manifest import Manifest

OBJECTS = {"c": {"list": {"method": "GET", "path": "/c"}, "get": {"method": "GET", "path": "/c/{id}"}}}


def auth_of(spec, now=lambda: 0.0):
    manifest = Manifest.model_validate({"protocol": "rest", "auth": spec})
    return open_auth(manifest.auth, lambda text: text, Scrub(), replace(REAL_TIMING, now=now), place="crm")


def sent_by(auth):
    return next(auth.exchange(Request("GET", "http://crm.test/a?x=1", (("Accept", "a"),))))


def test_each_kind_puts_its_credentials_where_they_belong():
    assert sent_by(auth_of({"type": "none"})).headers == (("Accept", "a"),)
    assert ("X-Key", "abcd") in sent_by(auth_of({"type": "api_key", "name": "X-Key", "value": "abcd"})).headers
    query = sent_by(auth_of({"type": "api_key", "name": "key", "value": "a&b", "location": "query"}))
    assert query.url == "http://crm.test/a?x=1&key=a%26b"
    assert ("Authorization", "Token abcd") in sent_by(
        auth_of({"type": "bearer", "token": "abcd", "scheme": "Token"})
    ).headers
    basic = dict(sent_by(auth_of({"type": "basic", "username": "u", "password": "pä:ss"})).headers)["Authorization"]
    assert base64.b64decode(basic.removeprefix("Basic ")).decode() == "u:pä:ss"


@pytest.mark.parametrize("bad", ["", "two\nlines"])
def test_a_secret_that_cannot_be_sent_is_a_mistake_of_the_project(bad):
    with pytest.raises(ProjectError):
        auth_of({"type": "bearer", "token": bad})


OAUTH = {
    "type": "oauth2_client_credentials",
    "token_url": "http://id.test/token",
    "client_id": "a b",
    "client_secret": "s3cr/et",
    "scopes": ["r", "w"],
    "extra": {"audience": "crm"},
}


def token(text="tok1", **rest):
    return Response(200, body=json.dumps({"access_token": text, "token_type": "bearer", **rest}).encode())


def test_the_token_request_is_as_the_standard_says():
    request = sent_by(auth_of(OAUTH))
    assert (request.method, request.url, request.share) == ("POST", "http://id.test/token", "token")
    assert request.body == b"grant_type=client_credentials&scope=r+w&audience=crm"
    basic = dict(request.headers)["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(basic) == b"a+b:s3cr%2Fet"
    in_body = sent_by(auth_of(OAUTH | {"send_in": "body"}))
    assert b"client_id=a+b&client_secret=s3cr%2Fet" in in_body.body
    assert "Authorization" not in dict(in_body.headers)


def test_a_token_is_kept_until_shortly_before_it_expires():
    now = [0.0]
    auth = auth_of(OAUTH, lambda: now[0])

    def asks_for_token():
        flow = auth.exchange(Request("GET", "http://crm.test/"))
        first = next(flow)
        if first.share:
            flow.send(token(expires_in="3600"))
        return bool(first.share)

    asked = []
    for moment in (0, 3000, 3539, 3541):
        now[0] = moment
        asked.append(asks_for_token())
    assert asked == [True, False, False, True]


@pytest.mark.parametrize("life", [None, 0, -5, "soon", "nan"])
def test_a_token_of_unknown_life_serves_until_it_is_refused(life):
    auth = auth_of(OAUTH, lambda: 1e12)
    flow = auth.exchange(Request("GET", "http://crm.test/"))
    next(flow)
    rest = {} if life is None else {"expires_in": life}
    flow.send(token(**rest))
    assert not next(auth.exchange(Request("GET", "http://crm.test/"))).share


def test_a_refused_token_is_renewed_once_and_then_it_is_an_access_error():
    auth = auth_of(OAUTH)
    flow = auth.exchange(Request("GET", "http://crm.test/", place="crm/c"))
    next(flow)
    assert ("Authorization", "Bearer tok1") in flow.send(token("tok1")).headers
    assert flow.send(Response(401)).share
    assert ("Authorization", "Bearer tok2") in flow.send(token("tok2")).headers
    with pytest.raises(AccessError) as caught:
        flow.send(Response(401))
    assert caught.value.place == "crm/c"


def test_of_two_that_shared_a_token_each_can_have_it_renewed():
    """Both read the same answer, at different moments; the token that one holds is still the token of the other."""
    now = [0.0]
    auth = auth_of(OAUTH, lambda: now[0])
    one, two = (auth.exchange(Request("GET", "http://crm.test/")) for _ in range(2))
    next(one)
    now[0] = 1.0
    next(two)
    one.send(token("tok1", expires_in=600))
    two.send(token("tok1", expires_in=600))
    assert one.send(Response(401)).share


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (Response(400, body=b'{"error":"invalid_client","error_description":"secret s3cr/et expired"}'), AccessError),
        (Response(401, body=b"<html>"), AccessError),
        (Response(503), Unavailable),
        (Response(200, body=b"<html>"), Garbled),
        (Response(200, body=b"[]"), Garbled),
        (Response(200, body=b'{"access_token":""}'), Garbled),
        (Response(200, body=b'{"access_token":5}'), Garbled),
        (Response(200, body=b'{"access_token":"a\\nb"}'), Garbled),
        (Response(200, body=b'{"access_token":"ab","token_type":"mac"}'), Garbled),
    ],
)
def test_a_token_answer_is_checked_and_never_shows_the_secret(response, kind):
    scrub = Scrub()
    manifest = Manifest.model_validate({"protocol": "rest", "auth": OAUTH})
    auth = open_auth(manifest.auth, scrub.learn, scrub, replace(REAL_TIMING, now=lambda: 0.0), place="crm")
    flow = auth.exchange(Request("GET", "http://crm.test/"))
    next(flow)
    with pytest.raises(kind) as caught:
        flow.send(response)
    assert caught.value.place == "crm/token"
    assert "s3cr" not in str(caught.value)


# --- over real sockets --------------------------------------------------------------------------------------------


def oauth(server):
    return OAUTH | {"token_url": server.url + "/token", "client_secret": "${env:KEY}"}


def accepting(reply, *tokens):
    def handle(seen):
        return (
            reply([{"id": 1}])
            if seen.headers.get("authorization") in {f"Bearer {t}" for t in tokens}
            else reply({}, 401)
        )

    return handle


def test_many_flows_at_once_fetch_one_token(server, reply, open_rest):
    gate = threading.Event()
    server.script = {
        "/token": reply({"access_token": "tok1", "expires_in": 3600}, gate=gate),
        "/c": accepting(reply, "tok1"),
    }
    connector, transport = open_rest(server.url, auth=oauth(server), objects=OBJECTS, limits={"in_flight": 16})
    threading.Timer(0.05, gate.set).start()
    outcomes = transport.run_all([connector.read("c") for _ in range(40)])
    assert not any(isinstance(o, Error) for o in outcomes)
    assert server.paths().count("/token") == 1
    assert server.paths().count("/c") == 40


def test_a_token_that_expires_under_many_flows_is_renewed_by_one_request(server, reply, open_rest):
    server.script = {
        "/token": [reply({"access_token": "old"}), reply({"access_token": "new"})],
        "/c": accepting(reply, "new"),
    }
    connector, transport = open_rest(server.url, auth=oauth(server), objects=OBJECTS, limits={"in_flight": 8})
    outcomes = transport.run_all([connector.read("c") for _ in range(30)])
    assert not any(isinstance(o, Error) for o in outcomes)
    assert server.paths().count("/token") == 2


def test_a_client_that_is_refused_is_refused_to_all_flows_by_one_request(server, reply, open_rest):
    server.script = {"/token": reply({"error": "invalid_client"}, 401)}
    connector, transport = open_rest(server.url, auth=oauth(server), objects=OBJECTS)
    outcomes = transport.run_all([connector.read("c") for _ in range(4)])
    assert [type(o) for o in outcomes] == [AccessError] * 4
    assert server.paths() == ["/token"]


def test_a_key_in_the_query_shows_in_no_error_and_no_position(server, reply, open_rest):
    server.script = {"/c": lambda seen: reply({"message": f"bad call {seen.path}"}, 400)}
    connector, transport = open_rest(
        server.url,
        auth={"type": "api_key", "name": "key", "value": "${env:KEY}", "location": "query"},
        objects=OBJECTS,
    )
    with pytest.raises(Error) as caught:
        transport.run(connector.read("c"))
    assert "key=s3cret-key" in server.seen[0].path
    assert "s3cret" not in f"{caught.value} {caught.value.detail} {caught.value.hint} {caught.value.place}"


def test_no_repr_shows_a_secret(open_rest):
    connector, transport = open_rest(
        "http://crm.test/${env:ID}",
        auth={"type": "bearer", "token": "${env:TOKEN}"},
        network={"headers": {"X-Key": "${env:KEY}"}},
        objects=OBJECTS,
    )
    kind = connector._objects["c"]
    shown = "".join(
        map(repr, (connector, transport, kind, kind.around, kind.calls, transport.auth, sent_by(transport.auth)))
    )
    assert "s3cret" not in shown
    assert "t0ken" not in shown
