"""A mailbox that is signed in to by OAuth 2.0: a real mail server asks the authority what each token is good for."""

import stat
from urllib.parse import parse_qs

import pytest
from tests.connectors.http.conftest import Server, make_reply
from tests.connectors.mail_server import USER, dovecot, letter_of
from tests.connectors.mail_systems import csv, ids, opening
from tests.connectors.mail_talk import playing

from tallystick.core.error import AccessError


class Authority:
    """Gives tokens by every grant and says which of them is good still; a refresh token is good once."""

    def __init__(self):
        self.server = Server().start()
        self.server.script |= {"/token": self.token, "/introspect": self.introspect}
        self.grants, self.good, self.refresh, self.refuses = [], set(), "refresh-0", False

    def token(self, seen):
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        self.grants.append(form["grant_type"])
        if self.refuses or form.get("refresh_token", self.refresh) != self.refresh:
            return make_reply({"error": "invalid_grant"}, 400)
        number = len(self.grants)
        self.refresh = f"refresh-{number}"
        self.good = {f"access-{number}"}
        return make_reply({"access_token": f"access-{number}", "refresh_token": self.refresh, "expires_in": 3600})

    def introspect(self, seen):
        [token] = parse_qs(seen.body.decode())["token"]
        return make_reply({"active": token in self.good, "username": USER} if token in self.good else {"active": False})


@pytest.fixture(scope="module")
def authority():
    found = Authority()
    yield found
    found.server.stop()


@pytest.fixture(scope="module")
def mail(authority):
    with dovecot(f"{authority.server.url}/introspect") as found:
        found.put("INBOX", letter_of(("c.csv", csv(1, 2))))
        yield found


@pytest.fixture(autouse=True)
def afresh(authority):
    authority.grants.clear()
    authority.good.clear()
    authority.refresh, authority.refuses = "refresh-0", False


@pytest.fixture
def opened(mail):
    with opening(ca_file=str(mail.ca_file)) as open_one:
        yield open_one


def client(authority, kind="oauth2_client_credentials", **more):
    usual = {"type": kind, "token_url": f"{authority.server.url}/token", "client_id": "tally"}
    return usual | ({"client_secret": "s3cret-of-client"} if kind == "oauth2_client_credentials" else {}) | more


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
def test_a_token_is_fetched_and_signs_in(mail, authority, opened, scheme):
    assert ids(opened(mail.url(scheme=scheme), client(authority))) == ["1", "2"]
    assert authority.grants == ["client_credentials"]


def test_a_password_grant_signs_in(mail, authority, opened):
    auth = client(authority, "oauth2_password", username=USER, password="pass-w0rd")
    assert ids(opened(mail.url(), auth)) == ["1", "2"]


def test_a_refresh_token_that_changes_is_kept(mail, authority, opened, tmp_path):
    file = tmp_path / "mail.token"
    auth = client(authority, "oauth2_refresh_token", refresh_token="refresh-0", keep_in=str(file))
    for run in (1, 2):
        assert ids(opened(mail.url(), auth)) == ["1", "2"]
        assert file.read_text(encoding="utf-8") == f"refresh-{run}"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_one_token_serves_each_connection_until_it_is_refused(mail, authority, opened):
    """A connection that was lost is opened by the same token; one that was revoked meanwhile is replaced."""
    pair = opened(mail.url(), client(authority))
    assert ids(pair) == ["1", "2"]
    pair[1].close()
    assert ids(pair) == ["1", "2"]
    assert len(authority.grants) == 1
    pair[1].close()
    authority.good.clear()
    assert ids(pair) == ["1", "2"]
    assert len(authority.grants) == 2


def test_where_nobody_has_signed_in_the_command_is_named(mail, authority, opened, tmp_path):
    auth = client(
        authority, "oauth2_refresh_token", authorize_url="https://id.test/in", keep_in=str(tmp_path / "mail.token")
    )
    with pytest.raises(AccessError) as refused:
        ids(opened(mail.url(), auth))
    assert refused.value.hint == "run `tally login d`"


def test_a_refusing_authority_is_told_apart_from_the_mail_server(mail, authority, opened):
    authority.refuses = True
    with pytest.raises(AccessError, match="token server refuses"):
        ids(opened(mail.url(), client(authority)))


def test_a_fresh_token_that_is_refused_is_not_tried_again_and_never_shows(authority, opened):
    refusal = (b"AUTHENTICATE", [b"TAG NO [AUTHENTICATIONFAILED] access-1 is not for mail"])
    with playing(refusal) as (port, heard), pytest.raises(AccessError, match="does not let us in") as refused:
        ids(opened(f"imap://{USER}@127.0.0.1:{port}/INBOX", client(authority)))
    assert sum(b"AUTHENTICATE" in line for line in heard) == 1
    assert "is not for mail" in refused.value.detail
    assert "access-1" not in refused.value.detail
