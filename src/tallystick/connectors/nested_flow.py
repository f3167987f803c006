"""Reading and writing lines inside records. All are flows.

Every write reads the holder, changes one line of its list, and writes the list back on condition of the holder's
version. Where the holder changed meanwhile it is tried again, because only the line itself must be as it was seen.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from tallystick.connectors.nested_object import Lines, Nest
from tallystick.connectors.sighting import scalar_text
from tallystick.core.error import Absent, Duplicate, Garbled, Refused, Stale
from tallystick.core.path import Path, render, write
from tallystick.core.ports import Flow, NotThere, Page, Position, Sighting, Update, Written
from tallystick.core.record import Raw, decode_raw, encode_raw
from tallystick.project.lines import ID

TRIES: Final = 4  # how often a list is written anew because its holder changed under us


def read(nest: Nest, since: float | None, position: Position | None, page_size: int | None) -> Flow[Page]:
    """Read the lines of a page of holders. Where holders are missing from their own total, lines are, too."""
    inner, holders, count = _decode(position)
    page: Page = yield from nest.inner.read(nest.holder, since, inner, page_size)
    rows = [each for row in page.rows for each in nest.rows(bytes(row))]
    holders, count = holders + len(page.rows), count + len(rows)
    following = encode_raw([page.next, holders, count]).decode() if page.next is not None else None
    short = following is None and since is None and page.total is not None and page.total != holders
    return Page(rows, following, (), count + 1 if short else None, page.server_time, settled=page.settled)


def _decode(position: Position | None) -> tuple[Position | None, int, int]:
    if position is None:
        return None, 0, 0
    try:
        inner, holders, count = decode_raw(position.encode())
        return str(inner), int(holders), int(count)
    except (TypeError, ValueError, msgspec.DecodeError) as error:
        raise Garbled("this is no position in a listing", hint="start the listing anew") from error


def get(nest: Nest, record_id: str) -> Flow[Sighting | NotThere]:
    """Read one line. A holder that shows its list without the line proves that the line is gone."""
    holder_id, key = nest.part(record_id)
    holder = yield from nest.inner.get(nest.holder, holder_id)
    if isinstance(holder, NotThere):
        return holder
    lines = nest.lines(holder.record)
    if lines is None:
        return NotThere()
    found = next((line for line in lines if nest.key_of(line) == key), None)
    if found is None:
        return NotThere(gone=True, evidence=f"{nest.holder} {holder_id} has no such line")
    return nest.sight(holder, found)


def find(nest: Nest, path: Path, value: Any) -> Flow[Sequence[Sighting]]:
    """Find the lines of one holder."""
    if path != (nest.holder_name,):
        return ()
    holder = yield from nest.inner.get(nest.holder, str(value))
    if isinstance(holder, NotThere):
        return ()
    lines = nest.lines(holder.record) or []
    return [nest.sight(holder, line) for line in lines if nest.key_of(line) is not None]


def _change(
    nest: Nest, holder_id: str, change: Callable[[Sighting, Lines], Lines]
) -> Flow[tuple[Sighting, Sighting | None]]:
    """Change the list of a holder; give the holder as it was read, and as it is stored where the answer tells."""
    stale: Stale | None = None
    for _ in range(TRIES):
        holder = yield from nest.inner.get(nest.holder, holder_id)
        if isinstance(holder, NotThere):
            message = f"the {nest.holder} record that holds the line is not there"
            raise Absent(message, detail=holder.evidence, place=f"{nest.place}/{holder_id}")
        lines = nest.lines(holder.record)
        if lines is None:
            message = f"{nest.holder} {holder_id} shows no list '{render(nest.path)}'"
            raise Refused(message, hint="let the system show the list when one record is read", place=nest.place)
        # What stands beside the list goes with it: some systems replace what is inside a field, others merge it.
        top = nest.path[0]
        patch: Raw = decode_raw(encode_raw({k: v for k, v in holder.record.items() if k == top}))
        write(patch, nest.path, change(holder, decode_raw(encode_raw(lines))))
        try:
            done: Written = yield from nest.inner.update(
                nest.holder, Update(holder.id, patch, holder.version, holder.record)
            )
        except Stale as error:
            stale = error
            continue
        return holder, done.stored
    raise stale or Stale("the record changed each time it was to be written", place=nest.place)


def _own(nest: Nest, body: Raw) -> Raw:
    return {name: value for name, value in body.items() if name not in {nest.holder_name, ID}}


def create_line(nest: Nest, body: Raw) -> Flow[Written]:
    """Put a line at the end of its holder's list. Raises ``Duplicate`` where its key is taken."""
    holder_id = scalar_text(body.get(nest.holder_name))
    if holder_id is None:
        hint = f"map a field to '{nest.holder_name}': a reference to the mapping of {nest.holder}"
        raise Refused(f"nothing says which {nest.holder} record the line belongs to", hint=hint, place=nest.place)
    own = _own(nest, body)
    key = nest.key_of(own)

    def add(holder: Sighting, lines: Lines) -> Lines:
        if key is not None and any(nest.key_of(line) == key for line in lines):
            raise Duplicate(
                f"there is a line '{key}' already", field=render(nest.key), place=f"{nest.place}/{holder.id}"
            )
        return [*lines, own]

    before, stored = yield from _change(nest, holder_id, add)
    if stored is None:
        after = yield from nest.inner.get(nest.holder, holder_id)
        stored = after if isinstance(after, Sighting) else None
    made = _made(nest, before, stored, own, key)
    if made is None:
        raise Garbled(
            "the line was written, but cannot be told from the others",
            hint="choose a key that the lines of one record never share (inside in the manifest)",
            place=f"{nest.place}/{holder_id}",
            applied="unknown",
        )
    return Written(made.id, made, made.version)


