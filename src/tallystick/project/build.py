"""From mappings as written to the core's: every name resolved, every policy inherited, what cannot work refused.

The result is in the order in which records are created: what others refer to comes first (R-13.5).
"""

from typing import Final

from tallystick.core.error import Problem, ProjectError
from tallystick.core.mapping import Condition, End, FieldMapping, MatchRule, ObjectMapping, Place
from tallystick.core.path import Path, render, write
from tallystick.core.policy import Brakes, Direction, FieldPolicy, Policy
from tallystick.core.record import SIDES, Raw, Side, other
from tallystick.core.schema import Field
from tallystick.project.conflict_rules import ConflictRules
from tallystick.project.conversion import Conversion, Declared, complete, convert
from tallystick.project.load import LoadedProject
from tallystick.project.model import EndSpec, FieldSpec, MappingSpec
from tallystick.project.near import suggest
from tallystick.project.place import Builder, EndBuilder
from tallystick.project.references import find_loops, order
from tallystick.project.rules import RuleBuilder
from tallystick.project.schema import object_type
from tallystick.project.text import DataPath

_WRITES: Final[dict[Side, frozenset[Direction]]] = {
    "left": frozenset({"both", "to_left", "once_to_left"}),
    "right": frozenset({"both", "to_right", "once_to_right"}),
}


def build_mappings(loaded: LoadedProject) -> tuple[ObjectMapping, ...]:
    """Build all mappings of a project, those first that others refer to.

    Raises:
        ProjectError: with every error in every mapping; warnings do not stop (``lint_project`` tells them).
    """
    mappings, problems = resolve_mappings(loaded)
    errors = [p for p in problems if p.severity == "error"]
    if errors:
        count = f"{len(errors)} problem{'s' if len(errors) != 1 else ''}"
        raise ProjectError(f"the mappings have {count}", errors, hint="each problem names its file, line and column")
    return mappings


def resolve_mappings(loaded: LoadedProject) -> tuple[tuple[ObjectMapping, ...], list[Problem]]:
    """Build what can be built and give it with all errors and warnings; a mapping with errors may be incomplete."""
    made: list[ObjectMapping] = []
    problems: list[Problem] = []
    for name, spec in loaded.mappings.items():
        builder = MappingBuilder(loaded, name, spec)
        mapping = builder.build()
        problems += builder.problems
        if mapping:
            made.append(mapping)
    ordered, rings = order(made)
    for ring in rings:
        message = f"these mappings wait for each other: {' -> '.join((*ring.mappings, ring.mappings[0]))}"
        hint = "let one reference that may be empty be sent later: on_missing_ref: send_without"
        path: DataPath = ("fields", ring.field, "reference")
        problems.append(loaded.problem("mapping", ring.mappings[0], path, message, hint))
    for ring in find_loops(made):
        names = ", ".join(sorted(ring.mappings))
        hint = "make one of them one-way (direction: to_right), or keep their records apart (where)"
        message = f"two-way mappings form a ring: {names}"
        problems.append(loaded.problem("mapping", ring.mappings[0], ("direction",), message, hint))
    return ordered, sorted(set(problems))


def writes_to(side: Side, direction: Direction) -> bool:
    """Tell whether values flow to ``side`` in this direction, at least once."""
    return direction in _WRITES[side]


