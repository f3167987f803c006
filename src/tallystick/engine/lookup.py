"""Look in a system for the record that an open create may have made, or that stands in its way (SYNC-SPEC 10.4).

    our own id, or the external id that we wrote    names the record: what is found is it
    a match field, or another searchable field      only narrows down: what is found must be like what was sent

The trash counts as far as the system shows it. What is paired with somebody else is nobody's to adopt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tallystick.core import path
from tallystick.core.binding import FormerId, Intent, LegFact
from tallystick.core.error import DataError, Duplicate, Error
from tallystick.core.learn import holds_what_was_sent
from tallystick.core.ports import Flow, NotThere, Page, Sighting
from tallystick.core.record import SIDES, UNKNOWN, Fields, Raw, Side, decode_raw, fingerprint
from tallystick.core.resolve import judge_adoption
from tallystick.engine import effects
from tallystick.engine.fence import Fence, keep_lease
from tallystick.engine.pair import End, Pair
from tallystick.engine.recovery import Found, Recovery, fields_of
from tallystick.engine.send import Job, read_sightings


@dataclass(frozen=True, slots=True)
class Term:
    """What to look for: the value at a path. ``names_record`` tells that only our record can have it."""

    where: path.Path
    value: Any
    names_record: bool = False
    is_id: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """What looking for an open create came to: the record, somebody else's record in its way, or nobody.

    ``is_plain`` tells that it is the only one, belongs to the mapping and is not in the trash.
    """

    found: Found | None = None
    rival: str = ""
    verdict: str = ""
    is_plain: bool = False


def search_term(pair: Pair, end: End, intent: Intent) -> Term | None:
    """Choose what the system can be asked for: our own id, the external id, a match field, any field it can search."""
    body = decode_raw(intent.body)
    own = path.parse(pair.mapping.end(end.side).schema.key[0])
    if end.can.create_idem == "client_id" and end.can.read_by_id and (chosen := _value(body, own)) is not None:
        return Term(own, chosen, names_record=True, is_id=True)
    external = pair.mapping.end(end.side).external_id
    single = [rule.fields[0] for rule in pair.mapping.match if len(rule.fields) == 1]
    wanted = [(external, True)] if external else []
    wanted += [(end.places[end.names.index(name)].path, False) for name in single]
    wanted += [(path.parse(text), False) for text in end.can.searchable]
    for where, names_record in wanted:
        value = _value(body, where)
        if where and value is not None and path.render(where) in end.can.searchable:
            return Term(where, value, names_record)
    return None


def _value(body: Raw, where: path.Path) -> Any:
    value = path.read(body, where)
    return None if isinstance(value, dict | list) or value in {None, UNKNOWN, ""} else value


def look_for(pair: Pair, side: Side, terms: Sequence[tuple[Intent, Term]]) -> Flow[dict[str, Sought | Error]]:
    """Look for the records of these creates; say of each, by intent, what was found."""
    if not terms:
        return {}
    end = pair.end(side)
    answers = yield from effects.call_all(end.system, [_question(end, term) for _, term in terms])
    by_intent = {intent.id: answer for (intent, _), answer in zip(terms, answers, strict=True)}
    hits = {name: _hits(answer) for name, answer in by_intent.items() if not isinstance(answer, Error)}
    everybody = [s for found in hits.values() for s in found]
    ids = sorted({s.id for s in everybody} | {str(term.value) for _, term in terms if term.is_id})
    known = yield from effects.look(
        lambda tx: _Known(tx.leg_facts(pair.name, side, ids), tx.former(pair.name, side, ids))
    )
    read = dict(zip(map(id, everybody), (yield from read_sightings(pair, end, everybody)), strict=True))
    outcomes: dict[str, Sought | Error] = {}
    for intent, term in terms:
        answer = by_intent[intent.id]
        if isinstance(answer, Error):
            outcomes[intent.id] = answer
        elif isinstance(answer, NotThere) and answer.gone and not known.binds(str(term.value)):
            # Made under our own id and deleted since; to make it again would undo that (R-10.10 d).
            outcomes[intent.id] = Sought(Found(str(term.value), is_ours=True), verdict="trash")
        else:
            seen = [(s, read[id(s)]) for s in hits[intent.id]]
            outcomes[intent.id] = _choose(pair, end, intent, term, seen, known)
    return outcomes


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of the records that were found: who has them, who had them."""

    facts: Mapping[str, LegFact]
    former: Mapping[str, FormerId]

    def binds(self, record: str) -> set[int]:
        """Name the bindings that a record belongs or belonged to."""
        fact, before = self.facts.get(record), self.former.get(record)
        return {each.binding for each in (fact, before) if each is not None}


