"""C9: what does a create, a change, a deletion on one side do on the other, can it be done, what is guaranteed?

The table comes from the mapping, the abilities from the manifests; nothing is asked of a system. The named limits are
those of the sync core's specification (W-1 to W-12).
"""

from dataclasses import asdict
from typing import Any, Final

from tallystick.checklist.room import Room
from tallystick.checklist.rooms.needs import fields_to
from tallystick.checklist.scene import Scene, Subject
from tallystick.core.checks import Facts, Judgement
from tallystick.core.ports import Flow, Now
from tallystick.core.record import SIDES, Side, other
from tallystick.engine.pair import Pair

_UNMATCHED: Final = {"create": "is created", "ignore": "is left alone", "ask": "waits for a person"}
_DELETED: Final = {
    "propagate": "its partner is deleted",
    "archive": "its partner is archived",
    "unlink": "the two go separate ways",
    "ignore": "is left alone, and no longer synced until the record is back",
    "restore": "it is created again",
    "ask": "waits for a person",
}
_ALWAYS: Final = (
    "a change and its reversal between two reads are not seen (W-7)",
    "the same new record entered on both sides at once is reported, not prevented (W-10)",
)


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Put the table together from the mapping and the capabilities."""
    yield Now()  # a flow must ask for something; what is measured here is the project itself
    pair = scene.pair(subject)
    return {
        "names": {side: pair.end(side).system for side in SIDES},
        "table": {side: _row(pair, side) for side in SIDES},
        "can": {side: asdict(pair.end(side).can) for side in SIDES},
        "writes": {side: _writes(pair, side) for side in SIDES},
        "newest": sorted({f.name for f in pair.mapping.fields if "newest" in {f.policy.conflict, f.policy.initial}}),
        "manual": sum(f.policy.conflict == "manual" and f.policy.direction == "both" for f in pair.mapping.fields),
        "full_compare_hours": pair.mapping.policy.full_compare_seconds / 3600,
        "archive": {side: bool(pair.mapping.end(side).archive) for side in SIDES},
        "where": {side: len(pair.mapping.end(side).where) for side in SIDES},
        "on_scope_exit": pair.mapping.policy.on_scope_exit,
    }


def _row(pair: Pair, source: Side) -> dict[str, Any]:
    """What happens on the other side when something happens on ``source``."""
    policy = pair.mapping.policy
    return {
        "create": policy.on_unmatched_left if source == "left" else policy.on_unmatched_right,
        "update": fields_to(pair, other(source)),
        "delete": policy.on_delete_left if source == "left" else policy.on_delete_right,
    }


def _writes(pair: Pair, side: Side) -> dict[str, bool]:
    """Which writes the table asks of a side."""
    mine, theirs = _row(pair, side), _row(pair, other(side))
    flows = theirs["update"] > 0
    return {
        "create": (theirs["create"] == "create" and flows) or mine["delete"] == "restore",
        "update": flows or theirs["delete"] == "archive",
        "delete": theirs["delete"] == "propagate",
    }


def judge(facts: Facts) -> list[Judgement]:
    """A wish that a system cannot grant fails; a guarantee that its abilities do not give warns, with its limit."""
    table = tuple(line for side in SIDES for line in _lines(facts, side))
    wrong = [w for side in SIDES for w in _impossible(facts, side)]
    if wrong:
        fix = "describe the missing call in the manifest, or choose another policy in the mapping"
        return [Judgement("fail", wrong[0], (*wrong[1:], *table), fix)]
    gaps = [g for side in SIDES for g in _gaps(facts, side)]
    held = [h for side in SIDES for h in _held(facts, side)]
    always = [
        *_ALWAYS,
        *(["newest wins only with honest clocks (W-12): " + ", ".join(facts["newest"])] if facts["newest"] else []),
    ]
    reasons = (*table, *held, *always)
    if gaps:
        fix = "if the system can do better than its manifest says, declare it under claims; else mind the limit"
        return [
            Judgement("warn", f"stated for all cases; {len(gaps)} guarantees cannot be given", (*gaps, *reasons), fix)
        ]
    return [Judgement("pass", "stated for all cases in both directions, and the systems can do it", reasons)]


def _lines(facts: Facts, source: Side) -> list[str]:
    here, there, row = facts["names"][source], facts["names"][other(source)], facts["table"][source]
    flows = f"{row['update']} fields flow to {there}" if row["update"] else f"nothing flows to {there}"
    reach = f" in {there}" if row["delete"] in {"propagate", "archive"} else ""
    lines = [
        f"new in {here}: {_UNMATCHED[row['create']]}{f' in {there}' if row['create'] == 'create' else ''}",
        f"changed in {here}: {flows}",
        f"deleted in {here}: {_DELETED[row['delete']]}{reach}",
    ]
    if facts["where"][source]:
        lines.append(f"out of scope in {here}: {facts['on_scope_exit']} (that is no deletion)")
    return lines


def _impossible(facts: Facts, side: Side) -> list[str]:
    name, can = facts["names"][side], facts["can"][side]
    found = [
        f"{name} shall {deed}, and its manifest describes no way to {deed}"
        for deed, wanted in facts["writes"][side].items()
        if wanted and not can[deed]
    ]
    if facts["table"][other(side)]["delete"] == "archive" and not facts["archive"][side]:
        found.append(f"{name} shall archive, and the mapping does not say what is set then")
    return found


def _gaps(facts: Facts, side: Side) -> list[str]:
    name, can, writes = facts["names"][side], facts["can"][side], facts["writes"][side]
    found = []
    if writes["create"] and can["create_idem"] == "none":
        found.append(f"{name}: a create whose answer was lost waits for a person (W-3)")
    if writes["update"] and not can["cas_write"]:
        found.append(f"{name}: an edit between our last look and our write can be lost (W-2)")
    return found


def _held(facts: Facts, side: Side) -> list[str]:
    name, can, writes = facts["names"][side], facts["can"][side], facts["writes"][side]
    found = []
    if writes["create"] and can["create_idem"] != "none":
        found.append(f"{name}: no create is doubled ({_idempotency(can)})")
    if writes["update"] and can["cas_write"]:
        found.append(f"{name}: no edit is lost, writes depend on the version")
    if any(writes.values()):
        late = f"a write that takes effect more than {can['in_flux']:g} s after a time-out counts as not done (W-5)"
        found.append(f"{name}: {late}; side effects of a repeated update may repeat (W-9)")
    found.append(f"{name}: {_deletions(facts, can)}")
    found.append(f"{name}: {_changes(facts, can)}")
    return found


def _idempotency(can: Facts) -> str:
    return {
        "client_id": "we choose the id",
        "key": "by an idempotency key",
        "extid": "by a unique field for our id, which is looked up first; W-1 if a person deletes it meanwhile",
        "search": f"found again by search after {can['consistency']:g} s (W-4 if that sees it later)",
    }[can["create_idem"]]


def _deletions(facts: Facts, can: Facts) -> str:
    if can["tombstones"] != "no":
        return "deletions are shown by the system"
    every = f"{facts['full_compare_hours']:g} hours"
    return f"deletions are seen by a full compare, at least every {every}, after two confirmations (W-8)"


def _changes(facts: Facts, can: Facts) -> str:
    if not can["since"]:
        return "every run reads everything, so every change is seen"
    hours = f"{facts['full_compare_hours']:g} hours"
    return f"changes are asked for by time; one that moves no time is seen by the full compare, every {hours} (W-6)"


ROOM = Room("mapping", "none: the mapping and the manifests say it", probe, judge)
