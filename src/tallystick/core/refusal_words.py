"""What the words of a refusal ask for: which field, what kind of rule, which limits, in the words of many systems.

Words are only a hint. What they suggest is proposed only if it tells refused values from accepted ones
(``core.learned``), so that a word that means something else here does no harm.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tallystick.core.refusal_vocabulary import (
    BETWEEN,
    HIGH,
    INCLUSIVE,
    KINDS,
    LISTED,
    LOW,
    NOT_HIGH,
    NOT_LOW,
    NOT_NEGATIVE,
    OPEN,
    POSITIVE,
    WANTED,
    Bound,
    Kind,
    Wanted,
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that a system has against one field (its path there, empty if it names none).

    ``least`` and ``most`` are limits in the system's own words, ``is_open`` tells that the limit itself is refused too,
    ``bound`` which of both was passed where the words tell, number or not.
    ``options`` are those that it would take, ``pattern`` what it wants matched, ``wanted`` the type or form.
    """

    field: str
    kind: Kind
    text: str
    least: Decimal | None = None
    most: Decimal | None = None
    is_open: bool = False
    bound: Bound = ""
    options: tuple[str, ...] = ()
    pattern: str = ""
    wanted: Wanted = ""


def understand(text: str, field: str, paths: Collection[str]) -> list[Complaint]:
    """Read a refusal. ``field`` is the path that the system named beside its words, ``paths`` what it may name in them.

    A refusal about several fields gives a complaint for each. One that names no field comes back with an empty one.
    """
    words = own_words(text)
    segments = [part for part in _SEGMENT.split(words) if part.strip()] or [words]
    if field and len(segments) == 1:
        return [_read(field, _without_name(words, field))]
    known = {*paths, *([field] if field else [])}
    named = [(_named_in(part, known), part) for part in segments]
    found: dict[str, Complaint] = {}
    for name, part in named:
        own = field if field and _mentions(part, field) else name
        if own and own not in found:
            found[own] = _read(own, _without_name(part, own))
    if field and (field not in found or found[field].kind == "other"):
        free = [part for name, part in named if not name or name == field] or [words]
        heard = [_read(field, part) for part in free]
        found[field] = next((one for one in heard if one.kind != "other"), heard[0])
    return list(found.values()) or [next((c for c in _all(segments) if c.kind != "other"), _read("", words))]


def own_words(text: str) -> str:
    """Give what the system itself said, without where it was and what every refusal says."""
    return _HEAD.sub("", text)


def _all(segments: list[str]) -> Iterator[Complaint]:
    return (_read("", part) for part in segments)


# Where it was, and what every refusal says before the system's own words.
_HEAD: Final = re.compile(r"^.*?\bstatus \d{3}\b:?\s*|^\S+/\S+: ", re.DOTALL)
_SEGMENT: Final = re.compile(r";\s+|\n+")


def _leaf(path: str) -> str:
    return path.rpartition(".")[2]


def _mentions(text: str, path: str) -> bool:
    return any(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text, re.IGNORECASE) for name in {path, _leaf(path)})


def _named_in(text: str, paths: Collection[str]) -> str:
    """Give the path that is named first; of two at one place the longer."""
    places = []
    for path in paths:
        for name in {path, _leaf(path), _spelled(_leaf(path))}:
            at = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text, re.IGNORECASE) if name else None
            if at:
                places.append((at.start(), -len(name), path))
    return min(places)[2] if places else ""


