"""The compiled mapping equals the interpreted one, its oracle, on random mappings and random records."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.core.codecs.registry import build_codec
from tallystick.core.compile import compile_mapping
from tallystick.core.error import DataError
from tallystick.core.expression import compile_expression
from tallystick.core.interpret import interpret_mapping
from tallystick.core.mapping import End, FieldMapping, ObjectMapping, Place, Refs, SideCodec
from tallystick.core.path import parse
from tallystick.core.policy import Direction, FieldPolicy, Policy
from tallystick.core.record import UNKNOWN, Money, Raw, Ref
from tallystick.core.schema import Field, ObjectType, Option, Type
from tallystick.core.spread import Gathered, Taken

SLOW_MACHINE = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])

PATHS = ["a", "b", "c", "b.c", "b.d", "b.d.e", "f.g", 'f."x.y"', "h[0]", "h[1].i", "it's", "class"]
CODECS = [
    build_codec(name, chosen)
    for name, chosen in [
        ("trim", {}), ("upper", {}), ("collapse", {}), ("text", {}), ("any", {}), ("remove", {"characters": "- "}),
        ("zero_padded", {"width": 4}), ("integer", {}), ("number", {"decimal": ",", "group": "."}),
        ("round", {"scale": 1}),
        ("boolean", {"yes": ["J", 1], "no": ["N", 0]}), ("boolean", {}), ("options", {"map": {"lead": "L", "x": "X"}}),
        ("options", {"map": {"1": "2", "2": "3"}, "unknown": "default", "default": "3", "integer": True}),
        ("currency", {}), ("instant", {}), ("unix", {}), ("date", {}), ("day", {"zone": "Europe/Berlin"}),
        ("local_time", {"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berlin"}), ("text_list", {"separator": ";"}),
        ("text_list", {}), ("money", {"locale": "de_DE"}), ("minor_units", {"currency": "EUR"}),
        ("full_name", {}), ("parts", {}), ("money_parts", {}), ("truncate", {"length": 3}), ("affix", {"prefix": "x"}),
        ("unit", {"unit": "kg", "to": "g"}), ("zoned", {"zone": "Europe/Berlin"}), ("html", {}), ("country", {}),
    ]
]  # fmt: skip
EXPRESSIONS = [
    compile_expression(source)
    for source in [
        "{{ a }} {{ b.c }}", "{{ a | upper }}", "{{ a | default('x') }}", "{{ b.d.e ~ c }}", "{{ a + c }}", "DE",
        "{{ a if b else c }}", "{{ record['it\\'s'] or c }}", "{{ {'x': 'y'}[a] | default(b) }}", "{{ h[0] }}",
        "{{ c is defined }}", "{{ (b.c | default('')) ~ (a | default(none)) }}", "{{ c > 5 }}",
        "{{ [a, c] | join('-') }}", "{{ none }}",
    ]
]  # fmt: skip
INVERSES = [
    ((parse(path), compile_expression(source)),)
    for path, source in [
        ("a", "{{ value }}"),
        ("b.c", "{{ value | upper }}"),
        ("h[0]", "{{ value * 2 }}"),
        ("c", "{{ other }}"),
    ]
]
BOTH_INVERSES = (INVERSES[0][0], INVERSES[1][0])
SCALARS: list[Any] = [
    None, "", " ", "x", " Y  z ", "007", "12", "1.234,5", "J", "lead", "L", "€", "$", "01.07.2025 12:00",
    "30.03.2025 02:30", "2025-07-01", "2025-07-01T10:00:00Z", "a;b", "-12,50 €", "1e5", "None", "x" * 9,
    True, False, 0, 1, 2, 7, 10**30, -5, Decimal(0), Decimal(1), Decimal("1.0"), Decimal("7.25"),
    Decimal("12345678901234567890123456789.5"), Decimal("1e999999"),
]  # fmt: skip
CANONICAL: list[Any] = [
    *SCALARS, UNKNOWN, frozenset(), frozenset({"x", "lead"}), date(2025, 7, 1), datetime(2025, 7, 1, 10, tzinfo=UTC),
    datetime(2025, 10, 26, 1, tzinfo=UTC), Money(Decimal("1.5"), "EUR"), Ref("p", 1), Ref("p", 2), Ref("p", 9),
    Ref("q", 1), Ref("p", None, "left", "12"), [], ["x"], {"k": []},
    {"first": "Erika", "last": "Muster"}, {"last": "Muster"}, {"title": "Dr."},
]  # fmt: skip
REFS = Refs(
    bindings={("p", "12"): 1, ("p", "x"): 2, ("q", "12"): 3},
    ids={("p", 1): "12", ("p", 2): "x", ("q", 3): "12", ("p", 4): ""},
)

PARTS = tuple((part, parse(path)) for part, path in (("first", "a"), ("last", "b.c")))
SPREAD = tuple((path, Taken(part, frozenset({"first", "last"}))) for part, path in PARTS)
VALUES = st.sampled_from(SCALARS) | st.lists(st.sampled_from(SCALARS), max_size=2)


def objects(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=keys)


RECORDS = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "a": VALUES,
            "b": VALUES | objects(c=VALUES, d=VALUES | objects(e=VALUES)),
            "c": VALUES,
            "f": st.none() | st.fixed_dictionaries({}, optional={"g": VALUES, "x.y": VALUES}),
            "h": VALUES | st.tuples(VALUES, objects(i=VALUES)).map(list),
            "it's": VALUES,
            "class": VALUES,
        },
    ),
    st.sampled_from([None, [], "text"]),
)
BARE_PLACES = st.one_of(
    st.builds(
        Place, st.sampled_from(PATHS).map(parse), st.just(()) | st.lists(st.sampled_from(CODECS), max_size=3).map(tuple)
    ),
    st.builds(Place, st.sampled_from(PATHS).map(parse), st.sampled_from([(), (CODECS[0],)]), reference=st.just("p")),
    st.builds(
        Place,
        codecs=st.sampled_from([(), (CODECS[1],)]),
        expression=st.sampled_from(EXPRESSIONS),
        inverse=st.sampled_from([(), *INVERSES, BOTH_INVERSES]),
        reference=st.sampled_from(["", "", "p"]),
    ),
    st.builds(
        Place,
        codecs=st.lists(st.sampled_from(CODECS), max_size=2).map(tuple),
        expression=st.just(Gathered(PARTS)),
        inverse=st.just(SPREAD),
    ),
    st.just(Place()),
)
PLACES = st.one_of(
    BARE_PLACES,
    st.builds(
        replace,
        BARE_PLACES,
        missing=st.sampled_from(["unknown", "blank"]),
        blank_means=st.sampled_from([None, False, "x", Decimal(1), Ref("p", 1)]),
        blank_as=st.sampled_from(["null", "empty"]),
    ),
)
SPECS = st.builds(
    Field,
    path=st.sampled_from(PATHS),
    type=st.sampled_from(["text", "any", *get_args(Type)]),
    required=st.booleans(),
    nullable=st.booleans(),
    read_only=st.sampled_from([False, False, False, True]),
    min_length=st.sampled_from([None, None, 2]),
    max_length=st.sampled_from([None, 4, 12]),
    minimum=st.sampled_from([None, None, 1, 0.5]),
    maximum=st.sampled_from([None, None, 7]),
    pattern=st.sampled_from(["", "", "^[A-Za-z0-9]", "(a+)+"]),
    options=st.sampled_from([(), (), (Option("x"), Option("12"), Option("L"))]),
)
POLICIES = st.builds(
    FieldPolicy,
    direction=st.sampled_from(["both", "both", *get_args(Direction)]),
    invalid=st.sampled_from(["park", "default", "truncate"]),
)
DEFAULTS = st.sampled_from([None, None, None, "x", "12", 7, ["x"], "far too long a text"])
ENDS = st.builds(
    End,
    system=st.just("s"),
    object=st.just("o"),
    schema=st.lists(SPECS, max_size=6).map(lambda specs: ObjectType("o", tuple(specs))),
    on_create=st.sampled_from([{}, {}, {"a": "x"}, {"b.c": "given", "z": [1]}, {"f": None}, {"b": "text"}]),
)


@st.composite
def mappings(draw: st.DrawFn) -> ObjectMapping:
    fields = tuple(
        FieldMapping(f"f{n}", draw(PLACES), draw(PLACES), draw(POLICIES), draw(DEFAULTS), draw(DEFAULTS))
        for n in range(draw(st.integers(1, 5)))
    )
    return ObjectMapping("m", draw(ENDS), draw(ENDS), fields, (), Policy("create", "create", "ask", "ask"))


def shown(value: Any) -> Any:
    """Make what compares with types: ``1`` is not ``True``, and errors compare by what they say."""
    match value:
        case DataError():
            return type(value).__name__, value.field, str(value), value.hint, shown(value.rest), shown(value.also)
        case dict():
            return {key: shown(inner) for key, inner in value.items()}
        case list() | tuple():
            return [shown(inner) for inner in value]
        case Decimal():
            return "Decimal", value.normalize() if value.adjusted() < 100 else str(value)
        case _:
            return type(value).__name__, value


def both(mapping: ObjectMapping) -> list[tuple[SideCodec, SideCodec]]:
    return list(zip(interpret_mapping(mapping), compile_mapping(mapping), strict=True))


@SLOW_MACHINE
@given(mappings(), st.lists(RECORDS, min_size=1, max_size=6))
def test_reading_is_the_same(mapping: ObjectMapping, page: Sequence[Raw]):
    """Pages give the same values and the same errors in the same places, twice (the second time from memory)."""
    for plain, fast in both(mapping):
        expected = shown(plain.read(page, REFS))
        assert shown(fast.read(page, REFS)) == expected
        assert shown(fast.read(page, REFS)) == expected


@SLOW_MACHINE
@given(mappings(), st.data())
def test_writing_is_the_same(mapping: ObjectMapping, data: st.DataObject):
    """Bodies and faults are the same, and a body shares nothing with the next."""
    size = len(mapping.fields)
    records = data.draw(st.lists(st.tuples(*[st.sampled_from(CANONICAL)] * size), min_size=1, max_size=5))
    for plain, fast in both(mapping):
        for fields in records:
            expected = shown(plain.write(fields, REFS))
            first = fast.write(fields, REFS)
            assert shown(first) == expected
            for value in first[0].values():
                if isinstance(value, list | dict):
                    value.clear()
            assert shown(fast.write(fields, REFS)) == expected
            which = list(range(size))
            assert shown(fast.patch(fields, which, REFS)) == shown(plain.patch(fields, which, REFS))


@SLOW_MACHINE
@given(mappings(), RECORDS)
def test_what_was_read_is_held(mapping: ObjectMapping, record: Raw):
    """What a side can hold of a value, it can hold of that again: lambda is stable, or the value is refused."""
    for plain, _ in both(mapping):
        [fields] = plain.read([record], REFS)
        if isinstance(fields, DataError):
            continue
        for index, field in enumerate(mapping.fields):
            try:
                held = plain.hold(index, fields[index])
                again = plain.hold(index, held)
            except DataError:
                continue
            if not any(p.expression for p in (field.left, field.right)):
                assert shown(again) == shown(held)
