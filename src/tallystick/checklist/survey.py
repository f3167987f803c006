"""Walking an object's listing, page by page, within the budget. What was read once is shared by all rooms."""

from collections.abc import Sequence
from typing import Final

from tallystick.checklist.scene import Scene, Subject, Walk
from tallystick.core.error import DataError, Error, Garbled
from tallystick.core.ports import Call, Flow, Now, Page, Sighting
from tallystick.core.record import fingerprint

AGAIN: Final = -1
"""Stands for a page size: the manifest's, but read anew."""
AFTERWARDS: Final = -2
"""The same, read anew after single records were."""
_MOST_FAULTS: Final = 200


def walk(scene: Scene, subject: Subject, page_size: int = 0) -> Flow[Walk]:
    """Read a listing, or give what was read of it before.

    ``page_size`` 0 means the manifest's, ``AGAIN`` the same once more.
    An error of the system ends the walk and stands in it; what came until then counts.
    """
    known = scene.walks.get((subject.system, subject.object, page_size))
    if known is None:
        known = Walk(started=(yield Now()))
        scene.walks[subject.system, subject.object, page_size] = known
        try:
            yield from _pages(scene, subject, known, page_size)
        except Error as failure:
            known.failure = failure
    return known


def readable(scene: Scene, subject: Subject) -> Flow[Walk]:
    """Read a listing of which at least one page must come.

    Raises:
        Error: what the system answered instead.
    """
    found = yield from walk(scene, subject)
    if found.failure is not None and not found.sizes:
        raise found.failure
    return found


def _pages(scene: Scene, subject: Subject, found: Walk, page_size: int) -> Flow[None]:
    reader, budget = scene.reader(subject), scene.budget
    position: str | None = None
    last: str | None = None
    seen: set[int] = set()
    while True:
        flow = reader.read(subject.object, position=position, page_size=page_size if page_size > 0 else None)
        page: Page = yield Call(subject.system, flow)
        if page.rows:
            print_of = fingerprint(b"\x00".join(page.rows))
            if print_of in seen:
                raise Garbled("a page came a second time", detail=f"after {len(found.sizes)} pages")
            seen.add(print_of)
        _take(scene, subject, found, page)
        last = page.ahead[-1] if page.ahead else last
        if page.next is None:
            found.ended = True
            return
        if len(found.rows) >= budget.sample or len(found.sizes) >= budget.pages:
            if last is not None:
                tail: Page = yield Call(subject.system, reader.read(subject.object, position=last))
                found.tail, _ = decode(scene, subject, tail.rows)
            return
        position = page.next


def _take(scene: Scene, subject: Subject, found: Walk, page: Page) -> None:
    found.rows += page.rows
    found.sizes.append(len(page.rows))
    if page.total is not None:
        found.totals.append(page.total)
    if found.server_time is None:
        found.server_time = page.server_time
    sightings, faults = decode(scene, subject, page.rows)
    found.sightings += sightings
    found.faults += faults[: _MOST_FAULTS - len(found.faults)]


def decode(scene: Scene, subject: Subject, rows: Sequence[bytes]) -> tuple[list[Sighting], list[str]]:
    """Read rows as the system's connector does; give the readable ones, and why the others are not."""
    reader = scene.reader(subject)
    sightings: list[Sighting] = []
    faults: list[str] = []
    for row in rows:
        try:
            sightings.append(reader.sight(subject.object, row))
        except DataError as fault:
            faults.append(f"{fault.message} ({fault.detail})" if fault.detail else fault.message)
    return sightings, faults
