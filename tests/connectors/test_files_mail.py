"""A mailbox is a place of files: the named attachments of its mails, the latest first, and nothing is changed there."""

import socket
from email.message import EmailMessage
from itertools import count

import pytest
from tests.connectors.mail_server import dovecot, letter_of
from tests.connectors.mail_systems import SIGN_IN, csv, ids, opening

from tallystick.core.error import AccessError, Garbled, ProjectError, Unavailable


@pytest.fixture(scope="module")
def server():
    with dovecot() as found:
        yield found


_NUMBERS = count()


@pytest.fixture
def folder(server):
    """A folder of the mailbox that no other test knows."""
    name = f"Drop{next(_NUMBERS)}"
    server.make(name)
    return name


@pytest.fixture
def opened(server):
    """Open systems that believe the server, and close them in the end."""
    with opening(ca_file=str(server.ca_file)) as open_one:
        yield open_one


def test_the_file_of_the_latest_mail_counts(server, folder, opened):
    """Whatever the order of arrival: what was sent earlier and comes late changes nothing, nor what comes twice."""
    pair = opened(server.url(folder))
    with pytest.raises(Unavailable, match="has arrived"):
        ids(pair)
    server.put(folder, letter_of(("c.csv", csv(1)), at=1))
    assert ids(pair) == ["1"]
    newer = letter_of(("c.csv", csv(2, 3)), at=12)
    server.put(folder, newer)
    assert ids(pair) == ["2", "3"]
    server.put(folder, letter_of(("c.csv", csv(9)), at=2))
    server.put(folder, newer)
    assert ids(pair) == ["2", "3"]
    assert all(rb"\Seen" not in flags for flags in server.flags(folder))


def test_the_date_in_a_name_goes_before_the_date_of_the_mail(server, folder, opened):
    """A file of an earlier day that is sent again later is still the earlier one."""
    server.put(folder, letter_of(("c-2026-11-02.csv", csv(2)), at=1))
    server.put(folder, letter_of(("c-2026-11-01.csv", csv(1)), at=9))
    assert ids(opened(server.url(folder), name="c-{date}.csv")) == ["2"]


def test_only_mail_of_the_sender_and_the_subject_counts(server, folder, opened):
    """The address must be the whole one, or of the domain; an encoded subject is read."""
    server.put(folder, letter_of(("c.csv", csv(1)), sender="Übung <reports@shop.example>", subject="Täglich: Artikel"))
    server.put(folder, letter_of(("c.csv", csv(2)), at=2, sender="reports@shop.example.evil.example"))
    server.put(folder, letter_of(("c.csv", csv(3)), at=3, sender="a@evil.example", subject="reports@shop.example"))
    server.put(folder, letter_of(("c.csv", csv(4)), at=1, sender="b@shop.example", subject="anything"))
    for wanted, found in [
        ({"sender": "reports@shop.example"}, ["1"]),
        ({"sender": "Reports@Shop.example"}, ["1"]),
        ({"sender": "@shop.example"}, ["4"]),
        ({"subject": "TÄGLICH"}, ["1"]),
        ({"sender": "@evil.example", "subject": "@shop"}, ["3"]),
        ({"newest": 1}, ["4"]),
    ]:
        assert ids(opened(server.url(folder), mail=wanted)) == found, wanted
    with pytest.raises(Unavailable, match="has arrived"):
        ids(opened(server.url(folder), mail={"sender": "nobody@shop.example"}))


def test_many_mails_are_described_some_at_a_time(server, folder, opened, monkeypatch):
    """All of them; of a very full folder the latest that arrived."""
    for at in (3, 5, 1, 2, 4):
        server.put(folder, letter_of((f"c-{at}.csv", csv(at)), at=at))
    monkeypatch.setattr("tallystick.connectors.files_mail._AT_ONCE", 2)
    assert ids(opened(server.url(folder), name="c-{number}.csv")) == ["5"]
    monkeypatch.setattr("tallystick.connectors.files_mail._MOST_SEARCHED", 3)
    assert ids(opened(server.url(folder), name="c-{number}.csv")) == ["4"]


