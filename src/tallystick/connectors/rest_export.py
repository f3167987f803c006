"""Listing everything by a job: order it, wait until it is done, fetch what it made part by part. All are flows.

A position is the job with what is left to fetch, so a listing goes on where it was without another job. Only a job
that says it is done, with as many records as it counted, ends a listing; everything else is an error that says why.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tallystick.connectors.http.address import follow
from tallystick.connectors.http.limits import retry_after, server_time
from tallystick.connectors.http.markup import in_json
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.refusal import refusal
from tallystick.connectors.http.rows import Listing, json_text, value_at
from tallystick.connectors.rest_call import Call, Surroundings
from tallystick.core.error import Error, Garbled, ProjectError, Unavailable
from tallystick.core.path import parse, read
from tallystick.core.ports import Flow, Page, Position
from tallystick.core.record import UNKNOWN
from tallystick.project.manifest import ObjectSpec, Operation
from tallystick.project.manifest_export import ExportCall, ExportSpec

_GONE: Final = frozenset({404, 410})
_NOT_READY: Final = 202
_NO_MORE: Final = frozenset({"", "null", "none"})
_AGAIN: Final = "the next run orders a new export"


class Spot(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is left of an export: further ``addresses``, the token for the next part, and how many came so far."""

    job: str
    addresses: tuple[str, ...] | None = None
    token: str = ""
    got: int = 0
    count: int | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Spot).decode