def _hits(answer: Any) -> list[Sighting]:
    if isinstance(answer, Sighting):
        return [answer]
    return [] if isinstance(answer, NotThere) else list(answer)


def _question(end: End, term: Term) -> Flow[Any]:
    if term.is_id:
        return end.connector.get(end.object, str(term.value))
    return end.connector.find(end.object, term.where, term.value)


@dataclass(slots=True)
class _Parted:
    """Hits that may be the record: one of this very pairing, somebody else's, free ones, one that cannot be read."""

    former: Found | None = None
    rival: str = ""
    free: list[tuple[Sighting, Fields]] = field(default_factory=list)
    unreadable: DataError | None = None


def _part(
    pair: Pair, end: End, intent: Intent, term: Term, seen: Sequence[tuple[Sighting, Fields | DataError]], known: _Known
) -> _Parted:
    sent = fields_of(pair, intent.sent, intent.shape)
    parted = _Parted()
    for sighting, fields in seen:
        unmade = end.unmade(sighting.record)
        told = tuple(UNKNOWN if i in unmade else value for i, value in enumerate(sent))
        if not (term.names_record or isinstance(fields, DataError) or is_like(pair, told, fields)):
            continue
        owners = known.binds(sighting.id)
        if intent.binding in owners:
            if not sighting.deleted and parted.former is None:
                values = None if isinstance(fields, DataError) else fields
                parted.former = Found(sighting.id, values, sighting.version, keeps_bases=True)
        elif owners:
            parted.rival = sighting.id
        elif not isinstance(fields, DataError):
            parted.free.append((sighting, fields))
        elif term.names_record or _may_be_ours(intent, end, sighting):
            parted.unreadable = parted.unreadable or fields
    return parted


def _choose(
    pair: Pair, end: End, intent: Intent, term: Term, seen: Sequence[tuple[Sighting, Fields | DataError]], known: _Known
) -> Sought | DataError:
    """Pick the youngest free record among the hits; a former id of this very binding goes before all."""
    sent = fields_of(pair, intent.sent, intent.shape)
    parted = _part(pair, end, intent, term, seen, known)
    free = parted.free
    if parted.former is not None:
        # Somebody gave it back while we were making another. That one is ours all the same, and no news (I-6).
        ours = [s.id for s, f in free if _may_be_ours(intent, end, s) and _resembles(pair, end, sent, f)]
        return Sought(replace(parted.former, doubles=tuple(ours)), verdict="former", is_plain=True)
    if parted.unreadable is not None:
        return parted.unreadable
    if not free:
        return Sought(rival=parted.rival)
    found, fields = max(free, key=lambda each: _likeness(pair, end, sent, *each))
    leeway = end.can.skew + end.can.granularity
    verdict = judge_adoption(
        intent, created=found.created, bound=False, deleted=found.deleted, skew=leeway, quiesce=end.can.quiesce
    )
    is_like_ours = _resembles(pair, end, sent, fields)
    if verdict == "ours" and not is_like_ours:
        verdict = "older"  # made about when ours was sent, as far as its clock tells, and holds nothing of it
    is_plain = len(free) == 1 and not found.deleted and end.in_scope(found.record)
    unmade = end.unmade(found.record)
    # What was thrown away before ours was sent is not ours either, and its restored values are news (R-10.10 b).
    is_young = (found.created or 0) >= intent.first_sent - leeway
    is_ours = verdict == "ours" or (verdict == "trash" and is_young and is_like_ours)
    undated = found.created is None
    chosen = Found(found.id, fields, found.version, is_ours=is_ours, is_undated=undated, unmade=unmade)
    return Sought(chosen, verdict=verdict, is_plain=is_plain)


