"""Ways of signing in, each against a server that verifies what it is shown."""

import base64
import hashlib
import hmac
import json
import re
import stat
from urllib.parse import parse_qs, parse_qsl, quote, unquote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tallystick.connectors.http.limits import REAL_TIMING
from tallystick.connectors.http.message import Request
from tallystick.connectors.http.oauth1 import Client, OAuth1, base_string
from tallystick.connectors.rest import open_system
from tallystick.core.error import AccessError, ProjectError
from tallystick.project.manifest import Manifest
from tallystick.project.manifest_auth import OAuth1Auth

OBJECTS = {
    "c": {
        "list": {"method": "GET", "path": "/c"},
        "get": {"method": "GET", "path": "/c/{id}"},
        "create": {"method": "POST", "path": "/c"},
    }
}
KNOWN = {"PW": "pass-w0rd", "REFRESH": "refresh-0", "CODE": "c0de-once", "KEY": "sh4red-key"}
PART = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
USER = {"type": "digest", "username": "user", "password": "${env:PW}"}


class Vault:
    def __init__(self, **more):
        self._known = {f"${{env:{name}}}": value for name, value in (KNOWN | more).items()}

    def resolve(self, reference):
        return self._known[reference]


@pytest.fixture
def signed_in(server):
    """Open a system with an ``auth`` entry; whatever was opened is closed."""
    opened = []

    def open_it(auth, vault=None, **network):
        entries = {"protocol": "rest", "base_url": server.url, "auth": auth, "network": network, "objects": OBJECTS}
        connector, transport = open_system("crm", Manifest.model_validate(entries), vault or Vault(), REAL_TIMING)
        opened.append(transport)
        return connector, transport

    yield open_it
    for transport in opened:
        transport.close()


def read_all(pair, times=1):
    connector, transport = pair
    return transport.run_all([connector.read("c") for _ in range(times)])


def test_a_key_can_travel_in_a_cookie(server, reply, signed_in):
    server.script["/c"] = lambda seen: reply([] if seen.headers.get("cookie") == "key=sh4red-key" else {}, 200)
    [page] = read_all(signed_in({"type": "api_key", "name": "key", "value": "${env:KEY}", "location": "cookie"}))
    assert list(page.rows) == []
    assert server.seen[0].headers["cookie"] == "key=sh4red-key"


# --- refresh tokens ---------------------------------------------------------------------------------------------------


class Tokens:
    """A token server whose refresh tokens are good once; ``/c`` takes the newest access token only."""

    def __init__(self, server, reply, first="refresh-0"):
        self.good, self.made, self.reply = first, 0, reply
        server.script["/token"] = self.grant
        server.script["/c"] = lambda seen: (
            reply([]) if seen.headers.get("authorization") == f"Bearer access-{self.made}" else reply({}, 401)
        )

    def grant(self, seen):
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        shown = form.get("refresh_token") or form.get("code")
        if shown != self.good or form["client_id"] != "client":
            return self.reply({"error": "invalid_grant"}, 400)
        self.made += 1
        self.good = f"refresh-{self.made}"
        return self.reply({"access_token": f"access-{self.made}", "refresh_token": self.good, "expires_in": 3600})


def refresh_auth(server, **more):
    return {"type": "oauth2_refresh_token", "token_url": f"{server.url}/token", "client_id": "client"} | more


def test_one_request_fetches_the_token_of_all(server, reply, signed_in):
    tokens = Tokens(server, reply)
    pages = read_all(signed_in(refresh_auth(server, refresh_token="${env:REFRESH}")), 5)
    assert [list(page.rows) for page in pages] == [[]] * 5
    assert tokens.made == 1


