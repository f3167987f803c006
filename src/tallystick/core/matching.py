"""Who is who: keys that make two records the same, and the refusal to guess (SYNC-SPEC 9).

A rule links two records only if its key is unique among the records in scope on *both* sides (R-9.2), and no stronger
rule contradicts it (R-9.3). Placeholders and role addresses are no keys. Everything else is a question for a person.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Final, Literal

import msgspec

from tallystick.core.key_forms import DOUBTS, FORMS, alphanumeric
from tallystick.core.mapping import MatchRule, Normaliser, ObjectMapping
from tallystick.core.record import SIDES, UNKNOWN, Fields, Ref, Side, Value, fingerprint

Keys = Mapping[int, int]  # rule number -> hash of the normalised key; below zero are the external ids

_TELLING: Final = re.compile("[1-9]").search  # no placeholder has such a digit
_PLACEHOLDERS: Final = frozenset(
    {"", "na", "none", "null", "unknown", "unbekannt", "test", "tbd", "keine", "x", "xx", "xxx"}
)


def normalise(value: Value, how: Normaliser, region: str = "") -> str:
    """Give the key form of a value; empty when it cannot serve as a key (blank, unknown, placeholder, unbound).

    ``region`` is the country that VAT ids and telephone numbers without one belong to.
    """
    if value is None or value is UNKNOWN:
        return ""
    if isinstance(value, Ref):
        return "" if value.binding is None else f"{value.pair}#{value.binding}"
    key = FORMS[how](str(value), region)
    if _TELLING(key):
        return key
    plain = alphanumeric(key)
    return "" if plain in _PLACEHOLDERS or not plain.strip("0") else key


def doubt(value: Value, rule: MatchRule) -> str:
    """Say what is wrong with a value that is there and that check digits or numbering plans deny; empty if nothing."""
    told = DOUBTS.get(rule.normalise, "")
    is_there = told and normalise(value, "text")
    return told if is_there and not normalise(value, rule.normalise, rule.region) else ""


@dataclass(frozen=True, slots=True)
class KeyMaker:
    """Makes the match keys of a pair's records. One for both sides, because it reads canonical fields."""

    rules: tuple[tuple[int, tuple[int, ...], Normaliser, str], ...]

    def keys(self, fields: Fields) -> dict[int, int]:
        """Hash the key of each rule that the record has all values for."""
        found: dict[int, int] = {}
        for number, positions, how, region in self.rules:
            parts = [normalise(fields[i], how, region) for i in positions]
            if all(parts):
                found[number] = fingerprint("\x1f".join(parts).encode())
        return found


def key_maker(mapping: ObjectMapping) -> KeyMaker:
    """Prepare the match rules of a mapping."""
    return KeyMaker(
        tuple(
            (n, tuple(mapping.names.index(f) for f in rule.fields), rule.normalise, rule.region)
            for n, rule in enumerate(mapping.match)
        )
    )


def doubts(mapping: ObjectMapping, fields: Fields) -> list[str]:
    """Say of each value of a match rule that should be a key and is none what is wrong with it."""
    return [
        f"its {name} {told}"
        for rule in mapping.match
        for name in rule.fields
        if (told := doubt(fields[mapping.names.index(name)], rule))
    ]


def link_rule(side: Side) -> int:
    """Number the rule that the field of ``side`` which keeps the other side's ids makes; it comes before all others."""
    return -1 if side == "right" else -2


_BY_ID: Final = tuple(link_rule(side) for side in reversed(SIDES))


def id_key(value: Value) -> int | None:
    """Hash an id, or what a field says is one; ``None`` where it is none. The number 7 and the text "7" are one id."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    is_id = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    return fingerprint(str(value).encode()) if is_id else None


_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(dict[int, int]).decode


def pack_keys(keys: Keys) -> bytes:
    """Write a record's keys in few bytes; ``unpack_keys`` gives them back."""
    return _pack(keys)


def unpack_keys(packed: bytes | None) -> dict[int, int]:
    """Read what ``pack_keys`` wrote; nothing packed is no keys."""
    return _unpack(packed) if packed else {}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of either side that shares a key with the one in question.

    ``binding`` if it is paired already, and ``paired`` both ids of that; ``is_barred`` if nobody may be linked to it:
    it cannot be read, or it was paired once and somebody or a policy ended that.
    """

    id: str
    keys: Keys
    binding: int | None = None
    is_barred: bool = False
    paired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """Who a record belongs to.

    ``link`` with the one candidate; ``ambiguous``, ``contradiction`` or ``duplicate`` with all that a person must look
    at; ``none`` when nobody has its key; ``keyless`` when it has no key itself. ``rule`` is the rule that spoke.
    """

    kind: Literal["link", "ambiguous", "contradiction", "duplicate", "none", "keyless"]
    candidates: tuple[str, ...] = ()
    rule: int = -1


def match(rules: Sequence[MatchRule], keys: Keys, twins: Sequence[Candidate], others: Sequence[Candidate]) -> Match:
    """Find the counterpart of an unbound record: by the external ids that name it, then by the rules in their order.

    ``twins`` are the other records of its own side that share a key with it, ``others`` those of the opposite side.
    Never picks one of several, never a bound one, and never one whose pairing was ended.
    """
    for number in (*_BY_ID, *range(len(rules))):
        if number not in keys:
            continue
        same_side = [c for c in twins if c.keys.get(number) == keys[number]]
        hits = [c for c in others if c.keys.get(number) == keys[number]]
        if any(c.binding is not None for c in (*same_side, *hits)):
            # Both of a pairing are named: which of them still shows the key is not seen by every run.
            bound = [c.paired or (c.id,) for c in (*same_side, *hits) if c.binding is not None]
            return Match("duplicate", tuple(dict.fromkeys(chain.from_iterable(bound))), number)
        if len(hits) > 1 or same_side or any(c.is_barred for c in hits):
            return Match("ambiguous", tuple(c.id for c in hits) or tuple(c.id for c in same_side), number)
        if hits:
            return _check(rules, number, keys, hits[0])
    return Match("none") if any(n >= 0 for n in keys) or not rules else Match("keyless")


def _check(rules: Sequence[MatchRule], number: int, keys: Keys, hit: Candidate) -> Match:
    stronger = (*_BY_ID, *range(number)) if number >= 0 else ()
    if any(n in keys and n in hit.keys and keys[n] != hit.keys[n] for n in stronger):
        return Match("contradiction", (hit.id,), number)
    is_guess = number >= 0 and rules[number].is_weak
    return Match("ambiguous" if is_guess else "link", (hit.id,), number)
