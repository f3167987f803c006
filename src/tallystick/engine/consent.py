"""A changed scope, key or deletion policy is shown before it is carried out (R-12.6).

What the last runs were made with is noted in the audit trail: the settings that were *seen*, and those that somebody
*accepted* by applying a plan or releasing the brake, or from which nothing followed. As long as they differ, the
operations that such a change can lead to are held; everything else goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from tallystick.core.binding import LedgerRow, Op, PairState
from tallystick.core.brake import Hold, Tally
from tallystick.core.record import SIDES
from tallystick.core.state import StoreTx
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.project.fingerprint import consent_fingerprints, scope_fingerprint

_CONCERNS: Final[Mapping[str, tuple[Op, ...]]] = {
    "scope": ("create", "delete", "archive"),
    "key": ("create",),
    "deletion": ("delete", "archive"),
}
_WORDS: Final = {
    "scope": "which records belong to the mapping",
    "key": "how records are matched",
    "deletion": "what a deletion leads to",
}
_UNSETTLED: Final = ("deferred", "unreadable", "held")


class _Noted(msgspec.Struct):
    seen: dict[str, int]
    accepted: dict[str, int]


_noted: Final = msgspec.json.Decoder(_Noted)


@dataclass(frozen=True, slots=True)
class Consent:
    """How the settings that want a person's look stand: as they were ``seen`` last, and as they were ``accepted``.

    Both are empty for a pair that was never run.
    """

    seen: Mapping[str, int] = field(default_factory=dict)
    accepted: Mapping[str, int] = field(default_factory=dict)

    def is_news(self, pair: Pair) -> bool:
        """Whether a setting was changed since the last run, so that every record is looked at under it."""
        return bool(self.seen) and self.seen != consent_fingerprints(pair.mapping)

    def changed(self, pair: Pair) -> tuple[str, ...]:
        """Name the settings that nobody has accepted yet."""
        now = consent_fingerprints(pair.mapping)
        return tuple(name for name in _CONCERNS if name in self.accepted and self.accepted[name] != now[name])


def load_consent(pair: Pair, state: PairState | None, tx: StoreTx) -> Consent:
    """Load what was seen and accepted; of a pair that was run before such notes were taken, the scope is known."""
    newest = tx.ledger(run=_name(pair), limit=1)
    if newest:
        noted = _noted.decode(newest[0].reason)
        return Consent(noted.seen, noted.accepted)
    if state is None:
        return Consent()
    known = {**consent_fingerprints(pair.mapping), "scope": state.scope}
    return Consent(known, known)


def hold_changes(pair: Pair, consent: Consent, tally: Tally) -> tuple[Hold, ...]:
    """Hold what may follow from a change that nobody has accepted."""
    changed = consent.changed(pair)
    ops = tuple(dict.fromkeys(op for name in changed for op in _CONCERNS[name]))
    what = " and ".join(_WORDS[name] for name in changed)
    return tuple(
        Hold("changed", side, ops, f"{what} was changed, and {count} of the planned writes on the {side} may follow")
        for side in SIDES
        if (count := tally.count(side, *ops))
    )


def note_consent(pair: Pair, consent: Consent, outcome: Outcome, at: float, tx: StoreTx) -> None:
    """Note what was seen, and whether it counts as accepted: nothing that may follow from it waits any more."""
    now = consent_fingerprints(pair.mapping)
    waits = any(of_side.get(name) for of_side in outcome.plan.dispositions.values() for name in _UNSETTLED)
    is_held = any(hold.kind == "changed" for hold in outcome.plan.holds) or bool(outcome.done.get("stale"))
    is_open = bool(consent.changed(pair)) and (waits or is_held)
    accepted = dict(consent.accepted) if is_open else now
    if (now, accepted) == (dict(consent.seen), dict(consent.accepted)) and tx.ledger(run=_name(pair), limit=1):
        return
    reason = msgspec.json.encode(_Noted(now, accepted)).decode()
    was = scope_fingerprint(pair.mapping)
    tx.add_ledger([LedgerRow(_name(pair), pair.name, "left", "", None, "mapping", reason, None, was, at)])


def _name(pair: Pair) -> str:
    return f"consent/{pair.name}"
