"""C7.4: is all that is needed mapped, does every row carry values, will they fit, are all options known?

Live values of both sides are read through the mapping, and held against what the other side can take.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from tallystick.checklist.counted import counted
from tallystick.checklist.room import Room
from tallystick.checklist.rooms.live import Live, flows_to, live_records
from tallystick.checklist.rooms.witness import values_at
from tallystick.checklist.scene import Scene, Subject
from tallystick.core import path
from tallystick.core.checks import Facts, Judgement
from tallystick.core.error import DataError, UnknownOption
from tallystick.core.interpret import is_blank
from tallystick.core.ports import Flow
from tallystick.core.record import SIDES, UNKNOWN, Ref, Side, other
from tallystick.engine.pair import Pair

_SHOWN: Final = 6
_USUAL: Final = 0.5  # a rule that half of the values break is the mapping's fault, not the data's
_FEW: Final = 3


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Read the live records of both sides through the mapping."""
    pair = scene.pair(subject)
    facts: dict[str, Any] = {"fields": list(pair.mapping.names), "sides": {}}
    for side in SIDES:
        live = yield from live_records(scene, pair, side)
        facts["sides"][side] = _side(scene, pair, live)
    return facts


def _side(scene: Scene, pair: Pair, live: Live) -> dict[str, Any]:
    end, side = pair.end(live.side), live.side
    mapped = _paths(pair, side)
    schema = pair.mapping.end(side).schema
    return {
        "name": f"{end.system}/{end.object}",
        "records": len(live.rows),
        "filled": {name: sum(1 for _ in live.column(i)) for i, name in enumerate(pair.mapping.names)},
        "unreadable": _counted(
            (pair.mapping.names[u.index], u.fault.message) for u in live.unread if not _is_option(u)
        ),
        "options": _counted((pair.mapping.names[u.index], str(u.raw)) for u in live.unread if _is_option(u)),
        "refused": _refused(pair, live),
        "unmapped": {
            f.path: _filled(live, f.path) for f in schema.fields if not f.read_only and not _is_in(f.path, mapped)
        },
        "required": _required(scene, pair, side, mapped),
    }


def _is_option(unread: Any) -> bool:
    return isinstance(unread.fault, UnknownOption)


