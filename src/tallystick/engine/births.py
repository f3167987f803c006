"""Records without counterpart that get one made, and of which there is nothing else to say: nearly all of a first load.

It comes to the same lines as the general way of ``adopt``; what is the same for all records of a batch is asked once,
and every record is encoded once.
"""

from tallystick.core.mapping import Refs
from tallystick.core.matching import Keys
from tallystick.core.plan import creation_fingerprint
from tallystick.core.record import Side, decode_fields, encode_raw, other
from tallystick.engine.draft import Draft
from tallystick.engine.line import Line, Seen, Step
from tallystick.engine.outcome import Outcome
from tallystick.engine.pair import Pair
from tallystick.engine.session import PRESENT, Session, SightRow

REASON = "unbound.create"


def are_plain(session: Session, pair: Pair, outcome: Outcome, side: Side) -> bool:
    """Whether nothing stands in the way of a record of ``side`` but what its own row says.

    The run is about all records, nobody waits for an answer about any, no earlier write is unresolved, and the other
    side surely showed everybody it has.
    """
    policy, standing = pair.mapping.policy, session.standing.get(pair.name)
    unresolved = session.unresolved.get(pair.name)
    wish = policy.on_unmatched_left if side == "left" else policy.on_unmatched_right
    return (
        wish == "create"
        and session.selection is None
        and session.witness is None
        and not (standing is not None and standing.refused)
        and not (unresolved is not None and unresolved.is_about_unpaired)
        and not pair.refers_to_itself
        and other(side) not in outcome.shifting
        and not outcome.unsure
    )


class Births:
    """Plans the births of one batch: ``plan`` takes one record after the other, ``close`` counts them."""

    def __init__(self, draft: Draft, side: Side, refs: Refs) -> None:
        self._draft = draft
        self._side = side
        self._target = draft.pair.end(other(side))
        self._refs = refs
        self._count = 0

    def plan(self, row: SightRow, keys: Keys) -> bool:
        """Plan to make the counterpart of a record that was seen.

        ``False`` if there is more to say about it: values that could not be read or that the other side cannot take.
        """
        record, _, kind, encoded, version, modified, raw_hash, digest, _, unread = row
        if kind not in PRESENT or unread is not None or encoded is None:
            return False
        target, draft = self._target, self._draft
        body, faults = target.codec.write(decode_fields(encoded), self._refs)
        if faults or (target.external_id and target.keep_origin(body, record) is not None):
            return False
        seen = Seen(record, version, modified, raw_hash, encoded, digest)
        left, right = (seen, _NOBODY) if self._side == "left" else (_NOBODY, seen)
        step = Step(target.side, "create", encoded, (), encode_raw(body))
        line = Line("create", REASON, "written", 0, "", left, right, (step,), keys=tuple(keys.items()))
        if draft.pair.has_references or digest is None:
            draft.seal(line)
        else:
            line.print = creation_fingerprint(draft.pair.name, target.side, (left.id, right.id), digest, REASON)
        draft.add_birth(line)
        if not draft.session.writes:
            draft.session.pretend(draft.pair.name, left.id, right.id)
        self._count += 1
        return True

    def close(self) -> None:
        """Count what was planned."""
        self._draft.outcome.count_births(self._side, self._target.side, self._count)


_NOBODY = Seen(None)
