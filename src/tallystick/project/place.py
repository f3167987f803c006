"""Building one field's places: paths, codecs, expressions and defaults, each wrong one a problem at its line."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tallystick.core.codecs.registry import build_codec
from tallystick.core.error import DataError, InvalidValue, Problem
from tallystick.core.mapping import Codec, Expression, Place
from tallystick.core.path import Path, parse
from tallystick.core.record import Side, Value
from tallystick.core.schema import Field, ObjectType
from tallystick.core.spread import Gathered, Taken
from tallystick.project.load import LoadedProject
from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.project.model import FieldSpec, OptionsSpec, PlaceSpec
from tallystick.project.near import suggest
from tallystick.project.own_codecs import own_codecs
from tallystick.project.schema import Found, look_up
from tallystick.project.source import Severity
from tallystick.project.text import DataPath

# Codecs for time stamps that may carry no zone: the system's own holds unless the mapping says another.
_ZONED: Final = frozenset({"instant", "local_time", "wall_time", "zoned"})


class Builder:
    """What building one mapping needs: the project, where the mapping is written, and the problems so far."""

    def __init__(self, loaded: LoadedProject, mapping: str) -> None:
        self.loaded = loaded
        self.mapping = mapping
        self.problems: list[Problem] = []

    def note(
        self, path: DataPath, message: str, hint: str = "", *, severity: Severity = "error", at_key: bool = False
    ) -> None:
        """Add a problem that points at ``path`` of the mapping's file."""
        problem = self.loaded.problem("mapping", self.mapping, path, message, hint, severity=severity, at_key=at_key)
        self.problems.append(problem)

    def note_invalid(self, path: DataPath, error: DataError, severity: Severity = "error") -> None:
        """Add what a codec, an expression or a path reported about itself."""
        why = f" ({error.detail})" if error.detail else ""
        self.note(path, f"{error.message}{why}", error.hint, severity=severity)

    def read_path(self, text: str, where: DataPath, *, at_key: bool = False) -> Path | None:
        """Parse a path, or note why it is none."""
        try:
            return parse(text) or None
        except InvalidValue as error:
            self.note(where, error.message, f"{error.detail}; {error.hint}", at_key=at_key)
            return None


