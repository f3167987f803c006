"""Signatures of AWS, version 4: the published vectors, and a server that verifies what arrives."""

import hashlib
import re
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import urlsplit

import pytest

from tallystick.connectors.http.aws import AwsKey, AwsSignature, canonical_request
from tallystick.connectors.http.limits import REAL_TIMING
from tallystick.connectors.http.message import Headers, Request, Response
from tallystick.connectors.rest import open_system
from tallystick.core.error import AccessError
from tallystick.project.manifest import Manifest

EMPTY = hashlib.sha256(b"").hexdigest()
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SUITE = AwsKey("AKIDEXAMPLE", SECRET, region="us-east-1", service="service")
HOST = "https://example.amazonaws.com"
STAMP = "20150830T123600Z"
NAMED = [("Host", "example.amazonaws.com"), ("X-Amz-Date", STAMP)]
PART = re.compile(r"(\w+)=([^,\s]+)")


@pytest.mark.parametrize(
    ("method", "path", "more", "signature"),
    [
        ("GET", "/", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "/example/..", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "//", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "//example//", [], "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        ("GET", "/example space/", [], "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
        ("GET", "/ሴ", [], "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            [],
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET",
            "/",
            [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
        ("POST", "/", [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ],
)
def test_the_signature_is_that_of_the_published_vectors(method, path, more, signature):
    text = canonical_request(method, HOST + path, [*NAMED, *more], EMPTY, encodes_once=False)
    assert SUITE.signature(STAMP, text) == signature


def test_storage_is_signed_as_its_manual_shows():
    key = AwsKey("AKIAIOSFODNN7EXAMPLE", SECRET.replace("+", "/"), region="us-east-1", service="s3")
    url = "https://examplebucket.s3.amazonaws.com/test.txt"
    headers = [
        ("Host", "examplebucket.s3.amazonaws.com"),
        ("Range", "bytes=0-9"),
        ("x-amz-content-sha256", EMPTY),
        ("x-amz-date", "20130524T000000Z"),
    ]
    text = canonical_request("GET", url, headers, EMPTY, encodes_once=True)
    signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert key.signature("20130524T000000Z", text) == signature


def path_signed(path, *, encodes_once):
    return canonical_request("GET", HOST + path, NAMED, EMPTY, encodes_once=encodes_once).split("\n")[1]


def test_storage_signs_the_path_that_is_meant_and_others_the_one_that_is_sent():
    assert path_signed("/a%20b//(c)/../d", encodes_once=True) == "/a%20b//%28c%29/../d"
    assert path_signed("/a%20b//(c)/../d", encodes_once=False) == "/a%2520b/d"


def sent(url, *, key=SUITE, headers=(), body=None, method="GET"):
    return next(AwsSignature(key, lambda: 1440938160.0).exchange(Request(method, url, headers, body))).signed()


@pytest.mark.parametrize(
    ("query", "spelled", "signed"),
    [
        ("b=2&a=2&a=1", "b=2&a=2&a=1", "a=1&a=2&b=2"),
        ("filter[x]=(a,b)&q=a+b~", "filter%5Bx%5D=%28a%2Cb%29&q=a%20b~", "filter%5Bx%5D=%28a%2Cb%29&q=a%20b~"),
        ("acl&x=", "acl&x=", "acl=&x="),
        ("a=b=c", "a=b%3Dc", "a=b%3Dc"),
        ("A=1&a=1&a%2Fb=1", "A=1&a=1&a%2Fb=1", "A=1&a=1&a%2Fb=1"),
    ],
)
def test_a_query_is_sent_as_it_is_signed_and_keeps_its_order(query, spelled, signed):
    request = sent(f"{HOST}/x?{query}")
    assert request.url == f"{HOST}/x?{spelled}"
    assert canonical_request("GET", request.url, NAMED, EMPTY, encodes_once=False).split("\n")[2] == signed


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://API.example:443/a", "api.example"),
        ("http://api.example:80/a", "api.example"),
        ("https://api.example:8443/a", "api.example:8443"),
        ("http://api.example:443/a", "api.example:443"),
    ],
)
def test_the_host_is_signed_and_sent_with_its_port_unless_that_goes_without_saying(url, host):
    assert dict(sent(url).headers)["Host"] == host


def test_what_a_request_says_of_itself_never_stands_beside_what_is_signed():
    """A second date or host would make the signature depend on which one is read."""
    request = sent(f"{HOST}/", headers=(("x-amz-date", "20000101T000000Z"), ("HOST", "other.example")))
    assert [value for name, value in request.headers if name.lower() == "x-amz-date"] == [STAMP]
    assert [value for name, value in request.headers if name.lower() == "host"] == ["example.amazonaws.com"]


def test_the_secrets_are_not_in_the_repr():
    assert SECRET not in repr(AwsKey("id", SECRET, "tok3n"))
    assert "tok3n" not in repr(AwsKey("id", SECRET, "tok3n"))


# --- a server that verifies ---

AUTH = {
    "type": "aws_sigv4",
    "access_key": "AKIDEXAMPLE",
    "secret_key": "${env:KEY}",
    "session_token": "${env:SESSION}",
    "region": "eu-central-1",
    "service": "execute-api",
}
KNOWN = {"${env:KEY}": SECRET, "${env:SESSION}": "tempor4ry"}
SERVED = AwsKey("AKIDEXAMPLE", SECRET, region="eu-central-1", service="execute-api")


class Verifier:
    """Works the signature out from what arrived; refuses what is more than five minutes off its own clock."""

    def __init__(self, server, reply, ahead=0.0, *, tells_date=True):
        self.reply, self.ahead, self.tells_date = reply, ahead, tells_date
        self.bodies = []
        server.script["/c"] = self.answer
        self.url = server.url

    def answer(self, seen):
        parts = dict(PART.findall(seen.headers["authorization"]))
        names = parts["SignedHeaders"].split(";")
        payload = hashlib.sha256(seen.body).hexdigest()
        text = canonical_request(
            seen.method, self.url + seen.path, [(n, seen.headers[n]) for n in names], payload, encodes_once=False
        )
        stamp = seen.headers["x-amz-date"]
        assert {"host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"} <= set(names)
        assert seen.headers["host"] == urlsplit(self.url).netloc
        if parts["Signature"] != SERVED.signature(stamp, text):
            return self.reply({"message": "The request signature we calculated does not match"}, 403)
        now = REAL_TIMING.wall() + self.ahead
        if abs(_unix(stamp) - now) > 300:
            date = {"Date": formatdate(now, usegmt=True)} if self.tells_date else {}
            return self.reply({"message": f"Signature expired: {stamp} is now earlier"}, 403, date)
        self.bodies.append(seen.body)
        return self.reply([] if seen.method == "GET" else {"id": 1})


def _unix(stamp):
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


class Vault:
    def resolve(self, reference):
        return KNOWN.get(reference, reference)


@pytest.fixture
def signed_in(server):
    opened = []

    def open_it():
        call = {"method": "GET", "path": "/c?q=a+b&q=(a)&empty"}
        objects = {
            "c": {"list": call, "get": {"method": "GET", "path": "/c"}, "create": {"method": "POST", "path": "/c"}}
        }
        entries = {"protocol": "rest", "base_url": server.url, "auth": AUTH, "objects": objects}
        pair = open_system("crm", Manifest.model_validate(entries), Vault(), REAL_TIMING)
        opened.append(pair[1])
        return pair

    yield open_it
    for transport in opened:
        transport.close()


def test_what_arrives_verifies_reads_and_writes_alike(server, reply, signed_in):
    verifier = Verifier(server, reply)
    connector, transport = signed_in()
    assert list(transport.run(connector.read("c")).rows) == []
    transport.run(connector.create("c", {"name": "Åse"}, key="k1"))
    assert [len(body) > 0 for body in verifier.bodies] == [False, True]
    assert len(server.seen) == 2


def test_a_clock_that_is_wrong_is_set_right_by_the_refusal_once_for_all(server, reply, signed_in):
    Verifier(server, reply, ahead=86_400)
    connector, transport = signed_in()
    for _ in range(3):
        transport.run(connector.read("c"))
    assert len(server.seen) == 4  # one refusal, then each at once


def test_a_refusal_without_a_date_stays_a_refusal(server, reply, signed_in):
    Verifier(server, reply, ahead=86_400, tells_date=False)
    connector, transport = signed_in()
    with pytest.raises(AccessError) as caught:
        transport.run(connector.read("c"))
    assert len(server.seen) == 1
    assert SECRET not in str(caught.value)
    assert "tempor4ry" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "words", "date"),
    [
        (403, b"SignatureDoesNotMatch", formatdate(0, usegmt=True)),
        (503, b"RequestTimeTooSkewed", formatdate(0, usegmt=True)),
        (403, b"RequestTimeTooSkewed", "yesterday"),
        (403, b"RequestTimeTooSkewed", formatdate(1440938160, usegmt=True)),
    ],
)
def test_only_a_refusal_of_our_clock_that_tells_another_time_is_tried_again(status, words, date):
    flow = AwsSignature(SUITE, lambda: 1440938160.0).exchange(Request("GET", HOST))
    next(flow)
    with pytest.raises(StopIteration):
        flow.send(Response(status, Headers.of({"Date": date}), words))
