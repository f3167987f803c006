"""Signing in as flows: what is asked, how long is waited, and the door that a page leads back to."""

import json
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tallystick.connectors.http.limits import REAL_TIMING
from tallystick.connectors.http.loopback import Loopback, is_loopback
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.opening import open_with
from tallystick.connectors.http.scrub import Scrub
from tallystick.connectors.http.sign_in import DeviceCode, SignIn
from tallystick.core.error import AccessError, Garbled, ProjectError, Unavailable
from tallystick.project.manifest_auth import RefreshTokenAuth

VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.fixture
def make(tmp_path):
    """Make a sign-in; ``clock`` is a list whose only entry is the time."""

    def sign_in(clock=None, **more):
        spec = RefreshTokenAuth(
            type="oauth2_refresh_token",
            token_url="https://id.test/token",
            client_id="me",
            keep_in=str(tmp_path / "token"),
            **({"authorize_url": "https://id.test/in?tenant=a%20b", "device_url": "https://id.test/device"} | more),
        )
        now = clock or [0.0]
        timing = replace(REAL_TIMING, now=lambda: now[0])
        return SignIn(spec, open_with(lambda text: text, Scrub(), timing, "crm"), lambda: VERIFIER)

    return sign_in


def test_the_page_is_asked_as_the_standards_say(make):
    """The challenge is the one of RFC 7636, appendix B."""
    invitation = make(scopes=("a", "b"), authorize_with={"prompt": "consent"}).invite("http://127.0.0.1:9/")
    parts = urlsplit(invitation.address)
    assert (parts.netloc, parts.path) == ("id.test", "/in")
    assert {name: values for name, values in parse_qs(parts.query).items() if len(values) == 1} == {
        "tenant": ["a b"],
        "response_type": ["code"],
        "client_id": ["me"],
        "redirect_uri": ["http://127.0.0.1:9/"],
        "scope": ["a b"],
        "state": [VERIFIER],
        "code_challenge": [CHALLENGE],
        "code_challenge_method": ["S256"],
        "prompt": ["consent"],
    }
    assert VERIFIER not in repr(invitation).replace(invitation.address, "")


def test_each_sign_in_has_secrets_of_its_own(tmp_path):
    spec = RefreshTokenAuth(
        type="oauth2_refresh_token", token_url="https://i/t", client_id="c", keep_in=str(tmp_path / "t"),
        authorize_url="https://i/a",
    )  # fmt: skip
    sign_in = SignIn(spec, open_with(lambda text: text, Scrub(), REAL_TIMING, "crm"))
    one, two = sign_in.invite("http://127.0.0.1:9/"), sign_in.invite("http://127.0.0.1:9/")
    assert len({one.state, one.verifier, two.state, two.verifier}) == 4
    assert min(len(one.state), len(one.verifier)) >= 43


@pytest.mark.parametrize("page", ["crm.example/in", "https://id.test/in#part", "javascript:alert(1)"])
def test_a_page_that_is_no_address_is_refused(make, page):
    with pytest.raises(ProjectError, match=r"auth\.authorize_url is not an address"):
        make(authorize_url=page).invite("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("query", "belongs"),
    [
        (f"code=c&state={VERIFIER}", True),
        (f"error=access_denied&state={VERIFIER}", True),
        ("error=access_denied", True),
        ("error=access_denied&state=other", False),
        ("code=c", False),
        ("code=c&state=", False),
        (f"code=c&state={VERIFIER}&state=other", False),
        ("", False),
    ],
)
def test_only_what_carries_the_state_belongs_to_a_sign_in(make, query, belongs):
    assert make().invite("http://127.0.0.1:9/").is_answered_by(query) is belongs


# --- another device ---

CODES = {"device_code": "d3vice-code", "user_code": "AB-CD", "verification_uri": "https://id.test/go"}


def asked_device(sign_in, **answer):
    flow = sign_in.ask_device()
    assert next(flow).url == "https://id.test/device"
    with pytest.raises(StopIteration) as ended:
        flow.send(Response(200, body=json.dumps(CODES | answer).encode()))
    return ended.value.value


def test_a_device_code_is_read_with_what_goes_without_saying(make):
    code = asked_device(make([100.0]))
    assert code == DeviceCode("AB-CD", "https://id.test/go", "", 5.0, 700.0, "d3vice-code")
    assert "d3vice-code" not in repr(code)


def test_the_older_name_of_the_address_and_a_whole_address_are_read(make):
    answer = {
        "verification_uri": None,
        "verification_url": "https://g.test/device",
        "verification_uri_complete": "https://g.test/device?c=AB-CD",
        "interval": "7",
        "expires_in": 60,
    }
    code = asked_device(make([0.0]), **answer)
    assert (code.address, code.whole_address, code.interval, code.ends) == (
        "https://g.test/device",
        "https://g.test/device?c=AB-CD",
        7.0,
        60.0,
    )


