"""Note what was seen of a side on the scratch paper: what is new or differs with its values, the rest as the same."""

from collections.abc import Sequence

from tallystick.core.binding import LegFact, Quarantined
from tallystick.core.error import DataError
from tallystick.core.mapping import Refs
from tallystick.core.matching import pack_keys
from tallystick.core.ports import Sighting
from tallystick.core.record import Raw, Side, encode_fields, fingerprint
from tallystick.engine.pair import End, Pair, unreadable_record
from tallystick.engine.pulled import Pulled
from tallystick.engine.session import LIVE, Session, SightRow


def note(
    session: Session,
    pair: Pair,
    pulled: Pulled,
    sightings: Sequence[tuple[Sighting, int | None]],
    facts: dict[str, LegFact],
    refs: Refs,
) -> None:
    """Put sightings on the scratch paper: what is new or differs with its values, the rest as the same."""
    end = pair.end(pulled.side)
    scratch = session.scratch(pair)
    pulled.distinct += len({s.id for s, _ in sightings} - scratch.seen(pulled.side, [s.id for s, _ in sightings]))
    here = [
        (s, h)
        for s, h in sightings
        if not s.deleted and end.in_scope(s.record) and not _rests(end, facts.get(s.id), s.record)
    ]
    read = iter(end.read([s.record for s, _ in here], refs))
    inside = {s.id for s, _ in here}
    rows: list[SightRow] = []
    keys: list[tuple[int, int, str]] = []
    for sighting, print_of in sightings:
        fact = facts.get(sighting.id)
        _advance(pulled, sighting)
        if sighting.id not in inside:
            if fact is None or fact.state not in LIVE:
                pulled.filtered += 1
            else:
                kind = "gone" if sighting.deleted else "out"
                rows.append(
                    (sighting.id, fact.binding, kind, None, sighting.version, sighting.modified, print_of, None, None)
                )
            continue
        fields = next(read)
        if isinstance(fields, DataError):
            pulled.faults.append(
                _unusable(pair, pulled.side, sighting.id, unreadable_record(end, sighting.id, fields), fact, print_of)
            )
            if fact is not None:
                rows.append(
                    (sighting.id, fact.binding, "bad", None, sighting.version, sighting.modified, print_of, None, None)
                )
            continue
        encoded = encode_fields(fields)
        seal = fingerprint(encoded)
        if fact is not None and _only_touched(session, pair, fact, seal):
            pulled.unchanged += 1
            rows.append(
                (sighting.id, fact.binding, "same", None, sighting.version, sighting.modified, print_of, seal, None)
            )
            continue
        binding = fact.binding if fact is not None else None
        own = pair.keys.keys(fields)
        rows.append(
            (sighting.id, binding, "here", encoded, sighting.version, sighting.modified, print_of, seal, pack_keys(own))
        )
        keys += [(rule, h, sighting.id) for rule, h in own.items()]
    scratch.add_sights(pulled.side, rows)
    scratch.add_keys(pulled.side, keys)


def _rests(end: End, fact: LegFact | None, record: Raw) -> bool:
    """Whether a record is still as we archived it when its partner was deleted: that is no return (I-6)."""
    return fact is not None and fact.state == "tomb" and end.is_archived(record)


def _only_touched(session: Session, pair: Pair, fact: LegFact, seal: int) -> bool:
    """Whether a record differs from its base in nothing that is mapped, and nobody waits for an answer about it."""
    return (
        fact.state == "linked"
        and fact.digest == seal
        and fact.binding not in session.open_bindings(pair)
        and not session.fresh_shape(pair)
    )


def _advance(pulled: Pulled, sighting: Sighting) -> None:
    if sighting.modified is not None and (pulled.newest is None or sighting.modified > pulled.newest):
        pulled.newest = sighting.modified


def without_id(pair: Pair, side: Side, fault: DataError, print_of: int) -> Quarantined:
    name = f"row-{print_of & 0xFFFFFFFF:08x}"
    return Quarantined(
        pair.name, side, name, fault.field, fault.code, fault.message, fault.hint, mapping=pair.mapping_print
    )


def _unusable(
    pair: Pair, side: Side, record_id: str, fault: DataError, fact: LegFact | None, print_of: int | None
) -> Quarantined:
    left, right = (print_of, None) if side == "left" else (None, print_of)
    detail = f"{fault.message} ({fault.detail})" if fault.detail else fault.message
    return Quarantined(
        pair.name, side, record_id, fault.field, fault.code, detail, fault.hint,
        binding=fact.binding if fact else None, left_seen=left, right_seen=right, mapping=pair.mapping_print,
    )  # fmt: skip
