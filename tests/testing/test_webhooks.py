"""The CRM's webhooks: thin, signed, retried, and as unreliable as one asks for."""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tallystick.testing.twins.crm import CrmTwin
from tallystick.testing.twins.fault import Fault

HOOKS = "/v1/webhooks"
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789").decode()
ALL = [f"{o}.{v}" for o in ("company", "contact") for v in ("created", "updated", "deleted")]


class Receiver:
    """Takes webhooks on a port of its own and keeps them; answers what it is told to."""

    def __init__(self):
        self.got = []
        self.answers = []
        outer = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers.items()), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks?from=crm"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def events(self):
        return [(json.loads(b)["type"], json.loads(b)["data"]["id"]) for _, b in self.got]

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def hooked(clock, connect, receiver):
    with CrmTwin(clock=clock, webhook_pauses=(0.01, 0.01)) as twin:
        wish = {"url": receiver.url, "secret": SECRET, "events": ALL}
        assert connect(twin)("POST", HOOKS, wish).status == 201
        yield twin


def test_an_event_is_thin_and_signed(hooked, receiver):
    """Standard Webhooks: HMAC-SHA256 over id, time stamp and the raw body, with the decoded secret."""
    made = hooked.put("companies", {"name": "A", "phone": "secret thing"})
    assert hooked.hooks.drain()
    [(headers, body)] = receiver.got
    payload = json.loads(body)
    assert payload == {
        "type": "company.created", "timestamp": "2025-06-15T15:06:40.250+00:00", "data": {"id": made["id"]}
    }  # fmt: skip
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(b"0123456789abcdef0123456789", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
    assert headers["webhook-timestamp"] == "1750000000"


def test_every_change_is_told_and_no_other(hooked, receiver, connect):
    """By the API and by the side door; a write that changes nothing is silent; contacts of a deleted company change."""
    client = connect(hooked)
    company = client("POST", "/v1/companies", {"name": "A"}).json["id"]
    contact = hooked.put("contacts", {"lastName": "B", "companyId": company})["id"]
    client("PATCH", f"/v1/companies/{company}", {"name": "A"})
    client("PATCH", f"/v1/companies/{company}", {"name": "B"})
    client("PATCH", f"/v1/companies/{company}", {"name": ""})
    client("DELETE", f"/v1/companies/{company}")
    assert hooked.hooks.drain()
    assert receiver.events() == [
        ("company.created", company), ("contact.created", contact), ("company.updated", company),
        ("company.deleted", company), ("contact.updated", contact),
    ]  # fmt: skip
    assert len({h["webhook-id"] for h, _ in receiver.got}) == 5


def test_a_refused_delivery_is_repeated_with_the_same_id(hooked, receiver):
    receiver.answers = [500, 429, 200]
    hooked.put("companies", {"name": "A"})
    assert hooked.hooks.drain()
    assert len({h["webhook-id"] for h, _ in receiver.got}) == 1
    assert [d.status for d in hooked.hooks.deliveries] == [500, 429, 200]


def test_deliveries_are_given_up_in_the_end(hooked, receiver):
    receiver.answers = [500] * 3
    hooked.put("companies", {"name": "A"})
    hooked.put("companies", {"name": "B"})
    assert hooked.hooks.drain()
    assert [d.status for d in hooked.hooks.deliveries] == [500, 500, 500, 204]


def test_subscriptions_are_listed_without_secrets_and_can_end(hooked, receiver, connect):
    client = connect(hooked)
    second = client("POST", HOOKS, {"url": receiver.url, "events": ["contact.created"]}).json
    assert second["secret"].startswith("whsec_")
    listed = client.get(HOOKS).json["data"]
    assert [sorted(h) for h in listed] == [["events", "id", "url"]] * 2
    assert client("DELETE", f"{HOOKS}/{listed[0]['id']}").status == 204
    assert client("DELETE", f"{HOOKS}/{listed[0]['id']}").status == 404
    hooked.put("companies", {"name": "A"})
    contact = hooked.put("contacts", {"lastName": "B"})["id"]
    assert hooked.hooks.drain()
    assert receiver.events() == [("contact.created", contact)]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"url": "http://example.com/", "events": ALL}, "url"),
        ({"url": "https://127.0.0.1/", "events": ALL}, "url"),
        ({"url": "http://127.0.0.1:99999/", "events": ALL}, "url"),
        ({"url": "http://127.0.0.1.example.com/", "events": ALL}, "url"),
        ({"url": 5, "events": ALL}, "url"),
        ({"url": "http://localhost/", "events": []}, "events"),
        ({"url": "http://[::1]/", "events": ["company.eaten"]}, "events"),
        ({"url": "http://127.0.0.1/", "events": ALL, "secret": "whsec_!"}, "secret"),
    ],
)
def test_a_bad_subscription_is_refused(crm, to_crm, wish, field):
    """Above all one that leads away from this machine."""
    reply = to_crm("POST", HOOKS, wish)
    assert (reply.status, reply.json["error"]["field"]) == (422, field)
    assert crm.hooks.subscriptions() == []


@pytest.mark.parametrize(
    ("fault", "order"),
    [
        (Fault("drop_webhook", nth=2), [0, 2]),
        (Fault("duplicate_webhook", nth=2), [0, 1, 1, 2]),
        (Fault("reorder_webhooks"), [1, 0, 2]),
        (Fault("reorder_webhooks", nth=3), [0, 1, 2]),
        (Fault("drop_webhook", path="contact.*", count=None), [0, 1, 2]),
    ],
)
def test_webhooks_are_dropped_doubled_and_reordered(hooked, receiver, fault, order):
    """One held back for the next is delivered in the end even if no next one comes."""
    hooked.faults.add(fault)
    made = [hooked.put("companies", {"name": n})["id"] for n in "ABC"]
    assert hooked.hooks.drain()
    assert [made.index(record_id) for _, record_id in receiver.events()] == order
