"""C7.8: does a listing, read page by page, give every record, and each of them once?

Two walks with different page sizes must show the same records, each once, and as many as the system says it has.
Records that are known from elsewhere (another order, references, earlier syncs) must be among them. Records that came
or went meanwhile are no contradiction, so each missing one is read by its id before anything is claimed.
"""

from collections.abc import Iterable
from typing import Any, Final

from tallystick.checklist.room import Room
from tallystick.checklist.rooms.second_walk import capped_from, hidden_in, is_steady, off_by, repeated_in, walk_again
from tallystick.checklist.rooms.witness import confirm_missing, witnesses
from tallystick.checklist.scene import Scene, Subject, Walk
from tallystick.checklist.survey import readable
from tallystick.core.checks import Facts, Judgement
from tallystick.core.error import AccessError, Garbled, Throttled, Unavailable
from tallystick.core.ports import Flow

_SHOWN: Final = 5
_INDEPENDENT: Final = frozenset({"another order", "references of other records"})
_COUNT_THEM: Final = "compare with the number that the system shows its own users"


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Walk the listing twice, with two page sizes where the system lets us choose, and look for known records."""
    first = yield from readable(scene, subject)
    facts: dict[str, Any] = _walked(first)
    if first.failure is not None or not first.rows:
        return facts
    facts["capped"] = capped_from(scene.spec(subject), first)
    facts["steady"] = yield from is_steady(scene, subject, first)
    second, size = yield from walk_again(scene, subject, first)
    facts["second"] = _walked(second) | {"asked_size": size}
    hidden = sorted(hidden_in(first, second))
    facts["differing"] = len(hidden)
    facts["lost"] = yield from confirm_missing(scene, subject, hidden[:_SHOWN], first.started)
    facts["known"] = {}
    if first.ended:
        listed = {*first.ids, *second.ids}
        for origin, ids in (yield from witnesses(scene, subject)).items():
            absent = [i for i in ids if i not in listed]
            proven = yield from confirm_missing(scene, subject, absent[:_SHOWN], first.started)
            facts["known"][origin] = {"known": len(ids), "absent": len(absent), "confirmed": proven}
    return facts


def _walked(found: Walk) -> dict[str, Any]:
    repeated, failure = repeated_in(found), found.failure
    return {
        "records": len(found.rows),
        "distinct": len(set(found.ids)),
        "unreadable": len(found.rows) - len(found.sightings),
        "pages": len(found.sizes),
        "first_page": found.sizes[0] if found.sizes else 0,
        "ended": found.ended,
        "totals": sorted(set(found.totals)),
        "off_by": off_by(found),
        "repeated": repeated[:_SHOWN],
        "repeats": len(repeated),
        "tail": len(found.tail),
        "tail_repeats": len({s.id for s in found.tail} & set(found.ids)),
        "error": str(failure) if failure else "",
        "loops": isinstance(failure, Garbled),
        "away": isinstance(failure, Unavailable | Throttled | AccessError),
    }


def judge(facts: Facts) -> list[Judgement]:
    """Any loop, loss, repeat or untrue total is a failure; a listing that was not read to its end is said to be so."""
    if facts["error"]:
        return [_broken_off(facts)]
    if open_question := _incomparable(facts):
        return [Judgement("cannot_tell", open_question)]
    wrong = [*_losses(facts), *_repeats(facts), *_totals(facts)]
    if wrong:
        fix = "correct paging in the manifest; if it is right, tell the system's owner: records are lost or doubled"
        return [Judgement("fail", wrong[0], tuple(wrong[1:]), fix, about=("paging",))]
    if facts["differing"]:
        why = f"two walks differ in {facts['differing']} records, which may have come, gone or changed in between"
        return [Judgement("cannot_tell", why, fix="ask again when nobody works in the system")]
    if facts["capped"]:
        came = facts["first_page"]
        why = f"pages of {facts['capped']} were asked for, pages of {came} came: the system lowers them silently"
        fix = f"set the page size under paging to {came}: what ends a listing at a short page would lose the rest"
        return [Judgement("warn", why, tuple(_doubts(facts)), fix, about=("paging",))]
    doubtful = tuple(_doubts(facts))
    if doubtful:
        fix = "find out why (archived, hidden by rights?) before absence in the listing is taken for a deletion"
        return [Judgement("warn", doubtful[0], doubtful[1:], fix)]
    return _sound(facts)


def _incomparable(facts: Facts) -> str:
    """Say why two walks cannot be compared at all, if they cannot."""
    if not facts["records"]:
        return "the listing is empty, so there is nothing to page through"
    if not facts["steady"]:
        return "the order of the listing changes from request to request, so its pages cannot be compared; see C7.10"
    if facts["unreadable"]:
        return (
            f"{facts['unreadable']} of {facts['records']} records cannot be read, so they cannot be counted; see C1.2"
        )
    return ""


def _broken_off(facts: Facts) -> Judgement:
    if facts["away"]:
        return Judgement("cannot_tell", f"the listing broke off after {facts['pages']} pages: {facts['error']}")
    summary = f"the listing cannot be read to its end ({facts['pages']} pages came)"
    fix = "correct paging in the manifest: the system seems to ignore what asks for the next page"
    return Judgement("fail", summary, (facts["error"],), fix, about=("paging",))


def _losses(facts: Facts) -> Iterable[str]:
    if facts["lost"]:
        some = ", ".join(facts["lost"])
        yield f"records exist but are passed over by the listing: {some}; {facts['differing']} differ between two walks"
    for origin, seen in facts["known"].items():
        if seen["confirmed"] and origin == "another order":
            yield f"{seen['absent']} of {seen['known']} records that come in another order are missing from the listing"


def _repeats(facts: Facts) -> Iterable[str]:
    for walked in (facts, facts["second"]):
        if walked["repeats"]:
            yield f"{walked['repeats']} records came more than once, such as {', '.join(walked['repeated'])}"
            return


def _totals(facts: Facts) -> Iterable[str]:
    """A total is untrue when every walk that shows one contradicts it in the same way."""
    counted = [walked for walked in (facts, facts["second"]) if walked["totals"] and walked["ended"]]
    off = [walked["off_by"] for walked in counted]
    if off and (all(n > 0 for n in off) or all(n < 0 for n in off)):
        said, came = counted[0]["distinct"] - off[0], counted[0]["distinct"]
        yield f"the system says it has {said:,} records, but {came:,} came when it was read to the end"


def _doubts(facts: Facts) -> Iterable[str]:
    for origin, seen in facts["known"].items():
        if seen["confirmed"] and origin != "another order":
            some = ", ".join(seen["confirmed"])
            yield f"records known from {origin} can be read by id but are not listed: {some}"
    second = facts["second"]
    if second["asked_size"] and second["pages"] > 1 and second["first_page"] > second["asked_size"]:
        yield f"pages of {second['asked_size']} were asked for, pages of {second['first_page']} came"


def _sound(facts: Facts) -> list[Judgement]:
    """Say what the walks prove; that nothing is left out is proven only by what does not come from the listing."""
    total = f"the system's own count says {facts['totals'][-1]:,}" if facts["totals"] else "the system gives no count"
    sizes = f"pages of {facts['first_page']}"
    if facts["second"]["asked_size"]:
        sizes += f" and of {facts['second']['first_page']}"
    known = sum(seen["known"] for seen in facts["known"].values())
    reasons = (total, f"read with {sizes}", f"{known} records known from elsewhere are all listed")
    if not facts["ended"]:
        whole = f"the first {facts['distinct']:,} records came each once; the listing is longer than the sample"
        if facts["tail"] and not facts["tail_repeats"]:
            whole += ", its last page follows on them"
        said = (*reasons[:2], "what lies between was not read: raise --sample to see it all")
        return [Judgement("pass", whole, said, about=("id", "paging"))]
    if facts["known"].keys() & _INDEPENDENT:
        return [
            Judgement("pass", f"all {facts['distinct']:,} records came, each once", reasons, about=("id", "paging"))
        ]
    if facts["totals"]:
        summary = f"{facts['distinct']:,} records came, each once, as many as the system counts"
        return [Judgement("pass", summary, reasons[: 2 + bool(known)], about=("id", "paging"))]
    came = Judgement("pass", f"{facts['distinct']:,} records came, each once", reasons[:2], about=("id", "paging"))
    why = "whether these are all records cannot be told: the system gives no count, and lists them in one order only"
    return [came, Judgement("cannot_tell", why, fix=_COUNT_THEM, part="completeness")]


ROOM = Room(
    "object", "the listing twice (the second time with smaller pages), its first page again, up to 20 reads by id",
    probe, judge,
)  # fmt: skip