class EndBuilder:
    """The side of a mapping that is being built: its system, object and what is declared of it."""

    def __init__(self, builder: Builder, side: Side, manifest: Manifest, spec: ObjectSpec, schema: ObjectType) -> None:
        self.builder = builder
        self.side: Side = side
        self.manifest = manifest
        self.spec = spec
        self.schema = schema

    def find(self, text: str, where: DataPath, *, at_key: bool = False) -> tuple[Path, Field | None] | None:
        """Parse a path and look it up; a path that is none or leads nowhere is noted."""
        path = self.builder.read_path(text, where, at_key=at_key)
        if path is None:
            return None
        found = self.look_up(path)
        if not found.known:
            self.builder.note(where, f"{self.schema.name} has no field '{text}'", found.hint, at_key=at_key)
        return path, found.field

    def look_up(self, path: Path) -> Found:
        """Look up a path without noting anything."""
        return look_up(path, self.schema, self.spec)

    def build_place(self, name: str, spec: FieldSpec) -> tuple[Place, Field | None]:
        """Build the place of a field on this side and give what is declared there."""
        entry = spec.left if self.side == "left" else spec.right
        place, declared = self._build_bare_place(name, spec, entry)
        return replace(place, missing=entry.missing, blank_means=entry.blank_means, blank_as=entry.blank_as), declared

    def _build_bare_place(self, name: str, spec: FieldSpec, entry: PlaceSpec) -> tuple[Place, Field | None]:
        where: DataPath = ("fields", name, self.side)
        given = [bool(entry.path), bool(entry.expression), bool(entry.spread)]
        if sum(given) != 1:
            message = (
                "a place has either a path or an expression" if any(given) else "a place needs a path or an expression"
            )
            self.builder.note(where, message, "keep one of them" if any(given) else "write the path of the field")
            return Place(), None
        found = self.find(entry.path, (*where, "path")) if entry.path else None
        declared = found[1] if found else None
        codecs = self.build_codecs(entry, where)
        if spec.options:
            codecs += self.build_options(spec.options, ("fields", name, "options"), declared)
        if entry.expression:
            return self.build_expression(entry, where, codecs, spec.reference), None
        if entry.inverse:
            self.builder.note((*where, "inverse"), "a path needs no inverse", "remove it, or read by expression")
        if entry.spread:
            return self.build_spread(entry, where, codecs, spec.reference), None
        return Place(found[0] if found else (), codecs, reference=spec.reference), declared

    def build_codecs(self, entry: PlaceSpec, where: DataPath) -> tuple[Codec, ...]:
        """Build the codecs of a place in reading order; those that cannot be built are noted and left out."""
        made = []
        for index, codec in enumerate(entry.codec):
            settings = dict(codec.model_extra or {})
            if codec.codec in _ZONED:
                settings.setdefault("zone", self.manifest.timezone)
            built = self.build_codec(codec.codec, settings, (*where, "codec", index))
            made += [built] if built else []
        return tuple(made)

    def build_codec(
        self, name: str, settings: Mapping[str, Any], where: DataPath, severity: Severity = "error"
    ) -> Codec | None:
        """Build one codec or note why it cannot be."""
        try:
            return build_codec(name, settings, own_codecs(name))
        except InvalidValue as error:
            self.builder.note_invalid(where, error, severity)
            return None

    def build_options(self, spec: OptionsSpec, where: DataPath, field: Field | None) -> tuple[Codec, ...]:
        """Build the codec of a list of options; the left key is the canonical one."""
        settings: dict[str, Any] = {"map": dict(spec.map), "side": self.side, "unknown": spec.unknown}
        if spec.also:
            settings["also"] = dict(spec.also)
        for key in ("default_left", "default_right"):
            if getattr(spec, key):
                settings[key] = getattr(spec, key)
        if field and field.type == "integer":
            settings["integer"] = True
        # The author wrote one list for both sides: what is wrong with it is told once.
        known = len(self.builder.problems)
        built = self.build_codec("options", settings, where)
        if not built and self.builder.problems[known] in self.builder.problems[:known]:
            del self.builder.problems[known]
        return (built,) if built else ()

    def build_expression(self, entry: PlaceSpec, where: DataPath, codecs: tuple[Codec, ...], reference: str) -> Place:
        """Build a place that is read by expression and written by its inverse."""
        read = self.compile(entry.expression, (*where, "expression"), inverse=False)
        inverse = []
        for text, source in entry.inverse.items():
            at = (*where, "inverse", text)
            found = self.find(text, at, at_key=True)
            write = self.compile(source, at, inverse=True)
            if found and write:
                inverse.append((found[0], write))
        return Place((), codecs, read, tuple(inverse), reference)

    def build_spread(self, entry: PlaceSpec, where: DataPath, codecs: tuple[Codec, ...], reference: str) -> Place:
        """Build a place whose parts are read and written one by one."""
        if reference:
            self.builder.note((*where, "spread"), "a reference has one path", "write path instead of spread")
        found = {part: self.find(text, (*where, "spread", part)) for part, text in entry.spread.items()}
        parts = tuple((part, one[0]) for part, one in found.items() if one)
        known = frozenset(entry.spread)
        return Place((), codecs, Gathered(parts), tuple((path, Taken(part, known)) for part, path in parts))

    def compile(self, source: str, where: DataPath, *, inverse: bool) -> Expression | None:
        """Compile an expression or note why it is none; names that lead nowhere are noted too."""
        try:
            from tallystick.core.expression import compile_expression  # brings Jinja; most mappings have no expression

            made = compile_expression(source)
        except InvalidValue as error:
            self.builder.note_invalid(where, error)
            return None
        if inverse and "{{" not in source:
            message = "this writes the same text into every record"
            self.builder.note(where, message, "write {{ value }} where the value belongs", severity="warning")
        known = {"value"} if inverse else self.names()
        if known:
            for name in sorted(names_in(source) - known):
                self.builder.note(where, f"'{name}' in the expression leads nowhere", suggest(name, known))
        return made

    def names(self) -> set[str]:
        """Give the names that an expression may start with; empty where every name is possible."""
        if not self.schema.fields:
            return set()
        more = [self.spec.id, self.spec.version, self.spec.modified, self.spec.created]
        texts = [f.path for f in self.schema.fields] + [t for t in more if t and not t.startswith("header:")]
        return {str(parse(text)[0]) for text in texts}

    def read_default(self, entry: PlaceSpec, place: Place, where: DataPath) -> Value:
        """Give the default, spelled as this side spells it; one that the codecs cannot read is noted."""
        value: Value = entry.default
        try:
            for codec in place.codecs:
                value = None if value is None or value == "" else codec.decode(value)
        except DataError as error:
            self.builder.note_invalid((*where, "default"), error)
        return entry.default


def names_in(source: str) -> set[str]:
    """Give the names that an expression uses but does not make itself."""
    from jinja2 import Environment, TemplateSyntaxError, meta  # slow to load, and not every project needs it

    try:
        return meta.find_undeclared_variables(Environment(autoescape=True).parse(source))
    except TemplateSyntaxError:
        return set()
