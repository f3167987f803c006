"""From rules as written to the core's: expressions compiled, what cannot be asked or cannot be done refused."""

from collections.abc import Iterator
from typing import Final

from tallystick.core.error import InvalidValue
from tallystick.core.pattern import pattern_of
from tallystick.core.policy import Judgement
from tallystick.core.record import SIDES
from tallystick.core.rule import Rule
from tallystick.project.model import MappingSpec, RuleSpec
from tallystick.project.near import suggest
from tallystick.project.place import Builder, names_in
from tallystick.project.text import DataPath

_VALUE: Final = "value"
_RECORD: Final = "record"
_ASKED: Final = ("that", "matches", "min_length", "max_length", "minimum", "maximum", "one_of")
_MORE: Final = "required, required_if, that, matches, min_length, max_length, minimum, maximum, one_of or unique"


class RuleBuilder:
    """Builds the rules of one mapping; what is wrong with one is noted at its line, and it is left out."""

    def __init__(self, builder: Builder, spec: MappingSpec) -> None:
        self.builder = builder
        self.spec = spec

    def build(self) -> tuple[Rule, ...]:
        """Build all rules: those of the fields, in the order of the fields, then those of the record."""
        built = [self._build(name, rule, where) for name, rule, where in self._written()]
        return tuple(rule for rule in built if rule is not None)

    def _written(self) -> Iterator[tuple[str, RuleSpec, DataPath]]:
        for name, field in self.spec.fields.items():
            for number, rule in enumerate(field.rules):
                yield name, rule, ("fields", name, "rules", number)
        for number, whole in enumerate(self.spec.rules):
            yield whole.field, whole, ("rules", number)

    def _build(self, name: str, spec: RuleSpec, where: DataPath) -> Rule | None:
        known = len(self.builder.problems)
        only_if = self._compile(spec.required_if, (*where, "required_if"))
        that = self._compile(spec.that, (*where, "that"))
        fix = self._compile(spec.fix, (*where, "fix"), {_VALUE})
        reads = self._reads(name, spec.required_if + spec.that)
        self._check_name(name, reads, where)
        self._check_demand(name, spec, where)
        self._check_answer(name, spec, reads, where)
        if len(self.builder.problems) > known:
            return None
        return Rule(
            field=name,
            then=spec.then or ("warn" if spec.unique else "park"),
            sides=SIDES if spec.to == "both" else (spec.to,),
            required=spec.required or only_if is not None,
            only_if=only_if,
            that=that,
            pattern=spec.matches,
            min_length=spec.min_length,
            max_length=spec.max_length,
            minimum=spec.minimum,
            maximum=spec.maximum,
            one_of=spec.one_of,
            unique=spec.unique,
            fix=fix,
            reads=reads,
            message=spec.message,
            line=self.builder.loaded.where("mapping", self.builder.mapping, where),
        )

    def _compile(self, source: str, where: DataPath, known: set[str] | None = None) -> Judgement | None:
        if not source:
            return None
        if "{{" not in source:
            self.builder.note(where, "this is no expression", "write it in braces: {{ country == 'DE' }}")
            return None
        from tallystick.core.expression import compile_expression  # brings Jinja; most mappings have no expression

        try:
            made = compile_expression(source)
        except InvalidValue as error:
            self.builder.note_invalid(where, error)
            return None
        names = known or {*self.spec.fields, _VALUE, _RECORD}
        for name in sorted(names_in(source) - names):
            self.builder.note(where, f"'{name}' in the expression leads nowhere", suggest(name, names))
        return made

    def _reads(self, name: str, sources: str) -> tuple[str, ...]:
        """Give the further fields that expressions look at; all where the whole record is named."""
        if not sources:
            return ()
        found = names_in(sources)
        return tuple(f for f in self.spec.fields if f != name and (f in found or _RECORD in found))

    def _check_name(self, name: str, reads: tuple[str, ...], where: DataPath) -> None:
        if name and name not in self.spec.fields:
            hint = suggest(name, self.spec.fields, what="fields of this mapping")
            self.builder.note((*where, "field"), f"there is no field '{name}'", hint)
        elif not name and not reads:
            self.builder.note(where, "this rule is about no field", "name one: field, or an expression over fields")

    def _check_demand(self, name: str, spec: RuleSpec, where: DataPath) -> None:
        is_asked = any(getattr(spec, key) not in (None, "", ()) for key in _ASKED)
        if not (spec.required or spec.required_if or spec.unique or is_asked):
            self.builder.note(where, "this rule asks for nothing", f"add {_MORE}")
        alone = [
            key
            for key in ("required", "required_if", "unique", *_ASKED[1:])
            if getattr(spec, key) not in (None, "", (), False)
        ]
        if not name and alone:
            self.builder.note((*where, alone[0]), f"{alone[0]} is about one field", "say which one: field: NAME")
        if spec.matches and pattern_of(spec.matches) is None:
            hint = "write a simpler pattern; no repetition inside of a repetition"
            self.builder.note((*where, "matches"), "this pattern cannot be tried in safe time, or is none", hint)
        for low, high in (("min_length", "max_length"), ("minimum", "maximum")):
            least, most = getattr(spec, low), getattr(spec, high)
            if least is not None and most is not None and least > most:
                self.builder.note((*where, low), f"{low} is above {high}, so no value can keep the rule", "swap them")

    def _check_answer(self, name: str, spec: RuleSpec, reads: tuple[str, ...], where: DataPath) -> None:
        at: DataPath = (*where, "then") if spec.then else where
        if spec.then == "drop" and not name:
            self.builder.note(at, "nothing says which field is dropped", "say which one: field: NAME")
        if (spec.then == "fix") != bool(spec.fix):
            hint = "then: fix, and fix: an expression over value" if spec.fix else "fix: '{{ value | upper }}'"
            self.builder.note(at, "a value is fixed by then: fix and an expression, both", hint)
        if spec.then == "fix" and (reads or spec.required or spec.required_if):
            hint = "fix where the value alone tells what is wrong; else drop, park or a default"
            self.builder.note(at, "only a value that is wrong by itself can be fixed", hint)
        if spec.unique and (
            spec.then not in {None, "warn"} or any(getattr(spec, k) not in (None, "", ()) for k in _ASKED)
        ):
            hint = "keep it as a rule of its own, with then: warn; tally predict names the records"
            self.builder.note(at, "unique is asked over all records, which a run does not see", hint)
