"""What a field's name says, in whatever language and spelling: ``OwnerId``, ``KDNR``, ``plz`` as words with a meaning.

A name is cut into words, run-together ones by the words we know; what several words mean together is one concept
(``concepts.txt``). Words that mean nothing to us stay as they are.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_UMLAUTS: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "o", "æ": "ae"}
)
FLAG: Final = "whether"
_LONG: Final = 6  # letters from which on a word may be several, or have a slip in it
_SHORT_PART: Final = 3
_SHORT_ENDS: Final = frozenset({"id", "no", "nr", "at", "on"})
_PLURALS: Final = (("ies", "y"), ("es", ""), ("s", ""), ("en", ""), ("en", "e"), ("n", ""))
_LINKS: Final = ("", "s", "n", "en", "es")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The concepts by their phrases, every word that occurs in one, and what the other words are good for.

    ``related`` says how much two concepts have to do with each other, up to 1.
    """

    concepts: dict[str, str]
    words: frozenset[str]
    longest: int
    glue: frozenset[str]
    qualifiers: frozenset[str]
    asking: frozenset[str]
    related: dict[frozenset[str], float]


@cache
def vocabulary() -> Vocabulary:
    """Give the words we know."""
    concepts: dict[str, str] = {}
    special: dict[str, list[str]] = {}
    for line in files("tallystick.project").joinpath("concepts.txt").read_text(encoding="utf-8").splitlines():
        name, colon, rest = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        if name.startswith("@"):
            special.setdefault(name[1:], []).extend(rest.split())
            continue
        for phrase in rest.split(","):
            parts = phrase.split()
            concepts.setdefault(" ".join(parts), name)
            if len(parts) > 1 and len("".join(parts)) >= _LONG - 1:
                concepts.setdefault("".join(parts), name)
    words = {part for phrase in concepts for part in phrase.split() if len(part) >= _SHORT_PART}
    glue, qualifiers, asking = (frozenset(special.pop(key)) for key in ("glue", "qualifier", "asking"))
    related = {frozenset(pair.split("/")): float(weight) for weight, pairs in special.items() for pair in pairs}
    longest = max(len(phrase.split()) for phrase in concepts)
    return Vocabulary(concepts, frozenset(words | qualifiers), longest, glue, qualifiers, asking, related)


def fold(text: str) -> str:
    """Write without accents and umlauts: ``Straße`` as ``Strasse``."""
    plain = unicodedata.normalize("NFKD", text.translate(_UMLAUTS))
    return "".join(c for c in plain if not unicodedata.combining(c))


def concepts_of(name: str) -> tuple[str, ...]:
    """Give what a name consists of: concepts, and small words that are none of them.

    ``companyName``, ``COMPANY_NAME`` and ``Firmenname`` all give ``("company",)``.
    """
    words = [part for word in _WORDS.findall(fold(name)) for part in _cut(word.lower())]
    return tuple(_join(words))


def _cut(word: str) -> tuple[str, ...]:
    """Cut a run-together word into words we know; a slip of the finger is mended."""
    known = vocabulary()
    if word in known.words or word in known.concepts:
        return (word,)
    for ending, instead in _PLURALS:
        single = word.removesuffix(ending) + instead
        if word.endswith(ending) and len(single) >= _SHORT_PART and single in known.words:
            return (single,)
    return (_split(word) or (_mended(word),)) if len(word) >= _LONG else (word,)


def plain_words(name: str) -> list[str]:
    """Give the words of a name as they are written, small and without accents."""
    return [word.lower() for word in _WORDS.findall(fold(name))]


@cache
def _split(word: str) -> tuple[str, ...]:
    known = vocabulary()
    best: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(1, len(word) + 1):
        for start in [s for s in best if s < end]:
            piece = word[start:end]
            for link in _LINKS:
                bare = piece.removesuffix(link) if link and start + len(piece) < len(word) else piece
                if (bare in known.words or bare in {"id", "no", "nr", "at", "on"}) and (
                    len(bare) >= _SHORT_PART or end == len(word)
                ):
                    tried = (*best[start], bare)
                    if end not in best or len(tried) < len(best[end]):
                        best[end] = tried
    return best.get(len(word), ())


@cache
def _mended(word: str) -> str:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = process.extractOne(word, sorted(vocabulary().words), scorer=OSA.distance, score_cutoff=1)
    return near[0] if near and len(near[0]) >= _LONG - 1 else word


def _join(words: list[str]) -> list[str]:
    """Join words that mean something together, the longest phrase first."""
    known, joined, at = vocabulary(), [], 0
    while at < len(words):
        for size in range(min(known.longest, len(words) - at), 0, -1):
            concept = known.concepts.get(" ".join(words[at : at + size]))
            if concept:
                joined.append(concept)
                at += size
                break
        else:
            if words[at] in known.asking:
                joined.append(FLAG)
            elif words[at] not in known.glue:
                joined.append(words[at])
            at += 1
    return joined or words
