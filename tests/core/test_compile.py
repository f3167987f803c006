"""What a mapping means, on both forms of it: interpreted and compiled give the same bodies, values and faults."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tallystick.core.codecs.registry import build_codec
from tallystick.core.compile import compile_mapping
from tallystick.core.error import DataError, InvalidValue, MissingReference, UnknownOption
from tallystick.core.expression import compile_expression
from tallystick.core.interpret import interpret_mapping
from tallystick.core.mapping import End, FieldMapping, ObjectMapping, Place, Refs, SideCodec
from tallystick.core.path import parse
from tallystick.core.policy import FieldPolicy, Policy
from tallystick.core.record import UNKNOWN, Money, Raw, Ref, Value
from tallystick.core.schema import Field, ObjectType, Option

NO_REFS = Refs()
Form = Callable[[ObjectMapping], tuple[SideCodec, SideCodec]]


@pytest.fixture(params=[interpret_mapping, compile_mapping], ids=["interpreted", "compiled"])
def form(request: pytest.FixtureRequest) -> Form:
    made: Form = request.param
    return made


def place(path: str, *codecs: str, **settings: Any) -> Place:
    return Place(parse(path), tuple(build_codec(name, settings if at == 0 else {}) for at, name in enumerate(codecs)))


def expressed(source: str, **inverse: str) -> Place:
    return Place(
        expression=compile_expression(source),
        inverse=tuple((parse(path), compile_expression(text)) for path, text in inverse.items()),
    )


def field(name: str, left: Place, right: Place, *, default: Value = None, **policy: Any) -> FieldMapping:
    return FieldMapping(name, left, right, FieldPolicy(**policy), default_right=default)


def mapping(
    *fields: FieldMapping, left: tuple[Field, ...] = (), right: tuple[Field, ...] = (), on_create: Raw | None = None
) -> ObjectMapping:
    return ObjectMapping(
        name="customers",
        left=End("crm", "customers", ObjectType("customers", left)),
        right=End("erp", "partner", ObjectType("partner", right), on_create=on_create or {}),
        fields=fields,
        match=(),
        policy=Policy("create", "create", "ask", "ask"),
    )


def simple(spec: Field, *, default: Value = None, **policy: Any) -> ObjectMapping:
    return mapping(field("f", place("f"), place(spec.path), default=default, **policy), right=(spec,))


def read_one(side: SideCodec, record: Any, refs: Refs = NO_REFS) -> Any:
    [found] = side.read([record], refs)
    return found


def only_fault(side: SideCodec, value: Value, refs: Refs = NO_REFS) -> DataError:
    body, [fault] = side.write((value,), refs)
    assert not body
    assert fault.field == "f"
    return fault


# --- reading ------------------------------------------------------------------------------------------------------


def test_blank_unknown_and_value_are_three_things(form: Form):
    """R-6.2: null and empty text are blank, what is not in the record is unknown; both at any depth."""
    names = ("a", "b.c", "b.d", "e[1].f")
    left, _ = form(mapping(*(field(n, place(n), place(n)) for n in names)))
    assert read_one(left, {"a": "", "b": {"c": None, "d": 5}, "e": [0, {"f": "x"}]}) == (None, None, 5, "x")
    assert read_one(left, {"b": None, "e": [0]}) == (UNKNOWN, None, None, UNKNOWN)
    assert read_one(left, {"a": [], "b": "text", "e": None}) == ([], UNKNOWN, UNKNOWN, None)


def test_blank_never_reaches_a_codec(form: Form):
    """M-7: blanks map to blanks, also those that a codec makes on the way."""
    left, right = form(mapping(field("f", place("f", "trim", "integer"), place("f", "trim"))))
    assert read_one(left, {"f": "   "}) == (None,)
    assert read_one(left, {"f": " 42 "}) == (42,)
    assert read_one(right, {"f": ""}) == (None,)
    assert right.write(("   ",), NO_REFS) == ({}, [])
    assert form(mapping(field("f", place("f"), place("f", "trim", "text"))))[1].write(("   ",), NO_REFS) == ({}, [])
    assert right.patch(("   ",), [0], NO_REFS) == ({"f": None}, [])


def test_a_bad_record_stands_in_the_page_as_its_error(form: Form):
    """One record that cannot be read costs only itself; the error names field and place, not the value."""
    left, _ = form(mapping(field("since", place("since", "date"), place("since"))))
    page = [{"since": "2025-01-01"}, {"since": "Erika"}, "no record", {"since": "2025-01-02"}, {"since": ["x"]}]
    first, wrong, garbage, second, listed = left.read(page, NO_REFS)
    assert (first, second) == ((date(2025, 1, 1),), (date(2025, 1, 2),))
    assert isinstance(wrong, InvalidValue)
    assert (wrong.field, wrong.place) == ("since", "crm/customers")
    assert "Erika" not in str(wrong)
    assert isinstance(listed, InvalidValue)
    assert isinstance(garbage, DataError)
    assert left.read([], NO_REFS) == []


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", ["x", 5, True], [[], {}]),
        ("integer", [5, "5", Decimal(5)], [[1], {}]),
        ("number", [Decimal("1.5"), 5], [{}]),
        ("boolean", [True, 1, "J"], [[True]]),
        ("instant", ["2025", 5, True], [[], {}]),
        ("list", [[1]], ["x", 5, {}]),
        ("object", [{"a": 1}], ["x", []]),
        ("any", ["x", [1], {}], []),
    ],
)
def test_a_wrong_json_type_is_an_error_of_the_record(form: Form, kind: Any, good: list[Any], bad: list[Any]):
    """A list where text is declared cannot be used; kinds of scalars are the codecs' business."""
    left, _ = form(mapping(field("f", place("f"), place("f")), left=(Field("f", kind),)))
    for raw in good:
        assert read_one(left, {"f": raw}) == (raw,)
        assert type(read_one(left, {"f": raw})[0]) is type(raw)
    for raw in bad:
        assert isinstance(read_one(left, {"f": raw}), InvalidValue)
    assert read_one(left, {"f": None}) == (None,)


