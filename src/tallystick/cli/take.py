"""Carry out a person's answers: one run over exactly the records that were asked about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tallystick.cli.carried_text import carried_document
from tallystick.cli.carry import Carried, carry
from tallystick.cli.contested import Contested, side_of
from tallystick.cli.person import person
from tallystick.engine.answering import Answering
from tallystick.engine.session import Mode
from tallystick.wiring import House


@dataclass(frozen=True, slots=True)
class Taken:
    """What the answers came to: ``answered`` and ``refused`` by the question's name, the latter with the reason."""

    carried: Carried
    answered: list[str]
    refused: dict[str, str]
    is_dry: bool

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        counts = {"dry_run": self.is_dry, "answered": self.answered, "refused": self.refused}
        return counts | carried_document(self.carried)


def take_side(
    house: House,
    word: str,
    contested: Sequence[Contested],
    *,
    is_dry: bool,
    released: frozenset[str],
    patience: float,
    command: str,
) -> Taken:
    """Let the side that ``word`` means be right in all these questions.

    Raises:
        ProjectError: one of the mappings has no such side.
    """
    answering = Answering({c.item.id: side_of(c.pair, word) for c in contested}, person())
    names = list(dict.fromkeys(c.pair.name for c in contested))
    mode: Mode = "plan" if is_dry else "answer"
    carried = carry(house, mode, names, released=released, patience=patience, look=answering.observe, command=command)
    open_ids = house.store.look(lambda tx: {item.id for name in names for item in tx.queue(name)})
    refused = {c.name: why for c in contested if (why := _refusal(c, answering, carried, open_ids, is_dry=is_dry))}
    return Taken(carried, [c.name for c in contested if c.name not in refused], refused, is_dry)


def _refusal(contested: Contested, answering: Answering, carried: Carried, open_ids: set[int], *, is_dry: bool) -> str:
    """Say why a question is still open; empty if it is answered."""
    if contested.binding is None:
        return "the record is paired with nobody"
    if contested.item.id in answering.refused:
        return answering.refused[contested.item.id]
    if contested.pair.name in carried.result.failures:
        return carried.result.failures[contested.pair.name].message
    if is_dry or contested.item.id not in open_ids:
        return ""
    held = any(p.holds for p in carried.result.plan.pairs if p.pair == contested.pair.name)
    return "a brake holds it" if held else "the write did not get through"
