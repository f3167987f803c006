"""One resource -> one object of the manifest, every fact with its label and reason."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.connectors.describe.openapi_about import constant_of
from tallystick.connectors.describe.openapi_answers import find_record
from tallystick.connectors.describe.openapi_calls import Call
from tallystick.connectors.describe.openapi_fields import Names, merge_fields
from tallystick.connectors.describe.openapi_ids import find_id, id_parameter, item_path
from tallystick.connectors.describe.openapi_lines import Lines, find_lines
from tallystick.connectors.describe.openapi_paging import find_paging
from tallystick.connectors.describe.openapi_params import role_of
from tallystick.connectors.describe.openapi_paths import Resource
from tallystick.connectors.describe.openapi_refs import as_list, as_text
from tallystick.connectors.describe.openapi_schema import SHOWN as FROM_EXAMPLES
from tallystick.connectors.describe.openapi_schema import Shape, Shapes, join_shown
from tallystick.connectors.describe.openapi_since import find_since
from tallystick.connectors.describe.openapi_sort import find_filters, find_sort
from tallystick.connectors.describe.openapi_times import find_times
from tallystick.connectors.describe.openapi_words import squeeze
from tallystick.core.path import parse, render
from tallystick.project.manifest import BulkOperation, Claims, Fact, ObjectSpec, Operation

_CREDENTIALS: Final = frozenset({"token", "apikey", "accesstoken", "authtoken", "login", "key"})
NEEDS: Final = "its paths need values for"
SHOWN: Final = 6


@dataclass(slots=True)
class Described:
    """An object with the facts about it (keys without the object's name) and what it leaves open."""

    spec: ObjectSpec
    facts: dict[str, Fact] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    lines: list[Lines] = field(default_factory=list)


def describe_object(shapes: Shapes, resource: Resource, names: Names, prose: str) -> Described:
    """Describe one object."""
    return _Object(shapes, resource, names, prose).describe()


def record_of(shapes: Shapes, resource: Resource) -> Shape:
    """Give the shape of the resource's records: as read one by one if that says more, else as listed."""
    listed = resource.listing.item
    if resource.get is None:
        return listed
    _, single = find_record(shapes, resource.get.answer, resource.nouns, listed)
    missing = [name for name in listed.properties if name not in single.properties]
    # What the listing shows is what a sync reads; a single read that lacks half of it was not understood.
    if len(missing) * 2 > len(listed.properties):
        return listed
    properties = {**single.properties, **{name: listed.properties[name] for name in missing}}
    if FROM_EXAMPLES in single.keywords and FROM_EXAMPLES in listed.keywords:
        every = {**listed.properties, **single.properties}
        properties = {k: join_shown(single.properties.get(k, {}), listed.properties.get(k, {})) for k in every}
    return Shape(
        types=["object"] if properties else [],
        properties=properties,
        required=single.required & (listed.required or single.required),
        names=single.names or listed.names,
    )


class _Object:
    """The parts of one object, found one after the other; later ones need the earlier ones."""

    def __init__(self, shapes: Shapes, resource: Resource, names: Names, prose: str) -> None:
        self.shapes = shapes
        self.resource = resource
        self.names = names
        self.prose = prose
        self.out = Described(ObjectSpec())
        self.record = record_of(shapes, resource)
        self.inside = resource.listing.inside
        self.open: dict[str, None] = {}
        self.id_steps: tuple[str, ...] = ()

    def describe(self) -> Described:
        """Find everything, then make the object."""
        shapes, resource = self.shapes, self.resource
        self.id_steps, self.out.facts["id"] = find_id(shapes, resource, self.record)
        id_path = render((*self.inside, *self.id_steps))
        settings: dict[str, Any] = {"id": id_path, "id_type": self._id_type(self.id_steps)}
        settings |= self._operations()
        settings["fields"] = self._fields()
        modified, created, spelled = find_times(settings["fields"])
        settings |= {"modified": modified, "created": created, "modified_format": spelled}
        for key, path in (("modified", modified), ("created", created)):
            if path:
                self.out.facts[key] = Fact(label="inferred", because="by its name")
        paging = find_paging(shapes, resource.list_call, resource.listing, id_path, self.prose)
        settings["paging"] = paging.paging
        self.out.facts["paging"] = paging.fact
        self.out.notes += paging.notes
        settings |= self._asking(modified, id_path, settings)
        settings |= self._safety()
        self.out.spec = ObjectSpec(**settings)
        self._tell_lines()
        return self.out

    def _id_type(self, steps: tuple[str, ...]) -> str:
        return "integer" if self.shapes.at(self.record, steps).type == "integer" else "text"

    # --- calls ----------------------------------------------------------------------------------------------------

    def _operations(self) -> dict[str, Any]:
        resource = self.resource
        call = resource.list_call
        listing = resource.listing
        if listing.path is None:
            self.out.notes.append(
                "the answer of its listing is not described; set list.record if the records are in an envelope"
            )
        found: dict[str, Any] = {"list": self._operation(call, "list", record=render(listing.path or ()))}
        for name, one in (("get", resource.get), ("create", resource.create), ("update", resource.update)):
            if one is not None:
                found |= self._one(name, one)
        if resource.delete is not None:
            found["delete"] = self._operation(resource.delete, "delete")
        self._tell_others()
        if self.open:
            self.out.notes.append(f"{NEEDS} {', '.join(self.open)}")
        return found

    def _one(self, name: str, call: Call) -> dict[str, Any]:
        like = self.resource.listing.item
        record: tuple[str | int, ...] = ()
        if call.answer is not None:
            record, _ = find_record(self.shapes, call.answer, self.resource.nouns, like)
        if self.inside and record == self.inside:
            record = ()  # the path of every field starts with this step already
        extra: dict[str, Any] = {"record": render(record)}
        body = self.shapes.of(call.body)
        if name != "get" and call.body is not None:
            wrap, _ = find_record(self.shapes, call.body, self.resource.nouns, like)
            if wrap[:1] == (0,) or (body.is_list and not body.properties):
                return self._list_body(name, call, extra)
            extra["wrap"] = render(wrap) if wrap != self.inside else ""
            extra["body"] = self._constants(name, self.shapes.at(body, tuple(str(step) for step in wrap)))
        if name == "update":
            extra["whole"] = call.method == "PUT"
        return {name: self._operation(call, name, **extra)}

    def _constants(self, name: str, record: Shape) -> dict[str, Any]:
        """What every record that is written must say of itself: its type, and its id where the address has it too."""
        found: dict[str, Any] = {}
        for key in record.properties:
            words = self.shapes.property(record, key).keywords
            options = as_list(words.get("enum"))
            value = words.get("const", options[0] if len(options) == 1 else None)
            if key in record.required and isinstance(value, str | int):
                found[key] = value
        if name == "update" and len(self.id_steps) == 1 and self.id_steps[0] in record.required:
            found[self.id_steps[0]] = "{id}"
        return found

    def _list_body(self, name: str, call: Call, extra: dict[str, Any]) -> dict[str, Any]:
        items = self.shapes.items_of(self.shapes.of(call.body)).properties.keys()
        if {"op", "path"} <= {squeeze(key) for key in items}:
            self.out.notes.append(f"{call.method} {call.path} takes a list of instructions (JSON Patch), not a record")
            return {name: self._operation(call, name, **extra)}
        plain = self._operation(call, name)
        bulk = BulkOperation(method=plain.method, path=plain.path, query=plain.query, encoding=plain.encoding)
        self.out.notes.append(f"{call.method} {call.path} takes a list of records")
        return {f"{name}_bulk": bulk}

    def _operation(self, call: Call, name: str, **extra: Any) -> Operation:
        """Make one call; ``{id}`` stands where the record is named."""
        own = name != "list" and call.key[-1:] == ("{}",) and name in {"get", "update", "delete"}
        own = own or (name in {"get", "update", "delete"} and call.key.count("{}") > self.resource.base.count("{}"))
        path = item_path(call, item=own)
        headers = {"Accept": call.gives} if call.gives else {}
        if call.sends:
            headers["Content-Type"] = call.sends
        query: dict[str, str] = {}
        for parameter in call.query():
            keywords = self.shapes.of(parameter.schema).keywords
            if parameter.required and not role_of(parameter, self.shapes.of(parameter.schema)):
                value = constant_of(keywords)
                if value:
                    query[parameter.name] = value
        body: dict[str, Any] = extra.pop("body", {})
        if name in {"get", "update", "delete"} and "{id}" not in path:
            path, named = self._name_record(call, path, name)
            body = {**body, **named}
        self._tell_missing(call, name, query, path)
        self.open |= {f"{{{p}}}": None for p in re.findall(r"\{([^{}]*)\}", path) if p != "id"}
        self.out.facts[name] = Fact(label="declared", because=f"{call.method} {call.path}")
        return Operation(
            method=call.method, path=path, query=query, headers=headers, body=body, encoding=call.encoding, **extra
        )

    def _name_record(self, call: Call, path: str, name: str) -> tuple[str, dict[str, Any]]:
        """The id travels in the query or in the body where the path has no place for it."""
        inside = id_parameter(call, self.resource.nouns, [p.name for p in call.query()])
        if inside:
            return f"{path}?{inside}={{id}}", {}
        properties = list(self.shapes.of(call.body).properties)
        inside = id_parameter(call, self.resource.nouns, properties) if call.method != "GET" else ""
        if inside:
            return path, {inside: "{id}"}
        self.out.notes.append(f"{name} ({call.method} {call.path}) does not say where the record's id goes")
        return path, {}

    def _tell_missing(self, call: Call, name: str, query: dict[str, str], path: str) -> None:
        for parameter in call.query():
            known = parameter.name in query or f"{parameter.name}={{id}}" in path
            plain = squeeze(parameter.name) not in _CREDENTIALS
            if parameter.required and not known and plain and not role_of(parameter, self.shapes.of(parameter.schema)):
                self.out.notes.append(f"{name} needs the query parameter '{parameter.name}'")

    def _tell_others(self) -> None:
        resource = self.resource
        others = [
            f"{c.method} {c.path}"
            for c in dict.fromkeys((*resource.others, *resource.searches))
            if c is not resource.list_call
        ]
        if others:
            shown = ", ".join(others[:SHOWN]) + (" ..." if len(others) > SHOWN else "")
            self.out.notes.append(f"also listed by {shown}")

    def _tell_lines(self) -> None:
        """Lists of records that can be written with the record; what tells no items apart is told instead."""
        spec, resource = self.out.spec, self.resource
        if not (spec.get and spec.update) or self.inside:
            return
        writable = {path: each for path, each in spec.fields.items() if not each.read_only}
        bodies = [body for call in (resource.create, resource.update) if (body := self._body(call)) is not None]
        for found in find_lines(self.shapes, self.record, bodies, self.names, writable):
            if found.key:
                self.out.lines.append(found)
            else:
                what = f"'{found.path}' is a list of records, but nothing tells them apart"
                self.out.notes.append(f"{what}; it can be mapped as one field, in one direction")

    # --- fields -----------------------------------------------------------------------------------------------------

    def _fields(self) -> dict[str, Any]:
        resource, shapes = self.resource, self.shapes
        created, updated = (self._body(call) for call in (resource.create, resource.update))
        fields, inferred = merge_fields(shapes, self.names, self.record, created, updated)
        own = render(self.id_steps)
        if own in fields and fields[own].reference:
            fields[own] = fields[own].model_copy(update={"reference": ""})
        if inferred:
            because = f"only in replies: {', '.join(sorted(inferred)[:12])}{' ...' if len(inferred) > 12 else ''}"  # noqa: PLR2004
            self.out.facts["read_only"] = Fact(label="inferred", because=because)
        if not fields:
            self.out.notes.append("its fields are not described")
        return {render((*self.inside, *parse(path))): spec for path, spec in fields.items()} if self.inside else fields

    def _body(self, call: Call | None) -> Shape | None:
        if call is None or call.body is None:
            return None
        _, shape = find_record(self.shapes, call.body, self.resource.nouns, self.resource.listing.item)
        keys = {squeeze(key) for key in shape.properties}
        return None if keys & {"op", "actions"} and len(keys) <= 4 else shape  # noqa: PLR2004 - instructions, no record

    # --- asking -------------------------------------------------------------------------------------------------------

    def _asking(self, modified: str, id_path: str, settings: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        since = find_since(self.shapes, self.resource, modified, self.record)
        if since:
            label = "declared" if since.sure else "inferred"
            known = f"; field {since.field}" if since.field else ""
            self.out.facts["since"] = Fact.model_validate({"label": label, "because": since.because + known})
            found["since"] = since.since
            if since.since and (since.since.format, settings["modified_format"]) == ("unix", "unix_ms"):
                # Who counts milliseconds in records does so in questions.
                found["since"] = since.since.model_copy(update={"format": "unix_ms"})
        sort = find_sort(self.shapes, self.resource, modified, id_path)
        if sort:
            self.out.facts["sort"] = Fact(label="declared", because=sort.because)
            found["sort"] = sort.sort
        found["filters"] = find_filters(self.shapes, self.resource.list_call, set(settings["fields"]))
        return found

    def _safety(self) -> dict[str, Any]:
        """Versions and repeated creates: only what the description declares."""
        resource = self.resource
        found: dict[str, Any] = {}
        claims: dict[str, Any] = {}
        if resource.get and any(squeeze(h) == "etag" for h in resource.get.answer_headers):
            found["version"] = "header:ETag"
            self.out.facts["version"] = Fact(label="declared", because="header of the answer")
        matched = [
            p.name for c in (resource.update, resource.delete) if c for p in c.headers() if squeeze(p.name) == "ifmatch"
        ]
        if matched:
            found["if_match"] = matched[0]
            claims["cas_write"] = "version" in found
            self.out.facts["if_match"] = Fact(label="declared", because=f"header '{matched[0]}'")
        for parameter in resource.create.headers() if resource.create else ():
            said = f"{parameter.name} {parameter.description} {as_text(parameter.schema.get('description'))}"
            if "idempoten" in said.lower():
                claims |= {"create_idem": "key", "idempotency_header": parameter.name}
                self.out.facts["claims"] = Fact(
                    label="declared", because=f"header '{parameter.name}' makes creates repeatable"
                )
                break
        if claims:
            found["claims"] = Claims(**claims)
        return found
