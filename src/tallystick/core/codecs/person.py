"""Names of people: one text and its parts, salutations and titles in German and English.

Where a first name ends is a guess: all that is sure is kept apart, and both sides settle on one guess (R-7.1).
Canonical is an object of parts: ``salutation``, ``title``, ``first``, ``last``, ``suffix``; those without
text are left out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from tallystick.core.codecs.settled import read_settled, write_settled
from tallystick.core.codecs.spelling import expect_text, nearest, refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

PARTS: Final = ("salutation", "title", "first", "last", "suffix")
# What a last name may begin with, in small letters; written large it is a name like any other.
_PARTICLES: Final = frozenset(
    [
        "af",
        "al",
        "am",
        "auf",
        "av",
        "bin",
        "da",
        "dal",
        "de",
        "del",
        "della",
        "den",
        "der",
        "des",
        "di",
        "do",
        "dos",
        "du",
        "e",
        "el",
        "im",
        "la",
        "las",
        "le",
        "los",
        "op",
        "of",
        "ten",
        "ter",
        "van",
        "vom",
        "von",
        "y",
        "zu",
        "zum",
        "zur",
        "'t",
    ]
)
_SALUTATIONS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "de": {
        "mr": ("Herr", "Herrn", "Hr"),
        "ms": ("Frau", "Fr", "Fräulein"),
        "mx": ("Divers",),
        "company": ("Firma", "Fa"),
        "family": ("Familie", "Fam"),
    },
    "en": {
        "mr": ("Mr", "Mister", "Sir"),
        "ms": ("Ms", "Mrs", "Miss", "Madam"),
        "mx": ("Mx",),
        "company": ("Company", "Messrs"),
        "family": ("Family",),
    },
}
_TITLES: Final[dict[str, str]] = {
    "dr": "Dr.", "doktor": "Dr.", "doctor": "Dr.", "prof": "Prof.", "professor": "Prof.", "professorin": "Prof.",
    "ing": "Ing.", "dipl-ing": "Dipl.-Ing.", "dipl": "Dipl.", "dipl-kfm": "Dipl.-Kfm.", "mag": "Mag.", "med": "med.",
    "rer": "rer.", "nat": "nat.", "pol": "pol.", "oec": "oec.", "jur": "jur.", "iur": "iur.", "phil": "phil.",
    "h-c": "h.c.", "hc": "h.c.", "habil": "habil.", "dr-ing": "Dr.-Ing.", "priv-doz": "Priv.-Doz.", "pd": "PD",
    "dres": "Dres.", "vet": "vet.", "dent": "dent.",
}  # fmt: skip


def _bare(word: str) -> str:
    return re.sub(r"[.\s-]+", "-", word.casefold()).strip("-")


_KNOWN_SALUTATIONS: Final = {
    _bare(word): code for words in _SALUTATIONS.values() for code, spelled in words.items() for word in spelled
}


def check_parts(codec: str, value: Any, known: tuple[str, ...], *, lines: bool = False) -> dict[str, str]:
    """Give the parts that have text, in order and with single spaces; ``lines`` keeps the ends of lines in them.

    Raises:
        InvalidValue: it is no object of texts, or it has a part for which there is no place.
    """
    if not isinstance(value, dict) or not all(v is None or _is_text(v) for v in value.values()):
        raise refuse(codec, value, f"an object of texts: {', '.join(known)}")
    parts = {key: _single_spaced(str(text), lines=lines) for key, text in value.items() if text not in {None, ""}}
    strange = next((key for key, text in parts.items() if text and key not in known), None)
    if strange is not None:
        hint = "give it a place, or leave it out: {codec: parts, only: [" + ", ".join(known) + "]}"
        raise InvalidValue(f"{codec}: there is no place here for the part '{str(strange)[:40]}'", hint=hint)
    return {key: parts[key] for key in known if parts.get(key)}


def _is_text(value: Any) -> bool:
    # The number of a house may be a number.
    is_number = isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64  # noqa: PLR2004
    return isinstance(value, str) or is_number


def _single_spaced(text: str, *, lines: bool) -> str:
    rows = text.splitlines() if lines else [text]
    return "\n".join(filter(None, (" ".join(row.split()) for row in rows)))


@dataclass(frozen=True, slots=True)
class FullName:
    """A person's whole name in one text; canonical is an object of its ``parts``.

    ``last_first`` is ``Mustermann, Erika``. A part that is not named among ``parts`` stays with the first name.
    ``von``, ``van``, ``de`` and the like in small letters begin the last name.

    >>> FullName().decode("Erika von der Heide"), FullName("last_first").encode({"first": "Erika", "last": "Muster"})
    ({'first': 'Erika', 'last': 'von der Heide'}, 'Muster, Erika')
    >>> FullName(parts=("title", "first", "last")).decode("Prof. Dr. Max Muster")
    {'title': 'Prof. Dr.', 'first': 'Max', 'last': 'Muster'}
    """

    order: Literal["first_last", "last_first"] = "first_last"
    parts: tuple[str, ...] = ("first", "last")
    name: ClassVar[str] = "full_name"
    specimens: ClassVar[tuple[str, ...]] = ("Muster,Erika",)
    loss: ClassVar[Loss] = "lossy"

    def __post_init__(self) -> None:
        """Refuse parts that no name has."""
        for part in self.parts:
            if part not in PARTS:
                meant = nearest(part, PARTS)
                hint = f"did you mean {meant}?" if meant else f"there are: {', '.join(PARTS)}"
                raise InvalidValue(f"full_name: a name has no part '{part}'", hint=hint)
        if not {"first", "last"} <= set(self.parts):
            raise InvalidValue("full_name: first and last are always among the parts", hint="parts: [first, last]")

    def decode(self, raw: Any) -> Value:
        """Give the parts of the name."""
        text = " ".join(expect_text(self.name, raw).split())
        return read_settled(self.name, text, self._split, self._join) or None

    def encode(self, value: Value) -> Any:
        """Give the name as one text."""
        known = tuple(part for part in PARTS if part in self.parts)
        return write_settled(self.name, check_parts(self.name, value, known), self._split, self._join)

    def _split(self, text: str) -> dict[str, str]:
        main, comma, rest = (piece.strip() for piece in text.partition(","))
        if self.order == "last_first" and comma:
            rest, _, suffix = rest.partition(",") if "suffix" in self.parts else (rest, "", "")
            ahead, words = self._ahead(rest.split())
            return _filled({**ahead, "first": " ".join(words), "last": main, "suffix": suffix.strip()})
        if comma and "suffix" not in self.parts:
            hint = "order: last_first reads Mustermann, Erika; suffix among the parts reads Erika Mustermann, MBA"
            raise refuse(self.name, text, "a name without a comma", hint=hint)
        ahead, words = self._ahead(main.split())
        cut = _last_name(words)
        return _filled({**ahead, "first": " ".join(words[:cut]), "last": " ".join(words[cut:]), "suffix": rest})

    def _ahead(self, words: list[str]) -> tuple[dict[str, str], list[str]]:
        # Salutation and titles stand before the name; the last word is always a name.
        ahead = {"salutation": "", "title": ""}
        if "salutation" in self.parts and len(words) > 1 and _bare(words[0]) in _KNOWN_SALUTATIONS:
            ahead["salutation"], words = words[0], words[1:]
        if "title" in self.parts:
            count = 0
            while count < len(words) - 1 and _bare(words[count]) in _TITLES:
                count += 1
            ahead["title"], words = " ".join(words[:count]), words[count:]
        return ahead, words

    def _join(self, parts: dict[str, str]) -> str:
        ahead = [parts.get("salutation", ""), parts.get("title", ""), parts.get("first", "")]
        last, suffix = parts.get("last", ""), parts.get("suffix", "")
        if self.order == "last_first":
            pieces = [last, " ".join(filter(None, ahead)), suffix]
        else:
            pieces = [" ".join(filter(None, [*ahead, last])), suffix]
        return ", ".join(filter(None, pieces))


def _last_name(words: list[str]) -> int:
    for at, word in enumerate(words[1:-1], 1):
        if word in _PARTICLES:
            return at
    return max(0, len(words) - 1)


def _filled(parts: Mapping[str, str]) -> dict[str, str]:
    return {part: parts[part] for part in PARTS if parts.get(part)}


@dataclass(frozen=True, slots=True)
class Parts:
    """An object of texts, brought to one form: single spaces, no empty parts. ``only`` leaves all others out.

    >>> Parts(only=("first", "last")).encode({"title": "Dr.", "first": " Erika ", "last": "Muster"})
    {'first': 'Erika', 'last': 'Muster'}
    """

    only: tuple[str, ...] = ()
    name: ClassVar[str] = "parts"
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the object in its one form."""
        if not isinstance(raw, dict):
            raise refuse(self.name, raw, "an object of texts")
        wanted = self.only or tuple(sorted(raw))
        return check_parts(self.name, {key: raw[key] for key in wanted if key in raw}, wanted, lines=True) or None

    def encode(self, value: Value) -> Any:
        """Give the object in its one form."""
        return self.decode(value)


