"""What is remembered between two tokens, against token servers that verify what they are shown."""

import stat
from urllib.parse import parse_qs

import pytest

from tallystick.connectors.http.limits import REAL_TIMING
from tallystick.connectors.rest import open_system
from tallystick.core.error import AccessError, ProjectError
from tallystick.project.manifest import Manifest

OBJECTS = {"c": {"list": {"method": "GET", "path": "/c"}, "get": {"method": "GET", "path": "/c/{id}"}}}
KNOWN = {"${env:PW}": "pass-w0rd", "${env:SECRET}": "s3cret-of-client"}


class Vault:
    def resolve(self, reference):
        return KNOWN[reference]


@pytest.fixture
def signed_in(server):
    opened = []

    def open_it(auth):
        auth = {"token_url": f"{server.url}/token", "client_id": "client"} | auth
        entries = {"protocol": "rest", "base_url": server.url, "auth": auth, "objects": OBJECTS}
        connector, transport = open_system("crm", Manifest.model_validate(entries), Vault(), REAL_TIMING)
        opened.append(transport)
        return connector, transport

    yield open_it
    for transport in opened:
        transport.close()


def read_all(pair, times=1):
    connector, transport = pair
    return transport.run_all([connector.read("c") for _ in range(times)])


class Tokens:
    """Access tokens are good for ``uses`` requests; ``refresh`` is what renews them, empty where nothing does."""

    def __init__(self, server, reply, *, refresh="", uses=10**6, password="pass-w0rd"):
        self.reply, self.refresh, self.uses, self.password = reply, refresh, uses, password
        self.made, self.left, self.grants, self.forms = 0, 0, [], []
        server.script["/token"] = self.grant
        server.script["/c"] = self.answer

    def answer(self, seen):
        self.left -= 1
        is_good = seen.headers.get("authorization") == f"Bearer access-{self.made}" and self.left >= 0
        return self.reply([] if is_good else {}, 200 if is_good else 401)

    def grant(self, seen):
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        self.forms.append(form)
        self.grants.append(form["grant_type"])
        by_password = form["grant_type"] == "password" and form.get("password") == self.password
        by_refresh = form["grant_type"] == "refresh_token" and self.refresh == form["refresh_token"]
        if not (by_password or by_refresh):
            return self.reply({"error": "invalid_grant", "error_description": f"no {form}"}, 400)
        self.made, self.left = self.made + 1, self.uses
        said = {"refresh_token": self.refresh} if self.refresh else {}
        return self.reply({"access_token": f"access-{self.made}", "expires_in": 3600} | said)


OWNER = {"type": "oauth2_password", "username": "user", "password": "${env:PW}"}


def test_name_and_password_are_asked_with_once_for_all(server, reply, signed_in):
    tokens = Tokens(server, reply)
    pages = read_all(signed_in(OWNER | {"scopes": ["r", "w"], "extra": {"tenant": "t1"}}), times=4)
    assert [list(page.rows) for page in pages] == [[]] * 4
    assert tokens.forms == [
        {
            "grant_type": "password",
            "username": "user",
            "password": "pass-w0rd",
            "scope": "r w",
            "tenant": "t1",
            "client_id": "client",
        }
    ]


def test_a_client_without_a_name_says_none(server, reply, signed_in):
    tokens = Tokens(server, reply)
    read_all(signed_in(OWNER | {"client_id": ""}))
    assert "client_id" not in tokens.forms[0]


def test_the_client_names_itself_in_the_header_where_the_manifest_says_so(server, reply, signed_in):
    tokens = Tokens(server, reply)
    read_all(signed_in(OWNER | {"client_secret": "${env:SECRET}", "send_in": "header"}))
    assert server.seen[0].headers["authorization"].startswith("Basic ")
    assert not {"client_id", "client_secret"} & set(tokens.forms[0])


def test_a_token_that_ended_is_renewed_by_the_refresh_token_where_there_is_one(server, reply, signed_in):
    tokens = Tokens(server, reply, refresh="refresh-1", uses=1)
    pair = signed_in(OWNER)
    assert [list(page.rows) for _ in range(2) for page in read_all(pair)] == [[], []]
    assert tokens.grants == ["password", "refresh_token"]


def test_without_a_refresh_token_the_password_serves_again(server, reply, signed_in):
    tokens = Tokens(server, reply, uses=1)
    pair = signed_in(OWNER)
    assert [list(page.rows) for _ in range(2) for page in read_all(pair)] == [[], []]
    assert tokens.grants == ["password", "password"]


def test_where_the_refresh_token_has_expired_the_password_serves_once_for_all(server, reply, signed_in):
    tokens = Tokens(server, reply, refresh="refresh-1")
    pair = signed_in(OWNER)
    read_all(pair)
    tokens.refresh, tokens.left = "refresh-2", 0
    server.script["/c"] = lambda seen: reply(
        [], 200 if seen.headers["authorization"] == f"Bearer access-{max(tokens.made, 2)}" else 401
    )
    assert [list(page.rows) for page in read_all(pair, times=3)] == [[]] * 3
    assert tokens.grants == ["password", "refresh_token", "password"]


