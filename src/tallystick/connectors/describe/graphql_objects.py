"""One listing of a GraphQL schema -> one object of the manifest, every fact with its label and reason."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.connectors.describe.graphql_asking import find_filters, find_since, find_sort
from tallystick.connectors.describe.graphql_fields import Fields, fields_of, input_path, scalar_field
from tallystick.connectors.describe.graphql_lists import Leaf, Listing, id_of, leaves_of, members_of
from tallystick.connectors.describe.graphql_schema import Argument, Member, Schema
from tallystick.connectors.describe.graphql_writes import Deed, Write, deed_of, find_write, nouns_of
from tallystick.connectors.describe.openapi_times import find_times
from tallystick.connectors.describe.openapi_words import noun_of, squeeze
from tallystick.core.path import parse, render
from tallystick.project.manifest import Claims, Fact, FieldSpec, ObjectSpec, Operation, Tombstone
from tallystick.project.manifest_graphql import GraphqlCall, GraphqlError, GraphqlObject
from tallystick.project.manifest_paging import CursorPaging, OffsetPaging, PagePaging
from tallystick.project.spelling import JsonText

_DEEDS: Final[tuple[Deed, ...]] = ("create", "update", "delete")
_SHOWN: Final = 6
_ID: Final = "{id}"
_ASIDE: Final = re.compile(r"sort|order", re.IGNORECASE)
_TOMBSTONE: Final = frozenset({"deletedat", "isdeleted", "deleted"})


@dataclass(slots=True)
class Described:
    """An object with its operations, the facts about it (keys without its name), and what it leaves open."""

    spec: ObjectSpec
    graphql: GraphqlObject
    calls: dict[str, GraphqlCall]
    facts: dict[str, Fact] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def describe_object(schema: Schema, name: str, listing: Listing, objects: Mapping[str, str]) -> Described:
    """Describe the object ``name`` from its listing; ``objects`` are the names of all by the types of their records."""
    return _Object(schema, name, listing, objects).describe()


class _Object:
    """The parts of one object, found one after the other; later ones need the earlier ones."""

    def __init__(self, schema: Schema, name: str, listing: Listing, objects: Mapping[str, str]) -> None:
        self.schema = schema
        self.name = name
        self.listing = listing
        self.objects = objects
        self.id = id_of(listing.item)
        self.calls: dict[str, GraphqlCall] = {}
        self.facts: dict[str, Fact] = {}
        self.notes: list[str] = []
        self.inputs: dict[str, str] = {}

    def describe(self) -> Described:
        """Find everything, then make the object."""
        found = fields_of(self.schema, self.listing.item, self.objects)
        writes = self._writes(found)
        write_only = self._weigh_fields(found, writes)
        leaves = list(leaves_of(self.listing.member.arguments, self.schema, without=_ASIDE))
        modified, created, spelled = find_times(found.fields)
        self._tell_times(modified, created)
        settings: dict[str, Any] = {
            "id": self.id,
            "id_type": "integer" if found.fields[self.id].type == "integer" else "text",
            "modified": modified,
            "created": created,
            "modified_format": spelled,
            "fields": found.fields,
            "list": self._list(),
            "paging": self.listing.paging,
        }
        self.facts["paging"] = Fact(label="declared", because=self.listing.because)
        settings |= self._narrowing(leaves, found, modified)
        settings["get"] = self._get(leaves)
        settings |= {write.deed: write.operation for write in writes.values()}
        settings |= self._safety(writes, found)
        gone = next((path for path in found.fields if squeeze(path) in _TOMBSTONE), "")
        if gone:
            settings["deleted"] = Tombstone(path=gone)
            self.facts["deleted"] = Fact(label="inferred", because="by its name")
        if found.left:
            self.notes.append(f"left out, because they have no end or no one shape: {', '.join(found.left[:_SHOWN])}")
        spec = ObjectSpec(**{key: value for key, value in settings.items() if value is not None})
        own = GraphqlObject(select=found.select, inputs=self.inputs, write_only=tuple(write_only))
        return Described(spec, own, self.calls, self.facts, self.notes)

    # --- reading --------------------------------------------------------------------------------------------------

    def _list(self) -> Operation:
        listing = self.listing
        self.calls[listing.key] = GraphqlCall(arguments=_texts(listing.member.arguments), select=listing.select)
        self.facts["list"] = Fact(label="declared", because=f"query {listing.key}")
        if listing.extra:
            self.notes.append(f"its listing needs values for {', '.join(listing.extra)}: give them in list.body")
        return Operation(method="POST", path=listing.key, record=render(listing.rows))

    def _get(self, leaves: list[Leaf]) -> Operation | None:
        return self._get_by_field() or self._get_by_node() or self._get_by_filter(leaves)

    def _get_by_field(self) -> Operation | None:
        nouns = nouns_of(self.listing.item, self.name)
        best: tuple[int, str, str, Member] | None = None
        for key, member in members_of(self.schema.queries, self.schema):
            if member.type.is_list or not self._gives_record(member):
                continue
            argument = self._id_argument(member)
            if argument:
                rank = 2 * (argument == self.id) + (noun_of(key.rpartition(".")[2]) in nouns)
                if best is None or rank > best[0]:
                    best = (rank, key, argument, member)
        if best is None:
            return None
        _, key, argument, member = best
        select, error = "{record}", None
        kind = self.schema.kind(member.type.name)
        if kind.kind == "UNION":
            others = tuple(name for name in kind.possible if name != self.listing.item.name)
            told = [f"... on {name} {{ message }}" for name in others if "message" in self.schema.kind(name).members]
            select = " ".join(["__typename", f"... on {self.listing.item.name} {{ {{record}} }}", *told])
            error = GraphqlError(path=key, where={"__typename": others}, message="message" if told else "")
        self.calls[key] = GraphqlCall(arguments=_texts(member.arguments), select=select, error=error)
        self.facts["get"] = Fact(label="declared", because=f"query {key}({argument})")
        return Operation(method="POST", path=key, record=key, body={argument: _ID})

    def _gives_record(self, member: Member) -> bool:
        kind = self.schema.kind(member.type.name)
        return member.type.name == self.listing.item.name or (
            kind.kind == "UNION" and self.listing.item.name in kind.possible
        )

    def _id_argument(self, member: Member) -> str:
        must = [name for name, each in member.arguments.items() if each.must_be_given]
        known = {squeeze(self.id), "id", f"{noun_of(self.listing.item.name)}id"}
        fits = [
            name for name, each in member.arguments.items()
            if not each.type.is_list and squeeze(name) in known and not self.schema.kind(each.type.name).is_input
        ]  # fmt: skip
        fits.sort(key=lambda name: (name != self.id, name not in must))
        return fits[0] if fits and set(must) <= {fits[0]} else ""

    def _get_by_node(self) -> Operation | None:
        member = self.schema.queries.get("node")
        argument = next(iter(member.arguments), "") if member is not None else ""
        if member is None or member.type.name not in self.listing.item.interfaces or argument != self.id:
            return None
        key = f"{self.name}_node"
        select = f"... on {self.listing.item.name} {{ {{record}} }}"
        self.calls[key] = GraphqlCall(field="node", arguments=_texts(member.arguments), select=select)
        self.facts["get"] = Fact(label="declared", because=f"query node({argument})")
        return Operation(method="POST", path=key, record="node", body={argument: _ID})

    def _get_by_filter(self, leaves: list[Leaf]) -> Operation | None:
        paging = {render(path) for path, _ in leaves if render(path) in _paging_names(self.listing)}
        own = find_filters(leaves, {self.id: FieldSpec()}, paging).get(self.id)
        if own is None:
            self.notes.append("no query reads one record by its id")
            return None
        key = f"{self.name}_by_id"
        first, *rest = (str(step) for step in reversed(parse(own.param)))
        body: dict[str, Any] = {first: [_ID] if isinstance(own.template, JsonText) else _ID}
        for step in rest:
            body = {step: body}
        self.calls[key] = self.calls[self.listing.key].model_copy(update={"field": self.listing.key})
        self.facts["get"] = Fact(label="inferred", because=f"listing by '{own.param}'")
        return Operation(method="POST", path=key, record=f"{render(self.listing.rows)}[0]", body=body)

    def _narrowing(self, leaves: list[Leaf], found: Fields, modified: str) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        taken = set(_paging_names(self.listing))
        since = find_since([leaf for leaf in leaves if render(leaf[0]) not in taken], self.schema)
        if since is not None:
            settings["since"], because = since
            taken |= {since[0].param, since[0].until}
            self.facts["since"] = Fact(label="declared", because=because)
        else:
            self._tell_search()
        sort = find_sort(self.listing.member.arguments, self.schema, (self.id, modified))
        if sort is not None:
            settings["sort"], because = sort
            self.facts["sort"] = Fact(label="declared", because=because)
        settings["filters"] = find_filters(leaves, found.fields, taken)
        return settings

    def _tell_search(self) -> None:
        texts = [
            name for name, each in self.listing.member.arguments.items()
            if squeeze(name) in {"query", "q", "search", "filter", "where"} and each.type.name == "String"
        ]  # fmt: skip
        if texts:
            self.notes.append(
                f"argument '{texts[0]}' takes a text; if it can ask for the time of change, write since: "
                f"{{param: {texts[0]}, template: \"updated_at:>'{{}}'\"}}, as the system wants it"
            )

    # --- writing --------------------------------------------------------------------------------------------------

    def _writes(self, found: Fields) -> dict[Deed, Write]:
        nouns = nouns_of(self.listing.item, self.name)
        names = {squeeze(step) for path in found.fields for step in (path, str(parse(path)[0]))}
        names |= {squeeze("_".join(map(str, parse(path)))) for path in found.fields}
        writes: dict[Deed, Write] = {}
        for key, member in members_of(self.schema.mutations, self.schema):
            deed = None if member.is_deprecated else deed_of(key, nouns)
            if deed is None or deed in writes:
                continue
            write = find_write(self.schema, key, member, deed, self.listing.item, frozenset(names))
            if write is None:
                self.notes.append(f"mutation {key} is not used: its arguments are not understood")
                continue
            writes[deed] = write
            self.calls[key] = write.call
            self.facts[deed] = Fact(label="declared", because=f"mutation {key}")
        return {deed: writes[deed] for deed in _DEEDS if deed in writes}

    def _weigh_fields(self, found: Fields, writes: Mapping[Deed, Write]) -> list[str]:
        """Say of each field whether it can be written, and where; gives those that can only be written."""
        create, update = writes.get("create"), writes.get("update")
        taken: set[str] = set()
        for path, spec in found.fields.items():
            places = {deed: input_path(path, write.inputs, self.schema) for deed, write in writes.items()}
            into = places.get("create") or places.get("update")
            changes: dict[str, Any] = {"read_only": into is None}
            if into is not None:
                taken.add(str(into[0]))
                if render(into) != path:
                    self.inputs[path] = render(into)
                changes["required"] = create is not None and self._must(create, str(into[0]))
                changes["create_only"] = path == self.id or (update is not None and not places.get("update"))
            found.fields[path] = spec.model_copy(update=changes)
        extra: list[str] = []
        for name, each in create.inputs.items() if create is not None else ():
            if name in taken or not each.must_be_given or self.schema.kind(each.type.name).is_input:
                continue
            if name not in found.fields:
                found.fields[name] = scalar_field(each.type, self.schema, each.description, required=True)
                extra.append(name)
        return extra

    @staticmethod
    def _must(write: Write, name: str) -> bool:
        return write.inputs[name].must_be_given if name in write.inputs else False

    def _safety(self, writes: Mapping[Deed, Write], found: Fields) -> dict[str, Any]:
        both = [writes[deed] for deed in ("create", "update") if deed in writes]
        returned = bool(both) and all(write.returns_record for write in both)
        update = writes.get("update")
        version = update.version if update is not None else ""
        if version:
            found.fields[version] = found.fields[version].model_copy(update={"read_only": True})
            self.facts["version"] = Fact(label="inferred", because=f"mutation {update.key if update else ''} takes it")
        return {"claims": Claims(returns_record=returned, cas_write=bool(version)), "version": version}

    def _tell_times(self, modified: str, created: str) -> None:
        for key, path in (("modified", modified), ("created", created)):
            if path:
                self.facts[key] = Fact(label="inferred", because="by its name")


def _texts(arguments: Mapping[str, Argument]) -> dict[str, str]:
    return {name: each.type.text for name, each in arguments.items()}


def _paging_names(listing: Listing) -> Iterable[str]:
    match listing.paging:
        case CursorPaging(cursor_param=cursor, size_param=size):
            return (cursor, size)
        case OffsetPaging(offset_param=offset, limit_param=size):
            return (offset, size)
        case PagePaging(page_param=page, size_param=size):
            return (page, size)
        case _:
            return ()
