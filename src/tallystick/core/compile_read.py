"""Write the Python that reads a page of raw records: nested parents looked up once, each field by its shortest way.

The function it makes works through an iterator and calls ``done`` per record. Whatever is unusual raises, and the
caller then interprets that one record and lets the function go on with the next.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Final, Protocol, runtime_checkable

from tallystick.core.codecs.pattern import Memo
from tallystick.core.interpret import Interpreter, Seat
from tallystick.core.mapping import Refs
from tallystick.core.path import Path, read, render
from tallystick.core.record import UNKNOWN, Ref, Value
from tallystick.core.schema import Type
from tallystick.core.script import Script

_NO_REFS: Final = Refs()
# The class that a value of this type has in all likelihood; any other takes the long way.
_LIKELY: Final[dict[Type, str]] = {
    "integer": "int",
    "number": "Decimal",
    "boolean": "bool",
    "list": "list",
    "object": "dict",
}


@runtime_checkable
class Inlinable(Protocol):
    """An expression that can be written into a function."""

    @property
    def needs(self) -> frozenset[Path]:
        """The paths that every evaluation reads."""

    def inline(self, load: Callable[[Path], str]) -> str:
        """Give the Python, where ``load`` names the value at a path."""


def inline_spelling(codecs: tuple[Any, ...], variable: str) -> str:
    """Give the Python for codecs that are one expression over a text, or nothing."""
    code = variable
    for codec in codecs:
        spelling = getattr(codec, "spelling", "")
        if not spelling:
            return ""
        code = spelling.replace("v.", f"{code}.", 1)
    return code


@dataclass(slots=True)
class _Branch:
    """A key on the way to values: the variable that holds what is there, and what is looked up below it."""

    path: Path
    variable: str
    below: dict[str, "_Branch"] = field(default_factory=dict)


class _Lookups:
    """All paths that are read, as a tree, so that no parent is looked up twice."""

    def __init__(self) -> None:
        self.top: dict[str, _Branch] = {}
        self.long: dict[Path, str] = {}
        self._count = 0

    def variable(self, path: Path) -> str:
        """Give the variable that will hold the value at ``path``."""
        if not path:
            return "record"
        if not all(isinstance(step, str) for step in path):
            return self.long.setdefault(path, self._next())
        level, branch = self.top, None
        for at, step in enumerate(path):
            assert isinstance(step, str)
            branch = level.setdefault(step, _Branch(path[: at + 1], self._next()))
            level = branch.below
        assert branch is not None
        return branch.variable

    def write(self, script: Script) -> None:
        """Write the look-ups."""
        for key, branch in self.top.items():
            script.add(2, f"{branch.variable} = get({key!r}, UNKNOWN)")
        for branch in self.top.values():
            self._write_below(script, branch, 2)
        for path, variable in self.long.items():
            script.add(2, f"{variable} = read(record, {path!r})")

    def _write_below(self, script: Script, branch: _Branch, depth: int) -> None:
        if not branch.below:
            return
        inside = _all_below(branch)
        script.add(depth, f"if {branch.variable}.__class__ is dict:")
        for key, child in branch.below.items():
            script.add(depth + 1, f"{child.variable} = {branch.variable}.get({key!r}, UNKNOWN)")
        for child in branch.below.values():
            self._write_below(script, child, depth + 1)
        script.add(depth, f"elif {branch.variable} is None:")
        script.add(depth + 1, " = ".join(b.variable for b in inside) + " = None")
        script.add(depth, "else:")
        script.add(depth + 1, *(f"{b.variable} = read(record, {b.path!r})" for b in inside))

    def _next(self) -> str:
        self._count += 1
        return f"v{self._count}"


def _all_below(branch: _Branch) -> list[_Branch]:
    return [found for child in branch.below.values() for found in (child, *_all_below(child))]


def write_reader(interpreter: Interpreter) -> Script:
    """Write ``read_page(rows, refs, done)`` for one side."""
    script = Script()
    lookups = _Lookups()
    bodies = Script()
    bodies.names = script.names
    for seat in interpreter.seats:
        _write_seat(bodies, lookups, interpreter, seat)
    for name, value in {"UNKNOWN": UNKNOWN, "Ref": Ref, "Decimal": Decimal, "read": read}.items():
        script.bind(name, value)
    script.add(0, "def read_page(rows, refs, done):")
    script.add(1, "bindings = refs.bindings", "for record in rows:")
    script.add(2, "if record.__class__ is not dict:", "    raise TypeError", "get = record.get")
    lookups.write(script)
    script.add(0, *bodies.lines)
    script.add(2, f"done(({''.join(f'f{seat.index}, ' for seat in interpreter.seats)}))")
    return script


def _write_seat(script: Script, lookups: _Lookups, interpreter: Interpreter, seat: Seat) -> None:
    place, out = seat.place, f"f{seat.index}"
    title = render(place.path) if place.path else "an expression" if place.expression else "nothing"
    script.add(2, f"# {seat.field.name!r} from {title!r}")
    if place.expression is not None:
        _write_expression(script, lookups, interpreter, seat)
    elif not place.path:
        script.add(2, f"{out} = UNKNOWN")
    else:
        _write_value(script, interpreter, seat, lookups.variable(place.path))


def _write_expression(script: Script, lookups: _Lookups, interpreter: Interpreter, seat: Seat) -> None:
    expression: Any = seat.place.expression
    out = f"f{seat.index}"
    is_plain = not (seat.place.codecs or seat.place.reference or seat.place.has_own_blanks)
    if not is_plain or not isinstance(expression, Inlinable):
        script.add(2, f"{out} = {script.bind(f'get{seat.index}', partial(interpreter.get, seat))}(record, refs)")
        return
    from tallystick.core.expression_filters import NAMES  # only mappings with expressions pay for Jinja's

    script.names.update(NAMES)
    code = expression.inline(lookups.variable)
    needed = [lookups.variable(path) for path in sorted(expression.needs, key=repr)]
    depth = 2
    if needed:
        script.add(2, f"if {' or '.join(f'{name} is UNKNOWN' for name in needed)}:", f"    {out} = UNKNOWN", "else:")
        depth = 3
    script.add(depth, f"{out} = {code}", f"if {out}.__class__ is str and not {out}:", f"    {out} = None")


def _write_value(script: Script, interpreter: Interpreter, seat: Seat, variable: str) -> None:
    place, out = seat.place, f"f{seat.index}"
    rest = script.bind(f"rest{seat.index}", partial(interpreter.decode, seat))
    slow = f"{rest}({variable}, refs)"
    if place.has_own_blanks:
        script.add(2, f"{out} = {slow}")
    elif place.reference:
        if place.codecs or (seat.spec is not None and seat.spec.type in {"list", "object"}):
            script.add(2, f"{out} = {slow}")
            return
        pair = script.bind(f"pair{seat.index}", place.reference)
        script.add(
            2,
            f"if {variable}.__class__ is str and {variable}:",
            f"    b = bindings.get(({pair}, {variable}))",
            f"    {out} = Ref({pair}, None, {interpreter.side!r}, {variable}) if b is None else Ref({pair}, b)",
            "else:",
            f"    {out} = {slow}",
        )
    elif not place.codecs:
        script.add(2, f"{out} = {_untranslated(seat, variable, slow)}")
    elif inlined := inline_spelling(place.codecs, variable):
        script.add(2, f"{out} = ({inlined} or None) if {variable}.__class__ is str else {slow}")
    else:
        script.add(2, f"{out} = {_translated(script, interpreter, seat, variable)} else {slow}")


def _untranslated(seat: Seat, variable: str, slow: str) -> str:
    kind = seat.spec.type if seat.spec is not None else "any"
    if kind == "any":
        return f"(({variable} or None) if {variable}.__class__ is str else {variable})"
    if kind in _LIKELY:
        return f"{variable} if {variable}.__class__ is {_LIKELY[kind]} else {slow}"
    return f"(({variable} or None) if {variable}.__class__ is str else {slow})"


def _translated(script: Script, interpreter: Interpreter, seat: Seat, variable: str) -> str:
    [*others, last] = seat.place.codecs
    if not others and getattr(last, "direct", False):
        name = script.bind(f"decode{seat.index}", last.decode)
        return f"{name}({variable}) if {variable}.__class__ is str and {variable}"

    def translate(raw: Any) -> Value:
        return interpreter.decode(seat, raw, _NO_REFS)

    memo = script.bind(f"memo{seat.index}", Memo(translate))
    return f"{memo}[{variable}] if {variable}.__class__ is str"