def _likeness(pair: Pair, end: End, sent: Fields, sighting: Sighting, found: Fields) -> tuple[bool, bool, float]:
    """Say how likely a record is what we made: only what lives, unless nothing does; then who is like it, then age."""
    return not sighting.deleted, _resembles(pair, end, sent, found), sighting.created or 0


def _resembles(pair: Pair, end: End, sent: Fields, found: Fields) -> bool:
    """Whether a record holds anything of what was sent beside the match keys, which anybody's would.

    What a new record does not get, because of its field's direction, was not sent.
    """
    keys = {i for _, positions, _, _ in pair.keys.rules for i in positions}
    said = [i for i, v in enumerate(sent) if i not in keys and end.given[i] and v is not None and v is not UNKNOWN]
    return not said or any(pair.is_own_doing(end.side, i, sent[i], found[i]) for i in said)


def _may_be_ours(intent: Intent, end: End, sighting: Sighting) -> bool:
    return sighting.created is None or sighting.created >= intent.first_sent - end.can.skew - end.can.granularity


def is_like(pair: Pair, sent: Fields, found: Fields) -> bool:
    """Tell whether a record may be the one that was sent: the same match keys, or without any the same values."""
    keys = pair.keys.keys(sent)
    if keys:
        theirs = pair.keys.keys(found)
        return any(theirs.get(rule) == hashed for rule, hashed in keys.items())
    return holds_what_was_sent(sent, found)


def adopt_doubles(recovery: Recovery, jobs: Sequence[Job]) -> Flow[None]:
    """Find the records for whose sake creates were refused, and pair those that are free (R-10.8).

    The refusal proves that our create made nothing, so they are paired without a base. What cannot be found, or is
    paired with somebody else, stays refused.
    """
    pair = recovery.pair
    for side in SIDES:
        end = pair.end(side)
        refused = {j.intent.id: j for j in jobs if j.step.side == side and _is_double(j)}
        terms = [(j.intent, t) for j in refused.values() if (t := search_term(pair, end, j.intent)) is not None]
        for name, sought in (yield from look_for(pair, side, terms)).items():
            job = refused[name]
            if isinstance(sought, Error):
                continue
            if sought.found is not None and sought.is_plain:
                recovery.pair_with(job.intent, replace(sought.found, is_ours=False, is_undated=False))
                job.is_found = True
            elif sought.rival and isinstance(job.result, Duplicate):
                job.result.hint = f"it is {sought.rival}, which is paired with another record; remove one of the two"


def _is_double(job: Job) -> bool:
    return job.step.op == "create" and isinstance(job.result, Duplicate)


def walk_listing(end: End, fence: Fence, wanted: set[str]) -> Flow[dict[str, Sighting | NotThere | Error]]:
    """Find records in the listing of a system that shows no single ones."""
    found: dict[str, Sighting | NotThere | Error] = {}
    position, before = None, None
    while wanted - found.keys():
        yield from keep_lease(fence)
        try:
            page: Page = yield from effects.call(end.system, end.connector.read(end.object, None, position))
        except Error as failure:
            return {record: found.get(record, failure) for record in wanted}
        for row in page.rows:
            try:
                seen = end.connector.sight(end.object, row)
            except DataError:
                continue
            if seen.id in wanted:
                found[seen.id] = seen
        same = fingerprint(b"\0".join(page.rows))
        if page.next is None or same == before:
            break
        position, before = page.next, same
    return found
