"""C1.2: is there an API description, and do live records keep to what is declared?

A wrong structure (types, missing fields, nulls where none may be) is the interface's fault and fails; values that break
a declared rule (options, lengths, patterns) are mostly old data, and warn with their count.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tallystick.checklist.room import Room
from tallystick.checklist.rooms.description import compare_description
from tallystick.checklist.sample import Sample
from tallystick.checklist.scene import Scene, Subject
from tallystick.checklist.survey import readable
from tallystick.core import path
from tallystick.core.checks import Facts, Judgement
from tallystick.core.codecs.spelling import describe
from tallystick.core.error import InvalidValue
from tallystick.core.ports import Flow
from tallystick.core.protocol_members import protocol_members
from tallystick.core.record import UNKNOWN, decode_raw
from tallystick.core.schema import Field, Type
from tallystick.core.validation import fit
from tallystick.project.manifest import ObjectSpec

_SHOWN: Final = 8
_ENOUGH: Final = 10  # of fewer records a field may be missing in all by chance
_TYPES: Final[dict[Type, tuple[type, ...]]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "object": (dict,),
}


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Compare the records that were walked with the declared fields, and the description with the manifest."""
    found = yield from readable(scene, subject)
    spec = scene.spec(subject)
    fields = scene.reader(subject).schema(subject.object).fields
    records, broken = _decoded(found.rows)
    facts: dict[str, Any] = {
        "description": scene.manifest(subject).description,
        "protocol": scene.manifest(subject).protocol,
        "records": len(records),
        "broken": broken + sum("has no id" in fault for fault in found.faults),
        "faults": [f"{n} x {fault}" for fault, n in Counter(found.faults).most_common(3)],
        "declared": len(fields),
        "unheard": spec.on_new_field == "ignore",
    }
    facts |= _compared(fields, records, spec)
    facts["drift"] = yield from compare_description(scene, subject)
    facts["ids"] = spec.id
    facts["absent"] = _absent(scene, subject, facts)
    return facts


def _named(spec: ObjectSpec) -> set[path.Path]:
    """Give the paths that the manifest gives a meaning outside its fields: id, version, times, deletion mark."""
    paths = (spec.id, spec.version, spec.modified, spec.created, spec.deleted.path if spec.deleted else "")
    return {path.parse(each) for each in paths if each and not each.startswith("header:")}


def _absent(scene: Scene, subject: Subject, facts: Facts) -> list[str]:
    """Give the fields that mappings read and no record has, where a system would send blank ones too."""
    if facts["records"] < _ENOUGH or scene.reader(subject).capabilities(subject.object).omits_blank:
        return []
    mapped = {
        path.render(place.path)
        for end in scene.ends()
        if (end.system, end.object) == (subject.system, subject.object)
        for place in end.places
    }
    return [name for name, n in facts["missing"].items() if n == facts["records"] and name in mapped]


def _decoded(rows: list[bytes]) -> tuple[list[dict[str, Any]], int]:
    records, broken = [], 0
    for row in rows:
        try:
            record = decode_raw(row)
        except (msgspec.DecodeError, ArithmeticError, RecursionError):
            broken += 1
            continue
        if isinstance(record, dict):
            records.append(record)
        else:
            broken += 1
    return records, broken


def _compared(fields: tuple[Field, ...], records: list[dict[str, Any]], spec: ObjectSpec) -> dict[str, Any]:
    undocumented: Counter[str] = Counter()
    types: dict[str, Counter[str]] = {}
    rules: dict[str, Counter[str]] = {}
    examples: dict[str, Sample] = {}
    missing, lacking, nulls = Counter[str](), Counter[str](), Counter[str]()
    declared = [(field, path.parse(field.path)) for field in fields]
    known = {steps for _, steps in declared} | _named(spec)
    for record in records:
        own = path.read(record, path.parse(spec.id))
        strangers = [leaf for leaf in _strangers(record, known) if not _is_address_of(own, path.read(record, leaf))]
        undocumented.update(path.render(leaf) for leaf in strangers)
        for field, steps in declared:
            value = path.read(record, steps)
            if value is UNKNOWN:
                missing[field.path] += 1
                lacking[field.path] += _must_be_there(field) and _holds(record, steps[:-1])
            elif value is None:
                nulls[field.path] += not field.nullable
            elif not _is_typed(field.type, value):
                types.setdefault(field.path, Counter())[describe(value)] += 1
            elif broken := _broken_rule(field, value):
                rules.setdefault(field.path, Counter())[broken] += 1
                examples.setdefault(field.path, Sample(value))
    return {
        "undocumented": dict(undocumented.most_common()),
        "missing": {f.path: missing[f.path] for f in fields if missing[f.path]},
        "lacking": {f.path: lacking[f.path] for f in fields if lacking[f.path]},
        "nulls": {name: n for name, n in nulls.items() if n},
        "types": {name: dict(kinds.most_common(2)) for name, kinds in types.items()},
        "rules": {name: dict(kinds.most_common(2)) for name, kinds in rules.items()},
        "examples": examples,
    }


def _must_be_there(field: Field) -> bool:
    # Lists that hold nothing are left out by many systems, whatever is said about the nulls in them.
    return field.required or not (field.nullable or field.type == "list")


def _holds(record: dict[str, Any], above: path.Path) -> bool:
    """Tell whether what a field lies in is there at all; inside of nothing, nothing is missing."""
    return not above or isinstance(path.read(record, above), dict | list)


