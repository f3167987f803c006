"""C1.3: which calls do the mappings need, are they described, do the reading ones answer, how many will a run take?"""

import math
from collections.abc import Sequence
from typing import Any, Final

from tallystick.checklist.room import Room
from tallystick.checklist.rooms.absence import judge_absence, probe_absence
from tallystick.checklist.rooms.needs import READS, Need, is_described, needs_of, spelled
from tallystick.checklist.scene import Scene, Subject, Walk
from tallystick.checklist.survey import walk
from tallystick.core.checks import Facts, Judgement
from tallystick.core.error import AccessError, Error, Garbled, Throttled, Unavailable
from tallystick.core.ports import Call, Flow, NotThere

_SHOWN: Final = 8


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Compute the calls from the mappings; list one page and read one record of each object."""
    manifest = scene.manifest(subject)
    rows: list[dict[str, Any]] = []
    absences: list[dict[str, Any]] = []
    for need in needs_of(scene, subject.system):
        here = Subject(subject.system, need.object)
        row: dict[str, Any] = {
            "object": need.object,
            "operation": need.deed,
            "call": spelled(manifest, here, need.deed),
            "described": is_described(manifest, manifest.objects[need.object], need.deed),
            "for": list(need.reasons),
            "answer": "not probed: only reading is",
            "state": "unknown",
        }
        if row["described"] and need.deed in READS:
            row["state"], row["answer"] = yield from _try(scene, here, need)
            if need.deed == "get" and row["state"] == "answered":
                absence = yield from probe_absence(scene, here, (yield from walk(scene, here)))
                absences += [absence] if absence else []
        rows.append(row)
    return {"calls": rows, "absences": absences, "forecast": _forecast(scene, subject)}


def _try(scene: Scene, subject: Subject, need: Need) -> Flow[tuple[str, str]]:
    """Make one harmless call; give a state (answered, refused, no access, away, unknown) and what was answered."""
    found = yield from walk(scene, subject)
    if need.deed == "list":
        if found.sizes:
            return "answered", f"{found.sizes[0]} records"
        return _state(found.failure)
    if not found.alive:
        return "unknown", "there is no record to read"
    return (yield from _get(scene, subject, found))


def _get(scene: Scene, subject: Subject, found: Walk) -> Flow[tuple[str, str]]:
    wanted = found.alive[0].id
    try:
        answer = yield Call(subject.system, scene.reader(subject).get(subject.object, wanted))
    except Error as failure:
        return _state(failure)
    if isinstance(answer, NotThere):
        return "refused", f"the listing shows {wanted}, a read by id does not find it"
    return "answered", f"record {wanted}"


def _state(failure: Error | None) -> tuple[str, str]:
    match failure:
        case AccessError(layer="service"):
            return "no access", str(failure)
        case AccessError() | Unavailable() | Throttled():
            return "away", str(failure)
        case Garbled():
            return "garbled", str(failure)
        case _:
            return "refused", str(failure)


def _forecast(scene: Scene, subject: Subject) -> list[dict[str, Any]]:
    """Say how many calls reading takes: a full compare, and a run in which nothing changed."""
    rows = []
    for one in scene.subjects("object"):
        found = scene.walks.get((one.system, one.object, 0))
        if one.system != subject.system or found is None or not found.sizes:
            continue
        page = max(found.sizes)
        records = max(found.totals, default=len(found.rows))
        known = found.ended or bool(found.totals)
        can = scene.reader(one).capabilities(one.object)
        full = max(1, math.ceil(records / page)) if page else 1
        rows.append({
            "object": one.object, "records": records, "at_least": not known, "page": page, "full": full,
            "quiet": 1 if can.since or can.tokens else full,
        })  # fmt: skip
    return rows


def judge(facts: Facts) -> list[Judgement]:
    """A call that is needed and not described, or that is not there, is a failure."""
    calls = facts["calls"]
    if not calls:
        return [Judgement("not_applicable", "no mapping uses this system")]
    told = tuple(_told(row) for row in calls)
    undescribed = [row for row in calls if not row["described"] and row["operation"] != "get"]
    refused = [row for row in calls if row["state"] == "refused"]
    if undescribed or refused:
        bad = [f"{row['operation']} {row['object']}" for row in (*undescribed, *refused)]
        why = "needed, but missing or not answering"
        fix = "describe the call in the manifest, or change what the mapping asks for"
        return [Judgement("fail", f"{why}: {', '.join(bad)}", told, fix, about=_entries(refused))]
    silent = [row for row in calls if row["state"] in {"no access", "away", "garbled"}]
    if silent:
        see = {"no access": "C4", "away": "C5", "garbled": "C1.1"}[silent[0]["state"]]
        return [Judgement("cannot_tell", f"{len(silent)} of {len(calls)} calls did not answer; see {see}", told)]
    forecast = "; ".join(_forecast_words(row) for row in facts["forecast"])
    answered = [row for row in calls if row["state"] == "answered"]
    writes = sum(row["operation"] not in READS for row in calls)
    summary = (
        f"{len(calls)} calls needed, all described; {len(answered)} reading ones answer,"
        f" {writes} writing ones not probed"
    )
    passed = Judgement("pass", summary, (*told, *([forecast] if forecast else [])), about=_entries(answered))
    return [passed, *judge_absence(facts.get("absences", []))]


def _entries(calls: Sequence[Facts]) -> tuple[str, ...]:
    """Name the entries of the manifest that describe these calls."""
    return tuple(f"objects.{row['object']}.{row['operation']}" for row in calls if row["operation"] in READS)


def _told(row: Facts) -> str:
    call = row["call"] or "not described"
    return f"{row['operation']} {row['object']} ({call}): {row['answer']}; for {', '.join(row['for'])}"


def _forecast_words(row: Facts) -> str:
    least = "at least " if row["at_least"] else ""
    return (
        f"{row['object']}: {least}{row['records']:,} records, {least}{row['full']:,} calls for a full compare, "
        f"{row['quiet']:,} for a run without changes"
    )


ROOM = Room("system", "the first page of each object, and one record by id", probe, judge)