def test_a_forwarded_mail_is_looked_into(server, folder, opened):
    """However deep; but the attachment of the mail itself counts before one of the same name inside."""
    inner = letter_of(("c.csv", csv(1)))
    server.put(folder, letter_of(inner=[letter_of(inner=[inner])], at=1))
    assert ids(opened(server.url(folder))) == ["1"]
    server.put(folder, letter_of(("c.csv", csv(2)), inner=[inner], at=2))
    assert ids(opened(server.url(folder))) == ["2"]


def test_a_mail_that_is_nothing_but_the_file_is_read(server, folder, opened):
    """Without multipart, the mail is its only part; also where a mail forwards such a mail."""
    alone = EmailMessage()
    alone["Date"] = "Sun, 01 Nov 2026 12:00:00 +0000"
    alone.set_content(csv(1), subtype="csv", disposition="attachment", filename="c.csv", cte="base64")
    server.put(folder, alone)
    assert ids(opened(server.url(folder))) == ["1"]
    server.put(folder, letter_of(inner=[alone], at=1))
    assert ids(opened(server.url(folder))) == ["1"]


NAMES = [
    'Content-Disposition: attachment; filename="Käufer.csv"',
    "Content-Disposition: attachment; filename*=utf-8''K%C3%A4ufer.csv",
    "Content-Disposition: attachment; filename*0*=iso-8859-1''K%E4; filename*1=ufer; filename*2=\".csv\"",
    'Content-Disposition: attachment; filename="=?utf-8?B?S8OkdWZlci5jc3Y=?="',
    'Content-Disposition: inline; filename="=?iso-8859-1?Q?K=E4ufer=2Ecsv?="',
    'Content-Disposition: attachment; filename="C:\\\\out\\\\=?iso-8859-1?Q?K=E4ufer=2Ecsv?="',
    "Content-Type: text/csv; name*=utf-8''K%C3%A4ufer.csv",
    'Content-Type: text/csv; name="=?utf-8?Q?K=C3=A4ufer?= =?utf-8?Q?.csv?="',
]


@pytest.mark.parametrize("header", NAMES)
def test_names_are_read_however_they_are_spelled(server, folder, opened, header):
    """RFC 2231, RFC 2047, raw UTF-8, with the sender's folder in front, or only as the name of the type."""
    text = f"From: a@b.example\r\nMIME-Version: 1.0\r\n{header}\r\n\r\n{csv(1)}"
    server.put(folder, text.encode())
    assert ids(opened(server.url(folder), name="Käufer.csv")) == ["1"]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_a_long_attachment_is_fetched_in_pieces(server, folder, opened, encoding):
    """Longer than one piece, and no byte is lost at the joints, in whatever encoding it travels."""
    rows = "".join(f"{at:07};Größe = {at:05}\n" for at in range(90_000))
    letter = EmailMessage()
    letter.set_content("text")
    content = f"id;text\n{rows}"
    letter.add_attachment(content, subtype="csv", filename="c.csv", cte=encoding)
    server.put(folder, letter)
    pair = opened(server.url(folder), delimiter=";")
    connector, transport = pair
    first = transport.run(connector.read("c"))
    assert first.total == 90_000
    assert (
        connector.sight("c", transport.run(connector.read("c", position=first.next, page_size=1)).rows[0]).record[
            "text"
        ]
        == "Größe = 01000"
    )


def test_a_file_that_is_not_whole_is_not_believed(server, folder, opened):
    """The newest file was cut off: the run says so and does not take an older one in silence; an empty one too."""
    server.put(folder, letter_of(("c.csv", csv(1, 2)), at=1))
    server.put(folder, letter_of(("c.csv", "id\n1\n2"), at=2))
    with pytest.raises(Unavailable, match="not complete"):
        ids(opened(server.url(folder)))
    server.put(folder, letter_of(("c.csv", ""), at=3))
    with pytest.raises((Unavailable, Garbled)):
        ids(opened(server.url(folder)))
    server.put(folder, letter_of(("c.csv", csv(1, 2, 3)), at=4))
    assert ids(opened(server.url(folder))) == ["1", "2", "3"]


