"""From operations to resources: which calls list, read, create, change and delete the same kind of record.

A resource is found by its listing. Its other calls are looked for at the item path (``/x`` and ``/x/{id}``), at the
same noun elsewhere, and among paths with verbs in them, in this order.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from tallystick.connectors.describe.openapi_actions import Action, Deed, deeds_of, read_action
from tallystick.connectors.describe.openapi_answers import Listing, find_listing
from tallystick.connectors.describe.openapi_calls import Call, Method
from tallystick.connectors.describe.openapi_params import has_paging
from tallystick.connectors.describe.openapi_schema import Shape, Shapes
from tallystick.connectors.describe.openapi_words import is_prefix, noun_of

Key = tuple[str, ...]
TENANT_SHARE: Final = 0.8
ALIKE_FROM: Final = 4
ALIKE_SHARE: Final = 0.8


@dataclass(slots=True, eq=False)
class Resource:
    """The calls of one kind of record. ``searches`` are POST calls that list it with a filter in the body."""

    base: Key
    noun: str
    list_call: Call
    listing: Listing
    item: Key | None = None
    get: Call | None = None
    create: Call | None = None
    update: Call | None = None
    delete: Call | None = None
    searches: list[Call] = field(default_factory=list)
    changed: list[Call] = field(default_factory=list)
    others: list[Call] = field(default_factory=list)
    parents: int = 0
    """How many parameters of the listing's path must be known beforehand."""

    @property
    def nouns(self) -> set[str]:
        """What the record may be called in envelopes."""
        return {self.noun, noun_of(self.listing.name)} - {""}

    @property
    def calls(self) -> tuple[Call | None, ...]:
        """The five calls, in the order list, get, create, update, delete."""
        return self.list_call, self.get, self.create, self.update, self.delete


class Paths:
    """The operations of a description by path, with the share that all paths have in common taken into account."""

    def __init__(self, calls: list[Call], shapes: Shapes) -> None:
        self.calls = calls
        self.shapes = shapes
        self.at: dict[Key, dict[Method, Call]] = {}
        self.actions: dict[str, list[Action]] = {}
        self.items_by_noun: dict[str, list[Key]] = {}
        for call in calls:
            self.at.setdefault(call.key, {}).setdefault(call.method, call)
            action = read_action(call)
            if action:
                self.actions.setdefault(action.noun, []).append(action)
        for key in self.at:
            if len(key) > 1 and key[-1] == "{}" and key[-2] != "{}":
                self.items_by_noun.setdefault(noun_of(key[-2]), []).append(key)
        self.tenant = self._tenant()

    def _tenant(self) -> int:
        """Count the parameters that nearly every path starts with (``/{company}/...``): they are no parents."""
        count = 0
        keys = list(self.at)
        while keys:
            prefixes = [k[: _nth_parameter(k, count + 1)] for k in keys if k.count("{}") > count]
            common = max(set(prefixes), key=prefixes.count, default=())
            if len(keys) < 4 or prefixes.count(common) < TENANT_SHARE * len(keys):  # noqa: PLR2004 - too few to tell
                break
            count += 1
        return count

    def parents(self, key: Key) -> int:
        """How many parameters of a path are neither the tenant's nor the record's own id."""
        return max(0, key.count("{}") - self.tenant)

    def find(self, key: Key | None, *methods: Method) -> Call | None:
        """Give the first of these methods that a path has."""
        for method in methods:
            call = self.at.get(key, {}).get(method) if key else None
            if call:
                return call
        return None

    def deed(self, resource: Resource, deed: Deed, methods: tuple[Method, ...]) -> Call | None:
        """Find a call with a verb for this deed that belongs to the resource."""
        fitting = [
            a
            for a in self.actions.get(resource.noun, ())
            if deed in deeds_of(a.verb) and a.call.method in methods and _belongs(a, resource)
        ]
        return min(fitting, key=lambda a: (a.rank(deed), len(a.call.key))).call if fitting else None


def _nth_parameter(key: Key, count: int) -> int:
    seen = 0
    for position, segment in enumerate(key):
        seen += segment == "{}"
        if seen == count:
            return position + 1
    return 0


def _belongs(action: Action, resource: Resource) -> bool:
    base = tuple(s for s in resource.base if s != "{}")
    key = tuple(s for s in action.call.key if s != "{}")
    mine = tuple(s for s in action.base if s != "{}")
    if action.call.key.count("{}") > resource.base.count("{}") + 1:
        return False
    same_place = mine[:-1] == base[:-1] and noun_of(mine[-1]) == noun_of(base[-1]) if mine and base else False
    return same_place or (len(key) > len(base) and key[: len(base)] == base and len(key) - len(base) <= 2)  # noqa: PLR2004


