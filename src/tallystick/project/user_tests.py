"""Tests that people write for their mappings: ``tests/*.yaml``, a record in, a record out.

No system is asked. A record is read through the mapping as its side reads it and written as the other side writes a new
one; what is expected of that is compared field by field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tallystick.core import path as paths
from tallystick.core.compile import compile_mapping
from tallystick.core.error import DataError, MissingReference, Problem, WarnedByRule
from tallystick.core.mapping import ObjectMapping, Refs, SideCodec
from tallystick.core.record import SIDES, UNKNOWN, Fields, Raw, Side, other, same
from tallystick.project.build import writes_to
from tallystick.project.model_tests import CaseSpec, UserTests
from tallystick.project.near import suggest
from tallystick.project.source import Layer, Source
from tallystick.project.text import MAX_BYTES, parse_text
from tallystick.project.validate import validate

FOLDER: Final = "tests"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case ended: where it is written (``file:line:column``), what differs; nothing if it is as expected."""

    mapping: str
    name: str
    where: str
    faults: tuple[Problem, ...] = ()


def run_user_tests(folder: Path, mappings: Mapping[str, ObjectMapping], only: str = "") -> Iterator[Outcome | Problem]:
    """Run all tests of a project, or those of one mapping; a ``Problem`` is of a file that cannot be run."""
    for file in sorted((folder / FOLDER).glob("*.y*ml")) if (folder / FOLDER).is_dir() else ():
        document = parse_text(file.read_bytes(), f"{FOLDER}/{file.name}", limit=MAX_BYTES)
        source = Source((Layer(document),))
        yield from document.problems
        tests, complaints = (None, []) if document.is_broken else validate(UserTests, document.value)
        yield from source.problems(complaints)
        if tests is None or complaints or (only and tests.mapping != only):
            continue
        mapping = mappings.get(tests.mapping)
        if mapping is None:
            hint = suggest(tests.mapping, mappings, what="mappings")
            yield source.problem(("mapping",), f"no mapping is called '{tests.mapping}'", hint)
            continue
        codecs: dict[Side, SideCodec] = dict(zip(SIDES, compile_mapping(mapping), strict=True))
        for name, case in tests.cases.items():
            yield _run(mapping, codecs, name, case, source)


def _run(
    mapping: ObjectMapping, codecs: Mapping[Side, SideCodec], name: str, case: CaseSpec, source: Source
) -> Outcome:
    at = ("cases", name)
    here, there = codecs[case.side], codecs[other(case.side)]
    found: list[Problem] = []
    [read] = here.read([_filled(mapping, case.side, case.record)], Refs())
    fields: Fields = read.rest if isinstance(read, DataError) else read
    faults = [read, *read.also] if isinstance(read, DataError) else []
    body: Raw = {}
    if fields:
        body, unwritten = there.write(fields, Refs())
        faults += [f for f in unwritten if not isinstance(f, MissingReference | WarnedByRule)]
    refused = {fault.field for fault in faults}
    for field in case.refuses:
        if field not in mapping.names:
            found.append(
                source.problem((*at, "refuses"), f"there is no field '{field}'", suggest(field, mapping.names))
            )
        elif field not in refused:
            found.append(source.problem((*at, "refuses"), f"{field} is not refused, but written"))
    for fault in faults:
        if fault.field not in case.refuses:
            words = f"{fault.field or 'the record'} is refused: {fault.message}"
            found.append(source.problem(at, words + (f" ({fault.detail})" if fault.detail else ""), at_key=True))
    for where, expected, got in _differences(case.gives, body, ()):
        told = "is not there" if got is UNKNOWN else f"is {_shown(got)}"
        found.append(source.problem((*at, "gives", *where), f"{'.'.join(where)} {told}, expected {_shown(expected)}"))
    if case.back and fields:
        found += [source.problem((*at, "back"), words) for words in _changed(mapping, there, body, fields)]
    return Outcome(mapping.name, name, ":".join(map(str, source.spot(at, at_key=True))), tuple(found))


def _filled(mapping: ObjectMapping, side: Side, record: Mapping[str, Any]) -> Raw:
    """Give the record with a blank for every mapped path that it does not have."""
    filled: Raw = dict(record)
    for field in mapping.fields:
        where = field.place(side).path
        if where and paths.read(filled, where) is UNKNOWN:
            paths.write(filled, where, None)
    return filled


def _differences(expected: Any, got: Any, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for key, inner in expected.items():
            yield from _differences(inner, got.get(key, UNKNOWN), (*where, str(key)))
    elif not _is_equal(expected, got):
        yield where, expected, got


def _is_equal(expected: Any, got: Any) -> bool:
    numbers = (int, float, Decimal)
    if isinstance(expected, numbers) and isinstance(got, numbers) and bool not in {type(expected), type(got)}:
        return Decimal(str(expected)) == Decimal(str(got))
    return type(expected) is type(got) and bool(expected == got)


def _changed(mapping: ObjectMapping, there: SideCodec, body: Raw, fields: Fields) -> Iterator[str]:
    """Name the fields that flow both ways and do not come back from what was written."""
    [back] = there.read([body], Refs())
    if isinstance(back, DataError):
        yield f"{back.field or 'the record'} cannot be read back: {back.message}"
        back = back.rest
    both = [all(writes_to(side, f.policy.direction) for side in SIDES) for f in mapping.fields]
    for name, is_both, sent, came in zip(mapping.names, both, fields, back or fields, strict=True):
        if is_both and came is not UNKNOWN and not same(sent, came):
            yield f"{name} comes back as {_shown(came)}, went as {_shown(sent)}"


def _shown(value: Any) -> str:
    return "blank" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