def test_a_wrong_password_is_tried_once_and_never_shows(server, reply, signed_in):
    tokens = Tokens(server, reply, password="another")
    [error] = read_all(signed_in(OWNER))
    assert isinstance(error, AccessError)
    assert tokens.grants == ["password"]
    assert "pass-w0rd" not in str(error) + error.detail
    assert "invalid_grant" in error.detail


# --- a token that is kept ---


def kept_auth(tmp_path, **more):
    return {"type": "oauth2_refresh_token", "keep_in": str(tmp_path / "own" / "crm.token")} | more


SIGNED_IN = {"authorize_url": "http://id.test/authorize"}


@pytest.mark.parametrize("way", [SIGNED_IN, {"device_url": "http://id.test/device"}])
def test_where_nobody_has_signed_in_the_command_for_it_is_named(server, signed_in, tmp_path, way):
    [error] = read_all(signed_in(kept_auth(tmp_path, **way)))
    assert isinstance(error, AccessError)
    assert error.hint == "run `tally login crm`"
    assert server.seen == []


def test_without_a_page_to_sign_in_the_entries_are_named(server, signed_in, tmp_path):
    [error] = read_all(signed_in(kept_auth(tmp_path)))
    assert "auth.refresh_token" in error.hint


def test_a_page_to_sign_in_needs_a_place_for_its_token(signed_in):
    with pytest.raises(ProjectError, match="must be kept"):
        signed_in({"type": "oauth2_refresh_token"} | SIGNED_IN)


def write_token(tmp_path, text):
    file = tmp_path / "own" / "crm.token"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_refused_sign_in_names_the_command_too(server, reply, signed_in, tmp_path):
    Tokens(server, reply, refresh="refresh-2")
    write_token(tmp_path, "refresh-1\n")
    [error] = read_all(signed_in(kept_auth(tmp_path, **SIGNED_IN)))
    assert isinstance(error, AccessError)
    assert error.hint == "run `tally login crm`"
    assert "refresh-1" not in str(error) + error.detail


def test_a_token_that_another_process_kept_is_taken_up_before_the_old_one_is_shown(server, reply, signed_in, tmp_path):
    """Some systems revoke everything when a token that was good once comes back."""
    tokens = Tokens(server, reply, refresh="refresh-1", uses=1)
    write_token(tmp_path, "refresh-1")
    pair = signed_in(kept_auth(tmp_path))
    read_all(pair)
    tokens.refresh = "refresh-2"
    write_token(tmp_path, "refresh-2")
    [page] = read_all(pair)
    assert list(page.rows) == []
    assert [form["refresh_token"] for form in tokens.forms] == ["refresh-1", "refresh-2"]


def test_a_token_that_another_process_kept_while_ours_was_under_way_is_taken_up(server, reply, signed_in, tmp_path):
    tokens = Tokens(server, reply, refresh="refresh-2")
    write_token(tmp_path, "refresh-1")

    def overtaken(seen):
        write_token(tmp_path, "refresh-2")
        return tokens.grant(seen)

    server.script["/token"] = overtaken
    pages = read_all(signed_in(kept_auth(tmp_path)), times=3)
    assert [list(page.rows) for page in pages] == [[]] * 3
    assert [form["refresh_token"] for form in tokens.forms] == ["refresh-1", "refresh-2"]


def test_a_kept_token_is_for_its_owner_alone_whatever_lay_there(server, reply, signed_in, tmp_path):
    """What a crash or somebody else left beside the file is not written into."""
    tokens = Tokens(server, reply, refresh="refresh-1")
    file = write_token(tmp_path, "refresh-1")
    file.chmod(0o644)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("", encoding="utf-8")
    file.with_name("crm.token.new").symlink_to(elsewhere)
    original = tokens.grant

    def rotate(seen):
        answer = original(seen)
        return reply({"access_token": "access-1", "refresh_token": "refresh-9"}) if tokens.made else answer

    server.script["/token"] = rotate
    read_all(signed_in(kept_auth(tmp_path)))
    assert file.read_text(encoding="utf-8") == "refresh-9"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert elsewhere.read_text(encoding="utf-8") == ""


def test_a_token_that_lasts_is_used_as_it_is_until_it_is_refused(server, reply, signed_in, tmp_path):
    tokens = Tokens(server, reply)
    write_token(tmp_path, '{"access_token":"access-0"}')
    tokens.left = 2
    pair = signed_in(kept_auth(tmp_path, **SIGNED_IN))
    assert [list(page.rows) for page in read_all(pair, times=2)] == [[], []]
    [error] = read_all(pair)
    assert isinstance(error, AccessError)
    assert error.hint == "run `tally login crm`"
    assert tokens.forms == []
