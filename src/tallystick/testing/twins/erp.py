"""The ERP twin: API key, cursor paging, one partner table, German words and times, soft delete, strict to the letter.

It refuses unknown fields and parameters, over-long text, unlisted options and doubled keys; it counts every write as a
change; and its times are Berlin wall time, compared as spelled, so an hour in autumn happens twice.
"""

import base64
import binascii
import hmac
import math
import re
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

from tallystick.core.record import Raw, decode_raw, encode_raw
from tallystick.testing.twins.column import Complaint, complaints
from tallystick.testing.twins.erp_objects import (
    FILTERS,
    KINDS,
    MOST_PER_BATCH,
    MOST_PER_PAGE,
    PARTNER,
    TIME_PATTERN,
    USUAL_PER_PAGE,
    document,
)
from tallystick.testing.twins.exchange import Refusal
from tallystick.testing.twins.fault import Role, Struck
from tallystick.testing.twins.normalise import normalised
from tallystick.testing.twins.server import Answer, Request
from tallystick.testing.twins.table import Marks, Query, Row, Shape, Table
from tallystick.testing.twins.twin import Twin, merged

BERLIN: Final = ZoneInfo("Europe/Berlin")
_SPELLING: Final = "%d.%m.%Y %H:%M:%S"
_PARAMETERS: Final = {"cursor", "page_size", "geaendert_seit", "mit_geloeschten", *FILTERS}
_FIELDS: Final = {c.name: c for c in PARTNER}
_WORDS: Final = {
    "required": "fehlt",
    "null": "darf nicht leer sein",
    "type": "muss vom Typ {} sein",
    "short": "muss mindestens {} Zeichen haben",
    "long": "darf höchstens {} Zeichen haben",
    "pattern": "muss dem Muster {} entsprechen",
    "email": "ist keine E-Mail-Adresse",
    "option": "muss einer dieser Werte sein: {}",
    "decimals": "darf höchstens {} Nachkommastellen haben",
    "unknown": "unbekanntes Feld",
    "read_only": "darf nicht gesetzt werden",
}


