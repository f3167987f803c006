"""Writes of which some fields have calls of their own: closing, publishing, assigning. All are flows.

A state is brought about and not a call repeated: what shows the wanted value already is not asked for, and a call that
failed counts as done when the record shows the value all the same. What of several calls was refused is told by field
(``Written.incomplete``), so the next run goes on with just that (W-11).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from tallystick.connectors.http.body import encode
from tallystick.connectors.http.message import Response
from tallystick.connectors.rest_object import VALUE, RestObject
from tallystick.connectors.rest_read import get_record, get_version
from tallystick.connectors.rest_write import create_record, leaves, read_unmoved, update_record
from tallystick.core.error import Error
from tallystick.core.path import Path, parse, read
from tallystick.core.ports import Flow, NotThere, Sighting, Update, Written
from tallystick.core.record import UNKNOWN, Raw

_EMPTY: Final = b"{}"

Failures = list[tuple[Path, Error]]


class Step(NamedTuple):
    """One action to carry out: its name, the field that shows it, and the value that is wanted there."""

    name: str
    path: Path
    value: Any
    is_first: bool

    def is_shown(self, record: Raw) -> bool:
        """Tell whether a record shows the wanted value."""
        return _is_same(read(record, self.path), self.value)


def split(kind: RestObject, body: Raw) -> tuple[Raw, list[Step]]:
    """Take out of a body what actions bring about: gives the rest, and the actions in their order."""
    steps: list[Step] = []
    for name, action in kind.spec.actions.items():
        path = parse(action.field)
        value = read(body, path)
        fits = any(_is_same(value, each) for each in action.to) if action.to else value is not None
        if value is not UNKNOWN and fits:
            steps.append(Step(name, path, value, action.first))
            body = _taken_out(body, path)
    return body, steps


def create(kind: RestObject, body: Raw, key: str) -> Flow[Written]:
    """Create a record and bring it where actions lead."""
    rest, steps = split(kind, body)
    made: Written = yield from create_record(kind, rest, key)
    if not steps:
        return made
    seen = made.stored or (yield from _look(kind, made.id))
    steps = [step for step in steps if seen is None or not step.is_shown(seen.record)]
    if not steps:
        return made
    return (yield from _told(kind, made.id, steps, (yield from _carry_out(kind, made.id, steps)), []))


def update(kind: RestObject, wanted: Update) -> Flow[Written]:
    """Change a record, by actions where these are for it. Raises ``Stale`` or ``Absent``."""
    rest, steps = split(kind, wanted.patch)
    if not steps:
        return (yield from update_record(kind, wanted))
    first, last = [s for s in steps if s.is_first], [s for s in steps if not s.is_first]
    wanted = replace(wanted, patch=rest)
    if first or not rest:
        yield from _refuse_moved(kind, wanted)
    failures = yield from _carry_out(kind, wanted.id, first)
    refused: Failures = []
    if rest:
        try:
            yield from update_record(kind, (yield from _anew(kind, wanted)) if first else wanted)
        except Error as error:
            if len(failures) == len(first):
                raise
            refused = [(path, error) for path in leaves(rest)]
    failures += yield from _carry_out(kind, wanted.id, last)
    done = yield from _told(kind, wanted.id, steps, failures, refused)
    if len(done.incomplete) == len(steps) and not rest:
        raise done.incomplete[0][1]
    return done


def _refuse_moved(kind: RestObject, wanted: Update) -> Flow[None]:
    """Look before the first action: its call takes no condition, and nothing was sent yet that does (W-2)."""
    can_look = "get" in kind.calls or "condition" in kind.calls
    if can_look and wanted.version is not None and (kind.spec.if_match or kind.spec.claims.cas_write):
        place = f"{kind.place}/{wanted.id}"
        yield from read_unmoved(wanted, place, get_version(kind, wanted.id))


def _anew(kind: RestObject, wanted: Update) -> Flow[Update]:
    """Give an update as it is after our own actions: they moved the version that it was planned on."""
    seen = yield from _look(kind, wanted.id)
    if seen is None:
        return replace(wanted, version=None, current=None)
    return replace(wanted, version=seen.version, current=seen.record)


def _carry_out(kind: RestObject, record_id: str, steps: Sequence[Step]) -> Flow[Failures]:
    failures: Failures = []
    place = f"{kind.place}/{record_id}"
    for step in steps:
        try:
            call = kind.call(f"action {step.name}").below({VALUE: step.value}, place)
            body = call.wrapped(call.body({}, record_id), record_id)
            # Where a body is announced some systems refuse none at all.
            is_bare = not body and call.operation.encoding == "json"
            sent = _EMPTY if is_bare else encode(body, call.operation.encoding)
            response: Response = yield call.request(record_id, body=sent if call.is_asked_by_body or body else None)
            if not response.succeeded:
                raise kind.refused(response, place, "update", [".".join(map(str, step.path))])
        except Error as error:
            failures.append((step.path, error))
    return failures


def _told(
    kind: RestObject, record_id: str, steps: Sequence[Step], failures: Failures, refused: Failures
) -> Flow[Written]:
    """Say what came of it. ``refused`` are the fields of the update itself."""
    seen: Sighting | None = None
    if failures or kind.spec.claims.strong_reads:
        seen = yield from _look(kind, record_id)
    wanted: Mapping[Path, Step] = {step.path: step for step in steps}
    left = [(path, error) for path, error in failures if seen is None or not wanted[path].is_shown(seen.record)]
    if not kind.spec.claims.strong_reads:
        seen = None  # it may be older than what was done
    return Written(record_id, seen, seen.version if seen else None, (*refused, *left))


def _look(kind: RestObject, record_id: str) -> Flow[Sighting | None]:
    """Read a record as it is, where that can be done; what was written stays written if it cannot."""
    if "get" not in kind.calls:
        return None
    try:
        found = yield from get_record(kind, record_id)
    except Error:
        return None
    return None if isinstance(found, NotThere) else found


def _is_same(value: Any, wanted: Any) -> bool:
    """Compare a value with one of a manifest, in which ``1`` and ``true`` are two things."""
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


def _taken_out(body: Raw, path: Path) -> Raw:
    """Give a body without the value at a path, and without what is empty then."""
    key, *rest = path
    inner = body[key]  # type: ignore[index]  # the value was read there, so its steps are keys
    left = _taken_out(inner, tuple(rest)) if rest else {}
    return {name: left if name == key else value for name, value in body.items() if name != key or left}
