"""A first draft of a mapping from what two systems declare: fields with equal or near names and fitting types.

A draft is text for a person to read, correct and save; each proposal says why; nothing in it overwrites or deletes.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tallystick.core.error import ProjectError
from tallystick.core.schema import Field, ObjectType
from tallystick.project.ability import can
from tallystick.project.conversion import Declared, convert
from tallystick.project.json_schema import SCHEMA_FOLDER
from tallystick.project.manifest import Manifest
from tallystick.project.near import nearest, suggest
from tallystick.project.schema import object_type
from tallystick.project.synonyms import words
from tallystick.project.text import scalar

_SURE: Final = 90
_ENOUGH: Final = 75
_LEAF: Final = 0.92  # two fields that only agree in their last word are a little less alike
_MISFIT: Final = 15
_KEYS: Final = {"email": "email", "vat": "alphanumeric", "number": "alphanumeric", "phone": "digits"}
_PLAIN: Final = re.compile(r"[A-Za-z_][\w.-]*")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two fields that seem to be the same; ``score`` up to 100 says how alike their names are."""

    left: Field
    right: Field
    score: int


def draft_mapping(
    name: str,
    left_system: str,
    left_object: str,
    right_system: str,
    right_object: str,
    manifests: Mapping[str, Manifest],
) -> str:
    """Write the draft of ``mappings/NAME.yaml`` as text.

    Raises:
        ProjectError: a system or an object is not described.
    """
    left = _Side(left_system, left_object, manifests)
    right = _Side(right_system, right_object, manifests)
    proposals = propose(left.schema, right.schema, skip=left.own | right.own)
    lines = [
        f"# yaml-language-server: $schema=../{SCHEMA_FOLDER.as_posix()}/mapping.json",
        f"# Draft of the mapping {name}: every line is a proposal. Read, correct, then run `tally lint`.",
        f"left: {{system: {_text(left_system)}, object: {_text(left_object)}}}",
        f"right: {{system: {_text(right_system)}, object: {_text(right_object)}}}",
        f"direction: {_direction(left, right)}",
        "conflict: manual",
        "# What happens to records without counterpart, and when a record is deleted: ask does nothing unasked.",
        "on_unmatched: {left: ask, right: ask}",
        "on_delete: {left: ask, right: ask}",
    ]
    names = _names(proposals)
    fields = [_field_lines(name, p, left, right) for name, p in zip(names, proposals, strict=True)]
    lines += _match_lines(proposals, names)
    lines.append("fields:")
    lines += [line for entry in fields for line in entry]
    if all(entry[0].lstrip().startswith("#") for entry in fields):
        example = f"left: {_text(left.example)}, right: {_text(right.example)}, direction: match_only"
        lines.append(f"  example: {{{example}}}  # nothing looked alike: put here what corresponds")
    for title, schema, used in (
        ("left", left, {p.left.path for p in proposals}),
        ("right", right, {p.right.path for p in proposals}),
    ):
        rest = [f.path for f in schema.schema.fields if f.path not in used and f.path not in schema.own]
        if rest:
            lines.append(f"# not proposed, {title}: {', '.join(json.dumps(p, ensure_ascii=False)[1:-1] for p in rest)}")
    return "\n".join(lines) + "\n"


def propose(left: ObjectType, right: ObjectType, *, skip: frozenset[str] = frozenset()) -> list[Proposal]:
    """Pair fields that seem to be the same, each at most once, in the left's order; paths in ``skip`` are left out."""
    from rapidfuzz import fuzz

    found = []
    theirs = [(f, words(f.path)) for f in right.fields if f.path not in skip and f.type != "object"]
    for one in left.fields:
        if one.path in skip or one.type == "object":
            continue
        mine = words(one.path)
        for two, its in theirs:
            whole = fuzz.token_sort_ratio(" ".join(mine), " ".join(its))
            leaf = _LEAF * fuzz.token_sort_ratio(" ".join(mine[-2:]), " ".join(its[-2:]))
            score = max(whole, leaf) - (_MISFIT if _misfits(one, two) else 0)
            if score >= _ENOUGH:
                found.append(Proposal(one, two, round(score)))
    taken: set[str] = set()
    chosen = []
    for proposal in sorted(found, key=lambda p: (-p.score, p.left.path, p.right.path)):
        keys = {f"left {proposal.left.path}", f"right {proposal.right.path}"}
        if not keys & taken:
            taken |= keys
            chosen.append(proposal)
    order = {f.path: n for n, f in enumerate(left.fields)}
    return sorted(chosen, key=lambda p: order[p.left.path])