def _counted(pairs: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for name, words in pairs:
        found.setdefault(name, Counter())[words] += 1
    return {name: dict(counter.most_common(_SHOWN)) for name, counter in found.items()}


def _refused(pair: Pair, live: Live) -> dict[str, dict[str, int]]:
    """Count the values that the other side would refuse, by field and rule."""
    target = pair.end(other(live.side))
    faults: list[tuple[str, str]] = []
    for index, name in enumerate(pair.mapping.names):
        if not flows_to(pair, index, target.side):
            continue
        for value, times in Counter(v for _, v in live.column(index) if _is_plain(v)).items():
            try:
                target.codec.hold(index, value)
            except DataError as fault:
                limit = f" ({fault.detail.partition(',')[0]})" if "too long" in fault.message else ""
                faults += [(name, f"{fault.message}{limit}")] * times
    return _counted(faults)


def _is_plain(value: Any) -> bool:
    return not isinstance(value, Ref | list | dict)


def _paths(pair: Pair, side: Side) -> set[str]:
    """Give the paths of a side that the mapping reads or writes in any way."""
    end = pair.mapping.end(side)
    places = pair.end(side).places
    used = [p.path for p in places if p.path] + [w for p in places for w, _ in p.inverse]
    used += [c.path for c in end.where] + ([end.external_id] if end.external_id else [])
    return {path.render(p) for p in used} | set(end.on_create)


def _is_in(where: str, mapped: set[str]) -> bool:
    steps = path.parse(where)
    return any(_overlaps(steps, path.parse(m)) for m in mapped)


def _overlaps(a: path.Path, b: path.Path) -> bool:
    return a[: len(b)] == b or b[: len(a)] == a


def _filled(live: Live, where: str) -> int:
    return sum(v is not UNKNOWN and not is_blank(v) for v in values_at(live.sightings, where))


def _required(scene: Scene, pair: Pair, side: Side, mapped: set[str]) -> list[str]:
    """Name the fields that a new record must have and nothing fills, where records are created."""
    policy = pair.mapping.policy
    creates = (policy.on_unmatched_right if side == "left" else policy.on_unmatched_left) == "create"
    end = pair.mapping.end(side)
    spec = scene.loaded.manifests[end.system].objects[end.object]
    given = {spec.id, *(spec.create.body if spec.create else ())}
    if not creates or not any(flows_to(pair, i, side) for i in range(len(pair.mapping.fields))):
        return []
    wanted = [f for f in end.schema.fields if f.required and not f.read_only and f.path not in given]
    return [f.path for f in wanted if not _is_in(f.path, mapped)]


def judge(facts: Facts) -> list[Judgement]:
    """What cannot work at all fails; records that will be parked, and rows without values, warn."""
    sides = facts["sides"]
    if not any(side["records"] for side in sides.values()):
        return [Judgement("cannot_tell", "neither side has records in scope")]
    wrong = [w for side in sides.values() for w in _wrong(side)]
    bad, dead = [o for side in sides.values() for o in _odd(side)], _dead(facts)
    known = [k for side in sides.values() for k in _known(side)]
    if wrong:
        fix = "correct these rows of the mapping: path, codec, or a value for new records (on_create, default)"
        return [Judgement("fail", wrong[0], (*wrong[1:], *bad, *dead, *known), fix)]
    if bad or dead:
        said = [f"{counted(len(bad), 'row')} with values that will not pass"] * bool(bad)
        said += [f"{counted(len(dead), 'row')} without any value"] * bool(dead)
        cure = (
            "correct the values where they come from, or the rows (options, invalid, blank); until then they are parked"
        )
        cures = [cure] * bool(bad) + ["check the paths of the empty rows, or remove them"] * bool(dead)
        return [Judgement("warn", " and ".join(said), (*bad, *dead, *known), "; ".join(cures))]
    counts = " and ".join(f"{side['records']} of {side['name']}" for side in sides.values())
    return [Judgement("pass", f"all {len(facts['fields'])} rows carry values that fit ({counts})", tuple(known))]


def _wrong(side: Facts) -> list[str]:
    found = [f"{side['name']}: a new record needs '{where}', and nothing fills it" for where in side["required"]]
    for kind, words in (("unreadable", "cannot be read"), ("refused", "would be refused by the other side")):
        for name, faults in side[kind].items():
            if _is_usual(sum(faults.values()), side, name, kind):
                found.append(f"{side['name']}: most values of '{name}' {words}: {_listed(faults)}")
    return found


def _is_usual(bad: int, side: Facts, name: str, kind: str) -> bool:
    had = side["filled"][name] + (bad if kind == "unreadable" else 0)
    return bad >= _FEW and bad >= _USUAL * had


def _odd(side: Facts) -> list[str]:
    found = []
    for name, faults in side["unreadable"].items():
        if not _is_usual(sum(faults.values()), side, name, "unreadable"):
            found.append(f"{side['name']}: '{name}' cannot be read: {_listed(faults)}")
    for name, options in side["options"].items():
        found.append(f"{side['name']}: '{name}' has options that are not mapped: {_listed(options)}")
    for name, faults in side["refused"].items():
        if not _is_usual(sum(faults.values()), side, name, "refused"):
            found.append(f"{side['name']}: '{name}' would be refused by the other side: {_listed(faults)}")
    return found


def _dead(facts: Facts) -> list[str]:
    sides = [side for side in facts["sides"].values() if side["records"]]
    bare = [name for name in facts["fields"] if all(_is_bare(side, name) for side in sides)]
    return [f"'{name}' has no value in any record" for name in bare]


def _is_bare(side: Facts, name: str) -> bool:
    return not (side["filled"][name] or side["unreadable"].get(name) or side["options"].get(name))


def _known(side: Facts) -> list[str]:
    if not side["records"]:
        return [f"{side['name']} has no records in scope"]
    rates = ", ".join(f"{name} {100 * n // side['records']} %" for name, n in side["filled"].items())
    found = [f"{side['name']}: filled in {side['records']} records: {rates}"]
    carrying = {where: n for where, n in side["unmapped"].items() if n}
    if carrying:
        shown = ", ".join(f"{where} ({100 * n // side['records']} %)" for where, n in list(carrying.items())[:_SHOWN])
        more = f" and {len(carrying) - _SHOWN} more" if len(carrying) > _SHOWN else ""
        found.append(f"{side['name']}: not mapped though filled: {shown}{more}")
    return found


def _listed(counts: Facts) -> str:
    return "; ".join(f"{n} x {words}" for words, n in counts.items())


ROOM = Room("mapping", "the listings of both objects", probe, judge)
