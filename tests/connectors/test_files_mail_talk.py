"""What a mail server may say: refusals, farewells, nonsense. None of it is taken for an empty mailbox."""

from base64 import b64decode

import pytest
from tests.connectors.mail_server import USER
from tests.connectors.mail_systems import SIGN_IN, ids, opening
from tests.connectors.mail_talk import playing

from tallystick.core.error import AccessError, Garbled, ProjectError, Unavailable

TOKEN = {"type": "bearer", "token": "t0ken-word"}


@pytest.fixture
def opened():
    """Open systems, and close them in the end."""
    with opening() as open_one:
        yield open_one


def played(opened, port, auth=SIGN_IN, suffix="", **file):
    return opened(f"imap://{USER}%40here.example@127.0.0.1:{port}/INBOX{suffix}", auth, **file)


INBOX = (b"EXAMINE", [b"* 1 EXISTS", b"* OK [UIDVALIDITY 7] ids", b"TAG OK [READ-ONLY] done"])
SEARCH = (b"UID SEARCH", [b"* SEARCH 5"])


WHOLE = [
    b'* 1 FETCH (UID 5 BODYSTRUCTURE ("text" "csv" NIL NIL NIL "7bit" 5 1 NIL ("attachment" ("filename" "c.csv"))))',
    b"* 1 FETCH (UID 5 BODY[1] {5}",
    b"id\n1\n)",
]
SHARED = [
    *(INBOX, SEARCH),
    (b"UID FETCH", WHOLE),
    (b'LIST "" ""', [b'* LIST () "/" ""']),
    (b'EXAMINE "INBOX/read"', [b"TAG NO there is none"]),
]


def test_a_token_signs_in(opened):
    """XOAUTH2: the user is in the address, the token is a secret; a refusal is answered, and names no token."""
    with playing(INBOX) as (port, heard):
        with pytest.raises(Unavailable, match="has arrived"):
            ids(played(opened, port, TOKEN))
        given = next(heard[at + 1] for at, line in enumerate(heard) if b"AUTHENTICATE XOAUTH2" in line)
        assert b64decode(given) == b"user=partner@here.example\x01auth=Bearer t0ken-word\x01\x01"
    with playing((b"AUTHENTICATE", [b"TAG NO [AUTHENTICATIONFAILED] t0ken-word is old"])) as (port, _):
        with pytest.raises(AccessError) as refused:
            ids(played(opened, port, TOKEN))
        assert "is old" in refused.value.detail
        assert "t0ken" not in f"{refused.value} {refused.value.detail}"


@pytest.mark.parametrize("where", [b"CAPABILITY", b"EXAMINE", b"UID SEARCH", b"UID FETCH"])
def test_a_server_that_hangs_up_proves_nothing(opened, where):
    """Wherever it says goodbye, the run is told that the server is not available, and nothing is gone."""
    table = dict([INBOX, SEARCH]) | {where: [b"BYE"]}
    with playing(*table.items()) as (port, _), pytest.raises(Unavailable, match="ended the connection") as refused:
        ids(played(opened, port))
    assert "goes home" in refused.value.detail


GREETING = b"* OK [CAPABILITY IMAP4rev1] ready"


def test_a_server_without_the_plain_mechanism_gets_the_older_login(opened):
    """Quoted, so that no sign of the password ends the word."""
    with playing(INBOX, greeting=GREETING) as (port, heard), pytest.raises(Unavailable, match="has arrived"):
        ids(played(opened, port, {**SIGN_IN, "password": 'a "b\\c'}))
    assert heard[1].endswith(b' LOGIN "partner" "a \\"b\\\\c"')


def test_a_refusal_for_now_is_told_from_one_for_good(opened):
    """A mailbox that is in use, or a server that takes no more connections, is asked again in the next run."""
    refusal = (b"AUTHENTICATE", [b"TAG NO [UNAVAILABLE] directory is down"])
    with playing(refusal) as (port, _), pytest.raises(Unavailable, match="let us in"):
        ids(played(opened, port))
    with playing(greeting=b"* BYE too many connections") as (port, _):
        with pytest.raises(Unavailable) as refused:
            ids(played(opened, port))
        assert "too many" in refused.value.detail


def test_an_archive_that_cannot_be_opened_is_no_empty_one(opened):
    """Else the mail in the inbox, however old, would count as the newest."""
    closed = (b'EXAMINE "INBOX/read"', [b"TAG NO [INUSE] it is being repaired"])
    there = (b'LIST "" "INBOX/read"', [b'* LIST () "/" "INBOX/read"'])
    with playing(closed, there, *SHARED[:-1]) as (port, _), pytest.raises(Unavailable, match="cannot be opened"):
        ids(played(opened, port, archive="read"))


