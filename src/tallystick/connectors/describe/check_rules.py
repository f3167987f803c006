"""Reads what a CHECK constraint demands of one column: a list of choices, a length, a range.

The rule is split into words and every part between its ANDs must be one of a few plain forms; a rule with anything
else in it (OR, NOT, arithmetic, functions) promises nothing and is left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

_LENGTHS: Final = frozenset({"length", "char_length", "character_length"})
_KEYWORDS: Final = frozenset({"and", "or", "not", "in", "any", "array", "between", "is", "null"})
_MIRRORED: Final = {"<=": ">=", ">=": "<=", "<": ">", ">": "<", "=": "=", "<>": "<>", "!=": "!="}


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """What a rule demands of the values of one column. Bounds are inclusive unless they say ``exclusive``."""

    column: str
    options: tuple[str, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class _Word:
    """A part of a rule. ``kind`` is ``name``, ``key`` (a keyword), ``text``, ``number`` or ``sign``."""

    kind: str
    text: str


def read_check(rule: str) -> list[ColumnRule]:
    """Give what a rule demands column by column; nothing where it is more than such demands joined by AND."""
    words = _without_casts(list(_words(rule)))
    flat = [word for word in words if word.text not in {"(", ")", "[", "]"} or word.kind == "text"]
    rules = [_part(part) for part in _parts(flat)]
    return [rule for rule in rules if rule is not None] if None not in rules else []


def _words(rule: str) -> Iterator[_Word]:
    at = 0
    while at < len(rule):
        character = rule[at]
        if character.isspace():
            at += 1
            continue
        if character in "'\"`":
            text, at = _quoted(rule, at)
            yield _Word("text" if character == "'" else "name", text)
        elif character.isdigit() or (character == "-" and rule[at + 1 : at + 2].isdigit()):
            end = _end(rule, at + 1, ".")
            yield _Word("number", rule[at:end])
            at = end
        elif character.isalpha() or character == "_":
            end = _end(rule, at, "_$")
            word = rule[at:end]
            yield _Word("key", word.lower()) if word.lower() in _KEYWORDS else _Word("name", word)
            at = end
        else:
            sign = next((two for two in ("<=", ">=", "<>", "!=", "::") if rule.startswith(two, at)), character)
            yield _Word("sign", sign)
            at += len(sign)


def _end(rule: str, at: int, further: str) -> int:
    while at < len(rule) and (rule[at].isalnum() or rule[at] in further):
        at += 1
    return at


def _quoted(rule: str, at: int) -> tuple[str, int]:
    """Read a quoted text or name, in which the quote is doubled; give it and where it ends."""
    quote, text = rule[at], ""
    at += 1
    while at < len(rule):
        if rule[at] != quote:
            text += rule[at]
        elif rule[at + 1 : at + 2] == quote:
            text += quote
            at += 1
        else:
            break
        at += 1
    return text, at + 1


def _without_casts(words: list[_Word]) -> list[_Word]:
    """Leave out ``::character varying(10)[]`` and the like."""
    kept: list[_Word] = []
    at = 0
    while at < len(words):
        if words[at] != _Word("sign", "::"):
            kept.append(words[at])
            at += 1
            continue
        at += 1
        while at < len(words) and words[at].kind == "name":
            at += 1
        if at < len(words) and words[at] == _Word("sign", "("):
            while at < len(words) and words[at] != _Word("sign", ")"):
                at += 1
            at += 1
    return kept


def _parts(words: list[_Word]) -> Iterator[list[_Word]]:
    """Split at every AND that does not belong to a BETWEEN."""
    part: list[_Word] = []
    for word in words:
        between = part[1:2] == [_Word("key", "between")] and part[3:] == []
        if word == _Word("key", "and") and not between:
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _part(words: list[_Word]) -> ColumnRule | None:
    kinds = [word.kind for word in words]
    texts = [word.text.lower() if word.kind in {"name", "key"} else word.text for word in words]
    if kinds[:1] == ["name"] and texts[0] in _LENGTHS and kinds[1:] == ["name", "sign", "number"]:
        return _length(words[1].text, texts[2], words[3].text)
    if len(words) > 2 and kinds[0] == "name" and texts[1] == "in":  # noqa: PLR2004 - column, IN, one value
        return _choices(words[0].text, words[2:])
    if kinds[0:1] == ["name"] and texts[1:4] == ["=", "any", "array"]:
        return _choices(words[0].text, words[4:])
    if kinds == ["name", "key", "number", "key", "number"] and (texts[1], texts[3]) == ("between", "and"):
        return ColumnRule(words[0].text, minimum=Decimal(texts[2]), maximum=Decimal(texts[4]))
    if kinds in (["number", "sign", "name"], ["text", "sign", "name"]):
        words, texts = words[::-1], [texts[2], _MIRRORED.get(texts[1], ""), texts[0]]
        kinds = [word.kind for word in words]
    if kinds in (["name", "sign", "number"], ["name", "sign", "text"]):
        return _comparison(words[0].text, texts[1], words[2])
    return None


def _choices(column: str, words: list[_Word]) -> ColumnRule | None:
    values, commas = words[::2], words[1::2]
    if any(word.text != "," for word in commas) or any(word.kind != "text" for word in values):
        return None
    return ColumnRule(column, options=tuple(word.text for word in values))


def _length(column: str, sign: str, number: str) -> ColumnRule | None:
    if not number.isdigit():
        return None
    size = int(number)
    bounds = {"<=": (None, size), "<": (None, size - 1), ">=": (size, None), ">": (size + 1, None), "=": (size, size)}
    if sign not in bounds:
        return None
    shortest, longest = bounds[sign]
    return ColumnRule(column, min_length=shortest, max_length=longest)


def _comparison(column: str, sign: str, value: _Word) -> ColumnRule | None:
    if value.kind == "text" and sign == "=":
        return ColumnRule(column, options=(value.text,))
    if value.kind == "text" and sign in {"<>", "!="} and not value.text:
        return ColumnRule(column, min_length=1)
    try:
        number = Decimal(value.text)
    except InvalidOperation:
        return None
    if sign in {">=", ">"}:
        return ColumnRule(column, minimum=number, exclusive=sign == ">")
    if sign in {"<=", "<"}:
        return ColumnRule(column, maximum=number, exclusive=sign == "<")
    return None