def test_an_encoded_text_that_was_cut_off_is_not_believed(server, folder, opened):
    """A filter on the way may have shortened the mail."""
    head = "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Disposition: attachment; filename=c.csv\r\n"
    server.put(folder, f"{head}Content-Transfer-Encoding: base64\r\n\r\naWQKMQo\r\n".encode())
    with pytest.raises(Unavailable, match="not complete"):
        ids(opened(server.url(folder)))


def test_one_mail_with_the_file_twice(server, folder, opened):
    """The same twice is one file; two that differ are a question to the sender."""
    server.put(folder, letter_of(("c.csv", csv(1)), ("c.csv", csv(1)), at=1))
    assert ids(opened(server.url(folder))) == ["1"]
    server.put(folder, letter_of(("c.csv", csv(1)), ("c.csv", csv(2)), at=2))
    with pytest.raises(Garbled, match="two different files"):
        ids(opened(server.url(folder)))


def test_too_large_an_attachment_is_refused(server, folder, opened):
    """Before it is fetched, by what the server tells of it."""
    server.put(folder, letter_of(("c.csv", csv(*range(100)))))
    with pytest.raises(Garbled, match="too large") as refused:
        ids(opened(server.url(folder), mail={"largest_bytes": 100}))
    assert "largest_bytes" in refused.value.hint


def test_a_folder_that_is_made_anew_is_read_anew(server, folder, opened):
    """Ids of mails begin again then, and an old id means another mail (UIDVALIDITY)."""
    pair = opened(server.url(folder))
    server.put(folder, letter_of(("c.csv", csv(1)), at=1))
    assert ids(pair) == ["1"]
    with server.owner() as wire:
        assert wire.rename(folder, f"{folder}old")[0] == "OK"
        assert wire.create(folder)[0] == "OK"
    server.put(folder, letter_of(("c.csv", csv(2)), at=1))
    assert ids(pair) == ["2"]


def test_a_mail_that_is_deleted_meanwhile_counts_no_more(server, folder, opened):
    """The one before it does again."""
    pair = opened(server.url(folder))
    server.put(folder, letter_of(("c.csv", csv(1)), at=1))
    server.put(folder, letter_of(("c.csv", csv(2)), at=2))
    assert ids(pair) == ["2"]
    with server.owner(folder) as wire:
        wire.store("2", "+FLAGS", r"(\Deleted)")
    assert ids(pair) == ["1"]


def test_mail_is_archived_and_stays_the_state(server, folder, opened):
    """The mail that was read and older ones are moved; they count until a newer one comes."""
    server.put(folder, letter_of(("c.csv", csv(1)), at=1))
    server.put(folder, letter_of(("c.csv", csv(2)), at=2))
    server.put(folder, letter_of(("other.txt", "x"), at=3))
    pair = opened(server.url(folder), archive="Gelesen & gut")
    assert ids(pair) == ["2"]
    pair[1].put_away()
    assert len(server.flags(folder)) == 1
    assert len(server.flags(f"{folder}.Gelesen &- gut")) == 2
    assert ids(pair) == ids(opened(server.url(folder), archive="Gelesen & gut")) == ["2"]
    server.put(folder, letter_of(("c.csv", csv(3)), at=4))
    assert ids(pair) == ["3"]


def test_mail_is_marked_as_seen_only_if_told(server, folder, opened):
    """And only the one whose file was read."""
    server.put(folder, letter_of(("c.csv", csv(1)), at=1))
    server.put(folder, letter_of(("c.csv", csv(2)), at=2))
    for wanted, marked in ((False, [False, False]), (True, [False, True])):
        pair = opened(server.url(folder), mail={"mark_seen": wanted})
        assert ids(pair) == ["2"]
        pair[1].put_away()
        assert [rb"\Seen" in flags for flags in server.flags(folder)] == marked


