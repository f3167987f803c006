"""What the name and the shape of an operation say that it does, and to which kind of record.

Names come in every order (``listCustomers``, ``customerCustomerList``, ``BAPI_CUSTOMER_GETDETAIL``); the shape decides
where a name could mean two things.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from tallystick.connectors.describe.openapi_words import singular, words_of
from tallystick.connectors.describe.wsdl_shapes import Sides

Deed = Literal["list", "get", "create", "update", "delete"]

_SAID: Final[dict[tuple[Deed, ...], str]] = {
    ("list", "get"): "list search query find browse export enumerate select listar buscar consultar suchen lister",
    ("get", "list"): "get read fetch retrieve load lookup show info detail details download pull obtener lesen lire",
    ("create",): "create add insert new register post crear criar anlegen creer",
    ("update",): "update modify edit change set alter replace patch actualizar atualizar aendern modifier",
    ("delete",): "delete remove destroy erase del eliminar borrar excluir loeschen supprimer",
}
_VERBS: Final = {verb: deeds for deeds, verbs in _SAID.items() for verb in verbs.split()}
_BOTH: Final = frozenset({"save", "upsert", "store", "put", "merge", "write"})
_GLUED: Final = re.compile(
    r"(?P<verb>get|create|change|delete|read|find|list|update)(?P<rest>list|detail|details|all|fromdata\d*|bylist|byid)"
)
_FILLERS: Final = frozenset({
    "all", "list", "lists", "by", "id", "ids", "from", "with", "for", "of", "the", "a", "request", "operation",
    "op", "service", "ws", "soap", "info", "details", "detail", "records", "record", "many", "paged", "page",
    "pages", "since", "changed", "modified", "updated", "after", "between", "range", "in", "and", "number", "key",
    "code", "filter", "criteria", "entity", "entities", "object", "objects", "data", "bapi", "rfc", "api", "v",
    "xml", "web", "method",
})  # fmt: skip
_SPECIAL: Final = frozenset({
    "count", "status", "history", "log", "version", "schema", "fields", "metadata", "picklist", "attachment",
    "file", "image", "picture", "report", "statistics", "bulk", "batch", "async", "job", "password", "session",
    "permission", "validate", "check", "test", "ping", "login", "logout",
})  # fmt: skip
_NEVER: Final = frozenset(
    {"count", "status", "version", "session", "ping", "login", "logout", "check", "test", "validate"}
)


@dataclass(frozen=True, slots=True)
class Act:
    """An operation understood: ``noun`` is singular and squeezed, ``words`` are how it is spelled."""

    deed: Deed
    noun: str
    words: tuple[str, ...]
    sides: Sides
    extra: int
    """How much else the name says: ``listCustomersByCity`` is less of a listing than ``listCustomers``."""


def read_act(sides: Sides) -> Act | None:
    """Understand an operation by name and shape; ``None`` where it is none of the five deeds, or cannot be told."""
    words = _split(sides.call.name)
    at = _verb_at(words)
    if at is None:
        return None
    rest = [word for index, word in enumerate(words) if index != at]
    before_by, extra = _cut(rest)
    noun = tuple(word for word in before_by if word not in _FILLERS and word not in _VERBS and not word.isdigit())
    is_plural = bool(noun) and singular(noun[-1]) != noun[-1]
    noun = (*noun[:-1], singular(noun[-1])) if noun else ()
    if not noun or (noun[-1] in _SPECIAL and (len(noun) > 1 or noun[-1] in _NEVER)):
        return None
    deed = _fitting(_VERBS[words[at]], words, sides, is_plural=is_plural)
    if deed is None:
        return None
    # customerCustomerList is about the customer, and says so twice.
    noun = tuple(dict.fromkeys(noun)) if len(set(noun)) < len(noun) else noun
    return Act(deed, "".join(noun), noun, sides, extra)


def is_save(name: str) -> bool:
    """Tell whether a name means to create or to change, whichever fits."""
    return any(word in _BOTH for word in _split(name))


def _split(name: str) -> list[str]:
    words: list[str] = []
    for word in words_of(name):
        glued = _GLUED.fullmatch(word)
        words += [glued["verb"], glued["rest"]] if glued else [word]
    return words


def _verb_at(words: list[str]) -> int | None:
    """Find the verb: first, or last where names begin with the noun, or the first of any in between."""
    places = [at for at, word in enumerate(words) if word in _VERBS]
    if not places:
        return None
    return 0 if 0 in places else places[-1] if places[-1] == len(words) - 1 else places[0]


def _cut(words: list[str]) -> tuple[list[str], int]:
    """Leave out what a name says after "by" or "for": by what it is looked for."""
    for at, word in enumerate(words):
        if word in {"by", "for", "with", "from", "since"} and at:
            later = [each for each in words[at + 1 :] if each not in _FILLERS]
            return words[:at], len(later)
    return words, 0


def _fitting(deeds: tuple[Deed, ...], words: list[str], sides: Sides, *, is_plural: bool) -> Deed | None:
    """Choose between listing and reading one: a record may well have lists in it, and a listing numbers beside it."""
    if deeds[0] not in {"list", "get"}:
        return deeds[0]
    if sides.listing is None:
        return "get" if sides.record is not None and sides.arguments else None
    if sides.record is None or is_plural or {"list", "all"} & set(words) or not sides.arguments:
        return "list"
    return "get" if "by" in words else deeds[0]
