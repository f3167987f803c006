"""Since when each field translates as it does: noted in the audit trail whenever a run takes a changed mapping over.

Without it nobody could tell a value that its system re-spelled from one that was written under an older mapping and is
wrong under the present one.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from tallystick.core.binding import LedgerRow, PairState
from tallystick.core.state import StoreTx
from tallystick.engine.pair import Pair
from tallystick.project.fingerprint import field_fingerprints

_JUST_NOW: Final = float("inf")
_MOST_CHANGES: Final = 1_000
_prints: Final = msgspec.json.Decoder(dict[str, int])


def note_translation(pair: Pair, before: PairState | None, at: float, tx: StoreTx) -> None:
    """Note how the pair's fields translate from ``at`` on, unless the last note says the same."""
    now = field_fingerprints(pair.mapping)
    newest = tx.ledger(run=_name(pair), limit=1)
    if newest and _prints.decode(newest[0].reason) == now:
        return
    was = before.mapping if before is not None else None
    reason = msgspec.json.encode(now).decode()
    row = LedgerRow(_name(pair), pair.name, "left", "", None, "mapping", reason, was, pair.mapping_print, at)
    tx.add_ledger([row])


def translated_since(pair: Pair, before: PairState | None, tx: StoreTx) -> Mapping[str, float]:
    """Give since when each field translates as it does now, seconds UTC.

    0 is ever since it was first run; infinity is not yet run. Of a mapping that was run before such notes were taken,
    all counts as changed when the first note was taken.
    """
    now = field_fingerprints(pair.mapping)
    history = tx.ledger(run=_name(pair), limit=_MOST_CHANGES)
    is_run = before is None or before.mapping == pair.mapping_print
    if not history:
        return dict.fromkeys(now, 0 if is_run else _JUST_NOW)
    rows = [(row.at, _prints.decode(row.reason)) for row in history]
    first_at = 0 if history[-1].before is None else history[-1].at
    return {name: _since(name, print_of, rows, first_at) for name, print_of in now.items()}


def _since(name: str, print_of: int, rows: list[tuple[float, dict[str, int]]], first_at: float) -> float:
    """Go back through the notes, newest first, to where the field began to translate so."""
    since = _JUST_NOW
    for at, prints in rows:
        if prints.get(name, print_of) != print_of:
            return since
        since = at
    return first_at


def _name(pair: Pair) -> str:
    return f"mapping/{pair.name}"