class Export:
    """The export of one object type, compiled from its manifest once."""

    def __init__(self, spec: ExportSpec, owner: ObjectSpec, around: Surroundings, place: str) -> None:
        self.spec = spec
        self._around = around
        self._place = place
        self._submit = _call(spec.submit, place, around)
        self._status = _call(spec.status, place, around)
        self._result = _call(spec.result or spec.status, place, around)
        self._listing = Listing(
            parse(spec.record) if spec.format == "json" else (), parse(owner.id), place, around.scrub
        )

    def read(self, position: Position | None) -> Flow[Page]:
        """Give the first part of a new export, or the one at ``position``.

        Raises:
            Unavailable: the job failed, is no longer there, or does not get ready.
            Garbled: the job gives less or more than it says, or an answer that makes no sense.
        """
        if position is not None:
            return (yield from self._fetch(_decode(position.encode()), None))
        response: Response = yield self._submit.ask()
        self._expect(response, "the export was not accepted")
        job = self._job(response)
        last = yield from self._wait(job)
        spec = self.spec
        addresses = self._addresses(last) if spec.addresses else None
        count = self._count(last) if spec.count else None
        if addresses == ():
            return self._page((), Spot(job, (), "", 0, count), last)
        answered = None if spec.result or addresses else last
        return (yield from self._fetch(Spot(job, addresses, "", 0, count), answered))

    def _wait(self, job: str) -> Flow[Response]:
        """Look at the job until it is done."""
        call = self._status.below({"job": job}, self._place)
        pause = waited = 0.0
        while True:
            response: Response = yield call.ask().later(pause)
            if response.status in _GONE:
                raise self._failed("the export is no longer there", f"status {response.status}")
            self._expect(response, "the system does not say how far the export is")
            if self._is_done(response):
                return response
            advised = retry_after(response.headers, self._around.wall())
            pause = min(self.spec.every_seconds if advised is None else advised, self.spec.longest_seconds)
            waited += max(pause, 0.001)
            if waited > self.spec.longest_seconds:
                raise self._failed(
                    f"the export was not ready within {self.spec.longest_seconds:,.0f} seconds",
                    f"it is '{self._state(response)}'" if self.spec.state else "",
                    hint="raise export.longest_seconds if it needs longer; the word for done is export.done",
                )

    def _state(self, response: Response) -> str:
        value = value_at(json_text(response), parse(self.spec.state))
        if value is UNKNOWN or isinstance(value, dict | list):
            raise Garbled(
                f"there is no '{self.spec.state}' in the status of the export",
                hint="correct export.state in the manifest",
                place=self._place,
            )
        return self._around.scrub(str(value), 60)

    def _is_done(self, response: Response) -> bool:
        if not self.spec.state:
            return response.status != _NOT_READY
        state = self._state(response)
        said = self._said(response)
        if _is_one_of(state, self.spec.failed):
            raise self._failed("the export failed", said or f"it is '{state}'")
        if _is_one_of(state, self.spec.expired):
            raise self._failed("the export has expired", said or f"it is '{state}'")
        if _is_one_of(state, self.spec.partial):
            raise Garbled("the export ended before all was there", detail=said or state, hint=_AGAIN, place=self._place)
        return _is_one_of(state, self.spec.done)

    def _said(self, response: Response) -> str:
        value = value_at(json_text(response), parse(self.spec.message)) if self.spec.message else None
        return self._around.scrub(str(value), 200) if value is not None and value is not UNKNOWN else ""

    def _job(self, response: Response) -> str:
        found = self._value(response, self.spec.job)
        if found is None:
            raise Garbled(
                f"the system accepted the export and gave no id at '{self.spec.job}'",
                hint="correct export.job in the manifest",
                place=self._place,
            )
        is_address = self.spec.job.startswith("header:") or found.startswith(("http://", "https://", "/"))
        return found.partition("?")[0].rstrip("/").rpartition("/")[2] if is_address else found

    def _value(self, response: Response, where: str) -> str | None:
        """Give a text or number of an answer by its path or header."""
        name = where.removeprefix("header:")
        found = response.headers.get(name.strip()) if name != where else value_at(json_text(response), parse(where))
        is_there = found is not None and found is not UNKNOWN and not isinstance(found, dict | list | bool)
        return str(found) if is_there and str(found).lower() not in _NO_MORE else None

    def _count(self, last: Response) -> int:
        found = self._value(last, self.spec.count)
        if found is None or not found.isdecimal():
            raise Garbled(
                f"the finished export has no number at '{self.spec.count}'",
                hint="correct export.count in the manifest, or leave it out",
                place=self._place,
            )
        return int(found)

    def _addresses(self, last: Response) -> tuple[str, ...]:
        """Give where the records are; nowhere, where the system says so by a null or an empty list."""
        found = value_at(json_text(last), parse(self.spec.addresses))
        entries = found if isinstance(found, list) else [] if found is None else [found]
        if self.spec.address_in:
            inner = parse(self.spec.address_in)
            entries = [read(entry, inner) if isinstance(entry, dict) else UNKNOWN for entry in entries]
        if not all(isinstance(entry, str) and entry for entry in entries):
            raise Garbled(
                f"the finished export has no address at '{self.spec.addresses}'",
                hint="correct export.addresses and export.address_in in the manifest",
                place=self._place,
            )
        return tuple(follow(last.url, entry) for entry in entries)

    def _fetch(self, spot: Spot, answered: Response | None) -> Flow[Page]:
        """Read one part; ``answered`` is an answer that has it already."""
        response = answered if answered is not None else (yield self._ask(spot))
        if response.status in _GONE:
            raise self._failed("the records of the export are no longer there", f"status {response.status}")
        self._expect(response, "the records of the export cannot be fetched")
        return self._page(self._rows(response), spot, response)

    def _ask(self, spot: Spot) -> Any:
        call = self._result.below({"job": spot.job}, self._place)
        if spot.token.startswith(("http://", "https://", "/")):
            return call.ask(url=follow(self._around.base_url, spot.token))
        given = [(self.spec.next_param, spot.token)] if spot.token else []
        return call.ask(parameters=given, url=spot.addresses[0] if spot.addresses else "")

    def _rows(self, response: Response) -> Sequence[bytes]:
        if self.spec.format == "jsonl":
            return [line for line in json_text(response).splitlines() if line.strip()]
        if self.spec.format == "csv":
            kind = response.headers.get("content-type") or ""
            if "csv" not in kind.lower() and "tab-separated" not in kind.lower():
                headers = response.headers.without("content-type").joined({"Content-Type": "text/csv"})
                response = Response(response.status, headers, response.body, response.url)
            response = in_json(response)
        return self._listing.rows(response)

    def _page(self, rows: Sequence[bytes], spot: Spot, response: Response) -> Page:
        got = spot.got + len(rows)
        token = self._value(response, self.spec.next) if self.spec.next and rows else None
        addresses = spot.addresses
        if token is None and addresses:
            addresses = addresses[1:]
        following = Spot(spot.job, addresses, token or "", got, spot.count) if token or addresses else None
        if following is None and spot.count is not None and got != spot.count:
            raise Garbled(
                f"the export has {got:,} of {spot.count:,} records",
                detail="the number that the finished job names is another one",
                hint=f"{_AGAIN}; if the records are all there, correct export.count or export.next in the manifest",
                place=self._place,
            )
        position = _encode(following).decode() if following is not None else None
        return Page(rows, position, (), spot.count, server_time(response.headers))

    def _expect(self, response: Response, otherwise: str) -> None:
        if response.succeeded:
            return
        around = self._around
        error = refusal(response, self._place, around.scrub, wall=around.wall())
        error.message = f"{otherwise}: {error.message}"
        raise error

    def _failed(self, message: str, detail: str, *, hint: str = _AGAIN) -> Error:
        return Unavailable(message, detail=detail, hint=hint, place=self._place)


def open_export(spec: ObjectSpec, around: Surroundings, place: str) -> Export | None:
    """Compile the export of an object type, if it has one.

    Raises:
        ProjectError: the manifest does not say when an export is done, or how its parts follow each other.
    """
    export = spec.export
    if export is None:
        return None
    if export.state and not export.done:
        raise ProjectError(
            "export.done is missing", hint="name the words that export.state has when all is there", place=place
        )
    if export.result is not None and export.addresses:
        raise ProjectError(
            "export.result and export.addresses are two ways to the records", hint="leave one of them out", place=place
        )
    return Export(export, spec, around, place)


def _call(call: ExportCall, place: str, around: Surroundings) -> Call:
    return Call(Operation.model_validate(call.model_dump()), place, around, parents=("job",))


def _is_one_of(state: str, words: Sequence[str]) -> bool:
    return state.lower() in {word.lower() for word in words}
