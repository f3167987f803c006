"""What an object gains from the convention that its system keeps: JSON:API and HAL say more than their descriptions.

Descriptions of such systems show the shapes and leave out what the convention lays down: that a change names its
record in the body, that relations are identifiers, that a record is known by the address of itself.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tallystick.connectors.describe.openapi_words import squeeze
from tallystick.core.path import parse, render
from tallystick.project.manifest import Fact, FieldSpec, ObjectSpec, Operation
from tallystick.project.manifest_paging import NextUrlPaging, NoPaging

JSON_API: Final = "application/vnd.api+json"
_SELF: Final = ("_links.self.href", "links.self.href", "_links.self")
_RELATION: Final = re.compile(r"relationships\.(.+)\.data(\.id)?")
_STRONG_IDS: Final = frozenset({"id", "_id", "uuid", "guid", "uid", "key"})


def follow_convention(name: str, spec: ObjectSpec, facts: dict[str, Fact], objects: Mapping[str, str]) -> ObjectSpec:
    """Complete an object by the convention that its records keep; ``facts`` grows with what was completed.

    ``objects`` are the names of the system's objects by their squeezed names.
    """
    if is_json_api(spec):
        return _as_json_api(name, spec, facts, objects)
    return _as_hal(spec, facts) if any(path in spec.fields for path in _SELF) else spec


def is_json_api(spec: ObjectSpec) -> bool:
    """Whether records are resource objects: a type and an id beside attributes."""
    return {"id", "type"} <= {spec.id, *spec.fields} and any(path.startswith("attributes.") for path in spec.fields)


def _as_json_api(name: str, spec: ObjectSpec, facts: dict[str, Fact], objects: Mapping[str, str]) -> ObjectSpec:
    options = spec.fields["type"].options if "type" in spec.fields else ()
    kind = next(iter(options), "") or (spec.list.path.rstrip("/").rpartition("/")[2] if spec.list else name)
    fields = {path: each for path, each in spec.fields.items() if not path.startswith(("links.", "meta."))}
    fields["type"] = FieldSpec(type="text", read_only=True, options=tuple(options))
    fields["id"] = fields.get("id", FieldSpec(type="text")).model_copy(update={"read_only": True})
    for path in [path for path in fields if _RELATION.fullmatch(path)]:
        found = _RELATION.fullmatch(path)
        if found is None or fields[path].type == "list":
            continue
        inner = f"relationships.{found[1]}.data.id"
        target = next((objects[word] for word in (squeeze(found[1]), squeeze(found[1]) + "s") if word in objects), "")
        # A relation is written as type and id together, so the id alone is for reading.
        fields[inner] = FieldSpec(type="text", read_only=True, reference=target)
    changes: dict[str, Any] = {"fields": fields, "id": "id"}
    for verb, own in (("create", {}), ("update", {"id": "{id}"})):
        operation: Operation | None = getattr(spec, verb)
        if operation is None:
            continue
        body = {"type": kind, **operation.body, **own}
        headers = {**operation.headers, "Content-Type": JSON_API}
        changes[verb] = operation.model_copy(
            update={"body": body, "wrap": "data", "record": "data", "headers": headers}
        )
    facts["fields"] = Fact(label="inferred", because="JSON:API: records have type, id and attributes")
    if isinstance(spec.paging, NoPaging):
        changes["paging"] = NextUrlPaging(type="next_url", next="links.next")
        facts["paging"] = Fact(label="inferred", because="JSON:API: the next page is at links.next")
    return spec.model_copy(update=changes)


def _as_hal(spec: ObjectSpec, facts: dict[str, Fact]) -> ObjectSpec:
    own = next(path for path in _SELF if path in spec.fields)
    last = squeeze(str(parse(spec.id)[-1])) if spec.id else ""
    is_known = spec.id in spec.fields and (
        last in _STRONG_IDS or last.endswith(("id", "uuid", "key", "number", "code"))
    )
    fields = {path: each for path, each in spec.fields.items() if not path.startswith(("_links.", "_embedded."))}
    changes: dict[str, Any] = {"fields": fields}
    if not is_known:
        changes |= {"id": own, "id_type": "address"}
        facts["id"] = Fact(label="inferred", because="HAL: the record's address of itself, by its last step")
    if isinstance(spec.paging, NoPaging):
        changes["paging"] = NextUrlPaging(type="next_url", next="_links.next.href")
        facts["paging"] = Fact(label="inferred", because="HAL: the next page is at _links.next")
    facts["fields"] = Fact(label="inferred", because="HAL: records have links to themselves")
    for verb in ("list", "get", "create", "update"):
        operation: Operation | None = getattr(spec, verb)
        if operation is not None and not operation.headers:
            changes[verb] = operation.model_copy(
                update={"headers": {"Accept": "application/hal+json, application/json"}}
            )
    return spec.model_copy(update=changes)


def embedded(answer: Mapping[str, Any]) -> str:
    """Give the path of the records that an answer of HAL embeds; empty where it embeds none, or several kinds."""
    found = answer.get("_embedded")
    lists = [key for key, value in found.items() if isinstance(value, list)] if isinstance(found, dict) else []
    return render(("_embedded", lists[0])) if len(lists) == 1 else ""
