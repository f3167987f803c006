"""Reading objects of several parts: pages of anchors with their parts, one record, records by a value. All are flows.

A full sweep lists each part's object once, puts it aside by the anchor it belongs to, and joins page by page. A window
asks for the changed anchors first, then for the anchors of the changed parts of each role.

That an anchor has no part is only said where a listing proves it: complete, and older than the anchor's last change.
Otherwise nobody knows, and what is not known is never written and never taken for blank.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tallystick.connectors.composite_object import Found, Role, Shown, Whole, encode_row, show
from tallystick.connectors.composite_pile import Pile, Roll
from tallystick.core.error import DataError, Garbled
from tallystick.core.path import Path, render
from tallystick.core.ports import Flow, NotThere, Page, Position, Sighting
from tallystick.core.record import decode_raw, encode_raw, fingerprint
from tallystick.core.window import judge_completeness

ROUNDS: Final = 3  # listings of a part whose pages may shift, until two agree on what is there


@dataclass(slots=True)
class Listed:
    """All records of one role as a listing gave them: their rows by what their anchors know them by.

    ``taken`` is the system's time when the listing began, where it says so.
    """

    rows: Pile = field(default_factory=Pile)
    is_complete: bool = False
    taken: float | None = None


Index = Mapping[str, Listed]


def list_parts(whole: Whole, role: Role) -> Flow[Listed]:
    """List the records of a role, again where its pages may have shifted meanwhile."""
    before: array[int] | None = None
    for _ in range(ROUNDS):
        listed, ids, completeness = yield from _list_once(whole, role)
        listed.is_complete = completeness == "proven" or (completeness == "probable" and ids == before)
        if completeness != "probable" or listed.is_complete:
            break
        before = ids
    return listed


def _list_once(whole: Whole, role: Role) -> Flow[tuple[Listed, "array[int]", str]]:
    listed, roll = Listed(), Roll()
    count = undecodable = 0
    total: int | None = None
    position: Position | None = None
    previous: int | None = None
    while True:
        page: Page = yield from whole.inner.read(role.object, None, position)
        previous = _refuse_repeat(whole, role, page, previous)
        listed.taken = page.vouched if position is None else listed.taken
        total = page.total if page.total is not None else total
        count += len(page.rows)
        for row in page.rows:
            try:
                part = whole.inner.sight(role.object, row)
            except (DataError, msgspec.DecodeError):
                undecodable += 1
                continue
            roll.add(part.id)
            key = role.part_key(part)
            if key is not None:
                listed.rows.add(key, bytes(row))
        if page.next is None:
            break
        position = page.next
    ids = roll.distinct()
    order = whole.inner.capabilities(role.object).list_order
    completeness = judge_completeness(
        ended=True, order=order, listed=count, distinct=len(ids), total=total, undecodable=undecodable
    )
    return listed, ids, completeness


def _refuse_repeat(whole: Whole, role: Role, page: Page, previous: int | None) -> int | None:
    """A listing that gives the same page again would never end (R-11.9)."""
    if not page.rows:
        return previous
    print_of = fingerprint(b"\x00".join(page.rows))
    if print_of == previous:
        raise Garbled(
            "the listing repeats a page",
            detail="the same rows came twice in a row",
            hint="check the paging settings of this object in the manifest",
            place=f"{whole.place}/{role.object}",
        )
    return print_of


class Reader:
    """The reading of one object of several parts.

    Keeps the listed parts from the first page of a sweep to its last, and of a window which records were shown. A sweep
    that another process goes on with lists the parts again, and may show a record twice.
    """

    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self._index: Index | None = None
        self._shown: set[str] = set()

    def read(self, since: float | None, position: Position | None, page_size: int | None) -> Flow[Page]:
        """Read one page."""
        stage, inner = _decode(position)
        if since is None or stage == 0:
            return (yield from self._anchors(since, inner, page_size))
        return (yield from self._of_changed_parts(since, stage, inner, page_size))

    def _anchors(self, since: float | None, position: Position | None, page_size: int | None) -> Flow[Page]:
        whole = self._whole
        if position is None:
            self._index = None
            self._shown = set()
        index = self._index
        if index is None and since is None:
            index = self._index = yield from self._list_all()
        page: Page = yield from whole.inner.read(whole.anchor, since, position, page_size)
        if index is None and page.next is not None:
            # More than a page of changes: to list all parts once is cheaper than to ask for those of each anchor.
            index = self._index = yield from self._list_all()
        rows: list[bytes] = []
        for row in page.rows:
            rows += [(yield from self._join(bytes(row), index, is_window=since is not None))]
        if page.next is None:
            self._index = None
        started = [listed.taken for listed in (index or {}).values()] + [page.vouched]
        further = None if since is None or not whole.roles else _encode(1, None)
        return Page(
            rows,
            _encode(0, page.next) if page.next is not None else further,
            tuple(_encode(0, each) for each in page.ahead),
            page.total,
            min((time for time in started if time is not None), default=None),
        )

    def _list_all(self) -> Flow[Index]:
        index = {}
        for role in self._whole.roles:
            index[role.name] = yield from list_parts(self._whole, role)
        return index

    def _join(self, row: bytes, index: Index | None, *, is_window: bool) -> Flow[bytes]:
        whole, shown = self._whole, Shown(msgspec.Raw(row))
        try:
            anchor = whole.inner.sight(whole.anchor, row)
        except (DataError, msgspec.DecodeError):
            # To be told by whoever decodes the row.
            return encode_row(shown, {})
        if is_window:
            self._shown.add(anchor.id)
        if index is not None:
            return encode_row(shown, dict(self._listed(anchor, index)))
        return _encode_found(anchor, (yield from look_up_all(whole, anchor)), shown)

    def _listed(self, anchor: Sighting, index: Index) -> Iterator[tuple[str, list[Shown]]]:
        for role in self._whole.roles:
            listed = index[role.name]
            key = role.anchor_key(anchor)
            rows = listed.rows.rows(key) if key is not None else []
            if rows or key is None or (listed.is_complete and not self._changed_after(anchor, listed)):
                yield role.name, [Shown(msgspec.Raw(row)) for row in rows]

    def _changed_after(self, anchor: Sighting, listed: Listed) -> bool:
        """Whether an anchor was made or changed when the parts may have been listed already, so its part may be new."""
        changed = [time for time in (anchor.modified, anchor.created) if time is not None]
        margin = self._whole.inner.capabilities(self._whole.anchor).granularity
        return listed.taken is not None and bool(changed) and max(changed) + margin >= listed.taken

    def _of_changed_parts(
        self, since: float, stage: int, position: Position | None, page_size: int | None
    ) -> Flow[Page]:
        """Read the anchors of the changed parts of one role; those that were shown already are left out."""
        whole, role = self._whole, self._whole.roles[stage - 1]
        page: Page = yield from whole.inner.read(role.object, since, position, page_size)
        rows: list[bytes] = []
        for row in page.rows:
            try:
                part = whole.inner.sight(role.object, bytes(row))
            except (DataError, msgspec.DecodeError):
                continue
            for anchor in (yield from _anchors_of(whole, role, part)):
                if anchor.id not in self._shown:
                    self._shown.add(anchor.id)
                    rows += [_encode_found(anchor, (yield from look_up_all(whole, anchor)))]
        following = _encode(stage, page.next) if page.next is not None else None
        if following is None and stage < len(whole.roles):
            following = _encode(stage + 1, None)
        return Page(rows, following, tuple(_encode(stage, each) for each in page.ahead))


def _encode_found(anchor: Sighting, found: Mapping[str, Found], shown: Shown | None = None) -> bytes:
    known = {role: [show(part) for part in parts] for role, parts in found.items() if parts is not None}
    return encode_row(shown or show(anchor), known)


def _anchors_of(whole: Whole, role: Role, part: Sighting) -> Flow[Sequence[Sighting]]:
    """Find the anchors that a part belongs to, or belonged to before it was deleted."""
    if role.is_shared:
        if render(role.found_by) not in whole.inner.capabilities(whole.anchor).searchable:
            return ()
        hits = yield from whole.inner.find(whole.anchor, role.found_by, part.id)
        return [hit for hit in hits if not hit.deleted]
    key = role.link_of(part)
    found = (yield from whole.inner.get(whole.anchor, key)) if key is not None else NotThere()
    return [found] if isinstance(found, Sighting) else ()


def look_up(whole: Whole, role: Role, anchor: Sighting) -> Flow[Found]:
    """Find what an anchor has of one part, now."""
    key = role.anchor_key(anchor)
    if key is None:
        return ()
    if role.is_shared:
        part = yield from whole.inner.get(role.object, key)
        return [part] if isinstance(part, Sighting) and role.part_key(part) is not None else ()
    if can_find(whole, role):
        hits = yield from whole.inner.find(role.object, role.link, role.link_value(key))
        return [hit for hit in hits if role.part_key(hit) == key]
    listed = yield from list_parts(whole, role)
    rows = listed.rows.rows(key)
    return [whole.inner.sight(role.object, row) for row in rows] if rows or listed.is_complete else None


def can_find(whole: Whole, role: Role) -> bool:
    """Tell whether the system can be asked for the parts of one anchor."""
    return render(role.link) in whole.inner.capabilities(role.object).searchable


def look_up_all(whole: Whole, anchor: Sighting) -> Flow[Mapping[str, Found]]:
    """Find all parts of an anchor, now."""
    found: dict[str, Found] = {}
    for role in whole.roles:
        found[role.name] = yield from look_up(whole, role, anchor)
    return found


def get(whole: Whole, record_id: str) -> Flow[Sighting | NotThere]:
    """Read one record by id."""
    anchor = yield from whole.inner.get(whole.anchor, record_id)
    if isinstance(anchor, NotThere):
        return anchor
    return whole.compose(anchor, (yield from look_up_all(whole, anchor)))


def find(whole: Whole, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
    """Find records by a value of the anchor or of a part."""
    role = whole.by_name.get(str(path[0])) if path else None
    anchors: list[Sighting] = []
    if role is None:
        anchors += yield from whole.inner.find(whole.anchor, path, value)
    else:
        for part in (yield from whole.inner.find(role.object, path[1:], value)):
            anchors += (yield from _anchors_of(whole, role, part)) if role.part_key(part) is not None else ()
    found: list[Sighting] = []
    for anchor in {each.id: each for each in anchors}.values():
        found += [whole.compose(anchor, (yield from look_up_all(whole, anchor)))]
    return found


def _encode(stage: int, position: Position | None) -> Position:
    return encode_raw([stage, position]).decode()


def _decode(position: Position | None) -> tuple[int, Position | None]:
    if position is None:
        return 0, None
    try:
        stage, inner = decode_raw(position.encode())
        return int(stage), None if inner is None else str(inner)
    except (TypeError, ValueError, msgspec.DecodeError) as error:
        raise Garbled("this is no position in a listing", hint="start the listing anew") from error
