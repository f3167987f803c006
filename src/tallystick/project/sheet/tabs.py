"""From cells to tabs: which rows people see, in which order, with what beside them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tallystick.core.record import SIDES, Side
from tallystick.core.schema import Field, ObjectType
from tallystick.project.load import LoadedProject
from tallystick.project.schema import object_type
from tallystick.project.sheet.book import MARK, REMOVE, Book, Heading, Line, Severity, Tab
from tallystick.project.sheet.cell import spell_key, spell_text
from tallystick.project.sheet.columns import KEYS, Cells, Row, Table, columns, defaults, settings
from tallystick.project.sheet.snapshot import Snapshot

_SPARE: Final[Mapping[Table, int]] = {"fields": 30, "transforms": 20, "options": 50, "policies": 0, "owners": 10}
_ABOUT: Final[Mapping[str, str]] = {
    "field": "The field's name. It stays: a new name is a new field. New fields go into the lines below.",
    "mapping": "The mapping, as its tab is called.",
    "side": "left or right",
    "setting": "A setting of the whole mapping.",
    "owner": "The short name by which fields name this person.",
    REMOVE: "x takes this row out of the files.",
    "lint": "What is doubtful in this row, as of the export.",
    "default": "What counts where the value is blank.",
}
_WIDE: Final[Mapping[str, int]] = {
    **dict.fromkeys(("field", "left", "right", "setting"), 24),
    **dict.fromkeys(("note", "value"), 34),
    **dict.fromkeys(("codec", "expression", "lint"), 40),
}


@dataclass(frozen=True, slots=True)
class Beside:
    """What is shown beside the cells and never merged: marks by row and column, samples by mapping, field and side."""

    marks: Mapping[tuple[Row, str], tuple[Severity, str]] = field(default_factory=dict)
    samples: Mapping[tuple[str, str, Side], Sequence[str]] = field(default_factory=dict)


def make_book(loaded: LoadedProject, snapshot: Snapshot, beside: Beside | None = None) -> Book:
    """Make the sheet of what ``snapshot`` holds."""
    return _Making(loaded, snapshot, beside or Beside()).book()


class _Making:
    def __init__(self, loaded: LoadedProject, snapshot: Snapshot, beside: Beside) -> None:
        self.loaded = loaded
        self.snapshot = snapshot
        self.cells: Cells = snapshot.cells
        self.beside = beside
        self.lists: dict[str, tuple[str, ...]] = {}
        self.strict: set[str] = set()
        self.schemas = {(m, s): self.schema(m, s) for m in snapshot.mappings for s in SIDES}

    def book(self) -> Book:
        tabs = [self.fields_tab(name) for name in self.snapshot.mappings]
        tabs += [self.transforms_tab(), self.options_tab(), self.policies_tab(), self.owners_tab()]
        return Book(tabs, self.lists, frozenset(self.strict), self.snapshot)

    def schema(self, mapping: str, side: Side) -> ObjectType:
        spec = self.loaded.mappings[mapping]
        end = spec.left if side == "left" else spec.right
        manifest = self.loaded.manifests.get(end.system)
        known = manifest.objects.get(end.object) if manifest else None
        return object_type(end.object, known) if known else ObjectType(end.object)

    def fields_tab(self, mapping: str) -> Tab:
        spec = self.loaded.mappings[mapping]
        names = {"left": f"{spec.left.system}.{spec.left.object}", "right": f"{spec.right.system}.{spec.right.object}"}
        has_samples = any(key[0] == mapping for key in self.beside.samples)
        headings = [_key("field")]
        for column in columns("fields"):
            about = f"{names[column.name]}. {column.about}" if column.name in names else column.about
            headings.append(_editable(column.name, about))
            if column.name in names:
                headings.append(Heading(f"{column.name} is", "What the system's file says of it.", False, 22))
                if has_samples:
                    headings.append(Heading(f"{column.name} samples", "Live values, masked.", False, 28))
            if column.name == "note":
                headings.append(Heading("lint", _ABOUT["lint"], False, 40))
        headings.append(_editable(REMOVE, _ABOUT[REMOVE]))
        lines = [self.field_line(row) for row in self.cells if row.table == "fields" and row.mapping == mapping]
        spare = [Line(None, choices=self.choices("fields", mapping)) for _ in range(_SPARE["fields"])]
        return Tab(f"{MARK}fields:{mapping}", mapping, tuple(headings), lines + spare)

    def field_line(self, row: Row) -> Line:
        line = self.line(row)
        for side in SIDES:
            declared = self.declared(row.mapping, row.key[0], side)
            line.cells[f"{side} is"] = _described(declared) if declared else ""
            samples = self.beside.samples.get((row.mapping, row.key[0], side), ())
            line.cells[f"{side} samples"] = "\n".join(samples)
        said = [text for (at, _), (_, text) in self.beside.marks.items() if at.entity == row]
        line.cells["lint"] = "\n".join(dict.fromkeys(said))
        return line

    def transforms_tab(self) -> Tab:
        lines = []
        for row in [r for r in self.cells if r.table == "fields"]:
            lines += [self.line(Row("transforms", row.mapping, (row.key[0], side))) for side in SIDES]
        return self.tab("transforms", lines)

    def options_tab(self) -> Tab:
        lines = []
        for row in [r for r in self.cells if r.table == "fields"]:
            field_name = row.key[0]
            declared = {side: self.declared(row.mapping, field_name, side) for side in SIDES}
            listed = [r.key[1] for r in self.cells if r.table == "options" and r.entity == row]
            labels = {o.key: o.label for o in declared["left"].options} if declared["left"] else {}
            open_ones = [] if not (listed or (declared["right"] and declared["right"].options)) else labels
            for left in dict.fromkeys((*listed, *open_ones)):
                line = self.line(Row("options", row.mapping, (field_name, left)))
                line.cells["label"] = spell_text(labels[left]) if labels.get(left) else ""
                line.choices |= self.right_options(row.mapping, field_name, declared["right"])
                lines.append(line)
        return self.tab("options", lines, Heading("label", "What people see on the left.", False, 22))

    def policies_tab(self) -> Tab:
        known = defaults()
        lines = []
        for mapping in self.snapshot.mappings:
            for setting, column in settings().items():
                line = self.line(Row("policies", mapping, (setting,)))
                line.cells |= {"default": known[setting], "about": column.about}
                line.choices = self.chosen("value", f"policies.{setting}", column.choices)
                lines.append(line)
        beside = (Heading("default", _ABOUT["default"], False), Heading("about", "", False, 60))
        return self.tab("policies", lines, *beside)

    def owners_tab(self) -> Tab:
        return self.tab("owners", [self.line(row) for row in self.cells if row.table == "owners"])

    def tab(self, table: Table, lines: list[Line], *beside: Heading) -> Tab:
        headings = [*map(_key, KEYS[table]), *(_editable(c.name, c.about) for c in columns(table)), *beside]
        if table == "owners":
            headings.append(_editable(REMOVE, _ABOUT[REMOVE]))
        if table == "options":
            headings[2] = Heading("left", "The option of the left side. Another key here is another option.", True, 24)
        spare = [Line(None, choices=self.choices(table)) for _ in range(_SPARE[table])]
        return Tab(f"{MARK}{table}", table, tuple(headings), lines + spare)

    def line(self, row: Row) -> Line:
        names = [row.mapping, *row.key] if "mapping" in KEYS[row.table] else list(row.key)
        cells = dict(zip(KEYS[row.table], map(spell_key, names), strict=True)) | self.cells.get(row, {})
        marks = {column: mark for (at, column), mark in self.beside.marks.items() if at == row}
        return Line(row, cells, self.choices(row.table, row.mapping), marks)

    def choices(self, table: Table, mapping: str = "") -> dict[str, str]:
        """Name the lists that the columns of a table offer."""
        found: dict[str, str] = {}
        for column in columns(table):
            found |= self.chosen(column.name, f"{table}.{column.name}", column.choices)
        owners = tuple(spell_text(row.key[0]) for row in self.cells if row.table == "owners")
        if table == "fields":
            for side in SIDES:
                paths = tuple(spell_text(f.path) for f in self.schemas[mapping, side].fields)
                found |= self.offered(side, f"{mapping}.{side}", paths)
            found |= self.offered("owner", "owners", owners)
            found |= self.offered("reference", "mappings", self.snapshot.mappings)
        if table == "owners":
            found |= self.offered("deputy", "owners", owners)
        if table in {"transforms", "options"} and not mapping:
            found |= self.offered("mapping", "mappings", self.snapshot.mappings)
        if table == "transforms" and not mapping:
            found |= self.chosen("side", "sides", SIDES)
        if REMOVE not in found and table in {"fields", "owners"}:
            found |= self.chosen(REMOVE, "remove", ("x",))
        return found

    def chosen(self, column: str, name: str, words: Sequence[str]) -> dict[str, str]:
        """Let a column take nothing but these words."""
        if words:
            self.strict.add(name)
        return self.offered(column, name, words)

    def offered(self, column: str, name: str, words: Sequence[str]) -> dict[str, str]:
        """Offer words, where others are possible."""
        if not words:
            return {}
        self.lists[name] = tuple(words)
        return {column: name}

    def declared(self, mapping: str, field_name: str, side: Side) -> Field | None:
        spec = self.loaded.mappings[mapping].fields[field_name]
        place = spec.left if side == "left" else spec.right
        return self.schemas[mapping, side].by_path.get(place.path)

    def right_options(self, mapping: str, field_name: str, declared: Field | None) -> dict[str, str]:
        keys = tuple(spell_text(o.key) for o in declared.options) if declared else ()
        return self.offered("right", f"{mapping}.{field_name}.right", keys)


def row_id(row: Row) -> str:
    """Write what names a row, for its hidden cell."""
    return json.dumps([row.mapping, *row.key] if row.mapping else list(row.key), ensure_ascii=True)


def _key(name: str) -> Heading:
    return Heading(name, _ABOUT.get(name, ""), False, _WIDE.get(name, 16))


def _editable(name: str, about: str) -> Heading:
    return Heading(name, about, True, _WIDE.get(name, 16))


def _described(declared: Field) -> str:
    return ", ".join(_traits(declared))


def _traits(declared: Field) -> Iterator[str]:
    yield declared.type
    if declared.required:
        yield "required"
    if declared.read_only:
        yield "read-only"
    if declared.unique:
        yield "unique"
    if declared.max_length is not None:
        yield f"at most {declared.max_length}"
    if declared.options:
        yield f"{len(declared.options)} options"
    if declared.reference:
        yield f"points to {declared.reference}"
