"""From the metadata of an OData service to a manifest of REST: entity sets are objects, the rest is the protocol's.

Pure: the metadata is given and nothing is fetched. OData says how everything is asked for, so little is guessed here:
only which property has the time of the last change.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.connectors.describe.odata_fields import Spelling, fields_of, literal, spelling_of
from tallystick.connectors.describe.odata_read import EntitySet, Metadata, Property, read_metadata
from tallystick.connectors.describe.openapi_times import find_times
from tallystick.core.path import render
from tallystick.project.manifest import Fact, Filter, Manifest, ObjectSpec, Operation, Since, Sort
from tallystick.project.manifest_auth import CsrfFetch, SessionAuth
from tallystick.project.manifest_paging import NextUrlPaging, OffsetPaging

_PAGE: Final = 500
_PAGE_V2: Final = 100
_V4: Final = 4
_MOST_FILTERS: Final = 40
_SHOWN: Final = 6
_FILTERED: Final = re.compile(r"Edm\.(String|Guid|U?Int\d+|Byte|SByte|Boolean)$")
_SAP: Final = re.compile(rb"www\.sap\.com/Protocols/SAPData|com\.sap\.(?:gateway|vocabularies)")


def describe_odata(document: bytes, *, source: str = "", base_url: str = "") -> Manifest:
    """Describe an OData service of version 2, 3 or 4 from its metadata.

    ``source`` is where the metadata came from, for people; ``base_url`` the root of the service.

    Raises:
        ProjectError: the document is no metadata.
    """
    found = read_metadata(document, source)
    by_type = {each.type.name: each.name for each in found.sets}
    facts: dict[str, Fact] = {"base_url": Fact(label="confirmed", because="given by hand")} if base_url else {}
    objects: dict[str, ObjectSpec] = {}
    notes: list[str] = []
    for entity_set in found.sets:
        described = _Set(found, entity_set, by_type).describe()
        if described is None:
            notes.append(f"{entity_set.name}: its records have no key that a single answer shows; it is left out")
            continue
        objects[entity_set.name] = described.spec
        facts |= {f"objects.{entity_set.name}.{key}": fact for key, fact in described.facts.items()}
        notes += [f"{entity_set.name}: {note}" for note in described.notes]
    if found.version >= _V4 and any(each.version and not each.if_match for each in objects.values()):
        notes.append("Where records carry an @odata.etag, writes can be conditional on it: set if_match: If-Match.")
    if any(each.notes.get("ChangeTracking", {}).get("Supported") == "true" for each in found.sets):
        notes.append("The service offers delta links; they are not used, changes are asked for by time.")
    auth: dict[str, Any] = {}
    if _SAP.search(document):
        # These systems refuse each write without a token, whatever else they ask for.
        auth = {"auth": SessionAuth(type="session", csrf=CsrfFetch(path="/"))}
        facts["auth"] = Fact(
            label="inferred", because="an SAP system: a token for writes, fetched at the service's root"
        )
        notes.append("Set auth.username and auth.password, as references, if the system wants them.")
    return Manifest(
        protocol="rest",
        title=base_url.rstrip("/").rpartition("/")[2] or source,
        base_url=base_url,
        **auth,
        description=source,
        objects=objects,
        facts=facts,
        notes=tuple(notes),
    )


@dataclass(slots=True)
class _Described:
    spec: ObjectSpec
    facts: dict[str, Fact] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class _Set:
    """One entity set on its way to an object."""

    def __init__(self, metadata: Metadata, entity_set: EntitySet, by_type: Mapping[str, str]) -> None:
        self.metadata = metadata
        self.set = entity_set
        self.by_type = by_type
        self.is_new = metadata.version >= _V4
        self.spelling = spelling_of(metadata.version)
        self.facts: dict[str, Fact] = {}
        self.notes: list[str] = []

    def describe(self) -> _Described | None:
        """Describe the set; ``None`` where its records cannot be told apart."""
        kind = self.set.type
        fields, left = fields_of(self.metadata, kind, self.by_type)
        key = kind.properties.get(kind.keys[0]) if len(kind.keys) == 1 else None
        if key is None and not kind.keys:
            return None
        modified, created, spelled = find_times(fields)
        settings: dict[str, Any] = {
            "id": render((key.name,)) if key else self._name_of_record(),
            "id_type": "integer" if key and re.search(r"Int\d+$|Byte$", key.type) else "text",
            "quotes": "doubled",
            "fields": fields,
            "modified": modified,
            "created": created,
            "modified_format": "iso" if self.is_new else "json_date" if modified or created else spelled,
        }
        self.facts["id"] = Fact(label="declared", because=f"key {', '.join(kind.keys)}")
        for name, path in (("modified", modified), ("created", created)):
            if path:
                self.facts[name] = Fact(label="inferred", because="by its name")
        settings |= self._listing(kind.keys, modified, key)
        settings |= self._calls(key)
        settings |= self._condition(key)
        if left:
            self.notes.append(f"left out: {', '.join(left[:_SHOWN])}{' ...' if len(left) > _SHOWN else ''}")
        return _Described(ObjectSpec(**settings), self.facts, self.notes)

    def _name_of_record(self) -> str:
        self.notes.append(
            f"its key has several properties ({', '.join(self.set.type.keys)}), so its records are only listed"
        )
        return '"@odata.id"' if self.is_new else "__metadata.uri"

    def _listing(self, keys: tuple[str, ...], modified: str, key: Property | None) -> dict[str, Any]:
        spell = self.spelling
        headers = {"Prefer": f"odata.maxpagesize={_PAGE}"} if self.is_new else {}
        if self.is_new and key is None:
            headers["Accept"] = "application/json;odata.metadata=full"
        query = {} if self.is_new else {"$inlinecount": "allpages"}
        found: dict[str, Any] = {
            "list": Operation(method="GET", path=f"/{self.set.name}", query=query, headers=headers, record=spell.rows),
            "filters": self._filters(),
        }
        self.facts["list"] = Fact(label="declared", because=f"entity set {self.set.name}")
        if self.is_new:
            found["paging"] = NextUrlPaging(type="next_url", next='"@odata.nextLink"')
            self.facts["paging"] = Fact(label="declared", because="the protocol's next link")
        else:
            found["paging"] = OffsetPaging(
                type="offset", offset_param="$skip", limit_param="$top", limit=_PAGE_V2, total="d.__count"
            )
            self.facts["paging"] = Fact(label="declared", because="the protocol's $top and $skip")
        if self.set.allows("sortable", "SortRestrictions", "Sortable"):
            value = ",".join(f"{name} asc" for name in keys)
            found["sort"] = Sort(param="$orderby", value=value, template="{field}", descending="{field} desc")
        changed = self.set.type.properties.get(modified)
        if changed is not None and self._can_filter(changed):
            template, spelled = literal(changed, spell, "{}", is_time=True)
            found["since"] = Since(param="$filter", format=spelled, template=f"{modified} ge {template}")
            self.facts["since"] = Fact(label="declared", because="the protocol's $filter")
        return found

    def _can_filter(self, each: Property) -> bool:
        notes = self.set.notes.get("FilterRestrictions", {})
        return (
            each.marks.get("filterable", "true") != "false"
            and notes.get("Filterable", "true") != "false"
            and notes.get(each.name) != "listed"
        )

    def _filters(self) -> dict[str, Filter]:
        found: dict[str, Filter] = {}
        for name, each in self.set.type.properties.items():
            if each.is_many or not _FILTERED.fullmatch(each.type) or not self._can_filter(each):
                continue
            template, _ = literal(each, self.spelling, "{}")
            found[render((name,))] = Filter(param="$filter", template=f"{name} eq {template}")
            if len(found) == _MOST_FILTERS:
                self.notes.append(f"filters are written for the first {_MOST_FILTERS} of its properties only")
                break
        return found

    def _calls(self, key: Property | None) -> dict[str, Any]:
        name, spell = self.set.name, self.spelling
        stored = {"Prefer": "return=representation"} if self.is_new else {}
        found: dict[str, Any] = {}
        if self.set.allows("creatable", "InsertRestrictions", "Insertable"):
            found["create"] = Operation(method="POST", path=f"/{name}", headers=stored, record=spell.record)
            self.facts["create"] = Fact(label="declared", because="nothing forbids it")
        if key is None:
            return {}
        path = f"/{name}({literal(key, spell, '{id}')[0]})"
        found["get"] = Operation(method="GET", path=path, record=spell.record)
        self.facts["get"] = Fact(label="declared", because=path)
        if self.set.allows("updatable", "UpdateRestrictions", "Updatable"):
            found["update"] = self._update(path, spell, stored)
            self.facts["update"] = Fact(label="declared", because="nothing forbids it")
        if self.set.allows("deletable", "DeleteRestrictions", "Deletable"):
            found["delete"] = Operation(method="DELETE", path=path)
            self.facts["delete"] = Fact(label="declared", because="nothing forbids it")
        return found

    def _update(self, path: str, spell: Spelling, stored: dict[str, str]) -> Operation:
        if self.is_new:
            return Operation(method="PATCH", path=path, headers=stored, record=spell.record)
        return Operation(method="MERGE", path=path, record=spell.record)

    def _condition(self, key: Property | None) -> dict[str, Any]:
        """Find whether records have entity tags that writes can be conditional on."""
        kind = self.set.type
        fixed = any(each.marks.get("ConcurrencyMode") == "Fixed" for each in kind.properties.values())
        told = "OptimisticConcurrency" in self.set.notes
        version = '"@odata.etag"' if self.is_new else "__metadata.etag"
        if key is None or not (fixed or told):
            # A tag that nobody promised may be there all the same; then it tells that a record has changed.
            return {"version": version} if self.is_new else {}
        self.facts["version"] = Fact(label="declared", because="optimistic concurrency")
        return {"version": version, "if_match": "If-Match"}