def test_a_folder_with_signs_of_other_languages(server, opened):
    """Servers spell them in an encoding of their own; folders are separated as the server does it."""
    server.make("Eing&AOQ-nge.Shop")
    server.put("Eing&AOQ-nge.Shop", letter_of(("c.csv", csv(1))))
    assert ids(opened(server.url("Eing%C3%A4nge/Shop"))) == ["1"]


def test_who_answers_is_verified(server, folder, opened):
    """By TLS from the first byte as by STARTTLS: without the authority of the manifest no password is sent."""
    server.put(folder, letter_of(("c.csv", csv(1))))
    url = server.url(folder, scheme="imaps")
    assert ids(opened(url)) == ["1"]
    for unbelieved in (url, server.url(folder)):
        with pytest.raises(AccessError, match="prove") as refused:
            ids(opened(unbelieved, network={}))
        assert "ca_file" in refused.value.hint


def test_a_wrong_password_is_an_error_of_access(server, opened):
    """It names the place and never the password."""
    pair = opened(server.url(), {**SIGN_IN, "password": "wrong-word"})
    with pytest.raises(AccessError, match="let us in") as refused:
        ids(pair)
    assert "wrong-word" not in f"{refused.value} {refused.value.hint} {refused.value.detail}"


def test_a_missing_folder_is_named_with_those_that_are_there(server, opened):
    """A typing error is found at once."""
    with pytest.raises(AccessError, match="not there") as refused:
        ids(opened(server.url("Nowhere")))
    assert "INBOX" in refused.value.hint


def test_writing_is_refused(opened):
    """When it is opened, before anybody asks the server."""
    with pytest.raises(ProjectError, match="only read"):
        opened("imaps://partner@mail.example/INBOX", write="replace")


def test_a_server_that_ended_an_idle_connection_is_asked_again(server, folder, opened):
    """What is lost between two looks is opened anew."""
    pair = opened(server.url(folder))
    server.put(folder, letter_of(("c.csv", csv(1)), at=1))
    assert ids(pair) == ["1"]
    session = pair[1]._place._session
    session._wire.socket().shutdown(socket.SHUT_RDWR)
    server.put(folder, letter_of(("c.csv", csv(2)), at=2))
    assert ids(pair) == ["2"]


def test_of_two_mails_of_one_moment_the_later_arrival_counts(server, folder, opened):
    """Also where both claim to come from the future: then neither is believed, and they count from their arrival."""
    for claimed in (1, 24 * 365 * 70):
        server.put(folder, letter_of(("c.csv", csv(claimed)), at=claimed))
        server.put(folder, letter_of(("c.csv", csv(2)), at=claimed - (claimed > 1)))
        assert ids(opened(server.url(folder))) == ["2"]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_no_joint_between_pieces_breaks_a_sign(server, folder, opened, monkeypatch, encoding):
    """Wherever a piece ends: within an escape, within four signs of base64."""
    monkeypatch.setattr("tallystick.connectors.files_mail._PIECE", 5)
    letter = EmailMessage()
    letter.set_content("text")
    letter.add_attachment("id\nöäüß\n€uro\n", subtype="csv", filename="c.csv", cte=encoding)
    server.put(folder, letter)
    assert sorted(ids(opened(server.url(folder)))) == ["öäüß", "€uro"]


def test_an_attachment_is_not_waited_for(server, folder, opened):
    """A mail cannot grow, so patience would prove nothing."""
    server.put(folder, letter_of(("c.csv", csv(1))))
    pair = opened(server.url(folder), complete={"settle_seconds": 3600})
    waits = []
    pair[1]._shelves["c"]._arrival._sleep = waits.append
    assert ids(pair) == ["1"]
    assert not waits


def test_a_known_mail_is_gone_where_its_folder_is_another(server, folder, opened):
    """The same id in a folder that was made anew is another mail."""
    server.put(folder, letter_of(("c.csv", csv(1))))
    place = opened(server.url(folder))[1]._place
    [seen] = place.look("")
    assert place.look_at(seen) == seen
    with server.owner() as wire:
        wire.rename(folder, f"{folder}old")
        wire.create(folder)
    server.put(folder, letter_of(("c.csv", csv(2))))
    assert place.look_at(seen) is None
