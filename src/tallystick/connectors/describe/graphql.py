"""From a GraphQL schema to a manifest: what can be listed is an object, and the rest is found around it.

Pure: the schema is given, as the answer to an introspection query or in the schema language; nothing is fetched.
"""

from collections.abc import Mapping
from typing import Any, Final

from tallystick.connectors.describe.graphql_lists import Listing, find_listing, members_of, object_name
from tallystick.connectors.describe.graphql_objects import Described, describe_object
from tallystick.connectors.describe.graphql_schema import Schema, load_schema
from tallystick.connectors.describe.graphql_writes import is_save, nouns_of
from tallystick.connectors.describe.openapi_words import noun_of, words_of
from tallystick.project.manifest import Fact, Manifest, ObjectSpec
from tallystick.project.manifest_graphql import GraphqlSpec
from tallystick.project.manifest_paging import CursorPaging, NoPaging

_SHOWN: Final = 8


def describe_graphql(document: bytes | Mapping[str, Any], *, source: str = "", base_url: str = "") -> Manifest:
    """Describe the system behind a GraphQL schema.

    ``source`` is where the schema came from, for people; ``base_url`` the address that is asked.

    Raises:
        ProjectError: the document is no schema.
    """
    schema = load_schema(document, source)
    listings = _chosen(schema)
    names = _names(listings)
    objects: dict[str, ObjectSpec] = {}
    graphql: dict[str, Any] = {"operations": {}, "objects": {}}
    facts: dict[str, Fact] = {}
    notes: list[str] = []
    described = {
        names[kind]: describe_object(schema, names[kind], listing, names) for kind, listing in listings.items()
    }
    for name, each in sorted(described.items(), key=lambda pair: -_reach(pair[1])):
        objects[name] = each.spec
        graphql["operations"] |= each.calls
        if each.graphql.model_dump(exclude_defaults=True):
            graphql["objects"][name] = each.graphql
        facts |= {f"objects.{name}.{key}": fact for key, fact in each.facts.items()}
        notes += [f"{name}: {note}" for note in each.notes]
    notes += _left(schema, graphql["operations"])
    if not objects:
        notes.append("No query lists records that have an id; write objects by hand.")
    if base_url:
        facts["base_url"] = Fact(label="confirmed", because="given by hand")
    return Manifest(
        protocol="graphql",
        title=_title(base_url or source),
        base_url=base_url,
        description=source,
        graphql=GraphqlSpec(**graphql),
        objects=objects,
        facts=facts,
        notes=tuple(dict.fromkeys(notes)),
    )


def _chosen(schema: Schema) -> dict[str, Listing]:
    """Choose one listing for each type of record: without open arguments, with pages, and named after the type."""
    found: dict[str, Listing] = {}
    for key, member in members_of(schema.queries, schema):
        listing = None if member.is_deprecated else find_listing(key, member, schema)
        if listing is None:
            continue
        known = found.get(listing.item.name)
        if known is None or _fitness(listing) > _fitness(known):
            found[listing.item.name] = listing
    return found


def _fitness(listing: Listing) -> tuple[bool, int, bool, int]:
    nouns = nouns_of(listing.item, listing.item.name)
    paging = listing.paging
    rank = 2 if isinstance(paging, CursorPaging) else 0 if isinstance(paging, NoPaging) else 1
    is_named = noun_of(object_name(listing)) in nouns
    return not listing.extra, is_named, rank > 0, rank * 10 - len(words_of(listing.key))


def _names(listings: Mapping[str, Listing]) -> dict[str, str]:
    names: dict[str, str] = {}
    for kind, listing in listings.items():
        name = object_name(listing)
        if name in names.values():
            name = "_".join(words_of(kind))
        while name in names.values():
            name += "_"
        names[kind] = name
    return names


def _reach(described: Described) -> int:
    spec = described.spec
    return sum(each is not None for each in (spec.list, spec.get, spec.create, spec.update, spec.delete))


def _left(schema: Schema, used: Mapping[str, Any]) -> list[str]:
    left = [key for key, _ in members_of(schema.mutations, schema) if key not in used]
    saves = [key for key in left if is_save(key)]
    notes = []
    if saves:
        notes.append(
            f"{', '.join(saves[:_SHOWN])}: create or change, whichever fits. As update it could make a record anew "
            "that was deleted meanwhile; write it into the manifest if that is wanted."
        )
    if left:
        notes.append(
            f"{len(left)} mutation(s) are not used: {', '.join(left[:_SHOWN])}{' ...' if len(left) > _SHOWN else ''}"
        )
    return notes


def _title(source: str) -> str:
    plain = source.partition("?")[0].rstrip("/").removesuffix("/graphql").rpartition("//")[2]
    return plain.partition("/")[0] if "//" in source else plain.rpartition("/")[2].rpartition(".")[0] or plain
