"""Postman collections 2.0 and 2.1 -> manifest: requests that people saved, with the answers they got.

A collection is turned into the form of an API description and read as one, so that paging, ids and ways to ask for
changes are found alike. What only an example shows is labelled so, and nothing that an example leaves out counts as
absent. Pure: documents in, a manifest out; no value of a secret goes into it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tallystick.connectors.describe.openapi import describe_openapi, system_name
from tallystick.connectors.describe.openapi_calls import path_key
from tallystick.connectors.describe.openapi_read import read_description
from tallystick.connectors.describe.openapi_refs import Node, as_node, as_text
from tallystick.connectors.describe.openapi_words import snake, squeeze
from tallystick.connectors.describe.postman_auth import scheme_of, scheme_of_header, told_of, variables_in
from tallystick.connectors.describe.postman_calls import (
    carried_by_all,
    is_graphql,
    is_xml,
    operation_of,
    sets_variables,
)
from tallystick.connectors.describe.postman_paths import Located, locate
from tallystick.connectors.describe.postman_read import Saved, refuse_strangers, saved_requests, text_of
from tallystick.connectors.describe.postman_variables import VARIABLE, Variables, is_environment, variables_of
from tallystick.core.error import ProjectError
from tallystick.project.manifest import Fact, FieldSpec, Manifest, ObjectSpec

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_SHARE: Final = 0.3
_OF_CALLS: Final = frozenset({"list", "get", "create", "update", "delete", "base_url", "auth"})
_WORKED_OUT: Final = frozenset({
    "created", "createdat", "createdon", "createddate", "createdby", "modified", "modifiedat", "modifiedon", "updated",
    "updatedat", "updatedon", "updatedby", "lastmodified", "lastupdated", "etag", "version", "revision", "self",
    "links",
})  # fmt: skip
_SHOWN: Final = 12


def describe_postman(
    document: bytes | Mapping[str, Any],
    *,
    source: str = "",
    base_url: str = "",
    environment: bytes | Mapping[str, Any] | None = None,
) -> Manifest:
    """Turn a collection into a manifest; ``environment`` gives values for its variables.

    ``source`` is where the collection came from (kept in the manifest and in messages). ``base_url`` says where the
    system lives if no variable does.

    Raises:
        ProjectError: it is no collection of version 2, has no request that can be read, or the environment is none.
    """
    root = unwrapped(_read(document, source), "collection")
    refuse_strangers(root, source)
    values = None if environment is None else unwrapped(_read(environment, "environment"), "environment")
    if values is not None and not is_environment(values):
        raise ProjectError("this is no Postman environment", hint="export the environment as a file and name that")
    return _Collection(root, variables_of(root, values), source, base_url).manifest()


def unwrapped(root: dict[str, Any], name: str) -> dict[str, Any]:
    """Take off the wrap in which the program's own interface gives collections and environments."""
    return as_node(root[name]) if set(root) == {name} else root


def _read(document: bytes | Mapping[str, Any], source: str) -> dict[str, Any]:
    return dict(document) if isinstance(document, Mapping) else read_description(document, source=source)[0]


