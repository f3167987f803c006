"""OpenAPI 2.0, 3.0, 3.1 and 3.2 -> manifest: what a system's own description says, and how sure that is.

Pure: a document in, a manifest out, no network. Broken descriptions are described as far as they go, with notes.
The order of work: read (``openapi_read``), make all versions alike (``openapi_calls``), find the resources
(``openapi_resources``), describe each (``openapi_objects``), then the system as a whole (``openapi_auth``,
``openapi_about``).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tallystick.connectors.describe.conventions import follow_convention
from tallystick.connectors.describe.openapi_about import find_base_url, find_headers, find_limits, find_webhooks
from tallystick.connectors.describe.openapi_actions import deeds_of
from tallystick.connectors.describe.openapi_auth import find_auth
from tallystick.connectors.describe.openapi_calls import read_calls
from tallystick.connectors.describe.openapi_fields import Names
from tallystick.connectors.describe.openapi_lines import Lines, propose
from tallystick.connectors.describe.openapi_objects import NEEDS, describe_object, record_of
from tallystick.connectors.describe.openapi_paging import prose_of
from tallystick.connectors.describe.openapi_paths import Paths, Resource
from tallystick.connectors.describe.openapi_read import read_description
from tallystick.connectors.describe.openapi_refs import Document, as_node, as_text
from tallystick.connectors.describe.openapi_resources import find_resources
from tallystick.connectors.describe.openapi_schema import Shapes
from tallystick.connectors.describe.openapi_under import place_below
from tallystick.connectors.describe.openapi_words import is_prefix, noun_of, snake, squeeze, words_of
from tallystick.core.error import Problem, ProjectError
from tallystick.project.manifest import Fact, Manifest, Network, ObjectSpec
from tallystick.project.manifest_auth import ApiKeyAuth
from tallystick.project.manifest_origin import Origin

SHOWN: Final = 10
_EMPTY_WORDS: Final = frozenset(
    {"api", "rest", "the", "public", "reference", "documentation", "docs", "v", "open", "openapi"}
)


def describe_openapi(document: bytes | Mapping[str, Any], *, source: str = "", base_url: str = "") -> Manifest:
    """Turn an API description into a manifest.

    ``source`` is where it came from (a file or an address; kept in the manifest and in messages). ``base_url`` says
    where the system lives if the description does not, or only relatively. Every entry that was found is labelled in
    ``facts`` as declared or inferred; what stays open is told in ``notes``.

    Raises:
        ProjectError: the document is no API description at all.
    """
    root, notes = (dict(document), []) if isinstance(document, Mapping) else read_description(document, source=source)
    _refuse_strangers(root, source)
    return _Description(Document(root), notes, source, base_url).manifest()


def _refuse_strangers(root: dict[str, Any], source: str) -> None:
    if {"openapi", "swagger", "paths"} & root.keys():
        return
    if "swaggerVersion" in root:
        why, hint = "this is Swagger 1.x", "convert it to OpenAPI 3 first"
    elif isinstance(root.get("item"), list) and "info" in root:
        why, hint = "this is a Postman collection", "give it with --postman"
    elif "asyncapi" in root:
        why, hint = "this is AsyncAPI", "an OpenAPI document of the same system is needed"
    else:
        why, hint = "it has neither 'openapi' nor 'swagger' nor 'paths'", "is this the OpenAPI document of the system?"
    raise ProjectError("this is no OpenAPI description", [Problem(source or "description", 1, 1, why, hint)], hint=hint)


class _Description:
    """One document on its way to a manifest."""

    def __init__(self, document: Document, notes: list[str], source: str, base_url: str) -> None:
        self.document = document
        self.notes = notes
        self.source = source
        self.base_url = base_url
        self.shapes = Shapes(document)
        self.calls = read_calls(document, self.shapes)
        self.prose = prose_of(document.root)
        self.title = as_text(as_node(document.root.get("info")).get("title")).strip()
        self.version = str(as_node(document.root.get("info")).get("version") or "")
        self.facts: dict[str, Fact] = {}

    def manifest(self) -> Manifest:
        """Describe the objects, then the system."""
        self._check()
        objects = self._objects()
        system = system_name(self.title)
        url, self.facts["base_url"], url_notes = find_base_url(self.document, self.base_url, self.source)
        auth = find_auth(self.document, self.calls, self.prose, system, url)
        limits, limit_fact, limit_notes = find_limits(self.calls, self.prose)
        skip = {*auth.headers, *([auth.auth.name] if isinstance(auth.auth, ApiKeyAuth) else [])}
        headers, header_notes = find_headers(self.shapes, self.calls, system, skip)
        self.facts = {"auth": auth.fact, **self.facts}
        if limit_fact:
            self.facts["limits"] = limit_fact
        hooks = find_webhooks(self.document, self.calls)
        self.notes += [*auth.notes, *url_notes, *limit_notes, *header_notes, *hooks, *self.document.notes()]
        return Manifest(
            protocol="rest",
            title=self.title,
            base_url=url,
            description=self.source,
            described=Origin(kind="openapi", version=self.version),
            auth=auth.auth,
            limits=limits,
            network=Network(headers={**auth.headers, **headers}),
            objects=objects,
            facts=self.facts,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _check(self) -> None:
        root = self.document.root
        version = root.get("openapi", root.get("swagger"))
        if not str(version).startswith(("2.0", "3.0", "3.1", "3.2")):
            self.notes.append(f"The version of the description is {version!r}; it was read like OpenAPI 3.")
        if not self.calls:
            self.notes.append("The description has no operations.")

    def _objects(self) -> dict[str, ObjectSpec]:
        paths = Paths(self.calls, self.shapes)
        resources, left = _sift(find_resources(paths))
        if paths.tenant:
            self.notes.append("Nearly all paths start with a parameter; replace it in base_url and paths by its value.")
        if left:
            shown = ", ".join(r.list_call.path for r in left[:SHOWN])
            self.notes.append(
                f"{len(left)} listing(s) under a parent are left out: {shown}{' ...' if len(left) > SHOWN else ''}"
            )
        named = name_resources(resources)
        names = Names(
            {noun_of(name): name for name in reversed(named)} | {r.noun: name for name, r in reversed(named.items())},
            {n: name for name, r in reversed(named.items()) for n in record_of(self.shapes, r).names[:1]},
        )
        objects: dict[str, ObjectSpec] = {}
        known = {squeeze(name): name for name in named}
        inner: list[tuple[str, Lines]] = []
        for name, resource in named.items():
            described = describe_object(self.shapes, resource, names, self.prose)
            objects[name] = follow_convention(name, described.spec, described.facts, known)
            self.facts |= {f"objects.{name}.{key}": fact for key, fact in described.facts.items()}
            self.notes += [f"{name}: {note}" for note in described.notes]
            inner += [(name, found) for found in described.lines]
        for name, fact in place_below(objects, named, paths.tenant):
            self.facts[f"objects.{name}.under"] = fact
            self.notes = [note for note in self.notes if not note.startswith(f"{name}: {NEEDS}")]
        for holder, found in inner:
            name, spec, fact = propose(holder, found, objects)
            objects[name] = spec
            self.facts[f"objects.{name}.inside"] = fact
        return objects


def _sift(resources: list[Resource]) -> tuple[list[Resource], list[Resource]]:
    """Put the fullest objects first and those under a parent last.

    What lies under a parent is left out if the same records can be listed without, unless it can be written there too.
    """
    top = [r for r in resources if not r.parents]
    nouns = {r.noun for r in top}
    schemas = {n for r in top for n in r.listing.item.names[:1]}

    def is_only_way(resource: Resource) -> bool:
        known = resource.noun in nouns or bool(schemas & set(resource.listing.item.names[:1]))
        return not known or all((resource.get, resource.create, resource.update))

    kept = [r for r in resources if not r.parents or is_only_way(r)]
    left = [r for r in resources if r.parents and not is_only_way(r)]
    kept.sort(key=lambda r: (min(r.parents, 2), -sum(call is not None for call in r.calls)))
    return kept, left


def name_resources(resources: list[Resource]) -> dict[str, Resource]:
    """Give each resource a name of its own: the last segment of its path, with the ones before it where needed."""
    named: dict[str, Resource] = {}
    for resource in resources:
        candidates = list(_names(resource))
        name = next((n for n in candidates if n not in named), "")
        number = 2
        while not name or name in named:
            name, number = f"{candidates[-1]}_{number}", number + 1
        named[name] = resource
    return named


def _names(resource: Resource) -> Iterator[str]:
    pieces = [p for s in resource.base if s != "{}" and not is_prefix(s) for p in s.split(".") if words_of(p)]
    if len(pieces) > 1 and "list" in deeds_of(pieces[-1]):
        pieces.pop()
        pieces += [resource.item[-2]] if resource.item else []
    elif not pieces or "list" in deeds_of(pieces[-1]):
        pieces = [resource.item[-2] if resource.item else resource.listing.name or "records"]
    for count in range(1, len(pieces) + 1):
        yield "_".join(snake(piece) for piece in pieces[-count:])


def system_name(title: str) -> str:
    """Name environment variables after the system: ``Acme Shop API`` gives ``ACME_SHOP``."""
    words = [word for word in words_of(title) if word not in _EMPTY_WORDS and not word.isdigit()]
    return "_".join(words[:3]).upper() or "SYSTEM"
