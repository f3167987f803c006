"""What a field's conflict policy needs besides its name: the rank, the expression, who owns the record.

A policy that lacks what it needs is an error where it is named; what no policy uses is a warning.
"""

from decimal import Decimal
from typing import Any, Final

from tallystick.core.error import InvalidValue
from tallystick.core.policy import Conflict, Judgement, OwnerField
from tallystick.core.record import SIDES, Value
from tallystick.project.model import FieldSpec, MappingSpec, OwnedBySpec
from tallystick.project.near import suggest
from tallystick.project.place import Builder, names_in
from tallystick.project.text import DataPath

NAMES: Final = frozenset(
    {
        "left", "right", "base", "left_base", "right_base", "left_changed_at", "right_changed_at", "left_record",
        "right_record",
    }
)  # fmt: skip
"""What an expression that settles a conflict may use."""

_ALWAYS_DECIDE: Final[frozenset[Conflict]] = frozenset({"left", "right", "manual"})
_OWN_CHECK: Final[Conflict] = "newest"


class ConflictRules:
    """Builds what the conflict policies of one field need, and gathers what is wrong with it."""

    def __init__(self, builder: Builder, whole: MappingSpec, name: str, spec: FieldSpec) -> None:
        self._builder = builder
        self._whole = whole
        self._spec = spec
        self._at: DataPath = ("fields", name)
        self._chosen: dict[Conflict, DataPath] = {}
        for key, said, usual in (
            ("fallback", spec.fallback, whole.fallback),
            ("conflict", spec.conflict, whole.conflict),
        ):
            self._chosen[said or usual] = (*self._at, key) if said else (key,)
        self._check_fallback()

    def rank(self) -> tuple[Value, ...]:
        """Give the values in their order, as the canonical record holds them."""
        ranked = tuple(_value(v) for v in self._spec.rank)
        at: DataPath = (*self._at, "rank")
        if not self._is_wanted("rank", bool(ranked), at, "rank: [closed, open]"):
            return ranked
        options = self._spec.options.map if self._spec.options else {}
        for number, value in enumerate(ranked):
            if value in ranked[:number]:
                self._note((*at, number), f"'{value}' has two places in the rank", "name each value once")
            elif options and value is not None and value not in options:
                hint = suggest(str(value), options, what="options of the left")
                self._note((*at, number), f"'{value}' is no option of this field", hint)
        missing = [option for option in options if option not in ranked]
        if missing:
            message = f"the rank does not list {', '.join(missing)}; conflicts with them are asked about"
            self._builder.note(at, message, "list them, or name a fallback", severity="warning", at_key=True)
        return ranked

    def resolve(self) -> Judgement | None:
        """Compile the expression of ``conflict: expression``."""
        source, at = self._spec.resolve, (*self._at, "resolve")
        wish = 'resolve: "{{ left if left_changed_at > right_changed_at else right }}"'
        if self._is_wanted("expression", bool(source), at, wish):
            return self._compile(source, at)
        return None

    def owned_by(self) -> Judgement | OwnerField | None:
        """Give what tells who owns the record: the field's own, or the mapping's."""
        own = bool(self._spec.owned_by)
        spec = self._spec.owned_by or self._whole.owned_by
        at: DataPath = (*self._at, "owned_by") if own else ("owned_by",)
        wish = "owned_by: {field: region, left: [EU], right: [US]}"
        if "owner" in self._chosen or own:
            if not self._is_wanted("owner", bool(spec), at, wish):
                return None
            return self._compile(spec, at) if isinstance(spec, str) else self._owner_field(spec, at)
        return None

    def _check_fallback(self) -> None:
        conflict = self._spec.conflict or self._whole.conflict
        fallback = self._spec.fallback or self._whole.fallback
        if conflict == fallback and conflict not in _ALWAYS_DECIDE and conflict != _OWN_CHECK:
            at: DataPath = (*self._at, "fallback") if self._spec.fallback else ("fallback",)
            self._note(at, f"{conflict} cannot be its own fallback", "fallback: left, right or manual")

    def _is_wanted(self, rule: Conflict, given: bool, at: DataPath, wish: str) -> bool:  # noqa: FBT001 - read beside its path
        """Tell whether a policy and what it needs are both there; note it if only one of them is."""
        if rule in self._chosen and not given:
            self._note(self._chosen[rule], f"{rule} cannot decide: nothing says by what", wish)
        elif given and rule not in self._chosen:
            message = f"nothing uses this: neither conflict nor fallback is {rule}"
            self._builder.note(at, message, f"conflict: {rule}, or remove it", severity="warning", at_key=True)
        return given and rule in self._chosen

    def _owner_field(self, spec: OwnedBySpec, at: DataPath) -> OwnerField:
        if spec.field not in self._whole.fields:
            hint = suggest(spec.field, self._whole.fields, what="fields of this mapping")
            self._note((*at, "field"), f"there is no field '{spec.field}' to tell the owner by", hint)
        elif ("fields", spec.field) == self._at:
            self._note((*at, "field"), "a field cannot tell who owns it while it is in conflict", "name another field")
        left, right = (tuple(_value(v) for v in values) for values in (spec.left, spec.right))
        for side, values in zip(SIDES, (left, right), strict=True):
            if not values:
                self._note(at, f"no value says that the {side} owns a record", f"{side}: [value]")
        for number, value in enumerate(right):
            if value in left:
                self._note((*at, "right", number), f"'{value}' names both sides as the owner", "list it on one side")
        return OwnerField(spec.field, left, right)

    def _compile(self, source: str, at: DataPath) -> Judgement | None:
        from tallystick.core.expression import compile_expression  # brings Jinja; most mappings have no expression

        try:
            made = compile_expression(source)
        except InvalidValue as error:
            self._builder.note_invalid(at, error)
            return None
        for name in sorted(names_in(source) - NAMES):
            self._note(at, f"'{name}' means nothing here", suggest(name, NAMES))
        for first, *more in sorted(path for path in made.needs if path[0] in {"left_record", "right_record"}):
            if more and more[0] not in self._whole.fields:
                hint = suggest(str(more[0]), self._whole.fields, what="fields of this mapping")
                self._note(at, f"'{first}.{more[0]}' is no field of this mapping", hint)
        return made

    def _note(self, at: DataPath, message: str, hint: str) -> None:
        self._builder.note(at, message, hint)


def _value(written: Any) -> Value:
    """Take a value of a project file as the canonical record has it: numbers exact, an empty text is blank."""
    if isinstance(written, float):
        return Decimal(str(written))
    return None if written == "" else written