class _Side:
    """One side of the draft: its object and which of its fields are bookkeeping, not content."""

    def __init__(self, system: str, object_name: str, manifests: Mapping[str, Manifest]) -> None:
        if system not in manifests:
            hint = suggest(system, manifests, what="described in systems/")
            raise ProjectError(f"there is no system '{system}'", hint=hint)
        self.manifest = manifests[system]
        if object_name not in self.manifest.objects:
            hint = suggest(object_name, self.manifest.objects, what=f"known objects of {system}")
            raise ProjectError(f"{system} has no object '{object_name}'", hint=hint)
        spec = self.manifest.objects[object_name]
        self.schema = object_type(object_name, spec)
        self.can_change = can(self.manifest, spec, "update")
        self.example = spec.id
        self.own = frozenset({spec.id, spec.version, spec.modified, spec.created}) - {""}


def _direction(left: _Side, right: _Side) -> str:
    """Let values flow only to a side that can be changed, where only one can."""
    if left.can_change == right.can_change:
        return "both"
    return "to_left" if left.can_change else "to_right"


def _misfits(left: Field, right: Field) -> bool:
    kinds = {left.type, right.type}
    return (
        len(kinds) > 1
        and not kinds <= {"integer", "number"}
        and not kinds <= {"instant", "local_time", "date"}
        and ("any" not in kinds)
    )


def _names(proposals: list[Proposal]) -> list[str]:
    names: list[str] = []
    for proposal in proposals:
        name = base = "_".join(words(proposal.left.path)) or "field"
        number = 2
        while name in names:
            name, number = f"{base}_{number}", number + 1
        names.append(name)
    return names


def _match_lines(proposals: list[Proposal], names: list[str]) -> list[str]:
    lines = []
    for proposal, name in zip(proposals, names, strict=True):
        last = words(proposal.left.path)[-1:]
        key = _KEYS.get(last[0]) if last else None
        if proposal.left.unique or proposal.right.unique or (key and proposal.score >= _SURE and key != "digits"):
            lines.append(f"  - {{on: {_text(name)}, normalise: {key or 'text'}}}")
    if lines:
        return ["# Who is who, strongest rule first: records are the same when these fields agree.", "match:", *lines]
    return ["# Who is who: no field looks like a key. Add one: match: [{on: email, normalise: email}]"]


def _field_lines(name: str, proposal: Proposal, left: _Side, right: _Side) -> list[str]:
    one, two = proposal.left, proposal.right
    parts = [f"left: {_text(one.path)}", f"right: {_text(two.path)}"]
    why = f"names agree by {proposal.score} %"
    if one.read_only and two.read_only:
        return [f"  # {_text(name)}: both sides are read-only ({_text(one.path)}, {_text(two.path)})"]
    if one.read_only or two.read_only:
        way = "to_right" if one.read_only else "to_left"
        parts.append(f"direction: {way if _direction(left, right) in {'both', way} else 'match_only'}")
    comments = []
    if one.options and two.options:
        pairs = _option_pairs(one, two)
        parts += [f"options: {{map: {{{pairs}}}}}"] if pairs else []
        comments = [] if pairs else ["no option looks alike: list them as options: {map: {left: right}}"]
    else:
        found = convert(Declared(one, left.manifest.timezone), Declared(two, right.manifest.timezone))
        comments = [f"{one.type} and {two.type}: {found.hint}"] if found.hint else []
    lines = [f"  {_text(name)}: {{{', '.join(parts)}}}  # {why}"]
    return [*lines, *(f"  #   {comment}" for comment in comments)]


def _option_pairs(left: Field, right: Field) -> str:
    """Pair options by key or label, each right one once; those without a likeness are left for the author."""
    free = {" ".join(words(o.key)) or o.key: o.key for o in right.options}
    free |= {" ".join(words(o.label)): o.key for o in right.options if o.label}
    pairs: dict[str, str] = {}
    for option in left.options:
        for text in (option.key, option.label):
            near = nearest(" ".join(words(text)) or text, free) if text else ""
            if near and free[near] not in pairs.values():
                pairs[option.key] = free[near]
                break
    return ", ".join(f"{_text(a)}: {_text(b)}" for a, b in pairs.items())


def _text(text: str) -> str:
    """Spell text as YAML, in quotes where it would be read as something else."""
    return text if _PLAIN.fullmatch(text) and scalar(text) is text else json.dumps(text, ensure_ascii=False)
