"""C7.9: do "changed since" and filters by value give all records that match, and only those, and in time?

Asked with values that live records have, so that the right answer is known before: rows that do not match prove that a
filter is not heard, known rows that do not come prove that it loses records.
"""

from collections.abc import Sequence
from typing import Any, Final

from tallystick.checklist.room import Room
from tallystick.checklist.rooms.alike import is_alike, pick_value
from tallystick.checklist.rooms.second_walk import is_whole, walk_again
from tallystick.checklist.rooms.since import judge_since, probe_since
from tallystick.checklist.rooms.visibility import judge_visibility, probe_visibility
from tallystick.checklist.rooms.witness import values_at
from tallystick.checklist.scene import Scene, Subject, Walk
from tallystick.checklist.survey import decode, readable
from tallystick.core import path
from tallystick.core.checks import Facts, Judgement
from tallystick.core.error import Error, Refused
from tallystick.core.ports import Call, Candid, Flow, Page, Sighting, Wish
from tallystick.core.record import UNKNOWN

_SHOWN: Final = 5
_NOBODY: Final = "tally-nobody-has-this-value"


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Ask for changes since a known instant, and by each declared filter for a value that some records have."""
    found = yield from readable(scene, subject)
    facts: dict[str, Any] = {"records": len(found.alive), "filters": {}}
    facts["since"] = yield from probe_since(scene, subject, found)
    facts["visibility"] = yield from probe_visibility(scene, subject, found)
    for field in _filters(scene, subject):
        try:
            facts["filters"][field] = yield from _ask(scene, subject, found, field)
        except Error as refused:
            facts["filters"][field] = {"error": str(refused), "away": not isinstance(refused, Refused)}
    if _misses(facts):
        second, _ = yield from walk_again(scene, subject, found)
        facts["whole"] = is_whole(found, second)
    return facts


def _filters(scene: Scene, subject: Subject) -> tuple[str, ...]:
    """Give the fields that can be asked by: the declared ones; of a database only those that matching would use."""
    declared = tuple(scene.spec(subject).filters)
    if declared or not scene.spec(subject).table:
        return declared
    used = {
        path.render(f.place(end.side).path)
        for pair in scene.pairs
        for end in (pair.left, pair.right)
        if (end.system, end.object) == (subject.system, subject.object)
        for rule in pair.mapping.match
        for f in pair.mapping.fields
        if f.name in rule.fields
    }
    return tuple(sorted(used - {""}))


def _ask(scene: Scene, subject: Subject, found: Walk, field: str) -> Flow[dict[str, Any]]:
    alive = found.alive
    value = pick_value(values_at(alive, field))
    if value is None:
        return (yield from _ask_for_nobody(scene, subject, field))
    expected = [s for s, v in zip(alive, values_at(alive, field), strict=True) if v == value]
    rows, ended = yield from _matching(scene, subject, field, value)
    strangers = [s.id for s, v in zip(rows, values_at(rows, field), strict=True) if not is_alike(value, v)]
    came = {s.id for s in rows}
    absent = [s.id for s in expected if s.id not in came] if ended else []
    return {
        "error": "",
        "asked": "a value that records have",
        "tells_apart": len(expected) < len(alive),
        "expected": len(expected),
        "came": len(rows),
        "strangers": len(strangers),
        "absent": absent[:_SHOWN],
        "absences": len(absent),
        "ended": ended,
    }


def _ask_for_nobody(scene: Scene, subject: Subject, field: str) -> Flow[dict[str, Any]]:
    """No record in the sample has the field: ask for a value that nobody can have. Nothing may come."""
    declared = scene.spec(subject).fields.get(field)
    if declared is not None and (declared.type not in {"text", "any"} or declared.options):
        return {"error": "", "asked": "", "strangers": 0, "absences": 0}
    try:
        rows, _ = yield from _matching(scene, subject, field, _NOBODY)
    except Refused:
        return {"error": "", "asked": "", "strangers": 0, "absences": 0}  # it may well refuse what cannot be
    strangers = [v for v in values_at(rows, field) if v is UNKNOWN or not is_alike(_NOBODY, v)]
    return {
        "error": "",
        "asked": "a value that no record has",
        "tells_apart": True,
        "expected": 0,
        "came": len(rows),
        "strangers": len(strangers),
        "absent": [],
        "absences": 0,
        "ended": True,
    }


def _matching(scene: Scene, subject: Subject, field: str, value: Any) -> Flow[tuple[Sequence[Sighting], bool]]:
    """Give what the system answers, and whether that was all of it."""
    reader = scene.reader(subject)
    if not isinstance(reader, Candid):
        rows: Sequence[Sighting] = yield Call(subject.system, reader.find(subject.object, path.parse(field), value))
        return rows, True
    page: Page = yield Call(subject.system, reader.ask(subject.object, Wish(equal=(field, value))))
    sightings, _ = decode(scene, subject, page.rows)
    return [s for s in sightings if not s.deleted], page.next is None


def _misses(facts: Facts) -> bool:
    lacking = any(f["absences"] for f in facts["filters"].values() if not f["error"])
    return lacking or bool(facts["since"].get("absences"))


def judge(facts: Facts) -> list[Judgement]:
    """A filter that is ignored, refused or loses records fails; "changed since" and lateness are judged apart."""
    since = judge_since(facts["since"], whole=facts.get("whole", True))
    return [since, _judge_filters(facts), *judge_visibility(facts["visibility"])]


def _judge_filters(facts: Facts) -> Judgement:
    part = "filters by value"
    if not facts["filters"]:
        return Judgement("not_applicable", "the manifest declares no filter by value", part=part)
    told = {field: _tell(seen, whole=facts.get("whole", True)) for field, seen in facts["filters"].items()}
    reasons = tuple(f"{field}: {words}" for field, (_, words) in told.items())

    def those(kind: str) -> str:
        return ", ".join(field for field, (its, _) in told.items() if its == kind)

    wrong = [f"{names} {kind}" for kind in ("not honoured", "refused", "loses records") if (names := those(kind))]
    if wrong:
        fix = "correct filters in the manifest, or remove those that the system does not know"
        return Judgement("fail", "; ".join(wrong), reasons, fix, part, about=("filters",))
    if not those("honoured"):
        return Judgement("cannot_tell", f"nothing could be told of {those('')}", reasons, part=part)
    rest = f"; not told: {those('')}" if those("") else ""
    about = () if rest else ("filters",)
    return Judgement("pass", f"honoured: {those('honoured')}{rest}", reasons, part=part, about=about)


def _tell(seen: Facts, *, whole: bool) -> tuple[str, str]:
    """Say of one filter what it does (empty where that cannot be told), and why."""
    if seen["error"]:
        return "" if seen["away"] else "refused", seen["error"]
    if not seen["asked"] or not seen["tells_apart"]:
        return "", "the records that were looked at do not differ in it"
    if seen["strangers"]:
        return "not honoured", f"{seen['strangers']} of {seen['came']} records came that do not match"
    if seen["absences"]:
        some = f"{seen['absences']} of {seen['expected']} matching records did not come: {', '.join(seen['absent'])}"
        return ("loses records", some) if whole else ("", f"{some}; the plain listing loses records too, see C7.8")
    return "honoured", f"asked for {seen['asked']}, {seen['came']} came, all of them match"


ROOM = Room(
    "object",
    "the listing once, up to 10 pages of changes, one page per declared filter, up to 12 reads by id; "
    "a second walk only where records miss",
    probe,
    judge,
)
