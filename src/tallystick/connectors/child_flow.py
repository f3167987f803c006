"""Reading and writing records below others. All are flows.

A listing walks the parents: first a page of them, then what lies below each, side by side. What is missing from any of
these listings shows as a row that cannot be read, so that nobody takes the walk for a whole one.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from tallystick.connectors.child_chain import Said
from tallystick.connectors.child_object import Branch, fault_row
from tallystick.core.error import Absent, AccessError, DataError, Error, Garbled
from tallystick.core.ports import Connector, Flow, NotThere, Page, Position, Sighting, Update, Written
from tallystick.core.record import Raw

_MOST_PAGES: Final = 100_000
_MOST_ABOVE: Final = 1000  # records further up of which it is remembered what they say
_KEPT: Final = 4  # pages of parents that are remembered while what lies below them is read


class Spot(msgspec.Struct, frozen=True, omit_defaults=True):
    """A position: a page of parents (``at``), and on it the parent at ``index``, or none of them yet.

    ``count`` is how many parents came before that page.
    """

    at: Position | None = None
    count: int = 0
    index: int = -1
    parent: str = ""


class Walk(msgspec.Struct, frozen=True):
    """A page of parents: what they say by their ids, where the next one is, and what is wrong with it."""

    said: Mapping[str, Said]
    following: Spot | None
    faults: tuple[bytes, ...]
    server_time: float | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the parents, in the order of the page."""
        return tuple(self.said)


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Spot).decode


class Walker:
    """Walks the parents of one branch. Remembers the pages of parents it is on, so that each is read once."""

    def __init__(self, branch: Branch) -> None:
        self._branch = branch
        self._walks: dict[tuple[Position | None, float | None], Walk] = {}
        self._above: dict[str, Said] = {}

    def read(self, since: float | None, position: Position | None, page_size: int | None) -> Flow[Page]:
        """Read one page: of the parents, with what follows, or all that lies below one of them."""
        spot = self._spot(position)
        narrow = since if self._branch.shows_changes else None
        walk = self._walks.get((spot.at, narrow)) if spot.index >= 0 else None
        if position is None or len(self._above) > _MOST_ABOVE:
            self._above = {}
        if walk is None:
            walk = yield from self._parents(spot, narrow)
            self._walks = {**dict(list(self._walks.items())[1 - _KEPT :]), (spot.at, narrow): walk}
        if spot.index >= 0 and spot.parent in walk.ids:
            return (yield from self._children(walk, spot, since, page_size))
        spots = [Spot(spot.at, spot.count, index, each) for index, each in enumerate(walk.ids)]
        chain = [_written(each) for each in (*spots, walk.following) if each is not None]
        ahead = chain[1 : len(spots)]
        return Page(walk.faults, chain[0] if chain else None, tuple(ahead), None, walk.server_time)

    def _spot(self, position: Position | None) -> Spot:
        try:
            return Spot() if position is None else _decode(position)
        except msgspec.DecodeError as cause:
            message = "this is no position in a listing"
            raise Garbled(message, hint="start the listing anew", place=self._branch.place) from cause

    def _parents(self, spot: Spot, since: float | None) -> Flow[Walk]:
        branch = self._branch
        page: Page = yield from branch.above.read(branch.parent, since, spot.at)
        said: dict[str, Said] = {}
        faults: list[bytes] = []
        for row in page.rows:
            try:
                seen = branch.above.sight(branch.parent, row)
            except DataError as error:
                faults.append(fault_row(f"what lies below a {branch.parent} record cannot be told: {error.message}"))
            else:
                if not seen.deleted:
                    said.setdefault(seen.id, branch.chain.nearest.said(seen.record))
        came = spot.count + len(page.rows)
        if page.next is None and since is None and page.total is not None and page.total != came:
            faults.append(fault_row(f"{branch.parent} lists {came} records but says it has {page.total}"))
        following = Spot(page.next, came) if page.next is not None else None
        return Walk(said, following, tuple(faults), page.server_time)

    def _children(self, walk: Walk, spot: Spot, since: float | None, page_size: int | None) -> Flow[Page]:
        ids = walk.ids
        index = spot.index if ids[spot.index : spot.index + 1] == (spot.parent,) else ids.index(spot.parent)
        after = walk.following if index + 1 == len(ids) else Spot(spot.at, spot.count, index + 1, ids[index + 1])
        scope = self._branch.below(spot.parent, walk.said[spot.parent], self._above)
        try:
            rows = yield from _rows_in(self._branch, spot.parent, scope, since, page_size)
        except DataError as error:
            # One parent that lacks what its address is made of keeps nobody from looking below the others.
            rows = [fault_row(f"{error.message} ({error.detail})" if error.detail else error.message)]
        return Page(rows, None if after is None else _written(after), (), None, walk.server_time)


def _written(spot: Spot) -> Position:
    return _encode(spot).decode()


