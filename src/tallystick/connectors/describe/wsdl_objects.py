"""The operations that deal with one kind of record, as an object of a manifest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.connectors.describe.openapi_words import squeeze
from tallystick.connectors.describe.wsdl_arguments import (
    find_id,
    find_id_argument,
    find_named,
    find_paging,
    find_since,
)
from tallystick.connectors.describe.wsdl_deeds import Act, Deed
from tallystick.connectors.describe.wsdl_facets import field_of
from tallystick.connectors.describe.wsdl_shapes import Inside, Leaf, plain_parts, walk
from tallystick.connectors.describe.wsdl_types import Types
from tallystick.core.path import Path, render, write
from tallystick.project.manifest import Fact, FieldSpec, Filter, ObjectSpec, Operation
from tallystick.project.manifest_paging import NoPaging

_MINE: Final = "{id}"


@dataclass(slots=True)
class Described:
    """An object with what is known of its entries, and what is open."""

    spec: ObjectSpec
    facts: dict[str, Fact] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def describe_object(acts: Iterable[Act], types: Types, credentials: Mapping[str, str]) -> Described | None:
    """Describe the object that some operations deal with; ``None`` where no record of it can be seen.

    ``credentials`` are the arguments that tell who asks, with the reference that is sent for each.
    """
    chosen: dict[Deed, Act] = {}
    for act in sorted(acts, key=_rank):
        chosen.setdefault(act.deed, act)
    record = _record_type(chosen)
    if record is None:
        return None
    made = _Object(chosen, record, types, credentials)
    # What can neither be listed nor told apart is nothing that could be synchronised.
    return made.described() if made.has_id or "list" in chosen else None


def _rank(act: Act) -> tuple[int, int, int]:
    """Put the plainest operation of a deed first: it says little else, asks for little, and has a short name."""
    needed = sum(leaf.is_required for leaf in act.sides.arguments) if act.deed == "list" else 0
    return act.extra, needed, len(act.sides.call.name)


def _record_type(chosen: Mapping[Deed, Act]) -> str | None:
    """Choose the type that records are read as: the one that is read alone, where the listing has the same or less."""
    if (act := chosen.get("list")) is not None and act.sides.listing is not None:
        return act.sides.listing.type
    if (act := chosen.get("get")) is not None and act.sides.record is not None:
        return act.sides.record.type
    return None


class _Object:
    """One object on its way."""

    def __init__(
        self, chosen: Mapping[Deed, Act], record: str, types: Types, credentials: Mapping[str, str]
    ) -> None:  # fmt: skip
        self._chosen = chosen
        self._record = record
        self._types = types
        self._credentials = credentials
        self._noun = next(iter(chosen.values())).noun
        self._leaves = [found for found in walk(record, types) if isinstance(found, Leaf)]
        get = chosen.get("get")
        asked = find_id_argument(self._plain(get), self._noun) if get else None
        top = [leaf for leaf in self._leaves if len(leaf.path) == 1]
        self._id = find_id(top, self._noun, asked.name if asked else "")
        self._facts: dict[str, Fact] = {}
        self._notes: list[str] = []

    @property
    def has_id(self) -> bool:
        """Whether something in the record looks like its id."""
        return self._id is not None

    def described(self) -> Described:
        entries: dict[str, Any] = {}
        if self._id is not None:
            entries["id"] = self._id.text
            entries["id_type"] = "integer" if self._id.simple.kind == "integer" else "text"
            self._because("id", "by its name and the argument that reads one record")
        else:
            entries["id"] = "id"
            self._notes.append("nothing in the record looks like an id; set id")
        for deed, make in (("list", self._list), ("get", self._get), ("delete", self._delete)):
            if deed in self._chosen:
                make(entries)
        writes: tuple[Deed, ...] = ("create", "update")
        for deed in writes:
            if deed in self._chosen:
                self._write(entries, deed)
        for what in ("modified", "created", "version"):
            found = find_named(self._leaves, what)
            if found is not None:
                entries[what] = found.text
                self._because(what, "by its name and type")
        if "since" in entries and "modified" not in entries:
            self._notes.append("changes can be asked for, but no field looks like the time of the last change")
        entries["fields"] = self._fields(entries)
        if self._leaves_out():
            entries["omits_blank"] = True
            self._because(
                "omits_blank", "blank elements may be left out (minOccurs 0), and no other way to say blank is sure"
            )
        return Described(ObjectSpec.model_validate(entries), self._facts, self._notes)

    # --- operations -----------------------------------------------------------------------------------------------

    def _list(self, entries: dict[str, Any]) -> None:
        act = self._chosen["list"]
        arguments = self._plain(act)
        listing = act.sides.listing
        outside = [
            leaf for leaf in act.sides.results if listing is None or leaf.path[: len(listing.path)] != listing.path
        ]
        paging, paged, told = find_paging(arguments, outside)
        since, timed = find_since([leaf for leaf in arguments if leaf.text not in paged])
        record = listing.text if listing else ""
        entries["list"] = self._operation(act, self._fixed(act), record=record)
        self._declared("list", act)
        if not isinstance(paging, NoPaging):
            entries["paging"] = paging
            self._because("paging", told)
        if since is not None:
            entries["since"] = since
            self._because("since", f"argument {since.param}")
        by_name = {leaf.name: leaf for leaf in self._leaves if len(leaf.path) == 1}
        filters = {}
        for leaf in arguments:
            if leaf.text in paged or leaf.text in timed:
                continue
            if leaf.name in by_name and not leaf.is_required:
                filters[leaf.name] = Filter(param=leaf.text)
            elif leaf.is_required:
                self._notes.append(f"the listing {act.sides.call.name} wants '{leaf.text}'; set it in list.body")
        if filters:
            entries["filters"] = filters
            self._because("filters", "arguments that are called like fields")

    def _get(self, entries: dict[str, Any]) -> None:
        act = self._chosen["get"]
        argument = self._id_argument(act)
        if argument is None:
            self._notes.append(f"{act.sides.call.name}: which argument names the record is not clear; it is left out")
            return
        same = [each for each in act.sides.answers if each.type == self._record]
        inside = min(same, key=lambda each: each.is_many, default=act.sides.record)
        body = self._fixed(act)
        write(body, argument.path, _MINE)
        entries["get"] = self._operation(act, body, record=inside.text if inside else "")
        self._declared("get", act)

    def _delete(self, entries: dict[str, Any]) -> None:
        act = self._chosen["delete"]
        argument = self._id_argument(act)
        if argument is None:
            self._notes.append(f"{act.sides.call.name}: which argument names the record is not clear; it is left out")
            return
        body = self._fixed(act)
        write(body, argument.path, _MINE)
        entries["delete"] = self._operation(act, body)
        self._declared("delete", act)

    def _write(self, entries: dict[str, Any], deed: Deed) -> None:
        act = self._chosen[deed]
        wrap = self._taken(act)
        if wrap is None and not self._takes_fields(act):
            self._notes.append(f"{act.sides.call.name}: where the record goes is not clear; it is left out")
            return
        path: Path = wrap.path if wrap else ()
        body: dict[str, Any] = {}
        beside = self._fixed(act)
        if deed == "update" and not self._name_record(act, path, body, beside):
            self._notes.append(f"{act.sides.call.name}: nothing says which record it changes; it is left out")
            return
        if deed == "update" and (unseen := self._unseen(wrap)):
            self._notes.append(
                f"{act.sides.call.name}: the listing does not show {', '.join(unseen)}, which an update of the whole "
                "record would clear; it is left out"
            )
            return
        if not path:
            body, beside = {**beside, **body}, {}
        record = self._answered(act)
        is_whole = deed == "update"
        entries[deed] = self._operation(act, body, record=record, wrap=render(path), beside=beside, whole=is_whole)
        self._declared(deed, act)
        if is_whole:
            self._because(f"{deed}.whole", "what is left out of an update may be cleared, so the whole record is sent")

    def _name_record(self, act: Act, path: Path, body: dict[str, Any], beside: dict[str, Any]) -> bool:
        """Put the record's id where an update takes it: in the record, beside it, or both."""
        found = False
        for leaf in act.sides.arguments:
            is_inside = bool(path) and leaf.path[: len(path)] == path
            if is_inside and self._id is not None and leaf.path[len(path) :] == self._id.path:
                write(body, self._id.path, _MINE)
                found = True
        outside = [leaf for leaf in self._plain(act) if not path or leaf.path[: len(path)] != path]
        argument = find_id_argument(outside, self._noun, self._id.name if self._id else "")
        if argument is not None and (path or self._is_id(argument)):
            write(beside, argument.path, _MINE)
            found = True
        return found

    def _unseen(self, wrap: Inside | None) -> list[str]:
        """Name what an update takes and reading one record shows, but the listing does not."""
        get = self._chosen.get("get")
        whole = get.sides.record if get is not None else None
        if wrap is None or whole is None:
            return []
        shown, taken = (plain_parts(self._types.complex, key) for key in (whole.type, wrap.type))
        listed = plain_parts(self._types.complex, self._record)
        return [name for name in taken if name in shown and name not in listed]

    def _operation(self, act: Act, body: Mapping[str, Any], **rest: Any) -> Operation:
        return Operation(method="POST", path=act.sides.call.name, body=dict(body), **rest)

    # --- arguments ------------------------------------------------------------------------------------------------

    def _plain(self, act: Act | None) -> list[Leaf]:
        """Give the plain arguments that do not tell who asks."""
        if act is None:
            return []
        return [leaf for leaf in act.sides.arguments if not self._tells_who(leaf)]

    def _tells_who(self, leaf: Leaf) -> bool:
        return len(leaf.path) == 1 and leaf.name in self._credentials

    def _fixed(self, act: Act) -> dict[str, Any]:
        return {leaf.name: self._credentials[leaf.name] for leaf in act.sides.arguments if self._tells_who(leaf)}

    def _id_argument(self, act: Act) -> Leaf | None:
        return find_id_argument(self._plain(act), self._noun, self._id.name if self._id else "")

    def _is_id(self, leaf: Leaf) -> bool:
        return self._id is not None and squeeze(leaf.name) in {squeeze(self._id.name), f"{self._noun}id", "id"}

    def _taken(self, act: Act) -> Inside | None:
        """Find the object that a write takes: of the record's type, or the only one, or the one most like it."""
        objects = [each for each in act.sides.objects if not each.is_many]
        same = next((each for each in objects if each.type == self._record), None)
        if same is not None:
            return same
        scored = [(self._likeness(each.type), -len(each.path), each) for each in objects]
        best = max(scored, key=lambda one: one[:2], default=None)
        return best[2] if best is not None and best[0] > 0 else None

    def _likeness(self, key: str) -> int:
        return len(plain_parts(self._types.complex, key).keys() & plain_parts(self._types.complex, self._record).keys())

    def _takes_fields(self, act: Act) -> bool:
        names = {leaf.name for leaf in self._leaves if len(leaf.path) == 1} - ({self._id.name} if self._id else set())
        return any(leaf.name in names for leaf in self._plain(act) if len(leaf.path) == 1)

    def _answered(self, act: Act) -> str:
        """Say where the answer to a write has the record, or its id."""
        found = next((each for each in act.sides.answers if each.type == self._record), None)
        if found is not None:
            return found.text
        named = find_id(act.sides.results, self._noun, self._id.name if self._id else "")
        if named is not None and self._id is not None and squeeze(named.name) == squeeze(self._id.name):
            return render(named.path[:-1])
        if named is None and len(act.sides.results) == 1:
            named = act.sides.results[0]
        return named.text if named is not None and named.simple.kind in {"text", "integer"} else ""

    # --- fields ---------------------------------------------------------------------------------------------------

    def _fields(self, entries: Mapping[str, Any]) -> dict[str, FieldSpec]:
        written = [
            self._taken(act) for deed in ("create", "update") if (act := self._chosen.get(deed)) and deed in entries
        ]
        sent = [plain_parts(self._types.complex, each.type) for each in written if each is not None]
        flat = [
            {leaf.name for leaf in self._plain(act)}
            for deed in ("create", "update")
            if (act := self._chosen.get(deed)) and deed in entries and self._taken(act) is None
        ]
        kept = {entries.get(key) for key in ("modified", "created", "version")}
        is_written = bool(sent or flat)
        fields: dict[str, FieldSpec] = {}
        for found in walk(self._record, self._types):
            first = found.path[0]
            can_write = any(first in parts for parts in sent) or any(first in names for names in flat)
            read_only = is_written and (
                not can_write or found.text in kept or (found.text == entries["id"] and self._is_given())
            )
            if isinstance(found, Leaf):
                member = found.part.member
                # What must be there need not hold anything, where it may be null.
                fields[found.text] = field_of(
                    found.simple,
                    required=found.is_required and not member.is_nillable and not read_only,
                    nullable=member.is_nillable or not member.is_required,
                    read_only=read_only,
                    label=found.part.label,
                )
            elif found.is_many:
                fields[found.text] = FieldSpec(type="list", read_only=read_only)
        for name, part in plain_parts(self._types.complex, self._record).items():
            if part.simple is not None and part.member.is_many:
                fields[render((name,))] = FieldSpec(type="list", options=part.simple.options)
        return fields

    def _is_given(self) -> bool:
        """Whether the system chooses ids: a new record need not bring one."""
        create = self._chosen.get("create")
        if create is None or self._id is None:
            return True
        wrap = self._taken(create)
        wanted = self._id.name if wrap is None else ""
        parts = plain_parts(self._types.complex, wrap.type) if wrap else {}
        own = parts.get(self._id.name)
        needs = any(leaf.name == wanted and leaf.is_required for leaf in create.sides.arguments)
        return not needs and (own is None or not own.member.is_required)

    def _leaves_out(self) -> bool:
        get = self._chosen.get("get")
        answers = get.sides.answers if get is not None else ()
        is_same = get is None or any(each.type == self._record and not each.is_many for each in answers)
        return is_same and any(not leaf.part.member.is_required for leaf in self._leaves)

    # --- facts ----------------------------------------------------------------------------------------------------

    def _declared(self, deed: Deed, act: Act) -> None:
        self._facts[deed] = Fact(label="inferred", because=f"operation {act.sides.call.name}, by its name and messages")

    def _because(self, key: str, why: str) -> None:
        self._facts[key] = Fact(label="inferred", because=why)