def _made(nest: Nest, before: Sighting, stored: Sighting | None, own: Raw, key: str | None) -> Sighting | None:
    """Find the line that we made: by the key that we gave it, or else the only one that was not there before."""
    lines = nest.lines(stored.record) if stored is not None else None
    if stored is None or lines is None:
        return None
    known = {nest.key_of(line) for line in nest.lines(before.record) or []}
    found = [line for line in lines if (name := nest.key_of(line)) is not None and name not in known]
    if key is not None:
        found = [line for line in found if nest.key_of(line) == key]
    elif len(found) > 1:
        found = [line for line in found if all(line.get(name) == value for name, value in own.items())]
    return nest.sight(stored, found[0]) if len(found) == 1 else None


def _at(nest: Nest, holder: Sighting, lines: Lines, key: str, version: str | None) -> int:
    """Find a line, and make sure that it is as it was seen."""
    spots = [i for i, line in enumerate(lines) if nest.key_of(line) == key]
    place = f"{nest.place}/{holder.id}/{key}"
    if not spots:
        raise Absent("the line is not there", place=place)
    if len(spots) > 1:
        raise Refused(f"several lines have the key '{key}'", hint="let them differ in it", place=place)
    if version is not None and nest.sight(holder, lines[spots[0]]).version != version:
        raise Stale("the line changed since it was seen", place=place)
    return spots[0]


def update_line(nest: Nest, update: Update) -> Flow[Written]:
    """Change a line. Raises ``Stale`` or ``Absent``."""
    holder_id, key = nest.part(update.id)

    def edit(holder: Sighting, lines: Lines) -> Lines:
        at = _at(nest, holder, lines, key, update.version)
        _overlay(lines[at], _own(nest, update.patch))
        return lines

    _, stored = yield from _change(nest, holder_id, edit)
    line = next((x for x in (nest.lines(stored.record) or []) if nest.key_of(x) == key), None) if stored else None
    seen = nest.sight(stored, line) if stored is not None and line is not None else None
    return Written(update.id, seen, seen.version if seen else None)


def _overlay(line: Raw, patch: Raw) -> None:
    for name, value in patch.items():
        if isinstance(value, dict) and isinstance(line.get(name), dict):
            _overlay(line[name], value)
        else:
            line[name] = value


def delete_line(nest: Nest, record_id: str, version: str | None) -> Flow[None]:
    """Take a line out of its holder's list. Raises ``Stale`` or ``Absent``."""
    holder_id, key = nest.part(record_id)

    def remove(holder: Sighting, lines: Lines) -> Lines:
        at = _at(nest, holder, lines, key, version)
        return [*lines[:at], *lines[at + 1 :]]

    yield from _change(nest, holder_id, remove)