def test_an_expression_is_unknown_where_a_name_is(form: Form):
    """An expression over the record: text of parts, unknown where a part is, blank where all is blank."""
    left, _ = form(mapping(field("f", expressed("{{ first }} {{ last.name }}"), place("f"))))
    assert read_one(left, {"first": "Jörg", "last": {"name": None}}) == ("Jörg",)
    assert read_one(left, {"first": None, "last": {"name": ""}}) == (None,)
    assert read_one(left, {"first": "Jörg", "last": {}}) == (UNKNOWN,)
    assert isinstance(read_one(left, {"first": ["x"], "last": None}), InvalidValue)


def test_an_expression_that_looks_at_a_name_only_sometimes(form: Form):
    """Only what is evaluated must be there."""
    left, _ = form(mapping(field("f", expressed("{{ a if b else c }}"), place("f"))))
    assert read_one(left, {"b": 1, "a": 2}) == (2,)
    assert read_one(left, {"b": 0, "a": 2}) == (UNKNOWN,)
    assert read_one(left, {"a": 2}) == (UNKNOWN,)


def test_references_are_bound_where_the_other_record_is_known(form: Form):
    """R-13.3: an id becomes a binding; an unknown one remembers which side said it."""
    reference = Place(parse("company.id"), reference="companies")
    left, right = form(mapping(field("f", reference, Place(parse("firma_id"), reference="companies"))))
    refs = Refs(bindings={("companies", "7"): 70})
    assert read_one(left, {"company": {"id": "7"}}, refs) == (Ref("companies", 70),)
    assert read_one(right, {"firma_id": 7}, refs) == (Ref("companies", 70),)
    assert read_one(left, {"company": {"id": "8"}}, refs) == (Ref("companies", None, "left", "8"),)
    assert read_one(right, {"firma_id": 8}, refs) == (Ref("companies", None, "right", "8"),)
    assert read_one(left, {"company": None}, refs) == (None,)
    for raw in (True, Decimal("1.5"), ["7"]):
        assert isinstance(read_one(right, {"firma_id": raw}, refs), InvalidValue)