def rows_below(branch: Branch, parent_id: str, since: float | None, page_size: int | None = None) -> Flow[list[bytes]]:
    """Read all that is listed below one record, each row with its parent's id in it.

    A parent that is gone has nothing below it. A listing that is refused though its parent is there is an error.
    """
    return (yield from _rows_in(branch, parent_id, branch.below(parent_id), since, page_size))


def _rows_in(
    branch: Branch, parent_id: str, scope: Flow[Connector], since: float | None, page_size: int | None
) -> Flow[list[bytes]]:
    try:
        scoped = yield from scope
    except Absent:
        return []
    rows: list[bytes] = []
    came, position = 0, None
    for _ in range(_MOST_PAGES):
        try:
            page: Page = yield from scoped.read(branch.name, since, position, page_size)
        except AccessError:
            if position is None and (yield from _is_gone(branch, parent_id)):
                return []
            raise
        came += len(page.rows)
        rows += [branch.mark(bytes(row), parent_id) for row in page.rows]
        position = page.next
        if position is None:
            if since is None and page.total is not None and page.total != came:
                told = f"{branch.parent} {parent_id} lists {came} {branch.name} but says it has {page.total}"
                rows.append(fault_row(told))
            return rows
    raise Garbled("a listing does not end", hint="check paging of the object", place=f"{branch.place}/{parent_id}")


def _is_gone(branch: Branch, parent_id: str) -> Flow[bool]:
    if not branch.above.capabilities(branch.parent).read_by_id:
        return False
    return isinstance((yield from branch.above.get(branch.parent, parent_id)), NotThere)


def get(branch: Branch, record_id: str) -> Flow[Sighting | NotThere]:
    """Read one record; where there is no call for that, out of the listing below its parent."""
    parent_id, own = branch.part(record_id)
    if branch.lacks_parent(parent_id):
        return NotThere(evidence=f"{branch.place}/{record_id}: the id names no {branch.parent} record")
    if branch.inner.capabilities(branch.name).read_by_id:
        try:
            around = yield from branch.around(parent_id)
        except Absent as error:
            return NotThere(evidence=f"{branch.place}/{record_id}: {error.message}")
        found = yield from around.get(branch.name, own)
        return found if isinstance(found, NotThere) else branch.show(found, parent_id)
    for row in (yield from rows_below(branch, parent_id, None)):
        try:
            seen = branch.decode(row)
        except DataError:
            continue
        if seen.id == record_id:
            return seen
    return NotThere(evidence=f"{branch.place}/{record_id}: not listed below its {branch.parent} record")


def find(branch: Branch, parent_id: str) -> Flow[Sequence[Sighting]]:
    """Find what lies below one record."""
    return [branch.decode(row) for row in (yield from rows_below(branch, parent_id, None))]


def create(branch: Branch, body: Raw, key: str) -> Flow[Written]:
    """Create a record below the parent that the body names.

    Raises:
        Absent: there is no such parent.
    """
    parent_id = branch.parent_of(body)
    scoped = yield from branch.below(parent_id)
    flow = scoped.create(branch.name, branch.own(body, is_new=True), key)
    return _shown(branch, parent_id, (yield from _under_parent(branch, parent_id, flow)))


def _under_parent(branch: Branch, parent_id: str, flow: Flow[Written]) -> Generator[Any, Any, Written]:
    """Run a create; where it fails because its address is not there, say that the parent is missing."""
    try:
        return (yield from flow)
    except Error as error:
        if getattr(error, "status", None) in {404, 410} and (yield from _is_gone(branch, parent_id)):
            raise Absent(
                f"the {branch.parent} record that it belongs below is not there",
                detail=error.detail,
                hint="it is tried again when that record is there",
                place=f"{branch.place}/{parent_id}",
            ) from error
        raise


def update(branch: Branch, wanted: Update) -> Flow[Written]:
    """Change a record. Raises ``Stale`` or ``Absent``."""
    parent_id, own = _named(branch, wanted.id)
    current = None if wanted.current is None else branch.own(wanted.current)
    patch = branch.own(wanted.patch, parent_id=parent_id)
    sent = replace(wanted, id=own, patch=patch, current=current)
    around = yield from branch.around(parent_id)
    return _shown(branch, parent_id, (yield from around.update(branch.name, sent)))


def delete(branch: Branch, record_id: str, version: str | None) -> Flow[None]:
    """Delete a record. Raises ``Stale`` or ``Absent``."""
    parent_id, own = _named(branch, record_id)
    around = yield from branch.around(parent_id)
    yield from around.delete(branch.name, own, version)


def _named(branch: Branch, record_id: str) -> tuple[str, str]:
    parent_id, own = branch.part(record_id)
    if branch.lacks_parent(parent_id):
        raise Absent("there is no such record", detail="its id names no parent", place=f"{branch.place}/{record_id}")
    return parent_id, own


def _shown(branch: Branch, parent_id: str, done: Written) -> Written:
    stored = branch.show(done.stored, parent_id) if done.stored is not None else None
    return Written(branch.id_of(parent_id, done.id), stored, done.version, done.incomplete)