def test_a_refresh_token_that_changes_is_kept_for_the_next_run(server, reply, signed_in, tmp_path):
    """The old one is worth nothing after its use, so a second process must find the new one."""
    tokens = Tokens(server, reply)
    file = tmp_path / "token"
    auth = refresh_auth(server, refresh_token="${env:REFRESH}", keep_in=str(file))
    for run in (1, 2, 3):
        [page] = read_all(signed_in(auth))
        assert list(page.rows) == []
        assert (tokens.made, file.read_text()) == (run, f"refresh-{run}")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_code_of_an_authorization_is_used_once(server, reply, signed_in, tmp_path):
    tokens = Tokens(server, reply, first="c0de-once")
    auth = refresh_auth(server, code="${env:CODE}", keep_in=str(tmp_path / "token"), redirect_uri="http://here")
    for _ in range(2):
        read_all(signed_in(auth))
    forms = [parse_qs(seen.body.decode()) for seen in server.seen if seen.path == "/token"]
    assert [form["grant_type"] for form in forms] == [["authorization_code"], ["refresh_token"]]
    assert forms[0]["redirect_uri"] == ["http://here"]
    assert tokens.made == 2


def test_a_revoked_refresh_token_says_what_to_check_and_never_shows(server, reply, signed_in):
    Tokens(server, reply, first="another")
    [error] = read_all(signed_in(refresh_auth(server, refresh_token="${env:REFRESH}")))
    assert isinstance(error, AccessError)
    assert "invalid_grant" in error.detail
    assert "refresh-0" not in repr(error) + str(error)


def test_a_code_without_a_place_for_its_token_is_refused_at_once(server, signed_in):
    with pytest.raises(ProjectError, match="good once"):
        signed_in(refresh_auth(server, code="${env:CODE}"))


# --- service accounts -------------------------------------------------------------------------------------------------


