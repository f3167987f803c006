"""A first draft of a mapping from what two systems declare: what seems to be the same, and why.

A draft is text for a person to read, correct and save. What is sure enough stands there as a line; what is only likely
stands there as a comment; nothing in it overwrites or deletes.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tallystick.core.error import ProjectError
from tallystick.core.schema import Field
from tallystick.project.ability import can
from tallystick.project.draft_field import Entry, entry_of, quote
from tallystick.project.json_schema import SCHEMA_FOLDER
from tallystick.project.likeness import Attribute
from tallystick.project.manifest import Manifest
from tallystick.project.naming import concepts_of, plain_words
from tallystick.project.near import suggest
from tallystick.project.propose import Proposals, propose
from tallystick.project.schema import object_type

_KEYS: Final = {
    "email": "email", "vat_number": "vat", "iban": "iban", "gtin": "alphanumeric", "sku": "alphanumeric",
    "customer_number": "alphanumeric", "order_number": "alphanumeric", "invoice_number": "alphanumeric",
    "employee_number": "alphanumeric", "external_id": "text",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft as text, and what it was made from."""

    text: str
    proposals: Proposals


class DraftSide:
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
        self.system, self.object = system, object_name
        self.schema = object_type(object_name, spec)
        self.can_change = can(self.manifest, spec, "update")
        self.example = spec.id
        self.own = frozenset({spec.id, spec.version, spec.modified, spec.created}) - {""}

    def attributes(self) -> list[Attribute]:
        """Give the fields that hold content, as they are compared."""
        return [_attribute(f, self.object) for f in self.schema.fields if f.path not in self.own]

    def compared(self, field: Field, subject: str) -> Attribute:
        """Give a field that is not declared as it is compared; ``subject`` is the object that has it."""
        return _attribute(field, subject)

    def field(self, path: str) -> Field:
        """Give the declared field at a path."""
        return self.schema.by_path[path]


def draft_mapping(
    name: str,
    left_system: str,
    left_object: str,
    right_system: str,
    right_object: str,
    manifests: Mapping[str, Manifest],
) -> Draft:
    """Write the draft of ``mappings/NAME.yaml``.

    Raises:
        ProjectError: a system or an object is not described.
    """
    left = DraftSide(left_system, left_object, manifests)
    right = DraftSide(right_system, right_object, manifests)
    proposals = propose(left.attributes(), right.attributes())
    lines = [
        f"# yaml-language-server: $schema=../{SCHEMA_FOLDER.as_posix()}/mapping.json",
        f"# Draft of the mapping {name}: every line is a proposal. Read, correct, then run `tally lint`.",
        f"left: {{system: {quote(left_system)}, object: {quote(left_object)}}}",
        f"right: {{system: {quote(right_system)}, object: {quote(right_object)}}}",
        f"direction: {_direction(left, right)}",
        "conflict: manual",
        "# What happens to records without counterpart, and when a record is deleted: ask does nothing unasked.",
        "on_unmatched: {left: ask, right: ask}",
        "on_delete: {left: ask, right: ask}",
    ]
    entries = _entries(proposals, left, right)
    lines += _match_lines([e for e in entries if not e.is_comment], left, right)
    lines.append("fields:")
    lines += [line for entry in entries for line in entry.lines()]
    if all(entry.is_comment for entry in entries):
        example = f"left: {quote(left.example)}, right: {quote(right.example)}, direction: match_only"
        lines.append(f"  example: {{{example}}}  # nothing is surely alike: put here what corresponds")
    shown = [entry.proposal for entry in entries]
    lines += _rest("left", left, {path for p in shown for path in p.left})
    lines += _rest("right", right, {path for p in shown for path in p.right})
    return Draft("\n".join(lines) + "\n", proposals)


def _attribute(field: Field, subject: str) -> Attribute:
    return Attribute(
        path=field.path,
        type=field.type,
        label=field.label,
        format=field.format,
        options=tuple(text for o in field.options for text in (o.key, o.label) if text),
        subject=subject,
        is_branch=field.type == "object",
    )


def _direction(left: DraftSide, right: DraftSide) -> str:
    """Let values flow only to a side that can be changed, where only one can."""
    if left.can_change == right.can_change:
        return "both"
    return "to_left" if left.can_change else "to_right"


def _entries(proposals: Proposals, left: DraftSide, right: DraftSide) -> list[Entry]:
    """Make an entry of every proposal, in the order of the left side; no field is written twice."""
    order = {f.path: n for n, f in enumerate(left.schema.fields)}
    taken: set[tuple[str, str]] = set()
    entries: list[Entry] = []
    copies = [p for p in proposals.sure if p.kind == "copy"]
    for proposal in (*copies, *(p for p in proposals.sure if p.kind != "copy"), *proposals.possible):
        ends = {("left", path) for path in proposal.left} | {("right", path) for path in proposal.right}
        is_sure = proposal in proposals.sure and not ends & taken
        if proposal not in proposals.sure and ends & taken:
            continue
        entries.append(entry_of(proposal, left, right, _direction(left, right), is_sure=is_sure))
        if not entries[-1].is_comment:
            taken |= ends
    entries.sort(key=lambda e: order[e.proposal.left[0]])
    return _named(entries)


def _named(entries: Sequence[Entry]) -> list[Entry]:
    """Name the entries after their left fields, each once."""
    names: set[str] = set()
    named = []
    for entry in entries:
        name = draft_name(entry.proposal.left[0], names)
        names.add(name)
        named.append(entry.called(name))
    return named


def draft_name(path: str, taken: Collection[str]) -> str:
    """Name a mapped field after a path, as none of those that are ``taken``."""
    name = base = "_".join(plain_words(path)) or "field"
    number = 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def _match_lines(entries: Sequence[Entry], left: DraftSide, right: DraftSide) -> list[str]:
    lines = []
    for entry in entries:
        proposal = entry.proposal
        if proposal.kind != "copy":
            continue
        concepts = concepts_of(proposal.left[0].rpartition(".")[2])
        key = _KEYS.get(concepts[0]) if len(concepts) == 1 else None
        is_unique = left.field(proposal.left[0]).unique or right.field(proposal.right[0]).unique
        if (is_unique or key) and "." not in proposal.left[0] + proposal.right[0]:
            lines.append(f"  - {{on: {quote(entry.name)}, normalise: {key or 'text'}}}")
    if lines:
        return ["# Who is who, strongest rule first: records are the same when these fields agree.", "match:", *lines]
    return ["# Who is who: no field looks like a key. Add one: match: [{on: email, normalise: email}]"]


def _rest(title: str, side: DraftSide, used: set[str]) -> list[str]:
    rest = [f.path for f in side.schema.fields if f.path not in used and f.path not in side.own]
    if not rest:
        return []
    return [f"# not proposed, {title}: {', '.join(json.dumps(p, ensure_ascii=False)[1:-1] for p in rest)}"]
