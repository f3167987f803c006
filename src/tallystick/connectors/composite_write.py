"""Writing objects of several parts: the anchor first, then each part; the other way round for deletions. All are flows.

No system writes several records at once for us (W-11). So what was written stays confirmed, and a part that was not is
named with its reason; the engine goes on with that part alone. A part is only made after a look that there is none.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from tallystick.connectors.composite_object import (
    Found,
    Role,
    Stamp,
    Stamps,
    Whole,
    has_values,
    is_nothing,
    leaves,
)
from tallystick.connectors.composite_read import look_up
from tallystick.core.error import Absent, Error, Refused, RemoteError, Stale
from tallystick.core.path import Path, read
from tallystick.core.ports import Flow, NotThere, Sighting, Update, Written
from tallystick.core.record import Raw


@dataclass(slots=True)
class Tally:
    """What became of the parts of one record, one after the other.

    After an error that is about the system and not about one part, the other parts are not tried.
    """

    incomplete: list[tuple[Path, Error]] = field(default_factory=list)
    is_anything_done: bool = False
    stopped: Error | None = None

    def note(self, role: Role, error: Error) -> None:
        """Note that a part was not written."""
        self.incomplete.append((role.path, error))
        if error.recovery in {"retry", "stop"}:
            self.stopped = error

    def worst(self) -> Error:
        """Give the error that says most about what to do: an unknown outcome first."""
        errors = [error for _, error in self.incomplete]
        unknown = [error for error in errors if isinstance(error, RemoteError) and error.applied == "unknown"]
        return (unknown or errors)[0]


def create(whole: Whole, body: Raw, key: str) -> Flow[Written]:
    """Create the anchor, then its parts, each with a key of its own made from ours."""
    own, given = whole.split(body)
    anchor: Written = yield from whole.inner.create(whole.anchor, own, key)
    tally, found = Tally(is_anything_done=True), dict[str, Found]()
    for role in whole.roles:
        found[role.name] = None if role.is_shared else ()
    for role, values in given:
        if not has_values(values):
            continue
        if tally.stopped:
            tally.note(role, tally.stopped)
            continue
        try:
            made = yield from _create_keyed(whole, role, anchor.id, values, f"{key}-{role.name}" if key else "")
        except Error as error:
            tally.note(role, error)
            found[role.name] = None
        else:
            found[role.name] = [made.stored] if made.stored is not None else None
    told = anchor.stored is not None and all(parts is not None for parts in found.values())
    stored = whole.compose(anchor.stored, found) if told and anchor.stored is not None else None
    return Written(anchor.id, stored, stored.version if stored else None, tuple(tally.incomplete))


def _create_keyed(whole: Whole, role: Role, anchor_id: str, values: Raw, key: str) -> Flow[Written]:
    """Create a part of a new anchor. What an earlier attempt made is found again (R-10.8)."""
    remembers = whole.inner.capabilities(role.object).create_idem == "key"
    if whole.inner.capabilities(whole.anchor).create_idem == "key" and not remembers:
        # The anchor may be the replay of an earlier creation, whose part is there already.
        earlier = yield from _find_one(whole, role, anchor_id)
        if earlier is not None:
            if any(read(earlier.record, path) != value for path, value in leaves(values)):
                raise _stale(whole, role, anchor_id)
            return Written(earlier.id, earlier, earlier.version)
    return (yield from whole.inner.create(role.object, role.body(anchor_id, values), key))


def _find_one(whole: Whole, role: Role, anchor_id: str) -> Flow[Sighting | None]:
    """Look for the part that an anchor has now.

    Raises:
        Refused: there are several, or the listing cannot be trusted to show all.
    """
    found = yield from look_up(whole, role, Sighting(anchor_id, {}))
    if found is None:
        raise Refused(
            f"it cannot be told whether there is a '{role.name}' already",
            detail=f"the listing of {role.object} contradicts itself",
            hint=f"let {role.object} be asked for by '{role.part.link}' (filters in the manifest)",
            place=f"{whole.place}/{anchor_id}",
        )
    if len(found) > 1:
        raise Refused(f"there is more than one '{role.name}'", hint="keep one", place=f"{whole.place}/{anchor_id}")
    return found[0] if found else None


def _stale(whole: Whole, role: Role, anchor_id: str) -> Stale:
    return Stale(f"the '{role.name}' changed since it was seen", place=f"{whole.place}/{anchor_id}")


def update(whole: Whole, change: Update) -> Flow[Written]:
    """Change the anchor, then each part that the patch names: change it, make it where there is none, or remove it."""
    own, given = whole.split(change.patch)
    known, tally = whole.stamps(change.version), Tally()
    if own:
        mine = Update(change.id, own, known.anchor, whole.own(change.current))
        yield from whole.inner.update(whole.anchor, mine)
        tally.is_anything_done = True
    for role, patch in given:
        if tally.stopped:
            tally.note(role, tally.stopped)
            continue
        try:
            done = yield from _change_part(whole, role, change, known, patch)
        except Error as error:
            tally.note(role, error)
        else:
            tally.is_anything_done = tally.is_anything_done or done
    if tally.incomplete and not tally.is_anything_done:
        raise tally.worst()
    return Written(change.id, incomplete=tuple(tally.incomplete))


def _change_part(whole: Whole, role: Role, change: Update, known: Stamps, patch: Raw) -> Flow[bool]:
    """Write one part of a record; tell whether anything had to be done."""
    current = change.current.get(role.name) if change.current is not None else None
    stamp = known.of(role.name)
    if stamp is None and current is not None:
        stamp = Stamp(whole.part_id(role, current), None)
    if stamp is None:
        found = yield from _find_one(whole, role, change.id)
        is_told = known.parts is not None or (change.current is not None and role.name in change.current)
        if found is not None and is_told:
            # We knew of none, so somebody made one meanwhile.
            raise _stale(whole, role, change.id)
        if found is None:
            return (yield from _create_plain(whole, role, change, patch))
        stamp, current = Stamp(found.id, found.version), found.record
    if all(is_nothing(value) for _, value in leaves(patch)) and role.part.on_blank == "delete":
        if current is None:
            there = yield from whole.inner.get(role.object, stamp.id)
            current = there.record if isinstance(there, Sighting) else None
        if current is not None and role.is_hollow(current, patch):
            with contextlib.suppress(Absent):  # what we wanted is so
                yield from whole.inner.delete(role.object, stamp.id, stamp.version)
            return True
    yield from whole.inner.update(role.object, Update(stamp.id, patch, stamp.version, current))
    return True


def _create_plain(whole: Whole, role: Role, change: Update, patch: Raw) -> Flow[bool]:
    if not has_values(patch):
        return False
    is_seen = change.current is not None or not whole.inner.capabilities(whole.anchor).read_by_id
    if not is_seen and not whole.split(change.patch)[0]:
        # Nothing else of this change would notice that the anchor is gone, and its part would belong to nobody.
        anchor = yield from whole.inner.get(whole.anchor, change.id)
        if isinstance(anchor, NotThere):
            raise Absent("the record is not there", detail=anchor.evidence, place=f"{whole.place}/{change.id}")
    # A change has no key of its own; if its outcome is unknown, it is looked for before it is made again.
    yield from whole.inner.create(role.object, role.body(change.id, patch), "")
    return True


def delete(whole: Whole, record_id: str, version: str | None) -> Flow[None]:
    """Delete the parts that go with the anchor, then the anchor; what it refuses is put back as far as it can be."""
    known = whole.stamps(version)
    anchor = yield from _look_at_anchor(whole, record_id, known)
    removed: list[tuple[Role, Sighting]] = []
    try:
        for role in whole.roles:
            if role.is_shared or role.part.on_delete == "keep":
                continue
            for part in (yield from _parts_to_delete(whole, role, record_id, known)):
                with contextlib.suppress(Absent):
                    yield from whole.inner.delete(role.object, part.id, part.version)
                    removed.append((role, part))
        yield from whole.inner.delete(whole.anchor, record_id, anchor)
    except Error as error:
        if isinstance(error, RemoteError) and (error.applied == "unknown" or isinstance(error, Absent)):
            raise
        yield from _put_back(whole, removed, error)
        raise


def _look_at_anchor(whole: Whole, record_id: str, known: Stamps) -> Flow[str | None]:
    """Make sure that the anchor is as it was planned for, before any part of it goes; give its version."""
    can = whole.inner.capabilities(whole.anchor)
    if not can.read_by_id:
        return known.anchor
    anchor = yield from whole.inner.get(whole.anchor, record_id)
    if isinstance(anchor, NotThere):
        raise Absent("the record is not there", detail=anchor.evidence, place=f"{whole.place}/{record_id}")
    if known.anchor is not None and anchor.version is not None and anchor.version != known.anchor:
        raise Stale("the record changed since it was seen", place=f"{whole.place}/{record_id}")
    return known.anchor if known.anchor is not None else anchor.version


def _parts_to_delete(whole: Whole, role: Role, record_id: str, known: Stamps) -> Flow[Sequence[Sighting]]:
    found = yield from look_up(whole, role, Sighting(record_id, {}))
    stamp = known.of(role.name)
    for part in found or ():
        is_told = known.parts is not None
        moved = stamp is not None and stamp.version is not None and part.version not in {None, stamp.version}
        if is_told and (stamp is None or part.id != stamp.id or moved):
            raise _stale(whole, role, record_id)
    return found or ()


def _put_back(whole: Whole, removed: Sequence[tuple[Role, Sighting]], cause: Error) -> Flow[None]:
    """Make deleted parts again after the anchor refused to go, so that a refusal costs nothing."""
    lost = []
    for role, part in removed:
        try:
            yield from whole.inner.create(role.object, role.writable(part.record), "")
        except Error as error:
            lost.append(f"'{role.name}' {part.id} could not be put back: {error}")
    if lost:
        cause.detail = "; ".join([*filter(None, [cause.detail]), *lost])
