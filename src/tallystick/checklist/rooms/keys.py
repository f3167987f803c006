"""C7.6 and B1-B3: are the keys that tell who is who filled and unique on both sides, and do they meet?"""

from collections import Counter, defaultdict
from typing import Any, Final

from tallystick.checklist.counted import counted
from tallystick.checklist.room import Room
from tallystick.checklist.rooms.live import Live, live_records
from tallystick.checklist.rooms.witness import values_at
from tallystick.checklist.sample import Sample
from tallystick.checklist.scene import Scene, Subject
from tallystick.core.checks import Facts, Judgement
from tallystick.core.interpret import is_blank
from tallystick.core.key_forms import DOUBTS
from tallystick.core.matching import doubt, normalise
from tallystick.core.path import render
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, UNKNOWN, Ref, same
from tallystick.engine.pair import Pair

_SHOWN: Final = 3
_GROUPS: Final = 20  # groups of a side that are named
_ENOUGH: Final = 10  # keys on both sides from which on it is strange that none meet
_TOO_MANY: Final = 0.1  # a field of which more than this repeat is no key
_RARE: Final = 0.5  # a key that fewer records than this have cannot carry the matching alone
_WORDS: Final = 0.2  # where fewer keys than this look like codes, they are names
_CODE: Final = 5  # shorter words may well be codes: de, EUR, SALES


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Read the live records of both sides and make their keys as matching does."""
    pair = scene.pair(subject)
    lives = {}
    for side in SIDES:
        lives[side] = yield from live_records(scene, pair, side)
    return {
        "names": {side: f"{pair.end(side).system}/{pair.end(side).object}" for side in SIDES},
        "records": {side: len(live.rows) for side, live in lives.items()},
        "whole": {side: live.ended for side, live in lives.items()},
        "rules": [_rule(pair, number, lives) for number in range(len(pair.mapping.match))],
        "links": {side: _links(pair, live) for side, live in lives.items()},
        "creates": "create" in {pair.mapping.policy.on_unmatched_left, pair.mapping.policy.on_unmatched_right},
        "on_keyless": pair.mapping.policy.on_keyless,
    }


def _rule(pair: Pair, number: int, lives: dict[Any, Live]) -> dict[str, Any]:
    rule = pair.mapping.match[number]
    keyed = {side: _keyed(pair, number, live) for side, live in lives.items()}
    shared = keyed["left"].keys() & keyed["right"].keys()
    return {
        "fields": list(rule.fields),
        "normalise": rule.normalise,
        "fuzzy": rule.is_weak,
        "sides": {side: _side(pair, number, live, keyed[side]) for side, live in lives.items()},
        "shared": len(shared),
        "points_to": _points_to(pair, number),
    }


def _points_to(pair: Pair, number: int) -> list[str]:
    """Name the fields of a rule that are references: these are keys only once the records they point to are paired."""
    wanted = pair.mapping.match[number].fields
    return [f.name for f in pair.mapping.fields if f.name in wanted and (f.left.reference or f.right.reference)]


def _keyed(pair: Pair, number: int, live: Live) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for sighting, row in zip(live.sightings, live.rows, strict=True):
        key = pair.keys.keys(row).get(number)
        if key is not None:
            found[key].append(sighting.id)
    return found


def _side(pair: Pair, number: int, live: Live, keyed: dict[int, list[str]]) -> dict[str, Any]:
    rule = pair.mapping.match[number]
    places = [pair.mapping.names.index(name) for name in rule.fields]
    values = [[row[i] for i in places] for row in live.rows]
    blank = sum(any(v is UNKNOWN or is_blank(v) for v in row) for row in values)
    with_key = sum(len(ids) for ids in keyed.values())
    doubles = sorted((ids for ids in keyed.values() if len(ids) > 1), key=len, reverse=True)
    texts = [
        " ".join(str(v) for v in row) for row in values if all(normalise(v, rule.normalise, rule.region) for v in row)
    ]
    doubtful = [s.id for s, row in zip(live.sightings, values, strict=True) if any(doubt(v, rule) for v in row)]
    of_record = {sighting.id: row for sighting, row in zip(live.sightings, values, strict=True)}
    return {
        "keyed": with_key,
        "distinct": len(keyed),
        "blank": blank,
        "doubts": len(doubtful),
        "doubtful": doubtful[:_GROUPS],
        "placeholders": len(values) - blank - with_key - len(doubtful)
        if not any(isinstance(v, Ref) for r in values for v in r)
        else 0,
        "doubled": sum(map(len, doubles)),
        "groups": [_group(ids, of_record, rule.normalise) for ids in doubles[:_GROUPS]],
        "more_groups": max(0, len(doubles) - _GROUPS),
        "words_only": bool(texts) and sum(_is_wordy(t) for t in texts) > (1 - _WORDS) * len(texts),
    }


def _group(ids: list[str], of_record: dict[str, list[Any]], how: str) -> dict[str, Any]:
    """Describe records that share a key: who, how many, and what made them equal where they spell it differently."""
    first, *others = [of_record[record] for record in ids]
    is_alike = all(same(a, b) for row in others for a, b in zip(row, first, strict=True))
    return {
        "records": ids[:_SHOWN],
        "count": len(ids),
        "made_equal_by": "" if is_alike else how,
        "key": [Sample(value) for value in first],
    }


def _is_wordy(text: str) -> bool:
    """Tell names from codes: those have digits, an @, or are short."""
    return len(text) > _CODE and not any(c.isdigit() or c == "@" for c in text)


def _links(pair: Pair, live: Live) -> dict[str, Any]:
    """Look at the field that keeps the other side's id: it must not repeat."""
    where = render(pair.mapping.end(live.side).external_id)
    if not where:
        return {"path": "", "filled": 0, "doubled": 0}
    counts = Counter(str(v) for v in values_at(live.sightings, where) if v is not UNKNOWN and not is_blank(v))
    return {"path": where, "filled": counts.total(), "doubled": sum(n for n in counts.values() if n > 1)}


