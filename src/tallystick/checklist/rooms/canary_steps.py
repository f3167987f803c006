"""What is tried on a canary, step by step. Each step gives facts; none judges."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.checklist.rooms.needs import needs_of
from tallystick.checklist.scene import Cage, Scene, Subject, Walk
from tallystick.checklist.survey import decode
from tallystick.core.error import Error, Garbled, RemoteError, Stale
from tallystick.core.path import parse, read
from tallystick.core.path import write as write_path
from tallystick.core.ports import Call, Capabilities, Flow, NotThere, Now, Page, Pause, Sighting, Update, Written
from tallystick.core.record import UNKNOWN, Raw
from tallystick.project.canary import canary_body, lacking_fields, plain_field, text_fields
from tallystick.project.manifest import ObjectSpec

_MARKED: Final = re.compile(r"^\d+ canary k[0-9a-z]{6}\b")
_MARK_LENGTH: Final = len("1 canary k123456 second")
_LONGEST: Final = 4000  # a longer text proves nothing more
_COARSEST: Final = 5.0  # longer is not waited for a clock to tick
_FIRST_PAUSE: Final = 0.1
_PAGES: Final = 60
_NO_OPTION: Final = "tally-no-such-option"


def wants_writing(scene: Scene, subject: Subject) -> bool:
    """Tell whether any mapping creates or changes records of this object."""
    deeds = {need.deed for need in needs_of(scene, subject.system) if need.object == subject.object}
    return bool(deeds & {"create", "update"})


def find_lost_ones(spec: ObjectSpec, found: Walk) -> list[str]:
    """Give the ids of canaries that an earlier check has left behind."""
    paths = [parse(name) for name, each in spec.fields.items() if each.type in {"text", "any"}]
    return [s.id for s in found.alive if any(_MARKED.match(str(read(s.record, path))) for path in paths)]


def text_field_of(spec: ObjectSpec) -> str:
    """Name the field that carries the mark: the likeliest one that is long enough for it; empty if there is none."""
    fields = text_fields(spec)
    long_enough = [each for each in fields if (spec.fields[each].max_length or _MARK_LENGTH) >= _MARK_LENGTH]
    return next(iter(long_enough or fields), "")


def lacking(spec: ObjectSpec, found: Walk) -> tuple[Raw, tuple[str, ...]]:
    """Borrow from a live record what cannot be made up (references); give that, and what is missing even so."""
    given: Raw = {}
    for name in lacking_fields(spec, {}):
        value = next((v for s in found.alive if (v := read(s.record, parse(name))) not in (UNKNOWN, None)), None)
        if value is not None:
            given[name] = value
    return given, lacking_fields(spec, given)


@dataclass(slots=True)
class Canary:
    """One record of ours, and what is known of it: ``body`` as it was sent first, ``seen`` as it was read last.

    ``others`` are the ids of records that were there before, which are never touched; ``doing`` the last operation.
    """

    scene: Scene
    subject: Subject
    cage: Cage
    text_field: str
    given: Raw
    others: frozenset[str]
    id: str = ""
    made: float = 0
    body: Raw = field(default_factory=dict)
    seen: Sighting | None = None
    doing: str = ""

    @property
    def spec(self) -> ObjectSpec:
        """The manifest's entry of its object."""
        return self.scene.spec(self.subject)

    @property
    def can(self) -> Capabilities:
        """What the system can do with it, as the manifest claims."""
        return self.cage.writers[self.subject.system].capabilities(self.subject.object)

    def make(self) -> Flow[None]:
        """Create it. Raises what the system says to that."""
        self.body = canary_body(self.spec, self.text_field, self.cage.mark, 1, self.given)
        self.made = yield Now()
        written = yield from self._create(self.body, "1")
        self.id = written.id

    def _create(self, body: Raw, key: str) -> Flow[Written]:
        name, self.doing = self.subject.object, "create"
        flow = self.cage.writers[self.subject.system].create(name, body, f"{self.cage.mark}-{name}-{key}")
        written: Written = yield Call(self.subject.system, flow)
        alive = self.cage.alive.setdefault(self.subject, [])
        if written.id in self.others:
            # It must not be counted as ours, or it would be changed and deleted.
            raise Garbled("the system answered a create with a record that was there before", detail=written.id)
        if written.id not in alive:
            alive.append(written.id)
        return written

    def _get(self) -> Flow[Sighting | NotThere]:
        self.doing = "get"
        flow = self.cage.writers[self.subject.system].get(self.subject.object, self.id)
        answer: Sighting | NotThere = yield Call(self.subject.system, flow)
        if isinstance(answer, Sighting):
            self.seen = answer
        return answer

    def _update(self, patch: Raw, last: Sighting | None) -> Flow[None]:
        """Change it as somebody who read it ``last`` so: record and version belong together."""
        self.doing = "update"
        version = last.version if last and self.can.cas_write else None
        change = Update(self.id, patch, version, current=last.record if last else None)
        yield Call(self.subject.system, self.cage.writers[self.subject.system].update(self.subject.object, change))

    def _set(self, name: str, value: Any) -> Flow[Any]:
        """Set one field and give what stands there then."""
        yield from self._get()
        patch: Raw = {}
        write_path(patch, parse(name), value)
        yield from self._update(patch, self.seen)
        yield from self._get()
        return read(self.seen.record, parse(name)) if self.seen else UNKNOWN

    def read_back(self) -> Flow[dict[str, Any]]:
        """Wait until it can be read by id, and compare it with what was sent."""
        after = yield from self._wait(self._is_readable)
        if after is None or self.seen is None:
            return {"after": None}
        changed = {}
        for name in self.spec.fields:
            sent = read(self.body, parse(name))
            if sent is not UNKNOWN and (how := how_changed(sent, read(self.seen.record, parse(name)))):
                changed[name] = how
        return {"after": after, "changed": changed}

    def _is_readable(self) -> Flow[bool]:
        return isinstance((yield from self._get()), Sighting)

    def _wait(self, is_so: Any) -> Flow[float | None]:
        """Look again, less and less often; give after how many seconds it was so, ``None`` for not in time."""
        began: float = yield Now()
        pause = _FIRST_PAUSE
        while True:
            if (yield from is_so()):
                now: float = yield Now()
                return round(now - began, 2)
            if (yield Now()) - began >= self.scene.budget.patience:
                return None
            yield Pause(pause)
            pause *= 2

    def wait_until_listed(self) -> Flow[dict[str, Any]]:
        """Wait until a listing shows it."""
        after = yield from self._wait(self._is_listed)
        return {"after": after, "allowed": self.can.consistency, "patience": self.scene.budget.patience}

    def _is_listed(self) -> Flow[bool]:
        """Look through what changed lately where that can be asked for, else through everything."""
        reader, since = self.cage.writers[self.subject.system], None
        if self.can.since:
            # Its own time, if that is earlier: how far the system's clock is off is a question of its own.
            own = self.seen.modified if self.seen and self.seen.modified else self.made
            since = min(own, self.made) - self.can.skew - self.can.granularity - 1
        position: str | None = None
        for _ in range(_PAGES):
            page: Page = yield Call(self.subject.system, reader.read(self.subject.object, since, position))
            if any(s.id == self.id and not s.deleted for s in decode(self.scene, self.subject, page.rows)[0]):
                return True
            position = page.next
            if position is None:
                return False
        return False

    def watch_its_time(self) -> Flow[dict[str, Any]]:
        """Compare its time of change with ours, change it, and see whether that time moves."""
        yield from self._get()
        before, grain = self.seen.modified if self.seen else None, self.can.granularity
        if before is None or grain > _COARSEST:
            return {"shown": before is not None, "grain": grain}
        yield Pause(grain)  # else two changes within one tick would look like none
        yield from self._set(self.text_field, self._text("first"))
        after = self.seen.modified if self.seen else None
        off = round(before - self.made)
        return {
            "shown": True,
            "off": off,
            "allowed": self.can.skew + grain,
            "moves": after is not None and after > before,
        }

    def create_again(self) -> Flow[dict[str, Any]]:
        """Send the same create with the same key, as after an answer that was lost."""
        claimed = self.can.create_idem
        if claimed != "key":
            return {"claimed": claimed}
        try:
            again = yield from self._create(self.body, "1")
        except RemoteError as refusal:
            return {"claimed": claimed, "refused": str(refusal)}
        return {"claimed": claimed, "doubled": again.id != self.id}

    def change_with_old_version(self) -> Flow[dict[str, Any]]:
        """Change it, and change it again on condition of the version from before."""
        yield from self._get()
        old = self.seen
        first = yield from self._set(self.text_field, self._text("second"))
        taken = not how_changed(self._text("second"), first)
        if not self.can.cas_write or old is None or old.version is None:
            return {"claimed": self.can.cas_write, "taken": taken}
        patch: Raw = {}
        write_path(patch, parse(self.text_field), self._text("third"))
        try:
            yield from self._update(patch, old)
        except Stale:
            return {"claimed": True, "taken": taken, "honoured": True}
        yield from self._get()
        now = read(self.seen.record, parse(self.text_field)) if self.seen else UNKNOWN
        return {"claimed": True, "taken": taken, "honoured": False, "overwritten": now != first}

    def _text(self, word: str) -> str:
        longest = self.spec.fields[self.text_field].max_length
        return f"1 canary {self.cage.mark} {word}"[: longest or None]

    def blank_a_field(self) -> Flow[dict[str, Any]]:
        """Give a field a value, take it away again, and give it an empty text."""
        name = plain_field(self.spec, "text", self.text_field)
        if not name:
            return {"field": ""}
        yield from self._set(name, "canary"[: self.spec.fields[name].max_length or None])
        cleared = yield from self._set(name, "" if self.spec.clear == "empty" else None)
        try:
            emptied = spelled((yield from self._set(name, "")))
        except Error:
            emptied = "refused"
        return {"field": name, "cleared": spelled(cleared), "emptied": emptied}

    def fill_to_the_length(self) -> Flow[dict[str, Any]]:
        """Write a text as long as it may be, and one character more."""
        longest = self.spec.fields[self.text_field].max_length
        if not longest or longest > _LONGEST:
            return {"field": self.text_field, "longest": longest}
        told: dict[str, Any] = {"field": self.text_field, "longest": longest}
        for name, length in (("full", longest), ("over", longest + 1)):
            text = self._text("").ljust(length, "x")[:length]
            try:
                now = yield from self._set(self.text_field, text)
            except RemoteError as refusal:
                told[name] = "refused"
                told[f"{name}_said"] = str(refusal)
            else:
                told[name] = how_changed(text, now) or "stored"
        return told

    def choose_no_option(self) -> Flow[dict[str, Any]]:
        """Set a select field to what is none of its options."""
        fields = self.spec.fields.items()
        name = next((n for n, f in fields if f.options and f.type == "text" and not (f.read_only or f.create_only)), "")
        if not name:
            return {"field": ""}
        yield from self._get()
        before = read(self.seen.record, parse(name)) if self.seen else UNKNOWN
        try:
            now = yield from self._set(name, _NO_OPTION)
        except RemoteError:
            return {"field": name, "became": "refused"}
        return {"field": name, "became": "stored" if now == _NO_OPTION else "kept" if now == before else spelled(now)}

    def delete_it(self) -> Flow[dict[str, Any]]:
        """Delete it, and wait until neither a read by id nor a listing shows it alive."""
        yield from self._get()
        version, self.doing = (self.seen.version if self.seen and self.can.cas_write else None), "delete"
        flow = self.cage.writers[self.subject.system].delete(self.subject.object, self.id, version)
        yield Call(self.subject.system, flow)
        by_id = yield from self._wait(self._is_gone)
        unlisted = yield from self._wait(self._is_unlisted)
        if by_id is not None:
            self.cage.alive[self.subject].remove(self.id)
        return {"by_id": by_id, "unlisted": unlisted, "patience": self.scene.budget.patience}

    def _is_gone(self) -> Flow[bool]:
        answer = yield from self._get()
        return isinstance(answer, NotThere) or answer.deleted

    def _is_unlisted(self) -> Flow[bool]:
        return not (yield from self._is_listed())


def spelled(value: Any) -> str:
    """Say what stands in a field that was cleared, without the value."""
    if value is UNKNOWN:
        return "left out"
    return "null" if value is None else "an empty text" if value == "" else "a value"


def how_changed(sent: Any, stored: Any) -> str:
    """Say how a stored value differs from what was sent; empty where it does not."""
    if stored is UNKNOWN:
        return "not shown"
    if stored == sent or str(stored) == str(sent):
        return ""
    if not isinstance(sent, str) or not isinstance(stored, str):
        return "another value"
    if stored.strip() == sent.strip():
        return "spaces changed"
    if stored.casefold() == sent.casefold():
        return "case changed"
    if stored and sent.startswith(stored):
        return f"cut off after {len(stored)} characters"
    return "another value"
