"""Records of which we know by other ways than the plain listing, and proof that a missing one is really there."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from tallystick.checklist.scene import Scene, Subject
from tallystick.checklist.survey import decode
from tallystick.core import path
from tallystick.core.error import DataError, Error
from tallystick.core.ports import Call, CallAll, Candid, Flow, Look, Page, Sighting, Wish
from tallystick.core.record import SIDES, UNKNOWN, Side
from tallystick.core.state import StoreTx

_MOST: Final = 200


def witnesses(scene: Scene, subject: Subject) -> Flow[dict[str, list[str]]]:
    """Give ids that must be in the listing, by how they are known; ways that yield none are left out."""
    found = {
        "another order": (yield from _in_other_order(scene, subject)),
        "references of other records": _referenced(scene, subject),
        "earlier syncs": (yield from _linked(scene, subject)),
    }
    return {origin: ids for origin, ids in found.items() if ids}


def _in_other_order(scene: Scene, subject: Subject) -> Flow[list[str]]:
    """Ask for the listing from its other end; a listing that is cut off hides that one."""
    reader, sort = scene.reader(subject), scene.spec(subject).sort
    if not isinstance(reader, Candid) or sort is None or not sort.fields:
        return []
    wish = Wish(order=(sort.fields[0], True))
    try:
        page: Page = yield Call(subject.system, reader.ask(subject.object, wish))
    except Error:
        return []  # whether sorting works is the question of another room
    sightings, _ = decode(scene, subject, page.rows)
    return [s.id for s in sightings if not s.deleted]


def _referenced(scene: Scene, subject: Subject) -> list[str]:
    """Gather what walked records of the same system point to."""
    ids: dict[str, None] = {}
    for (system, name, size), walked in scene.walks.items():
        if system != subject.system or size:
            continue
        here = scene.loaded.manifests[system].objects[name]
        for where, field in here.fields.items():
            if field.reference != subject.object:
                continue
            for sighting in walked.alive[:_MOST]:
                value = path.read(sighting.record, path.parse(where))
                if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                    ids[str(value)] = None
    return list(ids)[:_MOST]


def _linked(scene: Scene, subject: Subject) -> Flow[list[str]]:
    """Ask the store for some records that are paired."""
    ids: dict[str, None] = {}
    for pair in scene.pairs:
        for side in SIDES:
            end = pair.end(side)
            if (end.system, end.object) == (subject.system, subject.object):
                some: list[str] = yield Look(partial(_sample, pair=pair.name, side=side))
                ids |= dict.fromkeys(some)
    return list(ids)


def _sample(tx: StoreTx, pair: str, side: Side) -> list[str]:
    return tx.sample_ids(pair, side, _MOST)


def confirm_missing(scene: Scene, subject: Subject, ids: Sequence[str], started: float) -> Flow[list[str]]:
    """Give those of these ids that can be read by id and did not change since ``started``: they should be listed."""
    reader = scene.reader(subject)
    if not ids or not reader.capabilities(subject.object).read_by_id:
        return []
    skew = reader.capabilities(subject.object).skew
    flows = [reader.get(subject.object, one) for one in ids]
    answers = yield CallAll(subject.system, flows)
    proven = []
    for answer in answers:
        if not isinstance(answer, Sighting) or answer.deleted:
            continue
        touched = max((t for t in (answer.modified, answer.created) if t is not None), default=None)
        if touched is None or touched < started - min(skew, 5):
            proven.append(answer.id)
    return proven


def values_at(sightings: Sequence[Sighting], where: str) -> list[object]:
    """Give the value at a path of each record; ``UNKNOWN`` where it has none or the path makes no sense."""
    try:
        steps = path.parse(where)
    except DataError:
        return [UNKNOWN] * len(sightings)
    return [path.read(s.record, steps) for s in sightings]
