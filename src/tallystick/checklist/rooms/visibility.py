"""The parts of C7.9 about what a listing shows late or not at all: changes, and deletions.

A few records are read by id and compared with the walk. Only what changed well before the walk began counts, so that a
busy system is not accused; a listing that lags where nothing changed lately cannot be seen to.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tallystick.checklist.rooms.witness import witnesses
from tallystick.checklist.scene import Scene, Subject, Walk
from tallystick.checklist.survey import AFTERWARDS, walk
from tallystick.core.checks import Facts, Judgement
from tallystick.core.ports import CallAll, Flow, NotThere, Sighting

_MOST: Final = 6
_LEEWAY: Final = 1.0
_QUIET: Final = 600.0  # systems that are late are late by seconds or minutes
# What lists and reads one file or one database shows both from the same place.
_PROMPT: Final = frozenset({"sql", "files", "memory"})
VISIBILITY: Final = "visibility"
DELETIONS: Final = "deletions"


def probe_visibility(scene: Scene, subject: Subject, found: Walk) -> Flow[dict[str, Any]]:
    """Read by id what changed last and what is known but not listed, and say how that differs from the listing."""
    reader = scene.reader(subject)
    can = reader.capabilities(subject.object)
    facts: dict[str, Any] = {"compared": 0, "allowed": can.consistency, "marked": can.tombstones == "yes"}
    if not can.read_by_id:
        return facts
    began = found.started if found.server_time is None else found.server_time
    newest = sorted((s for s in found.alive if s.modified is not None), key=_changed)[-_MOST:]
    if newest and scene.manifest(subject).protocol not in _PROMPT:
        facts["quiet"] = max(0.0, began - _changed(newest[-1]))
    facts |= _compared(newest, (yield from _read(scene, subject, [s.id for s in newest])), began, can.granularity)
    if facts["late"]:
        after = yield from walk(scene, subject, AFTERWARDS)
        shown = {s.id: _changed(s) for s in after.sightings}
        # What the listing shows by now was changed while we looked, whatever the record's own clock says.
        facts["late"] = {i: ago for i, ago in facts["late"].items() if shown.get(i, 0.0) < facts["seen"][i]}
    if found.ended and can.tombstones == "yes":
        known = yield from witnesses(scene, subject)
        absent = {i for origin, ids in known.items() if origin != "another order" for i in ids} - set(found.ids)
        answers = yield from _read(scene, subject, sorted(absent)[:_MOST])
        facts["shown"] = sum(s.deleted for s in found.sightings)
        # Had it been alive, the walk would have shown it; deleted, it should be there with its mark.
        facts["hidden"] = [i for i, answer in answers.items() if isinstance(answer, NotThere) and answer.gone]
    return facts


def _changed(sighting: Sighting) -> float:
    return sighting.modified or 0.0


def _read(scene: Scene, subject: Subject, ids: Sequence[str]) -> Flow[Mapping[str, Any]]:
    if not ids:
        return {}
    answers = yield CallAll(subject.system, [scene.reader(subject).get(subject.object, one) for one in ids])
    return dict(zip(ids, answers, strict=True))


def _compared(newest: Sequence[Sighting], answers: Mapping[str, Any], began: float, grain: float) -> dict[str, Any]:
    late: dict[str, float] = {}
    seen: dict[str, float] = {}
    stale: dict[str, float] = {}
    compared = 0
    for listed in newest:
        single = answers[listed.id]
        if not isinstance(single, Sighting) or single.modified is None:
            continue
        compared += 1
        ahead = _changed(single) - _changed(listed)
        if ahead > grain and _changed(single) < began - grain - _LEEWAY:
            late[listed.id], seen[listed.id] = began - _changed(single), _changed(single) - grain
        elif ahead < -grain - _LEEWAY:
            stale[listed.id] = -ahead
    return {"compared": compared, "late": late, "stale": stale, "seen": seen}


def judge_visibility(facts: Facts) -> list[Judgement]:
    """Judge what ``probe_visibility`` saw: a listing or a read that is behind, and deletions that are not shown."""
    judged = [_judge_late(facts)]
    if facts.get("hidden"):
        fix = "correct deleted.query in the manifest; if the system lists no deletions, remove deleted"
        some = (f"deleted, and not listed as such: {', '.join(facts['hidden'])}",)
        why = "the manifest says that deleted records are listed, and some are not"
        rest = "a trash that was emptied looks the same: then deletions must be read before that"
        judged.append(Judgement("warn", why, (*some, rest), fix, DELETIONS, about=("deleted",)))
    elif facts.get("shown"):
        why = f"{facts['shown']} deleted records are listed as such"
        judged.append(Judgement("pass", why, part=DELETIONS, about=("deleted",)))
    return judged


def _judge_late(facts: Facts) -> Judgement:
    if not facts["compared"]:
        why = "records cannot be read by id, or show no time of change, so nothing can be compared"
        return Judgement("not_applicable", why, part=VISIBILITY)
    late, stale = facts["late"], facts["stale"]
    if stale:
        fix = "remove claims.strong_reads from the manifest; ask the system's owner whether reads come from a replica"
        why = f"reads by id are behind the listing, by up to {max(stale.values()):.0f} seconds"
        return Judgement("fail", why, (f"older when read by id: {', '.join(stale)}",), fix, VISIBILITY)
    worst = max(late.values(), default=0.0)
    if worst > facts["allowed"] + _LEEWAY:
        fix = "say in the manifest how late changes show: claims.consistency_seconds and claims.late_commit_seconds"
        why = f"changes show late: a change {worst:.0f} seconds old was not in the listing yet"
        reasons = (f"newer when read by id: {', '.join(late)}", f"the manifest allows {facts['allowed']:g} seconds")
        return Judgement("fail", why, reasons, fix, VISIBILITY, about=("claims",))
    why = f"the {facts['compared']} records that changed last are listed as they are read by id"
    if not late and facts.get("quiet", 0.0) > _QUIET:
        fix = "change a record in the system, and ask again within some minutes"
        unseen = "nothing changed in the last minutes, so whether changes show late cannot be told"
        return Judgement("cannot_tell", unseen, (why,), fix, VISIBILITY)
    if late:
        why = f"changes show up to {worst:.0f} seconds late, as the manifest allows"
    return Judgement("pass", why, part=VISIBILITY)