class Bucket:
    """A token bucket: ``rate`` requests a second, ``burst`` at once. Real time, for clients wait in real time."""

    def __init__(self, rate: float, burst: int, timer: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._timer = timer
        self._tokens = float(burst)
        self._at = timer()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take a token and give 0, or the seconds until there is one."""
        with self._lock:
            now = self._timer()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
            if self._tokens >= 1:
                self._tokens -= 1
                return 0
            return (1 - self._tokens) / self._rate


class ErpTwin(Twin):
    """A fake ERP. ``rate_limit`` is requests a second, ``None`` for no limit."""

    name = "erp"
    list_key: ClassVar[str] = "items"
    text_key: ClassVar[str] = "name1"
    newcomers: ClassVar[dict[str, Raw]] = {"partner": {"art": "firma", "name1": "Neuzugang"}}

    def __init__(self, *, rate_limit: float | None = 300, burst: int = 300, **settings: Any) -> None:
        super().__init__(**settings)
        self._bucket = Bucket(rate_limit, burst) if rate_limit else None
        self.objection: Callable[[Raw], tuple[str, str] | None] | None = None
        """A rule that no description tells: given a whole partner, the field that is refused and the complaint."""

    def shapes(self) -> Iterable[Shape]:
        """Describe the partner table."""
        unique = ("kundennummer", "fremdschluessel")
        yield Shape("partner", (*FILTERS, "kundennummer"), unique, str, _dress, _rank)

    def document(self) -> dict[str, Any]:
        """Give the OpenAPI document."""
        return document(self.url)

    def role(self, request: Request) -> Role:
        """Tell listings, reads, writes and batches apart."""
        if not request.path.startswith("/api/"):
            return "other"
        if request.path == "/api/partner/stapel":
            return "bulk"
        if request.method != "GET":
            return "write"
        return "list" if request.path == "/api/partner" else "read"

    # requests

    def route(self, request: Request, struck: Struck) -> Answer:
        """Answer one request."""
        if not hmac.compare_digest(request.headers.get("x-api-key", "").encode(), self.token.encode()):
            return _error(401, "X-Api-Key", "fehlt oder ist falsch")
        if self._bucket and (wait := self._bucket.take()):
            answer = _error(429, "", "zu viele Anfragen")
            answer.headers["Retry-After"] = str(max(1, math.ceil(wait)))
            return answer
        match [part for part in request.path.split("/") if part]:
            case ["api", "partner"] if request.method == "GET":
                return self._list(request, struck)
            case ["api", "partner"] if request.method == "POST":
                return Answer(201, self._create(_read_object(request), struck).body)
            case ["api", "partner", "stapel"] if request.method == "POST":
                return self._batch(request, struck)
            case ["api", "partner", record_id]:
                return self._at_one(record_id, request, struck)
            case ["api", "partner"]:
                return _error(405, "", "Methode nicht erlaubt")
            case _:
                return _error(404, "", "Pfad nicht gefunden")

    def _at_one(self, record_id: str, request: Request, struck: Struck) -> Answer:
        match request.method:
            case "GET":
                return Answer(200, _existing(self.read("partner", record_id, struck)).body)
            case "PATCH":
                return self._change(record_id, request, struck)
            case "DELETE":
                return self._delete(record_id, request, struck)
            case _:
                return _error(405, "", "Methode nicht erlaubt")

    def _list(self, request: Request, struck: Struck) -> Answer:
        asked = request.query
        for name in asked.keys() - _PARAMETERS:
            raise Refusal(_error(400, name, "unbekannter Parameter"))
        for name, allowed in (("art", KINDS), ("mit_geloeschten", ("0", "1"))):
            if name in asked and asked[name] not in allowed:
                raise Refusal(_error(400, name, "muss einer dieser Werte sein: " + ", ".join(allowed)))
        size = asked.get("page_size", str(USUAL_PER_PAGE))
        if not size.isdecimal() or not 1 <= int(size) <= MOST_PER_PAGE:
            raise Refusal(_error(400, "page_size", f"muss zwischen 1 und {MOST_PER_PAGE} liegen"))
        after, seen = _read_cursor(asked.get("cursor", ""))
        query = Query(
            int(size),
            after=after,
            equal={name: asked[name] for name in FILTERS if name in asked},
            since=_read_since(asked["geaendert_seit"]) if "geaendert_seit" in asked else None,
            count=False,
            with_deleted=asked.get("mit_geloeschten") == "1",
        )
        page = self.listing("partner", query, struck, seen=seen)
        cursor = _spell_cursor(page.last, seen + len(page.rows)) if page.more else None
        return Answer(200, b'{"items":[' + b",".join(page.rows) + b'],"next_cursor":' + encode_raw(cursor) + b"}")

    def _create(self, body: Any, struck: Struck) -> Row:
        with self.database.write():
            table = self.tables["partner"]
            record = self._checked(body, {}, struck)
            if "kundennummer" not in record:
                no = table.next_no()
                while table.clash(number := {"kundennummer": _customer_number(no)}):
                    no += 1
                record |= number
            _check_unique(table, record)
            return self.add(table, record)

    def _change(self, record_id: str, request: Request, struck: Struck) -> Answer:
        with self.database.write():
            table = self.tables["partner"]
            row = _existing(table.read(record_id))
            _check_version(row, request, struck)
            if row.deleted:
                raise Refusal(_error(409, "geloescht", "der Partner ist gelöscht"))
            before = row.record()
            record = self._checked(_read_object(request), before, struck)
            _check_unique(table, record, row.no)
            return Answer(200, self.alter(table, row, merged(before, record)).body)

    def _delete(self, record_id: str, request: Request, struck: Struck) -> Answer:
        with self.database.write():
            table = self.tables["partner"]
            row = _existing(table.read(record_id))
            _check_version(row, request, struck)
            return Answer(200, row.body if row.deleted else self.delete(table, row).body)

    def _batch(self, request: Request, struck: Struck) -> Answer:
        items = _read_object(request).get("partner")
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_PER_BATCH:
            raise Refusal(_error(400, "partner", f"muss 1 bis {MOST_PER_BATCH} Einträge haben"))
        fault = struck.get("partial_bulk")
        results: list[bytes] = []
        for n, item in enumerate(items, 1):
            try:
                if fault and not fault.mode and n % fault.rows == 0:
                    raise Refusal(_error(fault.status, "", "absichtlich abgelehnt"))  # noqa: TRY301 - one way to refuse
                results.append(b'{"status":201,"partner":' + self._create(item, struck).body + b"}")
            except Refusal as refusal:
                # The answer's body is {"fehler": [...]}; the result has the same beside its status.
                results.append(b'{"status":%d,' % refusal.answer.status + refusal.answer.body[1:])
        if fault and fault.mode == "cut":
            results = results[: fault.rows]
        return Answer(200, b'{"ergebnisse":[' + b",".join(results) + b"]}")

    def _checked(self, body: Any, before: Raw, struck: Struck) -> Raw:
        if not isinstance(body, dict):
            raise Refusal(_error(400, "", "muss ein Objekt sein"))
        wrong = [Complaint(name, "unknown") for name in body if name not in _FIELDS]
        wrong += [Complaint(name, "read_only") for name in body if name in _FIELDS and _FIELDS[name].read_only]
        record = normalised(body, struck, PARTNER)
        wrong += complaints(PARTNER, record, new=not before)
        if wrong:
            raise Refusal(_complain(wrong))
        whole = merged(before, record)
        self._check_company(whole)
        objection = self.objection(whole) if self.objection else None
        if objection:
            raise Refusal(_error(422, *objection))
        if record.get("umsatz"):
            record = record | {"umsatz": _group(record["umsatz"])}
        return record

    def _check_company(self, record: Raw) -> None:
        company_id = record.get("firma_id")
        if company_id is None:
            return
        if record["art"] != "person":
            raise Refusal(_error(400, "firma_id", "ist nur bei Personen erlaubt"))
        company = self.tables["partner"].read(str(company_id))
        if company is None or company.deleted or company.record()["art"] != "firma":
            raise Refusal(_error(400, "firma_id", "ist keine Firma"))


def _check_unique(table: Table, record: Raw, but: int = 0) -> None:
    if clash := table.clash(record, but):
        field, holder = clash
        raise Refusal(_error(409, field, f"ist schon vergeben (Partner {holder})"))


def _check_version(row: Row, request: Request, struck: Struck) -> None:
    wanted = request.headers.get("if-match")
    if wanted is not None and "ignore_if_match" not in struck:
        tags = {tag.strip() for tag in wanted.split(",")}
        if not tags & {"*", f'"{row.version}"'}:
            raise Refusal(_error(412, "lfd_nr", "der Partner wurde inzwischen geändert"))


def _dress(record: Raw, marks: Marks) -> Raw:
    dressed: Raw = {c.name: record.get(c.name, c.default) for c in PARTNER}
    dressed |= {k: v for k, v in record.items() if k not in dressed}
    changed = _spell(marks.changed)
    dressed |= {"id": marks.no, "geaendert_am": changed, "lfd_nr": marks.version, "geloescht": marks.deleted}
    dressed["angelegt_am"] = record.get("angelegt_am") or changed
    dressed["kundennummer"] = record.get("kundennummer") or _customer_number(marks.no)
    return dressed


def _customer_number(no: int) -> str:
    return f"K{100_000 + no}"


def _wall(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1000, BERLIN)


def _spell(milliseconds: int) -> str:
    return _wall(milliseconds).strftime(_SPELLING)


def _rank(milliseconds: int) -> int:
    # Seconds of the wall clock as if it were UTC: as the system spells its times, so it compares them.
    return int(_wall(milliseconds).replace(tzinfo=UTC).timestamp())


def _read_since(text: str) -> int:
    if re.search(TIME_PATTERN, text):
        try:
            return int(datetime.strptime(text, _SPELLING).replace(tzinfo=UTC).timestamp())
        except ValueError:
            pass
    raise Refusal(_error(400, "geaendert_seit", "muss TT.MM.JJJJ hh:mm:ss sein"))


def _read_cursor(text: str) -> tuple[int, int]:
    if not text:
        return 0, 0
    try:
        after, seen = base64.urlsafe_b64decode(text.encode()).decode().split(":")
        position = int(after), int(seen)
    except (ValueError, binascii.Error):
        position = -1, 0
    if not 0 <= position[0] < 1 << 53:
        raise Refusal(_error(400, "cursor", "ist ungültig"))
    return position


def _spell_cursor(after: int, seen: int) -> str:
    return base64.urlsafe_b64encode(f"{after}:{seen}".encode()).decode()


def _group(amount: str) -> str:
    """Write an amount as the ERP stores it: with points between thousands."""
    sign = "-" if amount[0] == "-" else ""
    whole, cents = amount.lstrip("-").replace(".", "").split(",")
    return f"{sign}{int(whole):,}".replace(",", ".") + "," + cents


def _read_object(request: Request) -> Raw:
    try:
        body = decode_raw(request.body)
    except (msgspec.DecodeError, RecursionError):
        raise Refusal(_error(400, "", "der Inhalt ist kein JSON")) from None
    if not isinstance(body, dict):
        raise Refusal(_error(400, "", "der Inhalt muss ein Objekt sein"))
    return body


def _existing(row: Row | None) -> Row:
    if row is None:
        raise Refusal(_error(404, "id", "Partner nicht gefunden"))
    return row


def _complain(wrong: list[Complaint]) -> Answer:
    said = [{"feld": c.field, "meldung": _WORDS[c.code].format(c.limit)} for c in wrong]
    return Answer(400, encode_raw({"fehler": said}))


def _error(status: int, field: str, message: str) -> Answer:
    return Answer(status, encode_raw({"fehler": [{"feld": field, "meldung": message}]}))
