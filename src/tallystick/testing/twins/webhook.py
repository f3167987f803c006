"""Webhooks as a system sends them: thin events, signed as Standard Webhooks says, retried, from a thread of their own.

Subscribers must live on loopback: a fake system never talks to anybody else.
"""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import queue
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from tallystick.core.error import InvalidValue
from tallystick.testing.twins.fault import Faults
from tallystick.testing.twins.table import Database

EVENTS: Final = tuple(f"{o}.{v}" for o in ("company", "contact") for v in ("created", "updated", "deleted"))
_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a record. ``id`` is the same in every delivery of it."""

    id: str
    type: str
    record_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to tell a subscriber; ``status`` 0 means that nobody answered."""

    event: Event
    url: str
    status: int


def sign(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """Give the value of ``webhook-signature``; ``secret`` is base64 behind ``whsec_``."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


class Hooks:
    """Subscriptions and their deliveries. ``deliveries`` lists every attempt, in order."""

    def __init__(
        self,
        database: Database,
        faults: Faults,
        clock: Callable[[], float],
        pauses: tuple[float, ...] = (0.2, 1.0, 5.0),
    ) -> None:
        self.deliveries: list[Delivery] = []
        self._database = database
        self._faults = faults
        self._clock = clock
        self._pauses = pauses
        self._waiting: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._pending = 0
        self._idle = threading.Condition()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._held: list[Event] = []
        with database.write() as db:
            db.execute("CREATE TABLE IF NOT EXISTS hooks (id TEXT PRIMARY KEY, url TEXT, secret TEXT, events TEXT)")

    # subscriptions

    def subscribe(self, wish: Any) -> dict[str, Any]:
        """Register ``{"url", "events", "secret"?}`` and give it with its id.

        Raises:
            InvalidValue: with the field's name as ``field``.
        """
        url, secret, events = _read_wish(wish)
        hook_id = "whk_" + secrets.token_hex(8)
        with self._database.write() as db:
            db.execute("INSERT INTO hooks VALUES (?, ?, ?, ?)", (hook_id, url, secret, json.dumps(events)))
        return {"id": hook_id, "url": url, "events": events, "secret": secret}

    def subscriptions(self) -> list[dict[str, Any]]:
        """List them, without their secrets."""
        rows = self._database.ask("SELECT id, url, events FROM hooks ORDER BY rowid")
        return [{"id": i, "url": u, "events": json.loads(e)} for i, u, e in rows]

    def unsubscribe(self, hook_id: str) -> bool:
        """Remove one; tell whether it was there."""
        with self._database.write() as db:
            return db.execute("DELETE FROM hooks WHERE id = ?", (hook_id,)).rowcount > 0

    # deliveries

    def announce(self, event_type: str, record_id: str) -> None:
        """Queue an event for all who want it."""
        if not self._database.ask("SELECT 1 FROM hooks LIMIT 1"):
            return
        with self._idle:
            self._pending += 1
            event = Event(f"evt_{secrets.token_hex(12)}", event_type, record_id, self._clock())
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self._waiting.put(event)

    def drain(self, seconds: float = 10) -> bool:
        """Wait until every event was delivered, given up or dropped; tell whether that came to pass in time."""
        with self._idle:
            return self._idle.wait_for(lambda: self._pending == 0, seconds)

    def stop(self) -> None:
        """End the thread; what was not delivered yet is lost, as when a system goes down."""
        self._stopping.set()
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(_PATIENCE + 1)

    def _run(self) -> None:
        while True:
            try:
                # An event that is held back for the next one must not wait for ever.
                event = self._waiting.get(timeout=0.3 if self._held else None)
            except queue.Empty:
                self._release()
                continue
            if event is None:
                return
            struck = self._faults.strike("POST", event.type, "webhook")
            if "reorder_webhooks" in struck:
                self._held.append(event)
                continue
            times = 0 if "drop_webhook" in struck else 2 if "duplicate_webhook" in struck else 1
            self._settle([event], times)
            self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        self._settle(held)

    def _settle(self, events: list[Event], times: int = 1) -> None:
        for event in events * times:
            for url, secret, wanted in self._database.ask("SELECT url, secret, events FROM hooks ORDER BY rowid"):
                if event.type in json.loads(wanted):
                    self._deliver(event, url, secret)
        with self._idle:
            self._pending -= len(events)
            self._idle.notify_all()

    def _deliver(self, event: Event, url: str, secret: str) -> None:
        body = json.dumps(
            {
                "type": event.type,
                "timestamp": datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds"),
                "data": {"id": event.record_id},
            }
        ).encode()
        for pause in (0.0, *self._pauses):
            if self._stopping.wait(pause) if pause else self._stopping.is_set():
                return
            # Each attempt is signed anew, so that a late one is not taken for a replay.
            timestamp = int(self._clock())
            headers = {
                "Content-Type": "application/json",
                "webhook-id": event.id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": sign(secret, event.id, timestamp, body),
            }
            status = _post(url, body, headers)
            self.deliveries.append(Delivery(event, url, status))
            if 200 <= status < 300:  # noqa: PLR2004 - success
                return


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_PATIENCE)
    status = 0
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
    return status


def _read_wish(wish: Any) -> tuple[str, str, list[str]]:
    if not isinstance(wish, dict):
        raise InvalidValue("a subscription is an object")
    url, events = wish.get("url"), wish.get("events")
    if not isinstance(url, str) or not _is_on_loopback(url):
        raise InvalidValue("must be an http address on loopback", field="url")
    if not isinstance(events, list) or not events or any(e not in EVENTS for e in events):
        raise InvalidValue("must be some of " + ", ".join(EVENTS), field="events")
    secret = wish.get("secret")
    if secret is None:
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    elif not isinstance(secret, str) or not _is_base64(secret.removeprefix("whsec_")):
        raise InvalidValue("must be base64, behind whsec_", field="secret")
    return url, secret, events


def _is_on_loopback(url: str) -> bool:
    with suppress(ValueError):
        parts = urlsplit(url)
        host = parts.hostname or ""
        return (
            parts.scheme == "http"
            and (parts.port or 80) > 0
            and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
        )
    return False


def _is_base64(text: str) -> bool:
    with suppress(ValueError):
        return len(base64.b64decode(text, validate=True)) > 0
    return False