# --- finding resources ----------------------------------------------------------------------------------------------


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
    listing = find_listing(paths.shapes, call.answer, {noun} - {""}, expected=expected)
    if listing is None:
        listing = _undescribed(paths, call, base)
    if listing is None or not _is_collection(paths, call, listing):
        return None
    resource = Resource(base, noun or noun_of(listing.name), call, listing, parents=paths.parents(base))
    return _relink(paths, resource)


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
    for keys in paths.items_by_noun.values() if len(mine) >= ALIKE_FROM else ():
        for key in keys:
            get = paths.find(key, "GET")
            theirs = paths.shapes.of(get.answer).properties.keys() if get else set()
            share = len(mine & theirs) / len(mine | theirs)
            if share >= ALIKE_SHARE and (best is None or share > best[0]):
                best = (share, key)
    return best[1] if best else None


# --- assembling -----------------------------------------------------------------------------------------------------


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


def add_calls(paths: Paths, resource: Resource) -> None:
    """Fill in how records of a resource are read, created, changed and deleted."""
    base, item = resource.base, resource.item
    own = paths.at.get(item, {}) if item else {}
    resource.get = own.get("GET") or paths.deed(resource, "get", ("GET", "POST"))
    if resource.get is resource.list_call:
        resource.get = None
    resource.create = _create(paths, resource)
    resource.update = _update(paths, resource, own)
    resource.delete = (
        own.get("DELETE")
        or paths.deed(resource, "delete", ("DELETE", "POST", "GET"))
        or _with_id(paths.find(base, "DELETE"), resource)
    )
    resource.changed = _near(paths, resource, "changed")
    resource.searches += [
        c for c in _near(paths, resource, "list") if c.method == "POST" and c not in resource.searches
    ]
    resource.searches += _search_twins(paths, resource)


def _create(paths: Paths, resource: Resource) -> Call | None:
    places = [resource.base, resource.item[:-1] if resource.item else None, resource.list_call.key]
    for key in places:
        call = paths.find(key, "POST")
        if call and call is not resource.list_call and call not in resource.searches:
            return call
    found = paths.deed(resource, "create", ("POST", "PUT"))
    if found:
        return found
    put = paths.find(resource.base, "PUT")
    return put if put and _says(put, ("create", "add", "insert")) else None


def _update(paths: Paths, resource: Resource, own: dict[Method, Call]) -> Call | None:
    patch, put, post = own.get("PATCH"), own.get("PUT"), own.get("POST")
    if patch and put:
        return _fuller(paths, patch, put, resource)
    found = patch or put or post or paths.deed(resource, "update", ("PATCH", "PUT", "POST"))
    if found:
        return found
    for call in (paths.find(resource.base, "PATCH", "PUT"), resource.create):
        if call and call is not resource.create:
            if _names_record(paths, call, resource):
                return call
        elif call and _says(
            call, ("upsert", "create or update", "creates or updates", "or update", "create_or_update")
        ):
            return call
    return None


def _names_record(paths: Paths, call: Call, resource: Resource) -> bool:
    """A change sent to the collection must say in its body or query which record is meant."""
    body = paths.shapes.of(call.body)
    inner = body if body.properties else paths.shapes.items_of(body)
    names = {noun_of(name) for name in (*inner.properties, *(p.name for p in call.query()))}
    ids = {"id", "uuid", "key", "code", "number", *(f"{noun}id" for noun in resource.nouns)}
    # A body around the record ({"customer": {...}}) says it inside.
    return bool(names & (ids | resource.nouns | {"data"}))


def _fuller(paths: Paths, patch: Call, put: Call, resource: Resource) -> Call:
    """PATCH is preferred unless it changes only a few of the fields that PUT can."""
    shapes = paths.shapes
    created = shapes.of(resource.create.body if resource.create else put.body).properties.keys()
    by_patch = shapes.of(patch.body)
    wide = shapes.of(put.body).properties.keys()
    if by_patch.is_list and not by_patch.properties:
        return put  # JSON Patch: a list of instructions, not a record
    narrow = by_patch.properties.keys()
    return put if len(narrow & created) * 2 < len(wide & created) and len(narrow) * 2 < len(wide) else patch


def _says(call: Call, phrases: Iterable[str]) -> bool:
    said = f"{call.name} {call.summary} {call.text}".lower()
    return any(phrase in said for phrase in phrases)


def _with_id(call: Call | None, resource: Resource) -> Call | None:
    """A DELETE on the collection is only this record's if it must be told which."""
    for parameter in call.query() if call else ():
        if parameter.required and noun_of(parameter.name) in {"id", f"{resource.noun}id", "uuid", "key"}:
            return call
    return None


def _near(paths: Paths, resource: Resource, deed: Deed) -> list[Call]:
    return [a.call for a in paths.actions.get(resource.noun, ()) if deed in deeds_of(a.verb) and _belongs(a, resource)]


def _search_twins(paths: Paths, resource: Resource) -> Iterator[Call]:
    """``POST /search/customer`` searches what ``GET /customer`` lists."""
    for place in range(len(resource.base) + 1):
        call = paths.find((*resource.base[:place], "search", *resource.base[place:]), "POST")
        if call and call not in resource.searches:
            yield call