# --- writing a new record -----------------------------------------------------------------------------------------


def test_a_body_has_values_defaults_and_constants(form: Form):
    """Blank and unknown fields are left out, defaults stand in for them, constants are there besides."""
    _, right = form(
        mapping(
            field("a", place("a"), place("address.city")),
            field("b", place("b"), place("address.zip")),
            field("c", place("c"), place("lines[1]"), default="none"),
            field("d", place("d"), place("kind")),
            on_create={"kind": "firma", "address.country": "DE", "tags": ["x"]},
        )
    )
    expected = {"kind": "firma", "address": {"country": "DE", "city": "Köln"}, "tags": ["x"], "lines": [None, "none"]}
    first, _ = right.write(("Köln", None, UNKNOWN, None), NO_REFS)
    assert first == expected
    first["tags"].append("changed")
    first["address"]["country"] = "AT"
    assert right.write(("Köln", None, UNKNOWN, None), NO_REFS) == (expected, [])
    body, _ = right.write(("", "50667", "x", "person"), NO_REFS)
    assert body["kind"] == "person"
    assert body["address"] == {"country": "DE", "zip": "50667"}


def test_records_share_nothing(form: Form):
    """Defaults and constants are copied into each body."""
    _, right = form(simple(Field("f", "list"), default=["x"]))
    body, _ = right.write((None,), NO_REFS)
    body["f"].append("changed")
    assert right.write((None,), NO_REFS) == ({"f": ["x"]}, [])
    value = [["deep"]]
    body, _ = right.write((value,), NO_REFS)
    body["f"][0].append("changed")
    assert value == [["deep"]]


def test_one_path_inside_of_another_is_not_mixed_up(form: Form):
    """Two fields that share a path write in order, whatever that gives."""
    _, right = form(mapping(*(field(n, place(n), place(n)) for n in ("b.c", "b", "b.d"))))
    assert right.write((1, "x", 2), NO_REFS) == ({"b": {"d": 2}}, [])


@pytest.mark.parametrize("direction", ["to_left", "once_to_left", "match_only"])
def test_a_field_that_never_goes_to_this_side_is_left_out(form: Form, direction: str):
    """Direction forbids it, a key only matches, the system owns it: not in a new record, a fault in a change."""
    read_only = Field("f", "text", read_only=True, required=True)
    for made in (simple(Field("f", "text", required=True), direction=direction), simple(read_only)):
        _, right = form(made)
        assert right.write(("x",), NO_REFS) == ({}, [])
        body, [fault] = right.patch(("x",), [0], NO_REFS)
        assert not body
        assert "never writes" in fault.message
    _, right = form(simple(Field("f"), direction="once_to_right"))
    assert right.write(("x",), NO_REFS) == ({"f": "x"}, [])