def _strangers(record: Mapping[str, Any], known: set[path.Path], above: path.Path = ()) -> list[path.Path]:
    """Give the paths of a record that are not declared; an object is entered only where something below is.

    What belongs to the protocol is no stranger, nor is an object of nothing else.
    """
    found: list[path.Path] = []
    own = protocol_members(record)
    for key, value in record.items():
        here = (*above, key)
        if (
            here in known
            or key in own
            or (isinstance(value, dict) and value and value.keys() == protocol_members(value))
        ):
            continue
        if isinstance(value, dict) and any(steps[: len(here)] == here for steps in known):
            found += _strangers(value, known, here)
        elif not any(steps[: len(here)] == here for steps in known):
            found.append(here)
    return found


def _is_address_of(record_id: Any, value: Any) -> bool:
    """Tell whether a value is the address of the record that it stands in, which says nothing that its id does not."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://", "/")):
        return False
    return str(record_id) == value.rstrip("/").rpartition("/")[2]


def _is_typed(declared: Type, value: Any) -> bool:
    wanted = _TYPES.get(declared)
    if wanted is None:
        return True
    if isinstance(value, bool):
        return declared == "boolean"
    if declared == "number":
        return not isinstance(value, str | list | dict)
    if declared == "integer" and not isinstance(value, int | str | list | dict):
        return bool(value == value.to_integral_value())
    return isinstance(value, wanted)


def _broken_rule(field: Field, value: Any) -> str:
    """Say which declared rule a value breaks, without the value."""
    if field.type in {"date", "instant", "local_time", "any", "object"} and not field.options:
        return ""
    try:
        fit(field, value)
    except InvalidValue as broken:
        limit = broken.detail.partition("; ")[0].partition(", ")[0]
        return broken.message.removeprefix(f"{field.path} ") + ("" if field.options else f" ({limit})")
    return ""


def judge(facts: Facts) -> list[Judgement]:
    """A wrong structure fails, values that break a declared rule warn; the description is judged apart."""
    return [_judge_description(facts), _judge_records(facts)]


def _judge_description(facts: Facts) -> Judgement:
    part, drift = "description", facts["drift"]
    if facts["protocol"] == "soap":
        why = "a WSDL is not compared with the manifest here; tally describe shows the difference"
        return Judgement("not_applicable", why, part=part)
    if facts["protocol"] != "rest":
        return Judgement("not_applicable", "not a REST system; its own catalogue is its description", part=part)
    if not facts["description"]:
        why = "no API description is known; the manifest was written by hand"
        return Judgement("warn", why, fix="ask the system's owner for one and name it: description", part=part)
    if drift.get("sampled"):
        why = "the system was described from its answers, and its records are compared with that"
        return Judgement("not_applicable", why, part=part)
    if drift["error"]:
        why = f"the description {facts['description']} could not be read again"
        return Judgement("cannot_tell", why, (drift["error"],), part=part)
    if drift["differences"]:
        summary = f"the manifest and {facts['description']} differ in {len(drift['differences'])} places"
        fix = "run tally describe again and look at the differences; mark what is right as confirmed under facts"
        return Judgement("warn", summary, tuple(drift["differences"][:_SHOWN]), fix, part)
    return Judgement("pass", f"the manifest agrees with {facts['description']}", part=part)


def _judge_records(facts: Facts) -> Judgement:
    part, count = "records", facts["records"]
    if facts["broken"]:
        fix = "correct the list operation and the id's path in the manifest; if they are right, tell the system's owner"
        return Judgement("fail", f"{facts['broken']} records cannot be read", tuple(facts["faults"]), fix, part)
    if not count:
        return Judgement("cannot_tell", "there are no records to compare", part=part)
    if not facts["declared"]:
        fix = "describe the system, or list the fields in the manifest"
        return Judgement("warn", "no fields are declared, so nothing can be compared", fix=fix, part=part)
    wrong, odd = _wrong(facts), _odd(facts)
    if wrong:
        fix = "correct the fields in the manifest, or tell the system's owner what its description gets wrong"
        return Judgement("fail", f"{len(wrong)} declared fields are not as declared", tuple(wrong + odd), fix, part)
    if odd:
        fix = "declare the new fields; correct the values, or the rule, where they break it"
        return Judgement("warn", f"{count} records keep the declared structure, with exceptions", tuple(odd), fix, part)
    summary = f"{count} records are as declared in all {facts['declared']} fields"
    return Judgement("pass", summary, tuple(_unused(facts)), part=part)


def _wrong(facts: Facts) -> list[str]:
    count = facts["records"]
    found = [f"{name}: another type than declared ({_counted(kinds)})" for name, kinds in facts["types"].items()]
    found += [f"{name}: null in {n} of {count}, declared as never null" for name, n in facts["nulls"].items()]
    found += [f"{name}: missing in {n} of {count}" for name, n in facts["lacking"].items()]
    return found


def _odd(facts: Facts) -> list[str]:
    found = [f"{name}: {_counted(kinds)}" for name, kinds in facts["rules"].items()]
    found += [f"{name}: mapped, but in no record" for name in facts["absent"] if name not in facts["lacking"]]
    if facts["undocumented"] and not facts["unheard"]:
        found.append(f"not declared: {_some(list(facts['undocumented']))}")
    return found


def _unused(facts: Facts) -> list[str]:
    """Optional fields that no record has: worth knowing, and no fault."""
    lacking = facts["lacking"]
    gone = [name for name, n in facts["missing"].items() if n == facts["records"] and name not in lacking]
    return [f"declared, but in none of these records: {_some(gone)}"] if gone else []


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{n} x {what}" for what, n in kinds.items())


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


ROOM = Room("object", "the listing once, and the description once", probe, judge)
