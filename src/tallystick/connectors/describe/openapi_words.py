"""Names in API descriptions taken apart: ``billingAddress_id`` -> ``billing address id``; plural and singular.

Pure text work that every other part of the OpenAPI reader leans on; no word list here knows a vendor.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any, Final

from tallystick.connectors.describe.openapi_languages import ENGLISH

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_IRREGULAR: Final = {
    "people": "person", "persons": "person", "children": "child", "men": "man", "women": "woman", "data": "data",
    "media": "media", "series": "series", "status": "status", "news": "news", "address": "address", "indices": "index",
    "matrices": "matrix", "staff": "staff", "analyses": "analysis", "bus": "bus", "gas": "gas", "bases": "base",
    "databases": "database", "leaves": "leave", "licenses": "license", "licences": "licence", "caches": "cache",
    "expenses": "expense", "purchases": "purchase", "cases": "case", "releases": "release", "warehouses": "warehouse",
    "responses": "response", "courses": "course", "houses": "house", "phases": "phase", "leases": "lease",
    "movies": "movie", "cookies": "cookie", "aliases": "alias", "statuses": "status", "campuses": "campus",
    "bonuses": "bonus", "viruses": "virus", "buses": "bus",
}  # fmt: skip
_UMLAUTS: Final = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "ø": "o", "å": "a",
})  # fmt: skip
_PLACES: Final = frozenset({"api", "rest", "restapi", "services", "service", "public", "json", "odata", "index", "php"})
_VERSION: Final = re.compile(r"v?\d+(?:[._-]\d+)*(?:beta|alpha)?|latest|beta|current")


@lru_cache(maxsize=65536)
def words_of(name: str) -> tuple[str, ...]:
    """Split a name into lower-case words: camelCase, snake_case, kebab-case, brackets and dots alike.

    Accents are taken off, German umlauts written out: ``geändertAm`` -> ``geaendert am``.
    """
    return tuple(word.lower() for word in _WORD.findall(name if name.isascii() else _plain(name)))


def _plain(name: str) -> str:
    written = unicodedata.normalize("NFC", name).translate(_UMLAUTS)
    return "".join(c for c in unicodedata.normalize("NFKD", written) if not unicodedata.combining(c))


@lru_cache(maxsize=65536)
def meaning_of(name: str) -> tuple[str, ...]:
    """Give the words of a name, those of the trade in English: ``seitenGroesse`` -> ``page size``."""
    return tuple(english for word in words_of(name) for english in ENGLISH.get(word, (word,)))


def squeeze(name: str) -> str:
    """Write what a name means without case and separators: ``page_Size`` and ``Seitengröße`` -> ``pagesize``."""
    return "".join(meaning_of(name))


@lru_cache(maxsize=16384)
def singular(word: str) -> str:
    """Give the singular of an English lower-case word; a word that is none stays as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):  # noqa: PLR2004 - bus, gas
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=16384)
def noun_of(name: str) -> str:
    """Reduce a name to what it names, comparable between spellings: ``SalesOrders`` and ``sales-order`` agree."""
    words = words_of(name)
    return "".join((*words[:-1], singular(words[-1]))) if words else name.lower()


def snake(name: str) -> str:
    """Write a name as snake_case."""
    return "_".join(words_of(name)) or "records"


def is_prefix(segment: str) -> bool:
    """Whether a path segment only says where the API lives: ``api``, ``v2``, ``2024-01``."""
    low = segment.lower()
    return low in _PLACES or bool(_VERSION.fullmatch(low))


def first_sentence(text: Any, limit: int = 80) -> str:
    """Give the first sentence of a description if it is short enough to be a label, else nothing."""
    if not isinstance(text, str):
        return ""
    flat = re.sub(r"\s+", " ", re.sub(r"<[^>]{1,200}>|[`*]", "", text[:600])).strip()
    sentence = re.split(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s|\n", flat, maxsplit=1)[0].rstrip(". ")
    return sentence if len(sentence) <= limit else ""