STRANGE = {
    "a structure without end": b"* 1 FETCH (UID 5 BODYSTRUCTURE " + b"(" * 100,
    "a structure of one word": b"* 1 FETCH (UID 5 BODYSTRUCTURE NIL)",
    "an id that is none": b'* 1 FETCH (UID five BODYSTRUCTURE ("text" "csv" NIL NIL NIL "7bit" 5 1))',
}


@pytest.mark.parametrize("answer", STRANGE.values(), ids=STRANGE)
def test_an_answer_that_makes_no_sense_is_garbled(opened, answer):
    """It is no reason to believe that there is no mail."""
    with playing(INBOX, SEARCH, (b"UID FETCH", [answer])) as (port, _), pytest.raises(Garbled):
        ids(played(opened, port))


def test_a_piece_that_is_announced_too_large_is_not_taken(opened):
    """A server cannot fill the memory by what it announces."""
    with playing(INBOX, SEARCH, (b"UID FETCH", [b"* 1 FETCH (UID 5 BODY[1] {9000000000}"])) as (port, _):
        with pytest.raises(Unavailable) as refused:
            ids(played(opened, port))
        assert "9000000000 bytes" in refused.value.detail


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(opened):
    """As long as the manifest says."""
    with playing(greeting=b"") as (port, _), pytest.raises(Unavailable):
        ids(
            opened(f"imaps://{USER}@127.0.0.1:{port}", network={"timeout_seconds": 0.3, "connect_timeout_seconds": 0.3})
        )


def test_nobody_there_and_no_such_host(opened):
    """Each says what to look at."""
    with pytest.raises(Unavailable) as refused:
        ids(opened(f"imaps://{USER}@127.0.0.1:1"))
    assert "port" in refused.value.hint
    with pytest.raises(Unavailable) as refused:
        ids(opened(f"imaps://{USER}@mail.invalid"))
    assert "DNS" in refused.value.hint


def test_no_password_goes_over_an_open_line(opened, monkeypatch):
    """Only to this machine, or with consent; the server is not asked to sign in before."""
    monkeypatch.setattr("tallystick.connectors.files_mail_session._is_loopback", lambda _: False)
    with playing(INBOX) as (port, heard):
        with pytest.raises(AccessError, match="no encryption"):
            ids(played(opened, port))
        assert not [line for line in heard if b"AUTHENTICATE" in line or b"LOGIN" in line]
        with pytest.raises(Unavailable, match="has arrived"):
            ids(played(opened, port, suffix="?tls=off"))


@pytest.mark.parametrize(
    ("url", "auth", "why"),
    [
        ("imaps://mail.example/INBOX", {"type": "bearer", "token": "x"}, "sign in"),
        ("imaps://me@mail.example/INBOX", {"type": "none"}, "sign in"),
        ("imaps://me@mail.example/INBOX?from=you", SIGN_IN, "no setting"),
        ("imaps://me:word@mail.example/INBOX", SIGN_IN, "password"),
    ],
)
def test_addresses_that_cannot_be_are_named(opened, url, auth, why):
    """When the system is opened."""
    with pytest.raises(ProjectError, match=why):
        opened(url, auth)


def test_a_server_without_the_means_to_move_copies(opened):
    """The old mail is marked as deleted, and only it is removed, where the server can do that."""
    select = (b"SELECT", [*INBOX[1][:2], b"TAG OK [READ-WRITE] done"])
    greeting = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS] ready"
    with playing(select, *SHARED[::-1], greeting=greeting) as (port, heard):
        pair = played(opened, port, archive="read")
        assert ids(pair) == ["1"]
        pair[1].put_away()
        pair[1].close()
    done = [line.partition(b" ")[2] for line in heard]
    assert done[done.index(b'UID COPY 5 "INBOX/read"') :][:3] == [
        b'UID COPY 5 "INBOX/read"', rb"UID STORE 5 +FLAGS.SILENT (\Deleted)", b"UID EXPUNGE 5",
    ]  # fmt: skip


def test_a_mailbox_that_may_only_be_read_is_not_written_to(opened):
    """Who wants mails to be marked there is told why that cannot be."""
    with playing((b"SELECT", INBOX[1]), *SHARED[::-1]) as (port, _):
        pair = played(opened, port, mail={"mark_seen": True})
        assert ids(pair) == ["1"]
        with pytest.raises(AccessError, match="only be read") as refused:
            pair[1].put_away()
    assert "mark_seen" in refused.value.hint