@pytest.mark.parametrize(
    ("spec", "good", "bad", "said"),
    [
        (Field("f", "text", max_length=3), ["äöü"], ["abcd"], "at most 3 characters, 4 came"),
        (Field("f", "text", min_length=2), ["ab"], ["a"], "at least 2 characters, 1 came"),
        (Field("f", "text", pattern="^[0-9]{2}$"), ["12"], ["123", "12\n", "\u0661\u0662"], "wrong form"),
        (Field("f", "text", options=(Option("A"), Option("B"))), ["A"], ["C", "a"], "one of 2 options"),
        (Field("f", "integer", options=(Option("1"),)), [1], [2], "one of 1 options"),
        (Field("f", "integer", minimum=1, maximum=9), [1, 9], [0, 10], "too"),
        (Field("f", "number", minimum=0.1), [Decimal("0.1"), 1], [Decimal("0.09"), 0], "at least 0.1"),
        (Field("f", "text"), ["x"], [5, True, Decimal(1), [1], {}], "takes text"),
        (Field("f", "integer"), [5, 10**30], ["5", True, Decimal("1.5"), Decimal("1e9999")], "takes a whole number"),
        (Field("f", "number"), [5, Decimal("1.5")], ["5", True], "takes a number"),
        (Field("f", "boolean"), [True, False], [1, 0, "true"], "takes true or false"),
        (Field("f", "list", options=(Option("A"),)), [["A"]], [["A", "B"]], "one of 1 options"),
        (Field("f", "object"), [{"a": 1}], ["x"], "takes an object"),
        (Field("f", "date"), ["2025-01-01", 5], [True, []], "takes a date"),
        (Field("f"), ["x", 0, False, [1], {}], [], ""),
    ],
)
def test_what_the_target_would_refuse_is_a_fault(form: Form, spec: Field, good: list[Any], bad: list[Any], said: str):
    """Rules that the target declares are checked before: rule, limit and size are told, the value is not."""
    _, right = form(simple(spec))
    for value in good:
        for _ in range(2):  # also from memory
            body, faults = right.write((value,), NO_REFS)
            assert (body, faults) == ({"f": value}, [])
            assert type(body["f"]) is type(value)
        assert right.patch((value,), [0], NO_REFS) == ({"f": value}, [])
    for value in bad:
        fault = only_fault(right, value)
        assert isinstance(fault, InvalidValue)
        assert said in str(fault)
        assert fault.place == "erp/partner"
        assert right.patch((value,), [0], NO_REFS)[1][0].message == fault.message


def test_a_fault_leaves_the_other_fields_alone(form: Form):
    """F-9: the field is parked, the rest of the record goes."""
    _, right = form(
        mapping(
            field("a", place("a"), place("a")),
            field("f", place("b"), place("b", "options", map={"x": "X"})),
            field("c", place("c"), place("c")),
        )
    )
    body, [fault] = right.write(("1", "y", "3"), NO_REFS)
    assert body == {"a": "1", "c": "3"}
    assert isinstance(fault, UnknownOption)
    assert fault.field == "f"


def test_a_required_field_must_not_end_up_blank(form: Form):
    """Blank and unknown are faults, unless a default or a constant stands in; a change must not blank it either."""
    spec = Field("f", "text", required=True)
    _, right = form(simple(spec))
    assert "required" in only_fault(right, None).message
    assert "required" in only_fault(right, UNKNOWN).message
    assert "required" in only_fault(right, "").message
    assert form(simple(spec, default="-"))[1].write((None,), NO_REFS) == ({"f": "-"}, [])
    given = mapping(field("f", place("f"), place("f")), right=(spec,), on_create={"f": "x"})
    assert form(given)[1].write((None,), NO_REFS) == ({"f": "x"}, [])
    assert "cannot be blank" in right.patch((None,), [0], NO_REFS)[1][0].message
    assert form(simple(Field("f", nullable=False)))[1].patch((None,), [0], NO_REFS)[1]


def test_declared_cures_for_what_does_not_fit(form: Form):
    """``truncate`` cuts to the length, ``default`` takes the default; neither cures what it cannot."""
    spec = Field("f", "text", max_length=3, pattern="^[a-z]")
    _, right = form(simple(spec, invalid="truncate"))
    assert right.write(("abcdef",), NO_REFS) == ({"f": "abc"}, [])
    assert right.hold(0, "abcdef") == "abc"
    assert only_fault(right, "12345")
    _, right = form(simple(spec, default="abc", invalid="default"))
    assert right.write(("abcdef",), NO_REFS) == right.patch(("abcdef",), [0], NO_REFS) == ({"f": "abc"}, [])
    _, right = form(simple(spec, default="too long", invalid="default"))
    assert only_fault(right, "abcdef")
    assert only_fault(right, None)


