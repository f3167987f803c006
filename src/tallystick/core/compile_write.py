"""Write the Python that makes the body of a new record: likely values straight, checked in line, all others raise.

A raised ``Unusual`` (or anything else) means that the caller interprets the record, which words the faults.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final

from tallystick.core.codecs.pattern import Memo
from tallystick.core.compile_read import inline_spelling
from tallystick.core.error import DataError
from tallystick.core.interpret import Interpreter, Seat, copied, is_blank, whole_id
from tallystick.core.mapping import Codec
from tallystick.core.path import Path, render, write
from tallystick.core.pattern import MATCHABLE, pattern_of
from tallystick.core.record import UNKNOWN, Raw, Ref, Value
from tallystick.core.schema import Field
from tallystick.core.script import Script
from tallystick.core.validation import fit, limit, plain

_SCALARS: Final = frozenset({str, int, bool, Decimal})
_TEXTS: Final = frozenset({"text", "any", "date", "instant", "local_time"})
_CLASSES: Final[dict[str, str]] = {
    "integer": "is int",
    "number": "in NUMBERS",
    "boolean": "is bool",
}


class Unusual(Exception):
    """This record is not for the fast path."""


def child(body: Raw, key: str) -> Raw:
    """Give the object at ``key``, made where it is missing."""
    found = body.get(key)
    if found is None:
        found = body[key] = {}
    if found.__class__ is not dict:
        raise Unusual
    return found


def write_writer(interpreter: Interpreter) -> Script:
    """Write ``write_record(fields, refs)`` for one side."""
    script = Script()
    for value in (Unusual, child, write, copied, whole_id, datetime, Ref, Decimal):
        script.bind(value.__name__, value)
    script.bind("UNKNOWN", UNKNOWN)
    script.bind("NUMBERS", frozenset({int, Decimal}))
    script.bind("OTHERS", frozenset({int, Decimal, bool}))
    script.bind("REMEMBERED", frozenset({str, Decimal, date, datetime}))
    script.add(0, "def write_record(fields, refs):")
    if interpreter.seats:
        script.add(1, f"{''.join(f'f{seat.index}, ' for seat in interpreter.seats)} = fields")
    if interpreter.screen.rules:
        script.add(1, f"if not {script.bind('is_clear', interpreter.screen.is_clear)}(fields):", "    raise Unusual")
    script.add(1, f"body = {_first(script, interpreter.skeleton)}")
    parents = _plan_parents(script, [path for seat in interpreter.seats if seat.written for path, _ in seat.targets])
    for seat in interpreter.seats:
        if seat.written:
            _write_seat(script, interpreter, seat, parents)
    script.add(1, "return body")
    return script


def _first(script: Script, skeleton: Raw) -> str:
    if not skeleton:
        return "{}"
    name = script.bind("skeleton", skeleton)
    flat = all(value.__class__ in _SCALARS or value is None for value in skeleton.values())
    return f"{name}.copy()" if flat else f"copied({name})"


def _plan_parents(script: Script, targets: list[Path]) -> dict[Path, str]:
    """Give each object on the way to a target a variable; none where one target is inside of another."""
    parents: dict[Path, str] = {}
    for path in targets:
        if all(isinstance(step, str) for step in path):
            for depth in range(1, len(path)):
                parents.setdefault(path[:depth], f"o{len(parents)}")
    if set(parents) & set(targets):
        return {}
    script.add(1, *(f"{name} = None" for name in parents.values()))
    return parents


def _write_seat(script: Script, interpreter: Interpreter, seat: Seat, parents: dict[Path, str]) -> None:
    value = f"f{seat.index}"
    script.add(1, f"# {seat.field.name!r} to {', '.join(render(path) for path, _ in seat.targets)!r}")
    put = script.bind(f"put{seat.index}", partial(interpreter.put, seat))
    if seat.place.inverse or seat.place.has_own_blanks:
        script.add(1, f"{put}(body, {value}, refs)")
        return
    [(path, spec)] = seat.targets
    ways = _ways(script, seat, spec)
    for at, way in enumerate(ways):
        script.add(1, f"{'elif' if at else 'if'} {way.condition}:")
        script.add(2, *way.steps)
        _write_set(script, path, way.raw, parents)
    script.add(1, f"{'elif' if ways else 'if'} {value} is None or {value} is UNKNOWN:")
    _write_blank(script, interpreter, seat, path, parents)
    script.add(1, "else:", f"    {put}(body, {value}, refs)")


def _write_set(script: Script, path: Path, raw: str, parents: dict[Path, str]) -> None:
    if any(path[:depth] not in parents for depth in range(1, len(path))):
        script.add(2, f"write(body, {path!r}, {raw})")
        return
    holder = "body"
    for depth in range(1, len(path)):
        name = parents[path[:depth]]
        script.add(2, f"if {name} is None:", f"    {name} = child({holder}, {path[depth - 1]!r})")
        holder = name
    script.add(2, f"{holder}[{path[-1]!r}] = {raw}")


def _write_blank(script: Script, interpreter: Interpreter, seat: Seat, path: Path, parents: dict[Path, str]) -> None:
    try:
        entries = interpreter.default_entries(seat)
    except DataError:
        script.add(2, "raise Unusual")
        return
    if not entries or entries[0][1] is None:
        script.add(2, "raise Unusual" if entries else "pass")
        return
    name = script.bind(f"default{seat.index}", entries[0][1])
    _write_set(script, path, f"copied({name})", parents)


@dataclass(frozen=True, slots=True)
class _Way:
    """A condition on the field's value, the steps that follow, and what is written then."""

    condition: str
    steps: tuple[str, ...]
    raw: str