def _spelled(name: str) -> str:
    """Spell ``vatId`` and ``vat_id`` as people read them: "vat id"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name)


def _without_name(text: str, path: str) -> str:
    """Take a leading name away, so that a field called "length" or "email" says nothing."""
    for name in (path, _leaf(path), _spelled(_leaf(path))):
        text = re.sub(rf"^\W*{re.escape(name)}\W*(?=\W)", "", text, count=1, flags=re.IGNORECASE)
    return text


def _read(field: str, text: str) -> Complaint:
    if pattern := _pattern_in(text):
        return Complaint(field, "format", text, pattern=pattern)
    for kind, words in KINDS:
        if words.search(text):
            return _measured(field, kind, text)
    return Complaint(field, "other", text)


def _measured(field: str, kind: Kind, text: str) -> Complaint:
    match kind:
        case "length" | "range":
            least, most, is_open = _limits(text, kind)
            return Complaint(field, kind, text, least, most, is_open=is_open, bound=_bound(text))
        case "option":
            return Complaint(field, kind, text, options=_options_in(text))
        case "type" | "format":
            wanted = _wanted(text)
            return Complaint(field, "type" if wanted in {"integer", "number"} else "format", text, wanted=wanted)
        case _:
            return Complaint(field, kind, text)


def _wanted(text: str) -> Wanted:
    found: Wanted = next((name for name, words in WANTED if words.search(text)), "")
    return found


_NUMBER: Final = re.compile(
    r"(?<![\w.,-])-?\d{1,3}(?:[,'\u202f ]\d{3})+(?:\.\d+)?(?![\w])"
    r"|(?<![\w.,])-?\d+(?:\.\d+)?(?![\w])|(?<=\()\d+(?=\))"
)


def _directions(text: str) -> tuple[bool, bool]:
    """Tell whether words speak of a lower limit, of an upper one, or of both."""
    is_low = bool(NOT_HIGH.search(text)) or (bool(LOW.search(text)) and not NOT_LOW.search(text))
    is_high = bool(NOT_LOW.search(text)) or (bool(HIGH.search(text)) and not NOT_HIGH.search(text))
    return is_low, is_high


def _bound(text: str) -> Bound:
    is_low, is_high = _directions(text)
    if is_low == is_high or BETWEEN.search(text):
        return ""
    return "low" if is_low else "high"


def _limits(text: str, kind: Kind) -> tuple[Decimal | None, Decimal | None, bool]:
    if found := BETWEEN.search(text):
        low, high = (_number(group) for group in found.groups())
        return low, high, False
    if POSITIVE.search(text):
        return Decimal(0), None, kind == "range"
    if NOT_NEGATIVE.search(text):
        return Decimal(0), None, False
    numbers = [number for m in _NUMBER.finditer(text) if (number := _number(m.group())) is not None]
    varying = re.search(r"varying\((\d+)\)|\((?:max|min)[^\d]*(\d+)\)", text, re.IGNORECASE)
    if varying:
        numbers = [Decimal(next(group for group in varying.groups() if group))]
    if not numbers:
        return None, None, False
    is_low, is_high = _directions(text)
    is_open = bool(OPEN.search(text)) and not INCLUSIVE.search(text)
    if is_low and is_high and len(numbers) > 1:
        return min(numbers), max(numbers), False
    if is_low == is_high:
        return None, None, False
    return (numbers[0], None, is_open) if is_low else (None, numbers[0], is_open)


def _number(text: str) -> Decimal | None:
    plain = re.sub(r"(?<=\d)[,'\u202f ](?=\d{3}(?:\D|$))", "", text).replace(",", ".").rstrip(".")
    try:
        return Decimal(plain)
    except ArithmeticError:
        return None


def _options_in(text: str) -> tuple[str, ...]:
    """Give the options that a system lists, at least two."""
    found = LISTED.search(text)
    if not found:
        return ()
    listed = re.split(r"[\])}]|\.(?:\s|$)|;", found.group(1))[0]
    parts = re.split(
        r",\s*(?:and |or |und |oder |et |ou |y |o |e )?|\s+(?:and|or|und|oder|et|ou)\s+|\s*\|\s*|\s/\s", listed
    )
    plain = [part.strip(" \t'\"`“”„«»") for part in parts]
    options = tuple(dict.fromkeys(part for part in plain if part))
    return options if len(options) > 1 else ()


_PATTERN: Final = re.compile(
    r"(\^[^\s]+\$)|(?:pattern|regex|regular expression|match(?:es)?)\W{0,4}['\"`/](\S+?)['\"`/](?:\W|$)", re.IGNORECASE
)


def _pattern_in(text: str) -> str:
    found = _PATTERN.search(text)
    return next((group for group in found.groups() if group), "") if found else ""
