"""C7.10: do records come in the order that was asked for, and in the same one when asked again?

Cursors, resumed listings and counted pages all rest on it. The order is judged on live values, by any usual collation.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from tallystick.checklist.room import Room
from tallystick.checklist.rooms.alike import is_ordered
from tallystick.checklist.rooms.second_walk import is_steady
from tallystick.checklist.rooms.witness import values_at
from tallystick.checklist.scene import Scene, Subject, Walk
from tallystick.checklist.survey import decode, readable
from tallystick.core.checks import Facts, Judgement
from tallystick.core.error import Error
from tallystick.core.ports import Call, Candid, Flow, Page, Sighting, Wish
from tallystick.core.record import UNKNOWN
from tallystick.project.manifest import ObjectSpec, Sort

_FIELDS: Final = 3
# One field with or without a direction, as most systems spell it: -name, name desc, name:asc, ["NAME_DESC"].
_ORDER: Final = re.compile(
    r"[^\w+-]*(?:json\W+)?(?P<sign>[+-]?)(?P<name>[\w.]+?)(?:[\W_]+(?P<way>asc|desc|ascending|descending))?\W*",
    re.IGNORECASE,
)


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Ask for the first page again, and for the first page by some sortable fields, up and down."""
    found = yield from readable(scene, subject)
    spec = scene.spec(subject)
    facts: dict[str, Any] = {"records": len(found.sightings), "sorted": spec.sort is not None, "fields": {}}
    if len(found.sightings) < 2:  # noqa: PLR2004 - one record is in any order
        return facts
    facts["steady"] = yield from is_steady(scene, subject, found)
    facts["listing"] = _listing(spec, found)
    reader = scene.reader(subject)
    if spec.sort is not None and isinstance(reader, Candid):
        for field in spec.sort.fields[:_FIELDS]:
            try:
                facts["fields"][field] = yield from _ask(scene, subject, reader, field)
            except Error as refused:
                facts["fields"][field] = {"error": str(refused)}
    return facts


def _listing(spec: ObjectSpec, found: Walk) -> dict[str, Any]:
    """Say whether the walked listing is in the order that the manifest asks for, where that can be seen."""
    sort = spec.sort
    if sort is None or not sort.value:
        return {"asked": "", "ordered": None}
    rows = found.sightings[: found.sizes[0]] if found.failure is not None else found.sightings
    meant = _meaning(sort, spec)
    if meant is not None:
        field, descending = meant
        return {"asked": sort.value, "ordered": is_ordered(_values(spec, rows, field), descending=descending)}
    # How the order is spelled does not tell what it means; one of these it mostly is.
    for field in filter(None, (spec.id, spec.modified, spec.created)):
        if is_ordered(_values(spec, rows, field)):
            return {"asked": field, "ordered": True}
    return {"asked": str(sort.value), "ordered": None}


def _meaning(sort: Sort, spec: ObjectSpec) -> tuple[str, bool] | None:
    """Find out which field the spelling of an order names, and in which direction."""
    for field in filter(None, (*sort.fields, *spec.fields, spec.id, spec.modified, spec.created)):
        for template, descending, word in ((sort.template, False, "asc"), (sort.descending, True, "desc")):
            if template.replace("{field}", field).replace("{direction}", word) == sort.value:
                return field, descending
    found = _ORDER.fullmatch(str(sort.value))
    if found is None:
        return None
    named = {_squeezed(field): field for field in (spec.created, spec.modified, spec.id, *spec.fields) if field}
    field = named.get(_squeezed(found["name"]), "")
    return (field, found["sign"] == "-" or (found["way"] or "").lower().startswith("d")) if field else None


def _squeezed(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _values(spec: ObjectSpec, sightings: Sequence[Sighting], field: str) -> list[Any]:
    """Give the values that an order is about, of each record once; change times as instants."""
    sightings = list({s.id: s for s in sightings}.values())
    if field and field == spec.modified:
        return [UNKNOWN if s.modified is None else s.modified for s in sightings]
    if field and field == spec.created:
        return [UNKNOWN if s.created is None else s.created for s in sightings]
    return values_at(sightings, field)


def _ask(scene: Scene, subject: Subject, reader: Candid, field: str) -> Flow[dict[str, Any]]:
    pages = []
    for descending in (False, True):
        page: Page = yield Call(subject.system, reader.ask(subject.object, Wish(order=(field, descending))))
        pages.append(decode(scene, subject, page.rows)[0])
    spec = scene.spec(subject)
    up, down = (_values(spec, page, field) for page in pages)
    return {
        "error": "",
        "up": is_ordered(up),
        "down": is_ordered(down, descending=True),
        "same": [s.id for s in pages[0]] == [s.id for s in pages[1]],
        "known": sum(v is not UNKNOWN and v is not None for v in up),
    }


def judge(facts: Facts) -> list[Judgement]:
    """An order that changes by itself, or is not the one asked for, is a failure."""
    if facts["records"] < 2:  # noqa: PLR2004 - one record is in any order
        return [Judgement("cannot_tell", "there are too few records to have an order")]
    if not facts["steady"]:
        fix = "ask for an order in the manifest (sort, by id or change time); if there is one, tell the system's owner"
        reasons = ("the first page was asked for twice and came in two different orders",)
        return [Judgement("fail", "the order changes from request to request", reasons, fix)]
    listing = facts["listing"]
    wrong = [f"{field}: {said}" for field, seen in facts["fields"].items() if (said := _fault(seen))]
    if listing["ordered"] is False:
        wrong.insert(0, f"the listing is asked for by '{listing['asked']}' and does not come so")
    if wrong:
        fix = "correct sort in the manifest, or remove what the system does not honour"
        return [Judgement("fail", wrong[0], tuple(wrong[1:]), fix, about=("sort",))]
    return [_sound(facts)]


def _fault(seen: Facts) -> str:
    if seen["error"]:
        return ""
    if seen["up"] is False or seen["down"] is False:
        return "asked for an order by it, and the values do not come so"
    if seen["same"] and seen["up"] and seen["known"]:
        return "the order is the same whichever direction is asked for"
    return ""


def _sound(facts: Facts) -> Judgement:
    proven = [f for f, seen in facts["fields"].items() if not seen["error"] and seen["up"] and seen["down"]]
    open_ones = [f for f in facts["fields"] if f not in proven]
    reasons = ["the first page was asked for twice and came in the same order"]
    if facts["listing"]["asked"] and facts["listing"]["ordered"]:
        reasons.append(f"the listing comes by '{facts['listing']['asked']}', as asked")
    if open_ones:
        reasons.append(f"nothing could be told of: {', '.join(open_ones)} (values not shown, all equal, or refused)")
    if proven:
        about = () if open_ones else ("sort",)
        return Judgement("pass", f"stable, and honoured by {', '.join(proven)}", tuple(reasons), about=about)
    if facts["listing"]["ordered"]:
        return Judgement("pass", f"stable, by '{facts['listing']['asked']}' as asked", tuple(reasons))
    asked = "no order is asked for" if not facts["sorted"] else "whether the order is the one asked for cannot be seen"
    return Judgement("pass" if not facts["sorted"] else "cannot_tell", f"stable; {asked}", tuple(reasons))


ROOM = Room("object", "the listing once, its first page again, and two pages for up to 3 sortable fields", probe, judge)