class MappingBuilder(Builder):
    """Builds one mapping and gathers what is wrong with it."""

    def __init__(self, loaded: LoadedProject, name: str, spec: MappingSpec) -> None:
        super().__init__(loaded, name)
        self.spec = spec
        self.written: dict[Side, dict[Path, DataPath]] = {"left": {}, "right": {}}

    def build(self) -> ObjectMapping | None:
        """Build the mapping, or ``None`` if a system or an object of it does not exist."""
        builders = {side: self.open_end(side) for side in SIDES}
        left, right = builders["left"], builders["right"]
        if left is None or right is None:
            return None
        fields = tuple(self.build_field(name, spec, left, right) for name, spec in self.spec.fields.items())
        ends = {end.side: self.build_end(end) for end in (left, right)}
        self.check_match()
        rules = RuleBuilder(self, self.spec).build()
        return ObjectMapping(
            self.mapping,
            ends["left"],
            ends["right"],
            fields,
            tuple(MatchRule(rule.on, rule.normalise, rule.fuzzy, rule.region, rule.most) for rule in self.spec.match),
            self.build_policy(),
            rules,
        )

    def open_end(self, side: Side) -> EndBuilder | None:
        """Find a side's system and object."""
        spec = self.end_spec(side)
        manifest = self.loaded.manifests.get(spec.system)
        if manifest is None:
            hint = suggest(spec.system, self.loaded.manifests, what="described in systems/")
            self.note((side, "system"), f"there is no system '{spec.system}'", hint)
            return None
        known = manifest.objects.get(spec.object)
        if known is None:
            hint = suggest(spec.object, manifest.objects, what=f"known objects of {spec.system}")
            self.note((side, "object"), f"{spec.system} has no object '{spec.object}'", hint)
            return None
        return EndBuilder(self, side, manifest, known, object_type(spec.object, known))

    def end_spec(self, side: Side) -> EndSpec:
        """Give what is written of one end."""
        return self.spec.left if side == "left" else self.spec.right

    def build_end(self, end: EndBuilder) -> End:
        """Build one end: conditions, what new records get besides, the field that keeps the other side's id."""
        spec = self.end_spec(end.side)
        conditions = []
        for text, values in spec.where.items():
            found = end.find(text, (end.side, "where", text), at_key=True)
            if found:
                conditions.append(Condition(found[0], values))
        on_create: Raw = {}
        for text, value in spec.on_create.items():
            where: DataPath = (end.side, "on_create", text)
            found = end.find(text, where, at_key=True)
            if found:
                self.claim(end.side, found[0], where, found[1])
                on_create[render(found[0])] = value
        archive: Raw = {}
        for text, value in spec.archive.items():
            found = end.find(text, (end.side, "archive", text), at_key=True)
            if found:
                write(archive, found[0], value)
        external: Path = ()
        if spec.external_id:
            where = (end.side, "external_id")
            found = end.find(spec.external_id, where)
            if found:
                external = found[0]
                self.claim(end.side, external, where, found[1])
        self.check_scope(end.side)
        return End(spec.system, spec.object, end.schema, tuple(conditions), on_create, archive, external)

    def check_scope(self, side: Side) -> None:
        """Warn where a record that is created would not belong to the mapping it was created by."""
        spec = self.end_spec(side)
        if getattr(self.spec.on_unmatched, other(side)) != "create" or not self.flows_to(side):
            return
        for text, values in spec.where.items():
            given = spec.on_create.get(text)
            path = self.read_path(text, (side, "where", text), at_key=True)
            is_written = path is not None and path in self.written[side]
            if (text in spec.on_create and given not in values) or (text not in spec.on_create and not is_written):
                message = f"new records on the {side} do not get a value of '{text}' that belongs to the mapping"
                hint = f"on_create: {{{text}: {values[0]}}}" if values else "list the values that belong"
                at: DataPath = (side, "on_create" if text in spec.on_create else "where", text)
                self.note(at, message, hint, severity="warning", at_key=text not in spec.on_create)

    def flows_to(self, side: Side) -> bool:
        """Tell whether any field is written to ``side``."""
        return any(writes_to(side, f.direction or self.spec.direction) for f in self.spec.fields.values())

    def build_field(self, name: str, spec: FieldSpec, left: EndBuilder, right: EndBuilder) -> FieldMapping:
        """Build one field with its inherited policies."""
        policy = self.build_field_policy(name, spec)
        left_place, left_field = left.build_place(name, spec)
        right_place, right_field = right.build_place(name, spec)
        left_place, right_place = self.convert(
            name, spec, (left, left_place, left_field), (right, right_place, right_field)
        )
        for end, place, field in ((left, left_place, left_field), (right, right_place, right_field)):
            if writes_to(end.side, policy.direction):
                self.check_writable(name, end.side, place, field)
        if spec.reference:
            self.check_reference(name, spec, {"left": left_field, "right": right_field})
        return FieldMapping(
            name,
            left_place,
            right_place,
            policy,
            left.read_default(spec.left, left_place, ("fields", name, "left")),
            right.read_default(spec.right, right_place, ("fields", name, "right")),
            spec.owner or self.spec.owner,
            self.loaded.where("mapping", self.mapping, ("fields", name)),
        )

    def convert(
        self,
        name: str,
        spec: FieldSpec,
        left: tuple[EndBuilder, Place, Field | None],
        right: tuple[EndBuilder, Place, Field | None],
    ) -> tuple[Place, Place]:
        """Add the codecs that both sides' declarations call for, where the author named none, or for one side only."""
        (left_end, left_place, left_field), (right_end, right_place, right_field) = left, right
        is_open = not (spec.options or spec.reference or (left_place.codecs and right_place.codecs))
        if not (is_open and left_place.path and right_place.path and left_field and right_field):
            return left_place, right_place
        declared = Declared(left_field, left_end.manifest.timezone), Declared(right_field, right_end.manifest.timezone)
        if left_place.codecs:
            found = complete(left_place.codecs[-1].name, declared[1])
        elif right_place.codecs:
            found = complete(right_place.codecs[-1].name, declared[0])
            found = Conversion(left=found.right, hint=found.hint)
        else:
            found = convert(*declared)
        if found.hint:
            message = f"the left holds {left_field.type}, the right {right_field.type}; nothing says how they translate"
            self.note(("fields", name), message, found.hint, severity="warning", at_key=True)
        made = []
        for end, place, codec in ((left_end, left_place, found.left), (right_end, right_place, found.right)):
            # Nobody asked for this codec, so one that cannot be made stops nothing.
            built = end.build_codec(*codec, ("fields", name, end.side), "warning") if codec else None
            made.append(Place(place.path, (built,)) if built else place)
        return made[0], made[1]

    def build_field_policy(self, name: str, spec: FieldSpec) -> FieldPolicy:
        """Inherit what the field does not say from the mapping, and refuse contradictions."""
        whole = self.spec
        direction = spec.direction or whole.direction
        conflict = spec.conflict or whole.conflict
        fallback = spec.fallback or whole.fallback
        at: DataPath = ("fields", name)
        if spec.direction and not _is_within(spec.direction, whole.direction):
            message = f"the field flows {spec.direction} but the mapping only {whole.direction}"
            self.note((*at, "direction"), message, f"use direction: {whole.direction}, or change the mapping's")
        if conflict == "newest" and direction == "both":
            is_said = spec.fallback is not None or "fallback" in whole.model_fields_set
            here: DataPath = (*at, "conflict") if spec.conflict else ("conflict",)
            hint = "say what decides then: fallback: left, right, prefer_nonblank or manual"
            if not is_said:
                self.note(here, "newest cannot decide when both times are close; a fallback is missing", hint)
            elif fallback == "newest":
                here = (*at, "fallback") if spec.fallback else ("fallback",)
                self.note(here, "newest cannot be its own fallback", hint)
        rules = ConflictRules(self, whole, name, spec)
        return FieldPolicy(
            direction,
            conflict,
            fallback,
            spec.initial or whole.initial,
            spec.blank,
            spec.drift,
            spec.invalid,
            spec.on_missing_ref,
            spec.on_cascade,
            rank=rules.rank(),
            resolve=rules.resolve(),
            owned_by=rules.owned_by(),
        )

    def check_writable(self, name: str, side: Side, place: Place, field: Field | None) -> None:
        """Refuse to write where nothing can be written or something else is written already."""
        where: DataPath = ("fields", name, side)
        away = f"direction: to_{other(side)}"
        if place.expression and not place.inverse:
            hint = f"set {away}, or give an inverse: path to expression over value"
            self.note(where, f"the {side} is read by an expression without inverse and cannot be written", hint)
        if field and field.read_only:
            self.note(where, f"'{field.path}' is read-only on the {side} and cannot be written", f"set {away}")
        for path in [place.path] if place.path else [p for p, _ in place.inverse]:
            self.claim(side, path, where, None)

    def claim(self, side: Side, path: Path, where: DataPath, field: Field | None) -> None:
        """Note what is written where, and refuse the second writer."""
        if field and field.read_only:
            self.note(where, f"'{field.path}' is read-only and cannot be written", "remove it")
        for taken, first in self.written[side].items():
            if taken[: len(path)] == path or path[: len(taken)] == taken:
                line = self.loaded.where("mapping", self.mapping, first)
                message = f"'{render(path)}' on the {side} is written twice; the other is at {line}"
                self.note(where, message, "let only one of them write: set direction on the other, or remove it")
                return
        self.written[side][path] = where

    def check_reference(self, name: str, spec: FieldSpec, declared: dict[Side, Field | None]) -> None:
        """Refuse a reference that cannot be translated through the pairs of another mapping."""
        where: DataPath = ("fields", name, "reference")
        target = self.loaded.mappings.get(spec.reference)
        if spec.options or spec.left.codec or spec.right.codec:
            self.note(
                where, "a reference takes no codecs or options", "it is translated through the pairs it refers to"
            )
        if target is None:
            hint = suggest(spec.reference, self.loaded.mappings, what="known mappings")
            self.note(where, f"there is no mapping '{spec.reference}'", hint)
            return
        for side in SIDES:
            end, its = self.end_spec(side), target.left if side == "left" else target.right
            field = declared[side]
            if end.system != its.system:
                message = f"'{spec.reference}' has {its.system} on its {side}, this mapping has {end.system}"
                self.note(where, message, "both mappings must join the same systems, on the same sides")
            elif field and field.reference and field.reference != its.object:
                points = f"on the {side} '{field.path}' points to {field.reference}"
                message = f"{points}, but '{spec.reference}' pairs {its.object}"
                self.note(where, message, "refer to the mapping of that object", severity="warning")

    def check_match(self) -> None:
        """Refuse match rules over fields that do not exist; warn where nothing can ever match."""
        for number, rule in enumerate(self.spec.match):
            for position, field in enumerate(rule.on):
                if field not in self.spec.fields:
                    hint = suggest(field, self.spec.fields, what="fields of this mapping")
                    self.note(("match", number, "on", position), f"there is no field '{field}' to match on", hint)
        firm = [rule for rule in self.spec.match if not (rule.fuzzy or rule.normalise == "company")]
        creates = [s for s in SIDES if getattr(self.spec.on_unmatched, s) == "create" and self.flows_to(other(s))]
        if creates and not firm and not (self.spec.left.external_id or self.spec.right.external_id):
            message = "nothing says who is who: every record that exists on both sides would be created twice"
            at: DataPath = ("match",) if self.spec.match else ("on_unmatched",)
            self.note(
                at, message, "add a rule: match: [{on: email, normalise: email}]", severity="warning", at_key=True
            )

    def build_policy(self) -> Policy:
        """Take over the mapping's policies (R-8.1: both sides were said)."""
        spec = self.spec
        return Policy(
            on_unmatched_left=spec.on_unmatched.left,
            on_unmatched_right=spec.on_unmatched.right,
            on_delete_left=spec.on_delete.left,
            on_delete_right=spec.on_delete.right,
            direction=spec.direction,
            on_delete_update=spec.on_delete_update,
            on_keyless=spec.on_keyless,
            on_unreadable=spec.on_unreadable,
            on_restore=spec.on_restore,
            on_scope_exit=spec.on_scope_exit,
            on_merge=spec.on_merge,
            delete_out_of_scope=spec.delete_out_of_scope,
            brakes=Brakes(**spec.brakes.model_dump()),
            full_compare_seconds=spec.full_compare_hours * 3600,
            newest_margin_seconds=spec.newest_margin_seconds,
            grace_left_seconds=spec.delete_grace.left,
            grace_right_seconds=spec.delete_grace.right,
        )


def _is_within(direction: Direction, whole: Direction) -> bool:
    """Tell whether a field may flow this way in a mapping that flows that way."""
    if whole == "both" or direction in {"match_only", whole}:
        return True
    return whole.startswith("to_") and direction == f"once_{whole}"
