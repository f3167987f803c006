"""From operations to resources: which listings there are, and which item path belongs to each.

A resource is found by its listing. Its records are looked for at the item path (``/x`` and ``/x/{id}``), at the same
noun elsewhere, and at last by their properties.
"""

from dataclasses import replace
from typing import Final

from tallystick.connectors.describe.openapi_actions import deeds_of, read_action
from tallystick.connectors.describe.openapi_answers import Listing, find_listing
from tallystick.connectors.describe.openapi_calls import Call
from tallystick.connectors.describe.openapi_crud import add_calls
from tallystick.connectors.describe.openapi_params import has_paging
from tallystick.connectors.describe.openapi_paths import Key, Paths, Resource
from tallystick.connectors.describe.openapi_schema import Shape
from tallystick.connectors.describe.openapi_words import is_prefix, noun_of

ALIKE_FROM: Final = 4
ALIKE_SHARE: Final = 0.8


def find_resources(paths: Paths) -> list[Resource]:
    """Find every resource that can be listed, the best listing of each, in the order of the description."""
    groups: dict[Key, list[Resource]] = {}
    for call in paths.calls:
        resource = _candidate(paths, call)
        if resource:
            groups.setdefault(resource.base, []).append(resource)
    return [_assemble(paths, group) for group in groups.values()]


def _statics(key: Key) -> list[str]:
    return [s for s in key if s != "{}" and not is_prefix(s)]


def _candidate(paths: Paths, call: Call) -> Resource | None:
    if call.method not in {"GET", "POST"} or not call.key:
        return None
    base = _base_of(paths, call)
    names = _statics(base)
    noun = noun_of(names[-1].split(".")[-1]) if names else ""
    if call.method == "POST" and not _is_search(call):
        return None
    expected = "list" in deeds_of(call.key[-1])
    records = _records(paths, base)
    listing = find_listing(paths.shapes, call.answer, {noun} - {""}, expected=expected, records=records)
    if listing is None:
        listing = _undescribed(paths, call, base)
    if listing is None or not _is_collection(paths, call, listing):
        return None
    resource = Resource(base, noun or noun_of(listing.name), call, listing, parents=paths.parents(base))
    return _relink(paths, resource)


def _records(paths: Paths, base: Key) -> list[Shape]:
    """Give what is read and written singly below a path; nothing where there is no path for one record."""
    single = paths.at.get((*base, "{}"), {})
    read, made = single.get("GET"), paths.at.get(base, {}).get("POST")
    nodes = [read.answer if read else None, made.body if made and single else None]
    return [paths.shapes.of(node) for node in nodes if node is not None]


def _is_search(call: Call) -> bool:
    return bool(call.key[-1:]) and any(
        segment in {"search", "query", "filter", "find", "list", "queries", "searches"}
        for segment in (call.key[-1].rpartition(":")[2].rpartition(".")[2].lower(), *map(str.lower, call.key[-3:-1]))
    )


def _base_of(paths: Paths, call: Call) -> Key:
    """Where the records of a listing live: its own path, or what is left without the verb."""
    key = call.key
    if (*key, "{}") in paths.at and "list" not in deeds_of(key[-1]):
        return key
    if "search" in key[:-1]:
        without = tuple(s for s in key if s != "search")
        if without in paths.at or (*without, "{}") in paths.at:
            return without
    action = read_action(call)
    if action and "list" in deeds_of(action.verb) and key[-1] != "{}" and action.base[-1] != "{}":
        return action.base
    if action and action.verb == "get" and call.key[-1] != "{}" and action.base != key:
        return action.base
    return key


def _undescribed(paths: Paths, call: Call, base: Key) -> Listing | None:
    """A listing whose answer has no schema is believed where records are created or read beside it."""
    shape = paths.shapes.of(call.answer)
    known = bool(shape.properties) and not call.answer_is_example and call.key == base
    if call.method != "GET" or known or call.key[-1] == "{}":
        return None
    beside = paths.at.get((*base, "{}"), {})
    if not beside and not (call.answer is None and "POST" in paths.at.get(base, {})):
        return None
    if call.key != base and "list" not in deeds_of(call.key[-1]):
        return None
    return Listing(None, Shape())