@dataclass(frozen=True, slots=True)
class Salutation:
    """How a person is addressed; canonical is ``mr``, ``ms``, ``mx``, ``company`` or ``family``.

    German and English are read; ``language`` says which is written. ``spellings`` is the system's own list.

    >>> Salutation().decode("Hr."), Salutation("en").encode("ms")
    ('mr', 'Ms')
    >>> Salutation(spellings={"mr": "1", "ms": "2"}).decode("2")
    'ms'
    """

    language: Literal["de", "en"] = "de"
    spellings: Mapping[str, str] = field(default_factory=dict)
    name: ClassVar[str] = "salutation"
    loss: ClassVar[Loss] = "lossy"
    _read: dict[str, str] = field(init=False, repr=False, compare=False)
    _written: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the spellings. Raises ``InvalidValue`` for a code that does not exist or two with one spelling."""
        codes = _SALUTATIONS[self.language]
        strange = next((code for code in self.spellings if code not in codes), None)
        if strange is not None:
            raise InvalidValue(f"salutation: there is no '{strange}'", hint=f"there are: {', '.join(codes)}")
        own = {_bare(text): code for code, text in self.spellings.items()}
        if len(own) < len(self.spellings) or "" in own:
            raise InvalidValue("salutation: each needs a spelling of its own")
        written = {code: words[0] for code, words in codes.items()} | dict(self.spellings)
        # A spelling of the system's own may be a usual one of another salutation.
        read = {**_KNOWN_SALUTATIONS, **own}
        object.__setattr__(self, "_read", read)
        object.__setattr__(self, "_written", {c: text for c, text in written.items() if read[_bare(text)] == c})

    def decode(self, raw: Any) -> Value:
        """Give the code."""
        code = self._read.get(_bare(expect_text(self.name, raw)))
        if code is None:
            hint = "add it to spellings, or use options"
            raise refuse(self.name, raw, "a salutation such as Herr, Frau, Mr, Ms", hint=hint)
        return code

    def encode(self, value: Value) -> Any:
        """Give this side's spelling."""
        text = self._written.get(expect_text(self.name, value))
        if text is None:
            hint = f"it can be {', '.join(self._written)}"
            raise refuse(self.name, value, "a salutation that this side can write", hint=hint)
        return text


@dataclass(frozen=True, slots=True)
class Title:
    """Academic titles in their usual spelling; a word that is no known title stays as it is.

    >>> Title().decode("Professor Doktor"), Title().decode("dr med")
    ('Prof. Dr.', 'Dr. med.')
    """

    name: ClassVar[str] = "title"
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the titles as they are usually written."""
        return " ".join(_TITLES.get(_bare(word), word) for word in expect_text(self.name, raw).split())

    def encode(self, value: Value) -> Any:
        """Give the titles as they are usually written."""
        return self.decode(value)
