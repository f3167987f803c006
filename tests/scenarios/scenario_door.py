"""The door to one system: every call passes here, is written down, and may go wrong as the story says."""

import json
from dataclasses import dataclass, field
from typing import Any

from scenario_file import Failure
from scenario_lines import changed_lines

from tallystick.core.error import Absent, AccessError, Error, Refused, Stale, Throttled, Unavailable
from tallystick.core.record import Side

VERBS = {"list": "list", "get": "read", "find": "find", "create": "create", "update": "update", "delete": "delete"}
WRITES = {"create", "update", "delete"}
ALTERED = {"hidden", "hidden, but counted", "older state", "unreadable", "without phone"}


class Killed(BaseException):
    """The process died here."""


@dataclass
class Sent:
    """One write that reached a system: what it did there, or that it was refused."""

    side: Side
    op: str
    kind: str
    id: str
    values: dict[str, Any]
    outcome: str = "done"


@dataclass
class Fault:
    """A failure at work: for which records (object, id; all if empty), how often still, what they were then."""

    failure: Failure
    ids: frozenset[tuple[str, str]]
    left: int
    then: dict[tuple[str, str], bytes] = field(default_factory=dict)


class Door:
    """Where all calls to one system pass."""

    def __init__(self, side: Side, transport: Any, sent: list[Sent]) -> None:
        self.side = side
        self.transport = transport
        self.sent = sent
        self.reads = 0
        self.faults: list[Fault] = []
        self.death: tuple[str, str] | None = None
        self._answer = transport.answer
        transport.answer = self.answer

    def answer(self, request: Any) -> Any:
        """Let one call through: written down, and with whatever the story lets go wrong."""
        verb = VERBS.get(request.verb, request.verb)
        if verb in {"read", "find"}:
            self.reads += 1
        if verb.endswith("_many"):
            return self._many(request, verb.removesuffix("_many"))
        fault = self._fault(request, verb)
        if fault:
            return self._failing(fault, request, verb)
        return self._through(request, verb)

    def _through(self, request: Any, verb: str) -> Any:
        if verb not in WRITES:
            return self._answer(request)
        if self.death == ("before", verb):
            raise Killed
        known = set(self.transport.shelves[request.object]._kept)
        writes = self._writes(request, verb)
        self.sent.extend(writes)
        answer = self._answer(request)
        for sent in writes:
            sent.id = answer[0] if verb == "create" else sent.id
            sent.outcome = "repeated" if verb == "create" and sent.id in known else "done"
        if self.death == ("after", verb):
            raise Killed
        return answer

    def _writes(self, request: Any, verb: str) -> list[Sent]:
        """What a call writes: one record, or the lines of a list that is written back."""
        values, target = _values(request, verb), _target(request)
        if verb != "update" or "lines" not in values:
            return [Sent(self.side, verb, request.object, target, values, "refused")]
        before = (self.transport.shelves[request.object].record(target) or {}).get("lines") or []
        lines = changed_lines(target, before, values["lines"] or [])
        return [Sent(self.side, op, "contacts", line, row, "refused") for op, line, row in lines]

    def _many(self, request: Any, verb: str) -> list[Any]:
        """A call for several records is as many single ones, so that each can fail on its own."""
        parts = request.arguments["bodies"] if verb == "create" else request.arguments["updates"]
        answers: list[Any] = []
        for part in parts:
            arguments = {"body": part[0], "key": part[1]} if verb == "create" else {"update": part}
            try:
                answers.append(self.answer(type(request)(verb, request.object, arguments)))
            except Error as error:
                answers.append(error)
        return answers

    def _fault(self, request: Any, verb: str) -> Fault | None:
        for fault in self.faults:
            if fault.left <= 0 or verb not in fault.failure.when:
                continue
            if verb == "list":
                if fault.failure.reply == "broken off" and request.arguments.get("after") is None:
                    continue
            elif (
                fault.failure.of
                and (request.object, _target(request)) not in fault.ids
                and not self._made_from(request, fault)
            ):
                continue
            fault.left -= 1
            return fault
        return None

    def _made_from(self, request: Any, fault: Fault) -> bool:
        """Whether a create is for a record that the fault names; it has no id yet, so its name must do."""
        if request.verb != "create":
            return False
        body = request.arguments["body"]
        if request.object == "addresses":
            owner = self.transport.shelves["companies"].record(body["company"])
            return owner is not None and f"address of {owner['name']}" in fault.failure.of
        return body.get("name") in fault.failure.of

    def _failing(self, fault: Fault, request: Any, verb: str) -> Any:
        reply, writes = fault.failure.reply, verb in WRITES
        if reply == "lost answer":
            self._through(request, verb)
            raise Unavailable("the connection broke", applied="unknown")
        if reply in ALTERED:
            return self._altered(fault, request, verb)
        if writes:
            self.sent.append(Sent(self.side, verb, request.object, _target(request), _values(request, verb), "refused"))
        if reply == "404" and verb == "read":
            return None
        raise _error(reply, writes=writes)

    def _altered(self, fault: Fault, request: Any, verb: str) -> Any:
        answer, reply = self._answer(request), fault.failure.reply

        def show(row: bytes) -> bytes | None:
            found = str(json.loads(row)["id"])
            if fault.failure.of and (request.object, found) not in fault.ids:
                return row
            if reply == "older state":
                return fault.then.get((request.object, found))
            if reply == "without phone":
                return json.dumps({k: v for k, v in json.loads(row).items() if k != "phone"}).encode()
            return b'{"id": ' if reply == "unreadable" and verb == "list" else None

        if verb == "read":
            return None if answer is None else show(answer)
        if verb == "find":
            return [row for each in answer if (row := show(each)) is not None]
        now, total, rows, last = answer
        shown = [row for each in rows if (row := show(each)) is not None]
        hidden = len(rows) - len(shown)
        return now, total if reply == "hidden, but counted" else total - hidden, shown, last


def _target(request: Any) -> str:
    arguments = request.arguments
    return str(arguments["update"].id if "update" in arguments else arguments.get("record_id", ""))


def _values(request: Any, verb: str) -> dict[str, Any]:
    if verb == "create":
        return dict(request.arguments["body"])
    return dict(request.arguments["update"].patch) if verb == "update" else {}


def _error(reply: str, *, writes: bool) -> Error:
    unsure = "unknown" if writes else "no"
    match reply:
        case "401" | "403":
            return AccessError(f"{reply}: not allowed")
        case "404":
            return Absent("there is no such record", status=404)
        case "412":
            return Stale("the record has changed since", status=412)
        case "422":
            return Refused("the system does not want this record", status=422)
        case "429":
            return Throttled("too many requests", wait_seconds=120)
        case "no connection":
            return Unavailable("the connection was refused")
        case _:
            return Unavailable("no answer" if reply == "time-out" else "500: it broke", applied=unsure)
