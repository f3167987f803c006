"""Sessions that go on by a token of their own, without OAuth, against a system that verifies each."""

import json
import stat

import pytest

from tallystick.connectors.http.limits import REAL_TIMING
from tallystick.connectors.rest import open_system
from tallystick.core.error import AccessError, Unavailable
from tallystick.project.manifest import Manifest

OBJECTS = {"c": {"list": {"method": "GET", "path": "/c"}, "get": {"method": "GET", "path": "/c/{id}"}}}
KNOWN = {"${env:PW}": "pass-w0rd", "${env:FIRST}": "refresh-0"}


class Vault:
    def resolve(self, reference):
        return KNOWN[reference]


@pytest.fixture
def signed_in(server):
    opened = []

    def open_it(auth):
        entries = {"protocol": "rest", "base_url": server.url, "auth": auth, "objects": OBJECTS}
        opened.append(open_system("crm", Manifest.model_validate(entries), Vault(), REAL_TIMING))
        return opened[-1]

    yield open_it
    for _, transport in opened:
        transport.close()


def read(pair, times=1):
    connector, transport = pair
    return transport.run_all([connector.read("c") for _ in range(times)])


class Desk:
    """Sessions are good for ``uses`` requests; what goes on with one is good once."""

    def __init__(self, server, reply, *, uses=10**6):
        self.reply, self.uses, self.left = reply, uses, 0
        self.logins, self.renewals, self.made, self.failing = 0, 0, 0, 0
        self.good = "refresh-0"
        server.script |= {"/login": self.login, "/renew": self.renew, "/c": self.answer}

    def login(self, seen):
        self.logins += 1
        return self._session() if json.loads(seen.body) == {"password": "pass-w0rd"} else self.reply({}, 401)

    def renew(self, seen):
        self.renewals += 1
        assert "authorization" not in seen.headers, "the session that ended would only be refused"
        if self.failing:
            return self.reply({}, self.failing)
        return self._session() if json.loads(seen.body) == {"with": self.good} else self.reply({}, 401)

    def _session(self):
        self.made, self.left = self.made + 1, self.uses
        self.good = f"refresh-{self.made}"
        return self.reply({"access": f"access-{self.made}", "next": {"refresh": self.good}})

    def answer(self, seen):
        self.left -= 1
        is_good = seen.headers.get("authorization") == f"Bearer access-{self.made}" and self.left >= 0
        return self.reply([], 200) if is_good else self.reply({}, 401)


FOUND = {"token": "access", "refresh": "next.refresh"}
LOGIN = {
    "path": "/login",
    "body": {"password": "${env:PW}"},
    "header": "Authorization",
    "value": "Bearer {token}",
} | FOUND
RENEW = {"path": "/renew", "body": {"with": "{refresh}"}} | FOUND
HEADED = RENEW | {"header": "Authorization", "value": "Bearer {token}"}


def test_a_session_that_ended_goes_on_without_another_login(server, reply, signed_in):
    desk = Desk(server, reply, uses=2)
    pair = signed_in({"type": "session", "login": LOGIN, "renew": RENEW})
    assert [list(page.rows) for _ in range(6) for page in read(pair)] == [[]] * 6
    assert (desk.logins, desk.renewals) == (1, 2)


def test_one_renewal_serves_all(server, reply, signed_in):
    desk = Desk(server, reply, uses=4)
    pair = signed_in({"type": "session", "login": LOGIN, "renew": RENEW})
    read(pair)
    desk.left, desk.uses = 0, 10**6
    assert [list(page.rows) for page in read(pair, times=4)] == [[]] * 4
    assert (desk.logins, desk.renewals) == (1, 1)


def test_where_nothing_goes_on_a_login_serves_once_for_all(server, reply, signed_in):
    desk = Desk(server, reply)
    pair = signed_in({"type": "session", "login": LOGIN, "renew": RENEW})
    read(pair)
    desk.good, desk.left = "revoked", 0
    assert [list(page.rows) for page in read(pair, times=3)] == [[]] * 3
    assert (desk.logins, desk.renewals) == (2, 1)


def test_a_token_that_is_good_once_is_kept_for_the_next_run(server, reply, signed_in, tmp_path):
    desk = Desk(server, reply, uses=1)
    file = tmp_path / "own" / "crm.token"
    auth = {"type": "session", "renew": HEADED, "refresh_token": "${env:FIRST}", "keep_in": str(file)}
    for run in (1, 2):
        assert [list(page.rows) for page in read(signed_in(auth))] == [[]]
        assert file.read_text(encoding="utf-8") == desk.good == f"refresh-{run}"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert desk.logins == 0


def test_a_token_that_another_process_kept_meanwhile_is_taken_up(server, reply, signed_in, tmp_path):
    desk = Desk(server, reply)
    file = tmp_path / "crm.token"
    pair = signed_in({"type": "session", "renew": HEADED, "refresh_token": "${env:FIRST}", "keep_in": str(file)})
    read(pair)
    desk.good, desk.left = "refresh-of-another", 0
    file.write_text(desk.good, encoding="utf-8")
    assert [list(page.rows) for page in read(pair)] == [[]]
    assert desk.renewals == 2, "the old one is not shown again"


def test_where_nothing_is_left_it_says_so_and_shows_nothing(server, reply, signed_in):
    desk = Desk(server, reply)
    desk.good = "another"
    [error] = read(signed_in({"type": "session", "renew": HEADED, "refresh_token": "${env:FIRST}"}))
    assert isinstance(error, AccessError)
    assert "auth.refresh_token" in error.hint
    assert "refresh-0" not in str(error) + error.detail + error.hint
    assert desk.renewals == 1


def test_a_failing_system_is_no_reason_for_a_login(server, reply, signed_in):
    """The token may be spent or not; a login would open one session after another while the system is down."""
    desk = Desk(server, reply)
    pair = signed_in({"type": "session", "login": LOGIN, "renew": RENEW})
    read(pair)
    desk.left, desk.failing = 0, 500
    [error] = read(pair)
    assert isinstance(error, Unavailable)
    assert desk.logins == 1


def test_a_session_may_go_on_by_its_cookie_or_its_last_token_alone(server, reply, signed_in):
    state = {"made": 0, "left": 0}

    def session(seen):
        if seen.path == "/renew":
            assert seen.headers["cookie"] == f"sid=s{state['made']}"
            assert seen.headers["x-session"] == f"t{state['made']}"
        state.update(made=state["made"] + 1, left=1)
        return reply({"t": f"t{state['made']}"}, 200, {"Set-Cookie": f"sid=s{state['made']}"})

    def answer(seen):
        state["left"] -= 1
        return reply([], 200 if state["left"] >= 0 and seen.headers["x-session"] == f"t{state['made']}" else 401)

    server.script |= {"/login": session, "/renew": session, "/c": answer}
    login = {"path": "/login", "token": "t", "header": "X-Session"}
    pair = signed_in({"type": "session", "login": login, "renew": {"path": "/renew", "token": "t"}})
    assert [list(page.rows) for _ in range(3) for page in read(pair)] == [[]] * 3
    assert [seen.path for seen in server.seen if seen.path != "/c"] == ["/login", "/renew", "/renew"]
