"""The part of C7.9 about "changed since": honoured, complete, and from which instant on.

The instant is one at which a live record changed, so that the record itself shows on which side of the bound it is.
"""

import math
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from tallystick.checklist.rooms.witness import values_at
from tallystick.checklist.scene import Scene, Subject, Walk
from tallystick.checklist.survey import decode
from tallystick.core.checks import Facts, Judgement, Verdict
from tallystick.core.error import Error, Garbled, Refused
from tallystick.core.ports import Call, Flow, Page, Sighting

_PAGES: Final = 10
_MOST: Final = 40  # known records after the instant: few enough for a page, enough to see losses
_SHOWN: Final = 5
_DAY: Final = 86_400.0
_HOUR: Final = 3600.0
_UNITS: Final = (60, 3600, 86_400)
_UNIT_NAMES: Final = {"60": "minute", "3600": "hour", "86400": "day"}
_ENOUGH: Final = 8  # of so many times of change, all at full minutes by chance is one case in 10^14
PART: Final = "changed since"


def probe_since(scene: Scene, subject: Subject, found: Walk) -> Flow[dict[str, Any]]:
    """Ask for what changed since the change time of a known record, and for what will change tomorrow."""
    spec, can = scene.spec(subject), scene.reader(subject).capabilities(subject.object)
    facts: dict[str, Any] = {"declared": can.since, "inclusive": spec.since.inclusive if spec.since else True}
    if can.tokens:
        page = yield Call(subject.system, scene.reader(subject).read(subject.object, None, None, 1))
        facts |= {"kept": page.token is not None, "system": subject.system, "object": subject.object}
    if not can.since:
        return facts
    timed = sorted((s for s in found.sightings if s.modified is not None), key=_changed)
    facts["timed"] = len(timed)
    if not timed:
        return facts
    bound = _bound(timed, scene)
    try:
        rows, ended = yield from _read_since(scene, subject, bound)
        facts |= _compared(timed, rows, bound, can.granularity, ended=ended)
        facts["rounds_to"] = _rounding(timed, rows, bound, scene.manifest(subject).timezone)
        facts["stamps_to"] = _stamping(timed, can.granularity)
        facts["shows_hours"] = facts["stamps_to"] == _UNITS[-1] and _shows_hours(timed, spec.modified)
        if facts["early"] or not facts["discriminates"]:
            tomorrow, _ = yield from _read_since(scene, subject, (found.server_time or found.started) + _DAY, pages=1)
            facts["tomorrow"] = sum(_changed(s) < bound + _DAY for s in tomorrow if s.modified is not None)
    except Error as refused:
        facts |= {"error": str(refused), "away": not isinstance(refused, Refused)}
    return facts


def _changed(sighting: Sighting) -> float:
    return sighting.modified or 0.0


