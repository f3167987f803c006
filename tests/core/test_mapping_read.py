"""Reading by a mapping, on both forms of it: blank, unknown, wrong types, expressions, references, broken codecs."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from small_mappings import FORMS, NO_REFS, Form, expressed, field, mapping, only_fault, place, read_one

from tallystick.core.error import DataError, InvalidValue
from tallystick.core.mapping import Place, Refs
from tallystick.core.path import parse
from tallystick.core.record import UNKNOWN, Ref, Value
from tallystick.core.schema import Field


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


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
