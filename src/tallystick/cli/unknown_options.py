"""Select options that the mapping does not know, each once with its count: what has to be added to it (R-15.3)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tallystick.cli.output import number
from tallystick.core.binding import Quarantined
from tallystick.core.record import SIDES, Side

_SAMPLES: Final = 5
_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class UnknownOption:
    """One option of one side: the field that has it, in how many records, and some of their ids."""

    pair: str
    field: str
    side: Side
    option: str
    count: int
    samples: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {
            "mapping": self.pair,
            "field": self.field,
            "side": self.side,
            "option": self.option,
            "count": self.count,
            "records": list(self.samples),
        }


def unknown_options(parked: Iterable[Quarantined]) -> list[UnknownOption]:
    """Gather the options that parked fields wait for; the most frequent first."""
    counts: Counter[tuple[str, str, Side, str]] = Counter()
    samples: dict[tuple[str, str, Side, str], list[str]] = {}
    for row in parked:
        if row.option:
            key = (row.pair, row.field, row.side, row.option)
            counts[key] += 1
            known = samples.setdefault(key, [])
            if len(known) < _SAMPLES:
                known.append(row.record)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0][:2], SIDES.index(item[0][2]), item[0][3]))
    return [UnknownOption(*key, count, tuple(samples[key])) for key, count in ordered]


def option_lines(options: Sequence[Mapping[str, Any]], names: Mapping[Side, str]) -> Iterator[str]:
    """Say of each option of one mapping, given as JSON, where it stands and in how many records.

    ``names`` are those of the sides.
    """
    for found in options[:_LISTED]:
        more = ", ..." if found["count"] > len(found["records"]) else ""
        held = (
            f"{found['field']} in {names[found['side']]} is '{found['option']}' in {number(found['count'], 'record')}"
        )
        yield f"unknown option: {held} ({', '.join(found['records'])}{more})"
    if len(options) > _LISTED:
        yield f"and {len(options) - _LISTED:,} more unknown options"