def _bound(timed: list[Sighting], scene: Scene) -> float:
    """Choose the instant: a known record's own, with few known records after it and others well before it."""
    most = max(1, min(_MOST, len(timed) // 2, scene.budget.sample))
    return next((t for s in timed[-most:] if _is_spelled_exactly(t := _changed(s))), _changed(timed[-most]))


def _is_spelled_exactly(instant: float) -> bool:
    """Tell whether rounding down to milliseconds keeps the instant; an earlier one would not test the bound itself."""
    return (instant - math.floor(instant)) * 1000 % 1 < 0.5  # noqa: PLR2004 - what is nearly a whole number is one, but for binary fractions


def _read_since(scene: Scene, subject: Subject, since: float, pages: int = _PAGES) -> Flow[tuple[list[Sighting], bool]]:
    rows: list[Sighting] = []
    position: str | None = None
    for number in range(pages):
        try:
            page: Page = yield Call(subject.system, scene.reader(subject).read(subject.object, since, position))
        except Garbled:
            if not number:
                raise
            return rows, False  # that pages loop is the question of another room
        rows += decode(scene, subject, page.rows)[0]
        position = page.next
        if position is None:
            return rows, True
    return rows, False


def _compared(
    timed: list[Sighting], rows: list[Sighting], bound: float, granularity: float, *, ended: bool
) -> dict[str, Any]:
    came = {s.id for s in rows}
    expected = [s for s in timed if _changed(s) >= bound]
    absent = [s for s in expected if s.id not in came] if ended else []
    # An exclusive filter is asked from a little earlier, so that much earlier is no contradiction.
    early = [s for s in rows if s.modified is not None and _changed(s) < bound - granularity - 1]
    at_bound = [s for s in expected if _changed(s) < bound + granularity]
    return {
        "error": "",
        "discriminates": any(_changed(s) < bound - granularity - 1 for s in timed),
        "expected": len(expected),
        "came": len(rows),
        "ended": ended,
        "early": len(early),
        "absences": len(absent),
        "absent": [s.id for s in absent][:_SHOWN],
        "only_at_bound": bool(absent) and {s.id for s in absent} <= {s.id for s in at_bound},
        "exact": _is_spelled_exactly(bound),
        "hours_off": _hours_off(expected, absent, early, bound),
    }


def _rounding(timed: list[Sighting], rows: list[Sighting], bound: float, zone: str) -> int:
    """Give the unit in seconds that a filter rounds down to: all known since its start came, nothing from before."""
    early = [_changed(s) for s in rows if s.modified is not None and _changed(s) < bound]
    came = {s.id for s in rows}
    shift = datetime.fromtimestamp(bound, ZoneInfo(zone)).utcoffset()
    for unit in _UNITS if early else ():
        for offset in (0.0, shift.total_seconds() if shift else 0.0):
            start = bound - (bound + offset) % unit
            if min(early) >= start and came >= {s.id for s in timed if start <= _changed(s) < bound}:
                return unit
    return 0


def _stamping(timed: list[Sighting], granularity: float) -> int:
    """Give the unit in seconds that change times are exact to, where that is coarser than declared; else 0."""
    times = {_changed(s) for s in timed}
    if any(t % 1 for t in times):
        return 0
    unit = max((u for u in _UNITS if all(t % u == 0 for t in times)), default=0)
    # What was imported at regular steps has full units too, but few different ones within the next larger unit.
    beside = {60: 3600, 3600: 86_400}.get(unit)
    different = len({t % beside for t in times} if beside else times)
    return unit if unit > granularity and different >= _ENOUGH else 0


def _shows_hours(timed: list[Sighting], where: str) -> bool:
    """Tell whether times of change are spelled with their hours, so that days alone cannot be what is meant."""
    return any(":" in str(value) or "/Date(" in str(value) for value in values_at(timed, where))


def _hours_off(expected: list[Sighting], absent: list[Sighting], early: list[Sighting], bound: float) -> int:
    """Say by how many hours the filter seems to read times wrongly: all before some hour miss, or come too early."""
    if absent and len(absent) < len(expected):
        missing = {s.id for s in absent}
        first_come = min(_changed(s) for s in expected if s.id not in missing)
        last_missing = max(_changed(s) for s in absent)
        if last_missing < first_come and last_missing - bound > 1:
            return max(1, round((first_come - bound) / _HOUR))
    if early:
        back = (bound - min(_changed(s) for s in early)) / _HOUR
        return -max(1, round(back)) if back <= 15 else 0  # noqa: PLR2004 - zones are at most 14 hours apart
    return 0


def judge_since(facts: Facts, *, whole: bool) -> Judgement:
    """Judge what ``probe_since`` saw; ``whole`` tells that the plain listing itself loses nothing."""
    if facts.get("kept") is False:
        fix = f"see what it needs: tally capture {facts['system']} {facts['object']}"
        why = "the change log that the manifest names is not kept, so each run reads everything"
        return Judgement("fail", why, fix=fix, part=PART)
    if facts.get("kept") and not facts["declared"]:
        return Judgement("pass", "a change log says what changed and what was deleted", part=PART)
    if not facts["declared"]:
        why = "the manifest names no way to ask for changes, so each run reads everything"
        return Judgement("not_applicable", why, part=PART)
    if not facts["timed"]:
        fix = "name the field of the last change in the manifest: modified"
        return Judgement("cannot_tell", "no record shows when it was changed", fix=fix, part=PART)
    if facts["error"]:
        verdict: Verdict = "cannot_tell" if facts["away"] else "fail"
        fix = "" if facts["away"] else "correct since in the manifest: parameter, format, template"
        why = "the system refuses to be asked for changes"
        return Judgement(verdict, why, (facts["error"],), fix, PART, about=("since",))
    judged = _judge_early(facts) or _judge_absent(facts, whole=whole) or _judge_stamps(facts) or _judge_honoured(facts)
    return replace(judged, about=("since",))


def _judge_early(facts: Facts) -> Judgement | None:
    ignored = "correct since in the manifest; if the system has no such filter, remove it"
    if facts.get("tomorrow"):
        reasons = (f"{facts['tomorrow']} records came as changed since tomorrow",)
        return Judgement("fail", "the filter is not honoured: what did not change comes too", reasons, ignored, PART)
    if not facts["early"]:
        return None
    reasons = (f"{facts['early']} of {facts['came']} records changed before the instant that was asked for",)
    if facts["rounds_to"] and not facts["absences"]:
        return _rounded(facts, reasons[0])
    if facts["hours_off"] < 0 and not facts["absences"]:
        why = f"too many records come: the filter seems to read times {-facts['hours_off']} hours off"
        return Judgement("warn", why, reasons, "correct timezone or since.format in the manifest", PART)
    return Judgement("fail", "records come that did not change", reasons, ignored, PART)


def _rounded(facts: Facts, reason: str) -> Judgement:
    unit, reasons = _UNIT_NAMES[str(facts["rounds_to"])], [reason]
    if facts["hours_off"] < 0:
        reasons.append(f"times that are read {-facts['hours_off']} hours off would look the same")
    why = f"too many records come: the filter rounds the instant down to the {unit}"
    fix = f"nothing is lost, but each run reads a whole {unit} again; see whether since.format can be finer"
    return Judgement("warn", why, tuple(reasons), fix, PART)


def _judge_absent(facts: Facts, *, whole: bool) -> Judgement | None:
    if not facts["absences"]:
        return None
    some = ", ".join(facts["absent"])
    reasons = (f"{facts['absences']} of {facts['expected']} known records did not come: {some}",)
    if not whole:
        why = "records are missing, but the plain listing loses records too; see C7.8"
        return Judgement("cannot_tell", why, reasons, part=PART)
    if facts["only_at_bound"] and facts["inclusive"]:
        why = "the filter means later than, not from: what changed at the very instant does not come"
        return Judgement("fail", why, reasons, "set since.inclusive: false in the manifest", PART)
    if facts["hours_off"] > 0:
        why = f"changes are lost: the filter seems to read times {facts['hours_off']} hours off"
        return Judgement("fail", why, reasons, "correct timezone or since.format in the manifest", PART)
    fix = "do not rely on this filter: remove since from the manifest, or ask the system's owner"
    return Judgement("fail", "the filter loses records that did change", reasons, fix, PART)


def _judge_stamps(facts: Facts) -> Judgement | None:
    if not facts["stamps_to"]:
        return None
    unit = facts["stamps_to"]
    if facts.get("shows_hours"):
        why = "all times of change are at midnight: an import looks like that, and so do days without hours"
        fix = (
            "change one record in the system and ask again; if it is at midnight too: claims.granularity_seconds: 86400"
        )
        return Judgement("cannot_tell", why, (f"{facts['timed']} times were looked at",), fix, PART)
    why = f"times of change are exact to the {_UNIT_NAMES[str(unit)]} only: a second change within it cannot be seen"
    reasons = (f"all {facts['timed']} times that were looked at are full multiples of {unit} seconds",)
    return Judgement("warn", why, reasons, f"say so in the manifest: claims.granularity_seconds: {unit}", PART)


def _judge_honoured(facts: Facts) -> Judgement:
    reasons = [f"{facts['came']} records came, {facts['expected']} of them were known to have changed"]
    if not facts["ended"]:
        reasons.append("the answer was not read to its end, so losses would not show")
    if not facts["discriminates"]:
        reasons.append("all known records changed at once; a question for tomorrow brought nothing, as it should")
        why = "heard, and nothing is lost; whether too much comes cannot be told"
        return Judgement("pass", why, tuple(reasons), part=PART)
    bound = ", from the instant on" if facts["inclusive"] else ", later than the instant"
    return Judgement("pass", f"honoured{bound if facts['exact'] else ''}", tuple(reasons), part=PART)
