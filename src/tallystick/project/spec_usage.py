"""What a project uses of a system: which objects, calls and fields, and for what."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tallystick.core.mapping import End, FieldMapping, ObjectMapping
from tallystick.core.path import render
from tallystick.core.record import SIDES, Side, other
from tallystick.project.ability import Ability
from tallystick.project.build import writes_to
from tallystick.project.manifest import Manifest, ObjectSpec


@dataclass(slots=True)
class Usage:
    """What is used of one object. Fields by path, each with the ``mapping.field`` that stand on it."""

    read: dict[str, list[str]] = field(default_factory=dict)
    written: dict[str, list[str]] = field(default_factory=dict)
    calls: set[Ability] = field(default_factory=set)
    expressions: dict[str, str] = field(default_factory=dict)
    """Expressions over records by ``mapping.field``: any field named in one is read."""
    mappings: dict[str, None] = field(default_factory=dict)

    def readers(self, path: str) -> list[str]:
        """Name everything that a field is used for, reading or writing."""
        last = re.split(r"[.\[]", path)[-1]
        named = [who for who, text in self.expressions.items() if last and re.search(rf"\b{re.escape(last)}\b", text)]
        return list(dict.fromkeys([*self.read.get(path, ()), *self.written.get(path, ()), *named]))

    def writers(self, path: str) -> list[str]:
        """Name everything that writes a field."""
        return self.written.get(path, [])


def find_usage(mappings: Iterable[ObjectMapping], system: str, manifest: Manifest) -> dict[str, Usage]:
    """Gather by object what the mappings use of a system; what objects are made of is used with them."""
    found: dict[str, Usage] = {}
    for mapping in mappings:
        for side in SIDES:
            if mapping.end(side).system == system:
                _add(found, mapping, side, manifest)
    return found


def _add(found: dict[str, Usage], mapping: ObjectMapping, side: Side, manifest: Manifest) -> None:
    end = mapping.end(side)
    spec = manifest.objects.get(end.object)
    for name in _parts(end.object, spec):
        usage = found.setdefault(name, Usage())
        usage.mappings[mapping.name] = None
        usage.calls |= _calls(mapping, side)
        for each in mapping.fields:
            _add_field(usage, f"{mapping.name}.{each.name}", each, side, _role(name, spec))
        for path in (*_own_paths(manifest.objects.get(name)), *(_conditions(end) if name == end.object else ())):
            usage.read.setdefault(path, []).append(mapping.name)
        for path in (*end.on_create, *end.archive) if name == end.object else ():
            usage.written.setdefault(path, []).append(mapping.name)


def _parts(name: str, spec: ObjectSpec | None) -> list[str]:
    """The objects that records of this one consist of, or lie in."""
    if spec is None:
        return [name]
    inside = [spec.inside.object] if spec.inside else []
    return list(dict.fromkeys([name, *filter(None, [spec.anchor]), *(p.object for p in spec.parts.values()), *inside]))


def _role(name: str, spec: ObjectSpec | None) -> str:
    """The role that an object plays as a part of another; its fields are mapped under it."""
    return next((role for role, part in spec.parts.items() if part.object == name), "") if spec else ""


def _add_field(usage: Usage, title: str, each: FieldMapping, side: Side, role: str) -> None:
    place = each.place(side)
    direction = each.policy.direction
    written = [where for where, _ in place.inverse]
    for path in [place.path, *written]:
        if not path or (role and path[0] != role):
            continue
        text = render(path[1:] if role else path)
        if place.path and (direction == "match_only" or writes_to(other(side), direction)):
            usage.read.setdefault(text, []).append(title)
        if writes_to(side, direction):
            usage.written.setdefault(text, []).append(title)
    if place.expression is not None:
        usage.expressions[title] = place.expression.source


def _calls(mapping: ObjectMapping, side: Side) -> set[Ability]:
    calls: set[Ability] = {"list", "get"}
    there = other(side)
    policy = mapping.policy
    if any(writes_to(side, each.policy.direction) for each in mapping.fields):
        calls.add("update")
        unmatched = policy.on_unmatched_left if there == "left" else policy.on_unmatched_right
        if unmatched == "create":
            calls.add("create")
    if (policy.on_delete_left if there == "left" else policy.on_delete_right) == "propagate":
        calls.add("delete")
    return calls


def _own_paths(spec: ObjectSpec | None) -> list[str]:
    """What reading needs of every record, whatever is mapped."""
    if spec is None:
        return []
    deleted = spec.deleted.path if spec.deleted else ""
    return [
        p for p in (spec.id, spec.version, spec.modified, spec.created, deleted) if p and not p.startswith("header:")
    ]


def _conditions(end: End) -> list[str]:
    return [render(p) for p in (*(c.path for c in end.where), end.external_id) if p]