def test_canonical_values_become_json(form: Form):
    """Numbers stay exact, times are ISO, sets are sorted lists; an amount with currency needs a codec."""
    _, right = form(mapping(field("f", place("f"), place("f"))))
    for value, raw in [
        (Decimal("1.50"), Decimal("1.50")),
        (datetime(2025, 7, 1, 10, tzinfo=UTC), "2025-07-01T10:00:00Z"),
        (date(2025, 7, 1), "2025-07-01"),
        (frozenset({"b", "a"}), ["a", "b"]),
    ]:
        assert right.write((value,), NO_REFS) == ({"f": raw}, [])
    assert only_fault(right, Money(Decimal(1), "EUR"))
    assert only_fault(right, Ref("companies", 1))
    _, right = form(simple(Field("f", "integer")))
    body, _ = right.write((Decimal("5.00"),), NO_REFS)
    assert type(body["f"]) is int


def test_truth_and_one_are_kept_apart_in_memory(form: Form):
    """``True == 1`` in Python; remembered translations must not confuse them."""
    codec = build_codec("options", {"map": {"1": "one"}})
    _, right = form(mapping(field("f", Place(("f",)), Place(("f",), (codec,)))))
    for _ in range(2):
        assert right.write(("1",), NO_REFS) == ({"f": "one"}, [])
        assert only_fault(right, True)
        assert right.write((1,), NO_REFS) == ({"f": "one"}, [])
    _, right = form(mapping(field("f", place("f"), place("f", "boolean", yes="J", no="N"))))
    for _ in range(2):
        assert right.write((True,), NO_REFS) == ({"f": "J"}, [])
        assert only_fault(right, Decimal(1))


def test_references_are_written_as_the_other_sides_ids(form: Form):
    """Bound and known: the id, as a number where the system has numbers. Else it waits: never blanked (R-13.4)."""
    reference = Place(("firma_id",), reference="companies")
    refs = Refs(ids={("companies", 70): "7", ("companies", 71): "x7"})
    for kind, raw in (("text", "7"), ("integer", 7), ("any", "7")):
        made = mapping(field("f", Place(("c",), reference="companies"), reference), right=(Field("firma_id", kind),))
        _, right = form(made)
        assert right.write((Ref("companies", 70),), refs) == ({"firma_id": raw}, [])
        assert right.patch((None,), [0], refs) == ({"firma_id": None}, [])
        for unbound in (Ref("companies", None, "left", "9"), Ref("companies", 99)):
            assert isinstance(only_fault(right, unbound, refs), MissingReference)
            assert right.hold(0, unbound) == unbound
        assert isinstance(only_fault(right, Ref("people", 70), refs), InvalidValue)
        assert isinstance(only_fault(right, "7", refs), InvalidValue)
    _, right = form(mapping(field("f", reference, reference), right=(Field("firma_id", "integer"),)))
    assert isinstance(only_fault(right, Ref("companies", 71), refs), InvalidValue)


def test_an_inverse_writes_several_paths(form: Form):
    """A field read by expression is written by its inverse; every path is checked by its own rules."""
    name = expressed("{{ first }} {{ last }}", first="{{ value | split | first }}", last="{{ value | split | last }}")
    made = mapping(
        field("f", place("f"), name), right=(Field("last", "text", max_length=6, required=True), Field("first", "text"))
    )
    _, right = form(made)
    assert right.write(("Jörg Müller",), NO_REFS) == ({"first": "Jörg", "last": "Müller"}, [])
    assert right.hold(0, "Jörg von Müller") == "Jörg Müller"
    assert "last is too long" in only_fault(right, "Jörg Mühlenbach").message
    assert "required" in only_fault(right, None).message
    assert right.patch(("Jörg Müller",), [0], NO_REFS)[0] == {"first": "Jörg", "last": "Müller"}