def _ways(script: Script, seat: Seat, spec: Field | None) -> list[_Way]:
    """Give the likely ways of a value into the body; whatever takes none of them is put by the interpreter."""
    value, codecs = f"f{seat.index}", tuple(reversed(seat.place.codecs))
    if seat.place.reference:
        return _reference(script, seat, spec)
    if not codecs:
        return _untranslated(script, seat, spec)
    if inlined := inline_spelling(codecs, value):
        steps = (f"r = {inlined}", *_checks(script, seat, spec, "r"))
        return [_Way(f"{value}.__class__ is str", steps, "r")]
    if len(codecs) == 1 and getattr(codecs[0], "direct", False):
        encode = script.bind(f"encode{seat.index}", codecs[0].encode)
        steps = (f"r = {encode}({value})", *_checks(script, seat, spec, "r"))
        solid = f"{value} is not None and {value} is not UNKNOWN and ({value} or {value}.__class__ is not str)"
        return [_Way(solid, steps, "r")]
    # True equals 1, so truth has a memo of its own; numbers equal in value are written alike (M-4).
    memo = script.bind(f"memo{seat.index}", Memo(partial(_spelled, codecs, spec)))
    truth = script.bind(f"truth{seat.index}", Memo(partial(_spelled, codecs, spec)))
    return [
        _Way(f"{value}.__class__ is str or {value}.__class__ in REMEMBERED", (), f"{memo}[{value}]"),
        _Way(f"{value}.__class__ is bool", (), f"{truth}[{value}]"),
    ]


def _spelled(codecs: tuple[Codec, ...], spec: Field | None, value: Value) -> Any:
    raw: Any = value
    for codec in codecs:
        if is_blank(raw):
            raise Unusual
        raw = codec.encode(raw)
    raw = plain(raw)
    if is_blank(raw) or raw.__class__ not in _SCALARS:
        raise Unusual
    return fit(spec, raw)


def _reference(script: Script, seat: Seat, spec: Field | None) -> list[_Way]:
    if seat.place.codecs or (spec is not None and (spec.type not in {"text", "any", "integer"} or _is_ruled(spec))):
        return []
    value, pair = f"f{seat.index}", script.bind(f"pair{seat.index}", seat.place.reference)
    condition = f"{value}.__class__ is Ref and {value}.pair == {pair}"
    found = (f"r = refs.ids.get(({pair}, {value}.binding))", "if not r:", "    raise Unusual")
    return [_Way(condition, found, "whole_id(r)" if spec is not None and spec.type == "integer" else "r")]


def _untranslated(script: Script, seat: Seat, spec: Field | None) -> list[_Way]:
    value, kind = f"f{seat.index}", spec.type if spec is not None else "any"
    if kind in _TEXTS:
        ways = [_Way(f"{value}.__class__ is str and {value}", _text_checks(script, seat, spec, value), value)]
        if kind == "any" and (spec is None or not _is_ruled(spec)):
            ways.append(_Way(f"{value}.__class__ in OTHERS", (), value))
        return ways
    if kind not in _CLASSES or (spec is not None and spec.options):
        return []
    return [_Way(f"{value}.__class__ {_CLASSES[kind]}", _range_checks(script, seat, spec, value), value)]


def _checks(script: Script, seat: Seat, spec: Field | None, variable: str) -> tuple[str, ...]:
    """Give the lines that let only what fits go on, whatever a codec made."""
    kind = spec.type if spec is not None else "any"
    if kind == "any":
        ruled = spec is not None and _is_ruled(spec)
        wanted = f"{variable}.__class__ is str and {variable}"
        wanted += "" if ruled else f" or {variable}.__class__ in OTHERS"
    elif kind in _TEXTS:
        wanted = f"{variable}.__class__ is str and {variable}"
    elif kind in _CLASSES and not (spec is not None and spec.options):
        wanted = f"{variable}.__class__ {_CLASSES[kind]}"
    else:
        wanted = "False"
    further = _text_checks if kind in _TEXTS and (spec is None or kind != "any" or _is_ruled(spec)) else _range_checks
    return (f"if not ({wanted}):", "    raise Unusual", *further(script, seat, spec, variable))


def _is_ruled(spec: Field) -> bool:
    return bool(spec.options or spec.pattern) or any(
        bound is not None for bound in (spec.min_length, spec.max_length, spec.minimum, spec.maximum)
    )


def _text_checks(script: Script, seat: Seat, spec: Field | None, variable: str) -> tuple[str, ...]:
    if spec is None:
        return ()
    broken: list[str] = []
    if spec.max_length is not None:
        broken.append(f"len({variable}) > {int(spec.max_length)}")
    if spec.min_length is not None:
        broken.append(f"len({variable}) < {int(spec.min_length)}")
    if spec.options:
        keys = script.bind(f"options{seat.index}", frozenset(option.key for option in spec.options))
        broken.append(f"{variable} not in {keys}")
    pattern = pattern_of(spec.pattern) if spec.pattern else None
    if pattern is not None:
        search = script.bind(f"search{seat.index}", pattern.search)
        broken.append(f"len({variable}) > {MATCHABLE} or not {search}({variable})")
    return (f"if {' or '.join(broken)}:", "    raise Unusual") if broken else ()


def _range_checks(script: Script, seat: Seat, spec: Field | None, variable: str) -> tuple[str, ...]:
    if spec is None or spec.type not in {"integer", "number"}:
        return ()
    broken: list[str] = []
    if spec.minimum is not None:
        broken.append(f"{variable} < {script.bind(f'least{seat.index}', limit(spec.minimum))}")
    if spec.maximum is not None:
        broken.append(f"{variable} > {script.bind(f'most{seat.index}', limit(spec.maximum))}")
    return (f"if {' or '.join(broken)}:", "    raise Unusual") if broken else ()
