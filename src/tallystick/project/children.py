"""Objects whose records lie below another record: what their calls are filled with, and what mappings see of them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from tallystick.core.path import parse_or_none
from tallystick.project.manifest import FieldSpec, Filter, Manifest, ObjectSpec, Operation
from tallystick.project.near import suggest
from tallystick.project.text import DataPath

_BY_ID: Final = ("get", "condition", "update", "delete")
_CALLS: Final = (*_BY_ID, "list", "create")
_NAMED: Final = re.compile(r"\{([^{}]+)\}")
_RESERVED: Final = frozenset({"id"})


def ancestors(name: str, objects: Mapping[str, ObjectSpec]) -> tuple[tuple[str, str], ...]:
    """Give the objects above one, the topmost first, each with what stands for its id; nothing above a plain one."""
    found: list[tuple[str, str]] = []
    spec = objects.get(name)
    while spec is not None and spec.under is not None and len(found) <= len(objects):
        found.append((spec.under.object, spec.under.holder))
        spec = objects.get(spec.under.object)
    return tuple(reversed(found))


def placeholders(name: str, objects: Mapping[str, ObjectSpec]) -> tuple[str, ...]:
    """Name what may stand in braces in the calls of an object, beside ``{id}``."""
    return tuple(holder for _, holder in ancestors(name, objects))


def fields_above(name: str, objects: Mapping[str, ObjectSpec]) -> tuple[str, ...]:
    """Name the fields of records above that the calls of an object are filled with: ``order.number``."""
    found: dict[str, None] = {}
    for call in _calls_of(objects[name], _CALLS):
        found |= dict.fromkeys(fields_in(call, placeholders(name, objects)))
    return tuple(found)


def names_above(name: str, objects: Mapping[str, ObjectSpec]) -> tuple[str, ...]:
    """Name all that may stand in braces in the calls of an object, beside ``{id}``: ids and fields."""
    return (*placeholders(name, objects), *fields_above(name, objects))


def fields_in(operation: Operation | None, holders: Collection[str]) -> tuple[str, ...]:
    """Name the fields of records above that one call is filled with."""
    if operation is None:
        return ()
    steps = ((text, parse_or_none(text)) for text in _NAMED.findall(_spelled(operation)))
    return tuple(dict.fromkeys(text for text, path in steps if path and len(path) > 1 and path[0] in holders))


def _calls_of(spec: ObjectSpec, kinds: Iterable[str]) -> list[Operation]:
    named = [found for kind in kinds if (found := getattr(spec, kind)) is not None]
    return [*named, *(action.call for action in spec.actions.values())]


def mentions(operation: Operation | None, holder: str) -> bool:
    """Tell whether a call is filled with the id of the record above, or with a field of it."""
    if operation is None:
        return False
    return f"{{{holder}}}" in _spelled(operation) or bool(fields_in(operation, (holder,)))


def _spelled(operation: Operation) -> str:
    call = operation
    return f"{call.path} {call.query} {call.body} {call.beside} {call.params} {call.validate_only}"


def shares_ids(name: str, objects: Mapping[str, ObjectSpec]) -> bool:
    """Tell whether ids of an object are only distinct below one parent, so that the parent belongs to the id.

    They are where a call about one record, or about something below it, names the parent, and where there is no such
    call at all.
    """
    spec = objects[name]
    if spec.under is None:
        return False
    calls = _calls_of(spec, _BY_ID)
    for other, each in objects.items():
        if other != name and any(found == name for found, _ in ancestors(other, objects)):
            calls += _calls_of(each, _CALLS)
    above = placeholders(name, objects)
    return not calls or any(mentions(call, holder) for call in calls for holder in above)


def child(spec: ObjectSpec) -> ObjectSpec:
    """Fill in what is known of every object below another one: the field that points to the parent."""
    under = spec.under
    if under is None:
        return spec
    own = spec.fields.get(under.holder, FieldSpec(cascades=True))
    points = {"type": "text", "reference": under.object, "required": True, "create_only": True, "read_only": False}
    claims = spec.claims
    if claims.create_idem == "none" and not claims.idempotency_header:
        claims = claims.model_copy(update={"create_idem": "search"})
    return spec.model_copy(
        update={
            "fields": {**spec.fields, under.holder: own.model_copy(update=points)} if spec.fields else {},
            "filters": {under.holder: Filter(param=under.holder)},
            "claims": claims,
        }
    )


def child_faults(name: str, simple: Manifest) -> Iterator[tuple[DataPath, str, str]]:
    """Find what is wrong with an object below another one: the path in its entry, what, and the cure.

    ``simple`` has the objects with records of their own.
    """
    spec = simple.objects[name]
    under = spec.under
    if under is None:
        return
    at: DataPath = ("under",)
    if simple.protocol in {"sql", "files", "memory"}:
        yield at, f"protocol {simple.protocol} has no records below others", "use inside, or parts"
    if under.object not in simple.objects:
        hint = suggest(under.object, simple.objects, what="objects with records of their own")
        yield (*at, "object"), f"there is no object '{under.object}' below which records could lie", hint
        return
    above = [found for found, _ in ancestors(name, simple.objects)]
    if name in above:
        yield (*at, "object"), "an object cannot lie below itself", "name the object above it"
        return
    yield from _name_faults(name, simple)
    yield from _field_faults(name, simple)
    if spec.list is None:
        yield ("list",), "without a listing nobody knows what lies below a record", f"path: /{{{under.holder}}}/..."
    elif not mentions(spec.list, under.holder):
        message = f"the listing does not say which {under.object} record it is about"
        yield ("list", "path"), message, f"put {{{under.holder}}} where its id goes"


def _name_faults(name: str, simple: Manifest) -> Iterator[tuple[DataPath, str, str]]:
    names = placeholders(name, simple.objects)
    holder = names[-1]
    at: DataPath = ("under", "holder")
    if parse_or_none(holder) is None or "." in holder or holder in _RESERVED:
        yield at, f"'{holder}' cannot stand for the id of the record above", "use letters, digits and _"
    elif names.count(holder) > 1:
        yield at, f"'{holder}' stands for the id of another record above already", "give another name"


def _field_faults(name: str, simple: Manifest) -> Iterator[tuple[DataPath, str, str]]:
    """Find fields of records above that nothing shows: what is above is listed on the way, else read by its id."""
    for above, holder in ancestors(name, simple.objects):
        spec = simple.objects[above]
        if spec.get is not None or shares_ids(above, simple.objects):
            continue
        is_listed = above == ancestors(name, simple.objects)[-1][0]
        for kind in _CALLS:
            asked = fields_in(getattr(simple.objects[name], kind), (holder,))
            if asked and not (is_listed and kind == "list"):
                message = f"{{{asked[0]}}} cannot be filled in: {above} has no call that reads one record"
                yield (kind, "path"), message, f"add get to {above}, or name {{{holder}}} alone"


def _strange_fields(name: str, simple: Manifest) -> Iterator[tuple[DataPath, str, str]]:
    for above, holder in ancestors(name, simple.objects):
        known = set(simple.objects[above].fields)
        for kind in _CALLS:
            for text in fields_in(getattr(simple.objects[name], kind), (holder,)):
                path = text.partition(".")[2]
                ends = tuple(f"{path}{mark}" for mark in ".[")
                if (
                    known
                    and path not in known
                    and not any(each.startswith(ends) or path.startswith((f"{each}.", f"{each}[")) for each in known)
                ):
                    message = f"{{{text}}} asks for a field that {above} is not known to have"
                    yield (kind, "path"), message, suggest(path, known, what=f"fields of {above}")


def child_warnings(name: str, simple: Manifest) -> Iterator[tuple[DataPath, str, str]]:
    """Find what works but costs: every parent is looked below on each run."""
    spec = simple.objects[name]
    if spec.under is None:
        return
    parent = simple.objects[spec.under.object]
    if not (spec.under.shows_changes and (parent.since or parent.under)):
        message = f"each run asks below every record of {spec.under.object}"
        hint = "under.shows_changes: true, if a change below a record counts as a change of that record"
        yield ("under",), message, hint
    yield from _strange_fields(name, simple)
