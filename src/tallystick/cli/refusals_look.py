"""Gather what can be learned of a project's refusals, for the verb that lists them and for plans."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from tallystick.core.error import Error
from tallystick.core.record import SIDES
from tallystick.core.refused import RefusedReason
from tallystick.core.state import StoreTx
from tallystick.engine.effects import drive

if TYPE_CHECKING:
    from tallystick.engine.learn import Candidate
    from tallystick.wiring import House

_SHOWN: Final = 5


def look_at_refusals(house: "House", names: Collection[str]) -> "list[Candidate]":
    """Learn from the refusals of some mappings. Raises what a system answers instead of its records."""
    from tallystick.engine.learn import learn

    boundary = house.boundary()
    return [
        found
        for pair in house.pairs
        if pair.name in names
        for side in SIDES
        for found in drive(learn(pair, side), boundary)
    ]


def expect_refusals(house: "House", names: Sequence[str]) -> None:
    """Let the pairs of a plan warn of writes like those that were refused.

    What cannot be read now, or not without a listing of everything, warns of nothing.
    """
    if not house.store.look(lambda tx: tx.refusals()):
        return
    from tallystick.engine.learn import learn, learned_rules, with_rules

    boundary = house.boundary()
    chosen = {pair.name for pair in house.chosen(names)}
    made = []
    for pair in house.pairs:
        rules = []
        for side in SIDES if pair.name in chosen else ():
            try:
                rules += learned_rules(drive(learn(pair, side, lists=False), boundary))
            except Error:
                continue  # the plan itself will say what is wrong with the system
        made.append(with_rules(pair, rules))
    house.pairs = made


def refused_fields(tx: StoreTx, pairs: Collection[str]) -> set[tuple[str, str]]:
    """Name the (mapping, field as the target calls it) of which a rule may be learned."""
    return {(reason.pair, reason.field) for reason in tx.refusals() if reason.pair in pairs and not _is_dropped(reason)}


def _is_dropped(reason: RefusedReason) -> bool:
    return reason.dropped is not None and reason.last <= reason.dropped


def rule_words(candidate: "Candidate") -> str:
    """Give the rule as it would be written, on one line; empty where none fits."""
    from tallystick.project.edit import spell_flow

    return spell_flow(dict(candidate.guess.settings) | {"to": candidate.side}) if candidate.guess else ""


def candidate_document(candidate: "Candidate") -> dict[str, Any]:
    """Write a candidate as JSON."""
    return {
        "refusal": candidate.key,
        "mapping": candidate.pair,
        "side": candidate.side,
        "field": candidate.field,
        "kind": candidate.kind,
        "said": candidate.said,
        "rule": dict(candidate.guess.settings) if candidate.guess else None,
        "yaml": rule_words(candidate),
        "told": bool(candidate.guess and candidate.guess.is_told),
        "refused": candidate.refused,
        "accepted": candidate.accepted,
        "count": candidate.count,
        "first": candidate.first,
        "last": candidate.last,
        "records": list(candidate.examples[:_SHOWN]),
    }
