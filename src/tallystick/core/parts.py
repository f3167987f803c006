"""What it means that a record of several parts lacks one (SYNC-SPEC 13.1). Pure.

optional part gone               its fields became blank; the blank policy decides, nothing is done here
required part gone   recreate    both sides forget what was agreed about its fields, so they are filled again
                     ask         nobody knows about its fields, and a person is asked
                     delete      the whole record counts as missing
the other side was deleted       a part that went is no edit for which a record would be kept
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tallystick.core.observation import Gone, Observation, Present
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, other
from tallystick.core.schema import Part


@dataclass(frozen=True, slots=True)
class Section:
    """The fields of a mapping, by their index, that stand in one part of a record."""

    part: Part
    fields: tuple[int, ...]


Bases = Mapping[Side, Fields | None]
Seen = Mapping[Side, Observation | None]


@dataclass(frozen=True, slots=True)
class Weighed:
    """Bases and observations as a decision should take them; whom to ask about which part; whose record is missing."""

    bases: Bases
    seen: Seen
    asks: tuple[tuple[Side, str], ...] = ()
    missing: tuple[tuple[Side, str], ...] = ()


def weigh_parts(bases: Bases, seen: Seen, sections: Mapping[Side, Iterable[Section]], *, ended: bool) -> Weighed:
    """Weigh the parts that records lack; ``sections`` are those of the sides on which a part is known to be absent.

    ``ended`` tells that the pairing was ended before, so that a record without its part is no return.
    """
    bases, seen = dict(bases), dict(seen)
    asks: list[tuple[Side, str]] = []
    missing: list[tuple[Side, str]] = []
    for side, section in [(s, section) for s in SIDES for section in sections.get(s, ())]:
        here, there = seen[side], seen[other(side)]
        if not isinstance(here, Present) or not _is_blank(here.fields, section):
            continue
        part = section.part
        if part.required and part.on_missing == "delete" and (ended or _was_filled(bases[side], section)):
            missing.append((side, part.role))
        elif isinstance(there, Gone):
            seen[side] = _with_unknown(here, section)
        elif not part.required or not _was_filled(bases[side], section) or _has_nothing(there, section):
            continue
        elif part.on_missing == "recreate":
            bases = {s: _forget(bases[s], section) for s in SIDES}
        else:
            seen[side] = _with_unknown(here, section)
            asks.append((side, part.role))
    return Weighed(bases, seen, tuple(asks), tuple(missing))


def _is_blank(fields: Fields, section: Section) -> bool:
    return bool(section.fields) and all(fields[i] is None for i in section.fields)


def _was_filled(base: Fields | None, section: Section) -> bool:
    return base is not None and any(base[i] is not None and base[i] is not UNKNOWN for i in section.fields)


def _has_nothing(seen: Observation | None, section: Section) -> bool:
    return isinstance(seen, Present) and _is_blank(seen.fields, section)


def _forget(base: Fields | None, section: Section) -> Fields | None:
    return None if base is None else tuple(UNKNOWN if i in section.fields else v for i, v in enumerate(base))


def _with_unknown(seen: Present, section: Section) -> Present:
    fields = tuple(UNKNOWN if i in section.fields else v for i, v in enumerate(seen.fields))
    return replace(seen, fields=fields)
