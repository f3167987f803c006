"""How the records of a resource are read one by one, created, changed and deleted.

First what stands at the item path and the collection, then paths with verbs in them, last what the text says.
"""

from collections.abc import Iterable, Iterator

from tallystick.connectors.describe.openapi_actions import Deed, deeds_of
from tallystick.connectors.describe.openapi_calls import Call, Method
from tallystick.connectors.describe.openapi_paths import Paths, Resource, belongs
from tallystick.connectors.describe.openapi_words import noun_of


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
    return [a.call for a in paths.actions.get(resource.noun, ()) if deed in deeds_of(a.verb) and belongs(a, resource)]


def _search_twins(paths: Paths, resource: Resource) -> Iterator[Call]:
    """``POST /search/customer`` searches what ``GET /customer`` lists."""
    for place in range(len(resource.base) + 1):
        call = paths.find((*resource.base[:place], "search", *resource.base[place:]), "POST")
        if call and call not in resource.searches:
            yield call
