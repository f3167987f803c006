"""C10: do writes keep their word? Tried on canaries: marked records of our own, made, changed, read back and removed.

Each step is told by itself, so that one that fails costs only its own answer. What is made stands in the cage until it
is removed, so that nothing is forgotten.
"""

from collections.abc import Callable
from typing import Any, Final

from tallystick.checklist.room import Room
from tallystick.checklist.rooms.canary_steps import Canary, find_lost_ones, lacking, text_field_of, wants_writing
from tallystick.checklist.rooms.canary_verdicts import judge
from tallystick.checklist.scene import Scene, Subject
from tallystick.checklist.staging import remove
from tallystick.checklist.survey import readable
from tallystick.core.checks import Facts
from tallystick.core.error import AccessError, Error
from tallystick.core.ports import Flow

Step = Callable[[Canary], Flow[dict[str, Any]]]
# Those that need the canary as it was made come first, the deletion last.
_STEPS: Final[tuple[tuple[str, Step], ...]] = (
    ("stored", Canary.read_back),
    ("shown", Canary.wait_until_listed),
    ("repeated", Canary.create_again),
    ("dated", Canary.watch_its_time),
    ("outdated", Canary.change_with_old_version),
    ("blank", Canary.blank_a_field),
    ("length", Canary.fill_to_the_length),
    ("option", Canary.choose_no_option),
    ("deleted", Canary.delete_it),
)


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Make canaries of one object, try each kind of write on them, and remove them."""
    cage, spec = scene.cage, scene.spec(subject)
    assert cage is not None, "rooms that write are not entered without a cage"
    facts: dict[str, Any] = {"mark": cage.mark, "reason": "", "steps": {}, "denied": {}, "left": [], "lost": []}
    if not wants_writing(scene, subject):
        return facts | {"reason": "no mapping writes here", "unneeded": True}
    if subject.system in cage.shut:
        return facts | {"reason": cage.shut[subject.system]}
    can = cage.writers[subject.system].capabilities(subject.object)
    if not (can.create and can.delete and can.read_by_id):
        return facts | {"reason": "its records cannot be created, read by id and deleted again"}
    found = yield from readable(scene, subject)
    facts["lost"] = find_lost_ones(spec, found)
    given, missing = lacking(spec, found)
    text_field = text_field_of(spec)
    if missing or not text_field:
        facts["reason"] = f"no value is known for {', '.join(missing)}" if missing else "no field takes free text"
        return facts
    canary = Canary(scene, subject, cage, text_field, given, frozenset(found.ids))
    try:
        yield from canary.make()
    except Error as failure:
        return facts | {"reason": f"a canary was refused: {failure}", "denied": _denied("create", failure)}
    for name, step in _STEPS:
        try:
            facts["steps"][name] = yield from step(canary)
        except Error as failure:
            facts["steps"][name] = {"error": str(failure)}
            facts["denied"] |= _denied(canary.doing, failure)
    for record_id in list(cage.alive.get(subject, ())):
        why = yield from remove(cage, subject, record_id)
        if why:
            facts["left"].append(f"{record_id}: {why}")
    return facts


def _denied(deed: str, failure: Error) -> dict[str, str]:
    """Tell which operation was not allowed to our credentials, if that is what the failure means."""
    is_denied = isinstance(failure, AccessError) and failure.layer == "service"
    return {deed: str(failure)} if is_denied else {}


ROOM = Room(
    "object",
    "two or three marked records created, about ten changes and reads of them, and their deletion; only with --canary",
    probe,
    judge,
    writes=True,
)
