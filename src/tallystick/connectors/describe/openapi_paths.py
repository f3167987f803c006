"""Operations by path, and the resource that is put together from them.

A path is known by its segments with every parameter as ``{}``, so that ``/x/{id}`` and ``/x/{key}/`` are one.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from tallystick.connectors.describe.openapi_actions import Action, Deed, deeds_of, read_action
from tallystick.connectors.describe.openapi_answers import Listing
from tallystick.connectors.describe.openapi_calls import Call, Method
from tallystick.connectors.describe.openapi_schema import Shapes
from tallystick.connectors.describe.openapi_words import noun_of

Key = tuple[str, ...]
TENANT_SHARE: Final = 0.8


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
            [(_, times)] = Counter(prefixes).most_common(1) or [((), 0)]
            if len(keys) < 4 or times < TENANT_SHARE * len(keys):  # noqa: PLR2004 - too few to tell
                break
            count += 1
        return count

    @cached_property
    def item_properties(self) -> list[tuple[Key, frozenset[str]]]:
        """What is read at each item path: the names of its properties."""
        found = []
        for key in (key for keys in self.items_by_noun.values() for key in keys):
            get = self.find(key, "GET")
            found.append((key, frozenset(self.shapes.of(get.answer).properties if get else ())))
        return found

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
            if deed in deeds_of(a.verb) and a.call.method in methods and belongs(a, resource)
        ]
        return min(fitting, key=lambda a: (a.rank(deed), len(a.call.key))).call if fitting else None


def _nth_parameter(key: Key, count: int) -> int:
    seen = 0
    for position, segment in enumerate(key):
        seen += segment == "{}"
        if seen == count:
            return position + 1
    return 0


def belongs(action: Action, resource: Resource) -> bool:
    """Whether a path with a verb speaks of this resource: it stands beside the collection or right under it."""
    base = tuple(s for s in resource.base if s != "{}")
    key = tuple(s for s in action.call.key if s != "{}")
    mine = tuple(s for s in action.base if s != "{}")
    if action.call.key.count("{}") > resource.base.count("{}") + 1:
        return False
    same_place = mine[:-1] == base[:-1] and noun_of(mine[-1]) == noun_of(base[-1]) if mine and base else False
    return same_place or (len(key) > len(base) and key[: len(base)] == base and len(key) - len(base) <= 2)  # noqa: PLR2004