def _is_collection(paths: Paths, call: Call, listing: Listing) -> bool:
    key = call.key
    if "changed" in deeds_of(key[-1]):
        return False
    if key[-1] != "{}" or call.method == "POST":
        return True
    # /rows/table/{table_id}/ lists what /rows/table/{table_id}/{row_id}/ reads; /x/{id} with lists in it does not.
    return bool(paths.at.get((*key, "{}"))) and listing.score >= 40  # noqa: PLR2004 - a customary name or better


def _relink(paths: Paths, resource: Resource) -> Resource:
    """Look for the item path, at the listing itself or at the same noun elsewhere."""
    item = (*resource.base, "{}")
    if item in paths.at:
        resource.item = item
        return resource
    direct = (*resource.base[:-1], "{}") if resource.base else ()
    wanted = [resource.noun, noun_of(resource.listing.name)]
    names = set(resource.listing.item.names[:1])
    best: tuple[int, Key] | None = None
    for noun in dict.fromkeys(n for n in wanted if n):
        for key in paths.items_by_noun.get(noun, ()):
            rank = _kinship(paths, resource, key, names)
            if key != direct and rank > (best[0] if best else 0):
                best = (rank, key)
    if best is None:
        return replace(resource, item=_alike(paths, resource.listing.item))
    key = best[1]
    same_noun = noun_of(key[-2]) == resource.noun
    base = key[:-1] if not same_noun or key[:-1] in paths.at else resource.base
    found = replace(resource, item=key, base=base, noun=noun_of(key[-2]))
    return replace(found, parents=paths.parents(resource.list_call.key))


def _kinship(paths: Paths, resource: Resource, item: Key, names: set[str]) -> int:
    """How likely an item path elsewhere is this listing's: same place, same schema."""
    get = paths.find(item, "GET")
    answer = paths.shapes.of(get.answer) if get else Shape()
    inner = {n for name in answer.properties for n in paths.shapes.property(answer, name).names[:1]}
    same_schema = bool(names & ({*answer.names[:1]} | inner))
    if item.count("{}") - 1 > resource.list_call.key.count("{}"):
        return 0
    verbal = "list" in deeds_of(resource.list_call.key[-1]) or "search" in resource.list_call.key
    same_place = item[:-2] == resource.base[:-1] or (verbal and item[:-2] == resource.base[: len(item) - 2])
    return 4 * same_schema + 2 * same_place


def _alike(paths: Paths, record: Shape) -> Key | None:
    """Find the item path that reads records with nearly the same properties, whatever it is called."""
    best: tuple[float, Key] | None = None
    mine = record.properties.keys()
    for key, theirs in paths.item_properties if len(mine) >= ALIKE_FROM else ():
        if min(len(mine), len(theirs)) < ALIKE_SHARE * max(len(mine), len(theirs)):
            continue  # so many more in one of them cannot be nearly the same
        share = len(mine & theirs) / len(mine | theirs)
        if share >= ALIKE_SHARE and (best is None or share > best[0]):
            best = (share, key)
    return best[1] if best else None


def _assemble(paths: Paths, group: list[Resource]) -> Resource:
    ranked = sorted(group, key=_rank)
    chosen = ranked[0]
    chosen.others = [r.list_call for r in ranked[1:]]
    chosen.searches = [c for c in (r.list_call for r in group) if c.method == "POST"]
    add_calls(paths, chosen)
    return chosen


def _rank(resource: Resource) -> tuple[bool, bool, bool, bool, bool, bool, int]:
    call = resource.list_call
    described = resource.listing.path is not None
    return (
        call.method == "POST",
        call.deprecated,
        not described,
        call.key != resource.base,
        call.key[: len(resource.base)] != resource.base,
        not has_paging(call),
        len(call.key),
    )
