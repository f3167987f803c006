"""C1.1: does the system speak the protocol of its manifest, with a readable record of every object in use?"""

from tallystick.checklist.room import Room
from tallystick.checklist.scene import Scene, Subject
from tallystick.checklist.survey import walk
from tallystick.core.checks import Facts, Judgement
from tallystick.core.error import AccessError, Error, Garbled, Throttled, Unavailable
from tallystick.core.ports import Flow, Forbearing


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Read the first page of each object in use; the walk of the other rooms begins with it."""
    objects = {}
    for one in scene.subjects("object"):
        if one.system != subject.system:
            continue
        found = yield from walk(scene, one)
        came = bool(found.sizes)
        objects[one.object] = {
            "answered": came,
            "records": len(found.rows),
            "readable": len(found.sightings),
            "error": "" if came else _told(found.failure),
            "kind": "" if came else _kind(found.failure),
        }
    reader = scene.reader(subject)
    return {
        "protocol": scene.manifest(subject).protocol,
        "title": scene.manifest(subject).title,
        "objects": objects,
        "oddities": list(reader.oddities()) if isinstance(reader, Forbearing) else [],
    }


def _told(failure: Error | None) -> str:
    return str(failure) if failure is not None else ""


def _kind(failure: Error | None) -> str:
    match failure:
        case AccessError(layer="service"):
            return "access"
        case AccessError() | Unavailable() | Throttled():
            return "away"
        case Garbled():
            return "garbled"
        case _:
            return "refused"


def judge(facts: Facts) -> list[Judgement]:
    """All objects answered: pass, or warn where the answers contradict the system's own description.

    An answer that is not of this protocol: fail. No answer at all: cannot tell.
    """
    objects, protocol = facts["objects"], facts["protocol"].upper()
    if not objects:
        return [Judgement("cannot_tell", "the manifest has no object that can be listed", fix="describe the system")]
    silent = {name: o for name, o in objects.items() if not o["answered"]}
    reasons = tuple(f"{name}: {o['error']}" for name, o in silent.items())
    broken = [name for name, o in silent.items() if o["kind"] in {"garbled", "refused"}]
    if broken:
        fix = "correct base_url, the list operation and its record path in the manifest, or ask the system's owner"
        return [Judgement("fail", f"{', '.join(broken)} cannot be read by {protocol}", reasons, fix)]
    if silent:
        waits = "C4" if any(o["kind"] == "access" for o in silent.values()) else "C5"
        return [Judgement("cannot_tell", f"{', '.join(silent)} did not answer; see {waits}", reasons)]
    counted = ", ".join(f"{name} ({o['records']} records looked at)" for name, o in objects.items())
    odd = tuple(facts.get("oddities", ()))
    if odd:
        fix = "nothing has to be done for now; tell the system's owner, and describe the system anew when it is mended"
        return [Judgement("warn", f"{protocol} answers ({counted}), but not as its description says", odd, fix)]
    return [Judgement("pass", f"{protocol} answers: {counted}")]


ROOM = Room("system", "the first page of each object in use", probe, judge)