def judge(facts: Facts) -> list[Judgement]:
    """Keys that do not meet, or are none, fail; duplicates, gaps and weak keys warn: those records wait for people."""
    both = all(facts["records"].values())
    if not facts["rules"]:
        return [_without_rules(facts, both=both)]
    if not any(facts["records"].values()):
        return [Judgement("cannot_tell", "neither side has records in scope")]
    wrong = [*_no_keys(facts, both=both), *_double_links(facts)]
    odd = [o for rule in facts["rules"] for o in _odd(facts, rule)]
    told = tuple(_told(facts, rule) for rule in facts["rules"])
    part_read = [name for side, name in facts["names"].items() if not facts["whole"][side]]
    if part_read:
        told += (f"only a part of {' and '.join(part_read)} was read: uniqueness beyond it is not proven",)
    if wrong:
        fix = "match by other fields, or correct codecs and normalise of these"
        return [Judgement("fail", wrong[0], (*wrong[1:], *odd, *told), fix)]
    if odd:
        fix = "clean up duplicates on the side that has them, fill the keys, or add a stronger rule before this one"
        return [Judgement("warn", odd[0], (*odd[1:], *told), fix)]
    if part_read:
        return [Judgement("cannot_tell", "no key repeats in the records that were read", told)]
    return [Judgement("pass", "the keys are filled and unique on both sides", told)]


def _without_rules(facts: Facts, *, both: bool) -> Judgement:
    if facts["creates"] and both:
        why = "no match rule: every record would be created a second time on the other side"
        return Judgement("fail", why, fix="say who is who: match")
    return Judgement("warn", "no match rule: records are only paired by people", fix="say who is who: match")


def _no_keys(facts: Facts, *, both: bool) -> list[str]:
    if not both:
        return []
    found = []
    usable = [rule for rule in facts["rules"] if not rule["points_to"]]
    enough = [r for r in usable if all(side["distinct"] >= _ENOUGH for side in r["sides"].values())]
    if enough and not any(rule["shared"] for rule in usable):
        found.append("no key of one side is found on the other")
    for rule in usable:
        for side, seen in rule["sides"].items():
            if seen["keyed"] >= _ENOUGH and seen["doubled"] > _TOO_MANY * seen["keyed"]:
                share = 100 * seen["doubled"] // seen["keyed"]
                found.append(f"{_named(rule)} is no key in {facts['names'][side]}: {share} % of the records share one")
    if usable and len(usable) == len(facts["rules"]):
        for side, count in facts["records"].items():
            if count >= _ENOUGH and not any(rule["sides"][side]["keyed"] for rule in usable):
                found.append(f"no record of {facts['names'][side]} has a key")
    return found


def _double_links(facts: Facts) -> list[str]:
    return [
        f"{link['doubled']} records of {facts['names'][side]} share a value of {link['path']}, which keeps the other id"
        for side, link in facts["links"].items()
        if link["doubled"]
    ]


def _odd(facts: Facts, rule: Facts) -> list[str]:
    found = []
    is_first = rule is facts["rules"][0]
    for side, seen in rule["sides"].items():
        name = facts["names"][side]
        if seen["doubled"]:
            some = "; ".join(_group_words(group) for group in seen["groups"])
            some += f"; and {counted(seen['more_groups'], 'more group')}" if seen["more_groups"] else ""
            found.append(f"{counted(seen['doubled'], 'record')} of {name} share a key by {_named(rule)}: {some}")
        if seen["doubts"]:
            some = ", ".join(seen["doubtful"]) + (", ..." if seen["doubts"] > len(seen["doubtful"]) else "")
            told = f"{DOUBTS[rule['normalise']]} in {counted(seen['doubts'], 'record')} of {name}: {some}"
            found.append(f"{_named(rule)} {told}")
        if seen["placeholders"] > 0:
            found.append(
                f"{_named(rule)} is a placeholder or a role in {counted(seen['placeholders'], 'record')} of {name}"
            )
        if is_first and len(facts["rules"]) == 1 and seen["keyed"] < _RARE * facts["records"][side]:
            found.append(f"only {seen['keyed']} of {facts['records'][side]} records of {name} have {_named(rule)}")
    if is_first and not rule["fuzzy"] and all(seen["words_only"] for seen in rule["sides"].values()):
        found.append(f"{_named(rule)} looks like a name: names are spelled in many ways and shared by strangers")
    return found


def _group_words(group: Facts) -> str:
    more = f" and {group['count'] - len(group['records']):,} more" if group["count"] > len(group["records"]) else ""
    by = f" (spelled differently, equal by '{group['made_equal_by']}')" if group["made_equal_by"] else ""
    return f"{', '.join(group['records'])}{more}{by}"


def _named(rule: Facts) -> str:
    return " + ".join(rule["fields"])


def _told(facts: Facts, rule: Facts) -> str:
    if rule["points_to"]:
        return (
            f"{_named(rule)}: {', '.join(rule['points_to'])} can be compared once the records it points to are paired"
        )
    least = min(side["distinct"] for side in rule["sides"].values())
    rate = f", {100 * rule['shared'] // least} % of the smaller side" if least else ""
    parts = []
    for side, seen in rule["sides"].items():
        parts.append(f"{facts['names'][side]}: {seen['keyed']} of {facts['records'][side]} have it")
    return f"{_named(rule)}: {'; '.join(parts)}; {rule['shared']} keys are on both sides{rate}"


ROOM = Room("mapping", "the listings of both objects", probe, judge)
