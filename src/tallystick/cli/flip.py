"""Bring losers back: find the records that a person means, and run over exactly these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tallystick.cli.carried_text import carried_document
from tallystick.cli.carry import Carried, carry
from tallystick.cli.why_find import Subject, find_subjects
from tallystick.core.error import ProjectError
from tallystick.engine.flipping import Flipping
from tallystick.wiring import House


@dataclass(frozen=True, slots=True)
class Flipped:
    """What bringing back came to; ``refused`` by ``MAPPING RECORD FIELD`` with the reason."""

    carried: Carried
    refused: dict[str, str]
    is_dry: bool

    @property
    def written(self) -> int:
        """How many records were written."""
        return sum(done.get("update", 0) for done in self.carried.result.done.values())

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {"dry_run": self.is_dry, "written": self.written, "refused": self.refused} | carried_document(
            self.carried
        )


def flip_records(
    house: House,
    mapping: str | None,
    records: Sequence[str],
    fields: Sequence[str],
    *,
    is_dry: bool,
    released: frozenset[str],
    patience: float,
    command: str,
) -> Flipped:
    """Bring back what these records lost in their last settled conflict, or only these fields of it.

    Raises:
        ProjectError: nobody knows such a record or field, or the record fits several mappings.
    """
    chosen = {number: subject for r in records for number, subject in [_subject(house, mapping, r)]}
    for subject in chosen.values():
        _check_fields(subject, fields)
    wanted: dict[str, list[int]] = {}
    for number, subject in chosen.items():
        wanted.setdefault(subject.pair.name, []).append(number)
    flipping = Flipping(wanted, frozenset(fields))
    carried = carry(
        house,
        "plan" if is_dry else "flip",
        list(wanted),
        released=released,
        patience=patience,
        look=flipping.observe,
        command=command,
    )
    refused = {
        f"{chosen[n].pair.name} {chosen[n].side}/{chosen[n].id} {name}".rstrip(): why
        for (n, name), why in flipping.refused.items()
    }
    return Flipped(carried, refused, is_dry)


def _subject(house: House, mapping: str | None, record: str) -> tuple[int, Subject]:
    found = [s for s in find_subjects(house, [*([mapping] if mapping else []), record]) if s.binding is not None]
    if not found:
        raise ProjectError(
            f"nobody knows a paired record '{record}'",
            hint="write SYSTEM/OBJECT/ID, or name the mapping, with the id as its system spells it",
        )
    if len(found) > 1:
        meant = ", ".join(f"{s.pair.name} {s.side}/{s.id}" for s in found)
        raise ProjectError(f"the record '{record}' fits several", hint=f"name the mapping or the system: {meant}")
    [subject] = found
    assert subject.binding is not None
    return subject.binding, subject


def _check_fields(subject: Subject, fields: Sequence[str]) -> None:
    from tallystick.project.near import suggest

    names = subject.pair.mapping.names
    for name in fields:
        if name not in names:
            raise ProjectError(f"'{subject.pair.name}' has no field '{name}'", hint=suggest(name, names, what="fields"))
