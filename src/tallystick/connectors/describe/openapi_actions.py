"""Paths that carry a verb: ``/users/list``, ``/users.info``, ``/createUser``, ``/users/{id}:archive``.

Verbs are sorted into what they do to a record; everything else in a path is a noun.
"""

from dataclasses import dataclass
from typing import Final, Literal

from tallystick.connectors.describe.openapi_calls import Call
from tallystick.connectors.describe.openapi_words import is_prefix, noun_of, squeeze, words_of

Deed = Literal["list", "get", "create", "update", "delete", "changed"]

# The better a verb says it, the earlier it stands.
_VERBS: Final[dict[Deed, tuple[str, ...]]] = {
    "list": ("list", "getall", "all", "index", "search", "query", "find", "browse", "directory", "findall", "filter"),
    "get": ("get", "info", "show", "read", "view", "retrieve", "detail", "details", "fetch", "load", "getbyid"),
    "create": ("create", "add", "insert", "new", "save", "upsert", "post", "store", "register", "createorupdate"),
    "update": ("update", "edit", "modify", "patch", "put", "change", "save", "upsert", "set", "rename",
        "createorupdate"),
    "delete": ("delete", "remove", "destroy", "del", "archive", "trash"),
    "changed": ("changed", "updated", "modified", "changes", "updates", "deltas", "delta", "recentlyupdated"),
}  # fmt: skip
DEEDS: Final[dict[str, tuple[Deed, ...]]] = {
    verb: tuple(deed for deed in _VERBS if verb in _VERBS[deed]) for verbs in _VERBS.values() for verb in verbs
}


@dataclass(frozen=True, slots=True)
class Action:
    """A call whose path names a deed. ``base`` is where the noun lives, ``noun`` what it is done to."""

    call: Call
    base: tuple[str, ...]
    noun: str
    verb: str

    def rank(self, deed: Deed) -> int:
        """How well the verb says the deed; less is better."""
        return _VERBS[deed].index(self.verb)


def deeds_of(segment: str) -> tuple[Deed, ...]:
    """What a segment that is nothing but a verb does; empty for a noun."""
    return DEEDS.get(squeeze(segment), ())


def read_action(call: Call) -> Action | None:
    """Take the verb out of a path; ``None`` if there is none."""
    key = tuple(s for s in call.key if s != "{}") if call.key[-1:] == ("{}",) else call.key
    if not key:
        return None
    last, before = key[-1], key[:-1]
    if deeds_of(last):
        statics = [s for s in before if s != "{}" and not is_prefix(s)]
        return Action(call, before, noun_of(statics[-1]), squeeze(last)) if statics else None
    for mark in (".", ":"):
        noun, _, verb = last.rpartition(mark)
        if noun and deeds_of(verb):
            name = noun if noun != "{}" else before[-1] if before else ""
            base = (*before, noun) if noun != "{}" else (*before[:-1], name)
            return Action(call, base, noun_of(name.rpartition(".")[2]), squeeze(verb))
    return _read_compound(call, before, last)


def _read_compound(call: Call, before: tuple[str, ...], last: str) -> Action | None:
    words = words_of(last)
    for taken in (3, 2, 1):
        verb = "".join(words[:taken])
        rest = words[taken:]
        # Only a word that is written as one with its noun is a verb: saveInvoice, get_users; list-items may be items.
        if rest and verb in DEEDS and verb not in {"all", "index", "new", "details", "detail", "info", "post", "view"}:
            base = (*before, last[sum(len(w) for w in words[:taken]) :].strip("-_."))
            return Action(call, base, noun_of(base[-1]), verb)
    return None
