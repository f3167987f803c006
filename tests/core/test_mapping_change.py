"""References, inverses, changes of single fields and what a side can hold, on both forms of a mapping."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from small_mappings import FORMS, NO_REFS, Form, expressed, field, mapping, only_fault, place

from tallystick.core.compile import compile_mapping
from tallystick.core.error import InvalidValue, MissingReference
from tallystick.core.mapping import Place, Refs
from tallystick.core.record import UNKNOWN, Ref
from tallystick.core.schema import Field


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


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