@pytest.mark.parametrize(
    "answer", [{"user_code": ""}, {"device_code": 5}, {"verification_uri": "javascript:alert(1)"}, {"user_code": None}]
)
def test_an_answer_that_is_no_device_code_is_refused(make, answer):
    with pytest.raises(Garbled):
        asked_device(make(), **answer)


def said(error):
    return Response(400, body=json.dumps({"error": error}).encode())


TOKEN = Response(200, body=b'{"access_token": "acc3ss", "refresh_token": "refr3sh"}')


def await_it(sign_in, clock, answers, *, interval=5.0, ends=600.0):
    """Let time pass as the flow asks for; give the waits, and what it ended with."""
    flow = sign_in.await_device(DeviceCode("AB-CD", "https://id.test/go", "", interval, ends, "d3vice-code"))
    waits = []
    try:
        asked = next(flow)
        for answer in answers:
            waits.append(asked.after)
            clock[0] += asked.after
            asked = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
    except StopIteration:
        return waits, None
    except AccessError as error:
        return waits, error
    raise AssertionError("it goes on")


def test_a_device_waits_as_it_is_told_and_slows_down_for_good(make, tmp_path):
    clock = [0.0]
    pending, slower = said("authorization_pending"), said("slow_down")
    waits, error = await_it(make(clock), clock, [pending, slower, pending, slower, pending, TOKEN])
    assert (waits, error) == ([5.0, 5.0, 10.0, 10.0, 15.0, 15.0], None)
    assert (tmp_path / "token").read_text() == "refr3sh"


@pytest.mark.parametrize("lost", [Unavailable("gone"), Response(502, body=b"<html>")])
def test_a_device_goes_on_after_a_lost_answer_more_slowly(make, lost):
    clock = [0.0]
    waits, error = await_it(make(clock), clock, [lost, said("authorization_pending"), TOKEN])
    assert (waits, error) == ([5.0, 10.0, 10.0], None)


@pytest.mark.parametrize("last", [[said("authorization_pending")] * 2, [said("expired_token")]])
def test_a_code_that_expired_ends_the_wait(make, last):
    clock = [0.0]
    _, error = await_it(make(clock), clock, last, ends=14.0)
    assert "expired" in error.message
    assert error.hint == "run `tally login crm` again"


def test_who_refuses_ends_the_wait_and_no_code_shows(make):
    clock = [0.0]
    refusal = Response(400, body=b'{"error": "access_denied", "error_description": "of d3vice-code"}')
    sign_in = make(clock)
    asked_device(sign_in)
    waits, error = await_it(sign_in, clock, [refusal])
    assert waits == [5.0]
    assert "access_denied" in error.detail
    assert "d3vice-code" not in error.detail


# --- the door ---


def visit(address):
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


@pytest.mark.parametrize(
    ("written", "is_here"),
    [
        ("", True),
        ("http://localhost/back", True),
        ("http://127.0.0.1:8123", True),
        ("https://localhost/back", False),
        ("https://crm.example/back", False),
        ("http://localhost.crm.example/", False),
        ("urn:ietf:wg:oauth:2.0:oob", False),
    ],
)
def test_only_this_computer_has_a_door(written, is_here):
    assert is_loopback(written) is is_here


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [("", "http://127.0.0.1:", "/"), ("http://localhost/back", "http://localhost:", "/back")],
)
def test_a_free_port_is_put_where_none_is_written(written, start, end):
    with Loopback(written) as door:
        parts = urlsplit(door.redirect_uri)
        assert door.redirect_uri == f"{start}{parts.port}{end}"
        assert visit(f"http://127.0.0.1:{parts.port}{end}")[0] == 404


def test_a_page_is_shown_when_it_is_known_what_became_of_it():
    with Loopback() as door:
        shown = []
        browser = threading.Thread(target=lambda: shown.append(visit(f"{door.redirect_uri}?code=s3cret")))
        browser.start()
        came = door.wait(20)
        assert came.query == "code=s3cret"
        assert "s3cret" not in repr(came)
        came.tell("Not <in>", "because & so", 400)
        browser.join(20)
        [(status, page, headers)] = shown
    assert status == 400
    assert "<h1>Not &lt;in&gt;</h1><p>because &amp; so</p>" in page
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_a_browser_that_nobody_answers_is_let_go_when_the_door_closes():
    shown = []
    with Loopback() as door:
        browser = threading.Thread(target=lambda: shown.append(visit(f"{door.redirect_uri}?code=1")[0]))
        browser.start()
        assert door.wait(20) is not None
    browser.join(20)
    assert shown == [503]


def test_who_waits_in_vain_is_told_so():
    with Loopback() as door:
        assert door.wait(0.01) is None