def test_an_expression_alone_cannot_be_written(form: Form):
    """Without inverse it is left out of new records, and nothing can be held there."""
    _, right = form(mapping(field("f", place("f"), expressed("{{ a }}"))))
    assert right.write(("x",), NO_REFS) == ({}, [])
    assert right.patch(("x",), [0], NO_REFS)[1][0].field == "f"
    with pytest.raises(InvalidValue):
        right.hold(0, "x")


def test_a_change_carries_only_what_was_asked_for(form: Form):
    """Blank is written as null, unknown is never written (R-4.6), others are not touched."""
    _, right = form(mapping(*(field(n, place(n), place(f"x.{n}")) for n in "abcd")))
    assert right.patch(("1", None, UNKNOWN, "4"), [0, 1, 2], NO_REFS) == ({"x": {"a": "1", "b": None}}, [])
    assert right.patch(("1", None, UNKNOWN, "4"), [], NO_REFS) == ({}, [])


def test_what_a_side_can_hold(form: Form):
    """Lambda: get(put(v)), stable, and blank holds itself."""
    left, right = form(
        mapping(
            field(
                "at", place("at", "instant"), place("at", "local_time", format="dd.MM.yyyy HH:mm", zone="Europe/Berlin")
            ),
            field("n", place("n"), place("n", "round", scale=2)),
        )
    )
    instant = datetime(2025, 7, 1, 10, 0, 59, tzinfo=UTC)
    assert left.hold(0, instant) == instant
    assert right.hold(0, instant) == right.hold(0, right.hold(0, instant)) == instant.replace(second=0)
    assert right.hold(1, Decimal("1.005")) == Decimal("1.01")
    assert right.hold(0, None) is None
    assert right.hold(0, UNKNOWN) is UNKNOWN
    with pytest.raises(InvalidValue):
        right.hold(0, "no instant")


class Broken:
    """A codec from elsewhere that breaks M-6."""

    name = "broken"
    loss = "lossy"

    def decode(self, raw: Any) -> Value:
        raise KeyError(raw)

    def encode(self, value: Value) -> Any:
        return value.nothing


def test_a_broken_codec_costs_only_its_records(form: Form):
    """M-6 for codecs that break it: the record is at fault, in words that do not quote it."""
    left, right = form(mapping(field("f", Place(("f",), (Broken(),)), Place(("f",), (Broken(),)))))
    error = read_one(left, {"f": "Erika"})
    assert isinstance(error, InvalidValue)
    assert "KeyError" in str(error)
    assert "Erika" not in str(error)
    assert only_fault(right, "Erika").detail == "AttributeError"


def test_a_pattern_that_could_take_for_ever_is_not_tried(form: Form):
    """A declared pattern with nested repeats, or in another dialect, is left to the system that declared it."""
    for pattern in (r"^(a+)+$", r"^\p{L}+$", "("):
        _, right = form(simple(Field("f", "text", pattern=pattern)))
        assert right.write(("a" * 60 + "!",), NO_REFS) == ({"f": "a" * 60 + "!"}, [])


def test_the_generated_python_can_be_looked_at():
    """For debugging: the source that runs, with the fields' names and paths."""
    left, right = compile_mapping(mapping(field("na\nme", place("a.b"), place("c"))))
    assert "def read_page" in left.source
    assert "'na\\nme' from 'a.b'" in left.source
    assert "body['c']" in right.source


def test_a_mapping_without_fields_reads_and_writes_nothing(form: Form):
    """The smallest mapping works."""
    left, right = form(mapping(on_create={"a": 1}))
    assert left.read([{}, {"x": 1}], NO_REFS) == [(), ()]
    assert right.write((), NO_REFS) == ({"a": 1}, [])