def unpack(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def rs256():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key, lambda text, raw: key.public_key().verify(raw, text, padding.PKCS1v15(), hashes.SHA256())


def es256():
    key = ec.generate_private_key(ec.SECP256R1())

    def verify(text, raw):
        both = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        key.public_key().verify(encode_dss_signature(*both), text, ec.ECDSA(hashes.SHA256()))

    return key, verify


@pytest.mark.parametrize(("algorithm", "make"), [("RS256", rs256), ("ES256", es256)])
def test_a_service_account_signs_for_itself(server, reply, signed_in, algorithm, make):
    key, verify = make()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    seen_claims = []

    def grant(seen):
        head, claims, signature = parse_qs(seen.body.decode())["assertion"][0].split(".")
        verify(f"{head}.{claims}".encode(), unpack(signature))
        assert json.loads(unpack(head)) == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
        seen_claims.append(json.loads(unpack(claims)))
        return reply({"access_token": "granted", "expires_in": 3600})

    server.script["/token"] = grant
    server.script["/c"] = lambda seen: reply([], 200 if seen.headers["authorization"] == "Bearer granted" else 401)
    auth = {
        "type": "oauth2_jwt_bearer", "token_url": f"{server.url}/token", "issuer": "robot@project", "subject": "boss",
        "key": "${env:PEM}", "key_id": "k1", "algorithm": algorithm, "scopes": ["a", "b"], "lifetime_seconds": 60,
    }  # fmt: skip
    [page] = read_all(signed_in(auth, Vault(PEM=pem)))
    assert list(page.rows) == []
    [claims] = seen_claims
    assert claims["exp"] - claims["iat"] == 60
    assert (claims["iss"], claims["sub"], claims["aud"], claims["scope"]) == (
        "robot@project", "boss", f"{server.url}/token", "a b",
    )  # fmt: skip


@pytest.mark.parametrize(("key", "algorithm"), [("no key", "RS256"), ("ec", "RS256")])
def test_a_key_that_does_not_fit_is_a_mistake_of_the_project(server, signed_in, key, algorithm):
    if key == "ec":
        made, _ = es256()
        key = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
    auth = {
        "type": "oauth2_jwt_bearer", "token_url": f"{server.url}/token", "issuer": "x", "key": "${env:PEM}",
        "algorithm": algorithm,
    }  # fmt: skip
    with pytest.raises(ProjectError, match=r"auth\.key") as caught:
        signed_in(auth, Vault(PEM=key))
    assert key not in str(caught.value)


# --- digests and signatures -------------------------------------------------------------------------------------------


class DigestServer:
    """Verifies digests as RFC 7616 wants; a nonce is good for ``uses`` requests."""

    def __init__(self, server, reply, *, algorithm="MD5", uses=10**6, qop='qop="auth,auth-int", '):
        self.reply, self.algorithm, self.uses, self.qop = reply, algorithm, uses, qop
        self.nonces, self.counts, self.served = 0, set(), []
        server.script["/c"] = self.answer

    def answer(self, seen):
        said = {name: a or b for name, a, b in PART.findall(seen.headers.get("authorization", ""))}
        name = "md5" if self.algorithm == "MD5" else "sha256"

        def digest(text):
            return hashlib.new(name, text.encode()).hexdigest()

        who, what = digest("user:the realm:pass-w0rd"), digest(f"{seen.method}:{seen.path}")
        middle = f"{said.get('nc')}:{said.get('cnonce')}:auth:" if self.qop else ""
        right = digest(f"{who}:{said.get('nonce')}:{middle}{what}")
        fresh = said.get("nonce") == f"n{self.nonces}" and (said.get("nonce"), said.get("nc")) not in self.counts
        if said and fresh and said.get("response") == right and self.uses > 0 and said.get("uri") == seen.path:
            if self.qop:
                self.counts.add((said["nonce"], said["nc"]))
            self.uses -= 1
            self.served.append(seen.method)
            return self.reply([] if seen.method == "GET" else {"id": 1})
        self.nonces += 1
        self.uses = max(self.uses, 2)
        value = f'Digest realm="the realm", {self.qop}nonce="n{self.nonces}", algorithm={self.algorithm}, opaque="o"'
        return self.reply(
            {}, 401, {"WWW-Authenticate": value + (", stale=true" if said.get("response") == right else "")}
        )


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("qop", ['qop="auth,auth-int", ', ""])
def test_a_digest_is_verified_and_its_challenge_serves_again(server, reply, signed_in, algorithm, qop):
    there = DigestServer(server, reply, algorithm=algorithm, qop=qop)
    connector, transport = signed_in(USER)
    for _ in range(3):
        assert list(transport.run(connector.read("c")).rows) == []
    assert transport.run(connector.create("c", {"name": "x"}, "")).id == "1"
    assert there.served == ["GET", "GET", "GET", "POST"]
    assert len(server.seen) == 5


def test_a_challenge_that_is_used_up_is_answered_anew(server, reply, signed_in):
    there = DigestServer(server, reply, uses=2)
    connector, transport = signed_in(USER)
    for _ in range(5):
        transport.run(connector.read("c"))
    assert len(there.served) == 5


def test_a_wrong_password_ends_after_two_answers(server, reply, signed_in):
    DigestServer(server, reply)
    connector, transport = signed_in(USER, Vault(PW="wrong-one"))
    with pytest.raises(AccessError):
        transport.run(connector.read("c"))
    assert len(server.seen) <= 4


def test_each_request_is_signed_over_what_is_sent(server, reply, signed_in):
    def verify(seen):
        path, _, query = seen.path.partition("?")
        text = f"{seen.method}|{path}|{query}|{seen.headers['x-time']}|{hashlib.sha256(seen.body).hexdigest()}"
        right = base64.b64encode(hmac.new(b"sh4red-key", text.encode(), "sha512").digest()).decode()
        is_right = seen.headers["x-signature"] == f"v1=id7:{right}"
        return reply(([] if seen.method == "GET" else {"id": "1"}) if is_right else {}, 200 if is_right else 401)

    server.script["/c"] = verify
    auth = {
        "type": "hmac", "key": "${env:KEY}", "key_id": "id7", "algorithm": "sha512", "encoding": "base64",
        "sign": "{method}|{path}|{query}|{timestamp}|{body_sha256}", "header": "X-Signature",
        "value": "v1={key_id}:{signature}", "timestamp_header": "X-Time", "timestamp": "iso",
    }  # fmt: skip
    connector, transport = signed_in(auth)
    assert list(transport.run(connector.read("c")).rows) == []
    assert transport.run(connector.create("c", {"name": "ä"}, "")).id == "1"


# --- OAuth 1.0a -------------------------------------------------------------------------------------------------------

OAUTH1 = {"type": "oauth1", "consumer_key": "tally", "consumer_secret": "${env:KEY}"}
WITH_TOKEN = OAUTH1 | {"token": "t&1", "token_secret": "${env:PW}"}


def test_what_is_signed_is_put_in_order_as_the_standard_shows():
    """The example of RFC 5849, section 3.4.1.1."""
    said = {
        "oauth_consumer_key": "9djdj82h48djs9d2", "oauth_token": "kkk9d7dh3k39sjv7",
        "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": "137131201", "oauth_nonce": "7d8f3e4a",
    }  # fmt: skip
    url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"
    assert base_string("post", url, [*said.items(), ("c2", ""), ("a3", "2 q")]) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


def test_the_signature_is_that_of_the_standard():
    """The example of OAuth Core 1.0, appendix A.5."""
    spec = OAuth1Auth(type="oauth1", consumer_key="", consumer_secret="", signature="HMAC-SHA1")
    client = Client("dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")
    signing = OAuth1(spec, client, lambda: 1191242096.7, lambda: "kllo9940pd9333jh")
    sent = next(
        signing.exchange(Request("GET", "http://photos.example.net/photos?file=vacation.jpg&size=original"))
    ).signed()
    assert 'oauth_signature="tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D"' in dict(sent.headers)["Authorization"]


@pytest.mark.parametrize("way", ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"])
@pytest.mark.parametrize("auth", [OAUTH1, WITH_TOKEN])
def test_each_request_is_signed_with_a_nonce_of_its_own(server, reply, signed_in, auth, way):
    """Its parameters are signed with it; one that is sent again is signed anew."""
    nonces, answers = set(), [503, 200]

    def verify(seen):
        said = {name: unquote(value) for name, value, _ in PART.findall(seen.headers["authorization"])}
        realm, given = said.pop("realm"), said.pop("oauth_signature")
        path, _, query = seen.path.partition("?")
        pairs = [*said.items(), *parse_qsl(query)]
        asked = "&".join(f"{n}={v}" for n, v in sorted((quote(n, safe=""), quote(v, safe="")) for n, v in pairs))
        text = f"{seen.method}&{quote(server.url + path, safe='')}&{quote(asked, safe='')}"
        key = "sh4red-key&" + ("pass-w0rd" if "oauth_token" in said else "")
        right = base64.b64encode(hmac.new(key.encode(), text.encode(), way[5:].lower()).digest()).decode()
        is_right = given == right and realm == "A 1" and said["oauth_nonce"] not in nonces
        nonces.add(said["oauth_nonce"])
        return reply([] if seen.method == "GET" else {"id": "1"}, answers.pop(0) if is_right and answers else 401)

    server.script["/c"] = verify
    assert list(read_all(signed_in(auth | {"signature": way, "realm": "A 1"}))[0].rows) == []
    assert len(nonces) == 2


def test_plain_text_sends_the_secrets_and_no_message_shows_them(server, reply, signed_in):
    server.script["/c"] = lambda seen: reply({"message": f"not {seen.headers['authorization']}"}, 401)
    [refused] = read_all(signed_in(WITH_TOKEN | {"signature": "PLAINTEXT"}))
    assert isinstance(refused, AccessError)
    assert 'oauth_signature="sh4red-key%26pass-w0rd"' in server.seen[0].headers["authorization"]
    assert "sh4red" not in str(refused)
    assert "pass-w0rd" not in str(refused)


def test_a_form_is_signed_and_other_bodies_are_not(server, reply, signed_in):
    spec = OAuth1Auth(type="oauth1", consumer_key="", consumer_secret="")
    signing = OAuth1(spec, Client("k", "s"), lambda: 0, lambda: "n")

    def signature(body, kind):
        request = Request("POST", "http://h.test/c", (("Content-Type", kind),), body)
        return dict(next(signing.exchange(request)).signed().headers)["Authorization"]

    form = "application/x-www-form-urlencoded; charset=utf-8"
    assert signature(b"a=1", form) != signature(b"a=2", form)
    assert signature(b'{"a":1}', "application/json") == signature(b'{"a":2}', "application/json")


# --- sessions ---------------------------------------------------------------------------------------------------------


class Sessions:
    """Sessions by cookie, good for ``uses`` requests; writes want a token that was fetched in the session."""

    def __init__(self, server, reply, *, uses=10**6, csrf=True):
        self.reply, self.uses, self.csrf = reply, uses, csrf
        self.logins = self.tokens = self.left = 0
        server.script |= {"/login": self.login, "/csrf": self.token, "/c": self.answer}

    def login(self, seen):
        if json.loads(seen.body) != {"user": "tally", "password": "pass-w0rd"}:
            return self.reply({}, 403)
        self.logins, self.left = self.logins + 1, self.uses
        return self.reply({"bearer": f"b{self.logins}"}, 200, {"Set-Cookie": f"sid=s{self.logins}; Path=/; HttpOnly"})

    def token(self, seen):
        assert seen.headers["x-csrf-token"] == "Fetch"
        self.tokens += 1
        return self.reply({}, 200, {"X-CSRF-Token": f"t{self.tokens}"})

    def answer(self, seen):
        is_in = (
            f"sid=s{self.logins}" in seen.headers.get("cookie", "")
            and seen.headers.get("x-bearer") == f"b{self.logins}"
        )
        if not is_in or not self.left:
            return self.reply({}, 401)
        self.left -= 1
        if seen.method == "POST" and self.csrf and seen.headers.get("x-csrf-token") != f"t{self.tokens}":
            return self.reply({"error": "CSRF token invalid"}, 403, {"X-CSRF-Token": "Required"})
        return self.reply([] if seen.method == "GET" else {"id": "1"})


def session_auth(**more):
    login = {
        "path": "/login", "body": {"user": "tally", "password": "${env:PW}"}, "token": "bearer", "header": "X-Bearer",
    }  # fmt: skip
    return {"type": "session", "login": login, "csrf": {"path": "/csrf"}} | more


def test_one_login_opens_the_session_of_all_and_writes_carry_a_token(server, reply, signed_in):
    there = Sessions(server, reply)
    connector, transport = signed_in(session_auth())
    transport.run_all([connector.read("c") for _ in range(4)])
    made = transport.run_all([connector.create("c", {"n": n}, "") for n in range(4)])
    assert [done.id for done in made] == ["1"] * 4
    assert (there.logins, there.tokens) == (1, 1)


def test_a_session_and_a_token_that_ended_are_fetched_again(server, reply, signed_in):
    there = Sessions(server, reply, uses=3)
    connector, transport = signed_in(session_auth())
    for _ in range(5):
        assert transport.run(connector.create("c", {}, "")).id == "1"
    assert there.logins == 2
    there.tokens += 7
    assert transport.run(connector.create("c", {}, "")).id == "1"


def test_a_login_that_is_refused_says_so(server, reply, signed_in):
    Sessions(server, reply)
    connector, transport = signed_in(session_auth(), Vault(PW="wr0ng-one"))
    with pytest.raises(AccessError, match="does not let us in") as caught:
        transport.run(connector.read("c"))
    assert "wr0ng-one" not in str(caught.value)


def test_a_session_can_be_opened_by_basic_and_a_token_alone(server, reply, signed_in):
    """As services of SAP want it: basic with each request, a token fetched before the first write."""
    basic = "Basic " + base64.b64encode(b"tally:pass-w0rd").decode()

    def answer(seen):
        is_right = seen.headers["authorization"] == basic and seen.headers.get("x-csrf-token") == "t1"
        return reply({"id": "1"} if is_right else {}, 201 if is_right and "sap=1" in seen.headers["cookie"] else 403)

    server.script["/csrf"] = lambda seen: reply({}, 200, {"X-CSRF-Token": "t1", "Set-Cookie": "sap=1"})
    server.script["/c"] = answer
    auth = {"type": "session", "username": "tally", "password": "${env:PW}", "csrf": {"path": "/csrf"}}
    connector, transport = signed_in(auth)
    assert transport.run(connector.create("c", {}, "")).id == "1"