class _Collection:
    """One collection on its way to a manifest."""

    def __init__(self, root: Node, variables: Variables, source: str, base_url: str) -> None:
        self.info = as_node(root.get("info"))
        self.variables = variables
        self.source = source
        self.base_url = base_url
        self.notes: list[str] = []
        self.requests = self._readable(list(saved_requests(root, variables)))

    def manifest(self) -> Manifest:
        """Turn the collection into a description, and correct what a description would prove and examples do not."""
        located = locate(self.requests)
        schemes = self._schemes(located)
        described = describe_openapi(self._description(located, schemes), source="", base_url=self.base_url)
        self._tell(located)
        objects = {name: _opened(spec) for name, spec in described.objects.items()}
        facts = {path: _labelled(path, fact) for path, fact in described.facts.items()}
        facts |= _left_open(described.objects, objects, facts)
        settings: dict[str, Any] = {"description": self.source, "objects": objects, "facts": facts}
        if located.unknown and not described.base_url:
            reference = f"${{env:{system_name(described.title)}_{snake(located.unknown).upper()}}}"
            settings["base_url"] = reference
            self.notes.append(
                f"The collection gives no value for {{{{{located.unknown}}}}}; base_url is read from {reference}."
            )
        notes = [
            n for n in described.notes if not (located.unknown and n.startswith("The description names no server"))
        ]
        settings["notes"] = tuple(dict.fromkeys([*self.notes, *notes]))
        return described.model_copy(update=settings)

    # --- requests -------------------------------------------------------------------------------------------------

    def _readable(self, requests: list[Saved]) -> list[Saved]:
        graphs = [each for each in requests if is_graphql(each)]
        kept = [each for each in requests if each.address and not is_graphql(each) and each.method in _METHODS]
        if not kept:
            raise self._nothing(graphs)
        if all(is_xml(each) for each in kept):
            hint = "describe the service by its WSDL: --wsdl"
            raise ProjectError("all requests of the collection send XML", hint=hint, place=self.source)
        if graphs:
            self.notes.append(f"{len(graphs)} GraphQL request(s) are left out; describe their system with --graphql.")
        return kept

    def _nothing(self, graphs: Sequence[Saved]) -> ProjectError:
        if graphs:
            address = graphs[0].variables.fill(graphs[0].address)
            hint = f"describe it by its schema: --graphql {'URL' if '{{' in address else address}"
            return ProjectError("all requests of the collection ask a GraphQL system", hint=hint, place=self.source)
        hint = "export the collection with its requests"
        return ProjectError("the collection has no requests", hint=hint, place=self.source)

    def _description(self, located: Located, schemes: dict[str, Node]) -> Node:
        """Write the collection as an API description."""
        shared = carried_by_all([request for request, _ in located.paths])
        spelled: dict[tuple[str, ...], str] = {}
        groups: dict[tuple[str, str], list[Saved]] = {}
        for request, path in located.paths:
            groups.setdefault((spelled.setdefault(path_key(path), path), request.method), []).append(request)
        paths: Node = {}
        for (path, method), group in groups.items():
            paths.setdefault(path, {})[method.lower()] = operation_of(group, path, shared)
        info = {"title": as_text(self.info.get("name")), "description": text_of(self.info.get("description"))}
        servers = [{"url": located.server}] if located.server else []
        security: list[Node] = [{name: []} for name in schemes]
        return {
            "openapi": "3.0.3", "info": info, "servers": servers, "paths": paths, "security": security,
            "components": {"securitySchemes": schemes},
        }  # fmt: skip

    # --- authentication -------------------------------------------------------------------------------------------

    def _schemes(self, located: Located) -> dict[str, Node]:
        """Give the schemes that a good share of the requests use; the others are told."""
        counted: Counter[str] = Counter()
        nodes: dict[str, Node] = {}
        names: dict[str, list[str]] = {}
        for request, _ in located.paths:
            node = self._scheme(request)
            if node:
                key = repr(node)
                counted[key] += 1
                nodes[key] = node
                names.setdefault(key, []).append(request.name)
        least = _SHARE * sum(counted.values())
        kept = [key for rank, (key, count) in enumerate(counted.most_common()) if not rank or count >= least]
        for key in counted:
            if key not in kept:
                self.notes.append(f"Some requests authenticate otherwise than the others: {_few(names[key])}")
        return {f"scheme{rank}": nodes[key] for rank, key in enumerate(kept)}

    def _scheme(self, request: Saved) -> Node:
        if told := told_of(request.auth):
            self.notes.append(told)
        header = next((h for h in request.headers if squeeze(h.name) == "authorization" and not h.disabled), None)
        if header is not None and as_text(request.auth.get("type")) in {"", "noauth"}:
            return scheme_of_header(header.value)
        return scheme_of(request.auth, request.variables)

    # --- what a person has to know --------------------------------------------------------------------------------

    def _tell(self, located: Located) -> None:
        if located.elsewhere:
            hosts = ", ".join(f"{host} ({count})" for host, count in located.elsewhere.items())
            self.notes.append(f"Requests to other hosts are left out: {hosts}")
        if self.variables.withheld:
            names = ", ".join(self.variables.withheld)
            self.notes.append(f"Variables that hold secrets were not filled in: {names}")
        wanted = {name for request, _ in located.paths for name in _secret_variables(request)}
        for request in self.requests:
            gives = [name for name in sets_variables(request) if name in wanted]
            if gives:
                where = f"{request.method} {request.address}"
                self.notes.append(
                    f"'{request.name}' ({where}) fetches {', '.join(gives)}, which the others sign in with."
                )


def _secret_variables(request: Saved) -> set[str]:
    header = (h.value for h in request.headers if squeeze(h.name) == "authorization")
    return {*variables_in(request.auth), *(name for value in header for name in VARIABLE.findall(value))}


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")


# --- what examples prove ----------------------------------------------------------------------------------------------


def _opened(spec: ObjectSpec) -> ObjectSpec:
    """Take back that fields cannot be written only because the saved bodies do not have them."""
    own = {spec.id, spec.modified, spec.created, spec.version}
    fields = {path: _field(path, field, own) for path, field in spec.fields.items()}
    return spec.model_copy(update={"fields": fields})


def _field(path: str, field: FieldSpec, own: set[str]) -> FieldSpec:
    if not field.read_only or path in own or squeeze(path.rpartition(".")[2]) in _WORKED_OUT:
        return field
    return field.model_copy(update={"read_only": False})


def _left_open(
    before: Mapping[str, ObjectSpec], after: Mapping[str, ObjectSpec], facts: Mapping[str, Fact]
) -> dict[str, Fact]:
    """Say of each object which fields no saved body writes, and which count as read-only by their name."""
    told: dict[str, Fact] = {}
    for name, spec in after.items():
        key = f"objects.{name}.read_only"
        if key not in facts:
            continue
        kept = [path for path, field in spec.fields.items() if field.read_only]
        open_ = [path for path, field in before[name].fields.items() if field.read_only and path not in kept]
        because = f"by their name: {_few(kept)}" if kept else "none"
        if open_:
            because += f"; no saved body writes {_few(open_)}, which may be read-only too"
        told[key] = Fact(label="inferred", because=because)
    return told


def _labelled(path: str, fact: Fact) -> Fact:
    """A call stands in the collection; everything else was concluded from an example."""
    if path == "base_url" and fact.label == "declared":
        return fact.model_copy(update={"because": "from the collection: the address of its requests"})
    if path.rpartition(".")[2] in _OF_CALLS:
        return fact.model_copy(update={"because": f"from the collection: {fact.because}"})
    if fact.label == "declared":
        return Fact(label="inferred", because=f"from the collection's example: {fact.because}")
    return fact
