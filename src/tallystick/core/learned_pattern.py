"""Patterns that accepted texts keep and refused ones break: known forms, the common shape, the characters allowed.

Guesses come from loose to tight within each family; whoever asks takes the first that tells both apart.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from tallystick.core.refusal_vocabulary import Wanted

Shape = tuple[str, ...]
_MOST_SHAPES: Final = 4
_RARE: Final = 0.05
"""The share of texts of a shape seen once only, above which further shapes are to be expected."""
_MOST_WORDS: Final = 10
_FEWEST_OF_WORD: Final = 3
_FORMS: Final[Mapping[Wanted, tuple[str, ...]]] = {
    "email": (r"^[^@\s]+@[^@\s]+\.[^@\s.]+$", r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$"),
    "url": (r"^https?://\S+$", r"^https://\S+$"),
    "phone": (r"^\+[0-9][0-9 ]+$", r"^\+[0-9]+$", r"^[0-9 +()/.-]+$"),
    "integer": (r"^[+-]?[0-9]+$", r"^[0-9]+$"),
    "number": (r"^[+-]?[0-9]+(\.[0-9]+)?$",),
    "date": (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}", r"^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}$"),
    "digits": (r"^[0-9]+$",),
    "uppercase": (r"^[^a-z]+$",),
    "lowercase": (r"^[^A-Z]+$",),
}
_CHARACTERS: Final = (
    r"^[0-9]+$", r"^[A-Z]+$", r"^[a-z]+$", r"^[A-Za-z]+$", r"^[A-Z0-9]+$", r"^[a-z0-9]+$", r"^[A-Za-z0-9]+$",
    r"^[A-Z0-9_.-]+$", r"^[A-Za-z0-9_.-]+$", r"^[0-9 +()/.-]+$", r"^[^a-z]+$", r"^[^A-Z]+$", r"^[^0-9]+$", r"^\S+$",
)  # fmt: skip
_SPECIAL: Final = re.compile(r"[.^$*+?{}\[\]\\|()/]")
_CLASSES: Final = {"A": "[A-Z]", "a": "[a-z]", "0": "[0-9]"}


def pattern_guesses(good: Sequence[str], bad: Sequence[str], wanted: Wanted) -> Iterator[str]:
    """Give patterns that may be what a system asks of these texts, the likeliest first."""
    yield from _FORMS.get(wanted, ())
    for form in ("email", "url") if not wanted else ():
        yield from _FORMS[form]
    yield from _shaped(good)
    yield from _CHARACTERS
    yield from _forbidden(good, bad)


def common_shape(good: Sequence[str]) -> str:
    """Give the loosest pattern of the one shape that all accepted texts have, empty where they have several."""
    if not all(text.isascii() for text in good) or len({_shape(text)[0] for text in good}) != 1:
        return ""
    return next(_shaped(good), "")


def _shaped(good: Sequence[str]) -> Iterator[str]:
    """Give the shapes that all accepted texts have, if these are few and none is a rarity."""
    runs: dict[Shape, list[list[str]]] = {}
    for text in good:
        if not text.isascii():
            return
        shape, parts = _shape(text)
        runs.setdefault(shape, []).append(parts)
        if len(runs) > max(_MOST_SHAPES, len(good) * _RARE):
            return
    rare = sum(len(texts) == 1 for texts in runs.values())
    if not good or len(runs) > _MOST_SHAPES or rare > len(good) * _RARE:
        return
    for exact in range(3):
        yield "^(?:" * (len(runs) > 1) + "^" * (len(runs) == 1) + "|".join(
            _spell(shape, texts, exact) for shape, texts in sorted(runs.items())
        ) + ")$" * (len(runs) > 1) + "$" * (len(runs) == 1)  # fmt: skip


def _shape(text: str) -> tuple[Shape, list[str]]:
    parts = ["".join(run) for _, run in groupby(text, _class_of)]
    return tuple(_class_of(part[0]) if _class_of(part[0]) in _CLASSES else f"={part}" for part in parts), parts


def _class_of(character: str) -> str:
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return f"={character}"


def _spell(shape: Shape, texts: Sequence[Sequence[str]], exact: int) -> str:
    """Spell one shape: 0 leaves lengths that vary open, 1 gives their bounds, 2 also letters that are few words."""
    spelled = []
    for at, kind in enumerate(shape):
        if kind not in _CLASSES:
            spelled.append(_SPECIAL.sub(r"\\\g<0>", kind[1:]))
            continue
        found = Counter(parts[at] for parts in texts)
        least, most = (choose(len(part) for part in found) for choose in (min, max))
        if exact > 1 and kind != "0" and len(found) <= _MOST_WORDS and min(found.values()) >= _FEWEST_OF_WORD:
            spelled.append(next(iter(found)) if len(found) == 1 else f"(?:{'|'.join(sorted(found))})")
        elif least == most:
            spelled.append(_CLASSES[kind] + (f"{{{least}}}" if least > 1 else ""))
        else:
            spelled.append(_CLASSES[kind] + (f"{{{least},{most}}}" if exact else "+"))
    return "".join(spelled)


def _forbidden(good: Sequence[str], bad: Sequence[str]) -> Iterator[str]:
    """Give the pattern without the signs that only refused texts have."""
    known = set().union(*map(set, good)) if good else set()
    signs = Counter(sign for text in bad for sign in set(text) - known if not sign.isalnum())
    if signs:
        yield "^[^" + "".join(re.escape(sign) for sign in sorted(signs)) + "]*$"
