"""A value whose parts stand at several paths, and what nothing means on each side (R-6.2), in both forms."""

from dataclasses import replace

import pytest
from small_mappings import FORMS, NO_REFS, Form, expressed, field, mapping, place, read_one

from tallystick.core.codecs.registry import build_codec
from tallystick.core.learn import shape_of_loss
from tallystick.core.mapping import ObjectMapping, Place
from tallystick.core.path import parse
from tallystick.core.record import UNKNOWN, Money
from tallystick.core.schema import Field
from tallystick.core.spread import Gathered, Taken

NAME = {"first": "first_name", "last": "person.last"}


def spread(parts: dict[str, str], *codecs: str) -> Place:
    paths = tuple((part, parse(path)) for part, path in parts.items())
    inverse = tuple((path, Taken(part, frozenset(parts))) for part, path in paths)
    return Place((), tuple(build_codec(name, {}) for name in codecs), Gathered(paths), inverse)


def names() -> ObjectMapping:
    return mapping(field("name", place("name", "full_name", order="last_first"), spread(NAME, "parts")))


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_one_text_becomes_two_fields_and_comes_back(form: Form):
    """One field on the left is first and last name on the right, in both directions."""
    left, right = form(names())
    fields = read_one(left, {"name": "von der Heide, Erika"})
    body, faults = right.write(fields, NO_REFS)
    assert (body, faults) == ({"first_name": "Erika", "person": {"last": "von der Heide"}}, [])
    assert read_one(right, body) == fields
    assert left.write(fields, NO_REFS)[0] == {"name": "von der Heide, Erika"}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_parts_that_are_blank_or_not_there_are_told_apart(form: Form):
    """R-4.6: where one path is not in the answer nothing is known of the value; blank parts are just left out."""
    _, right = form(names())
    assert read_one(right, {"first_name": "Erika"}) == (UNKNOWN,)
    assert read_one(right, {"first_name": "", "person": {"last": "Muster"}}) == ({"last": "Muster"},)
    assert read_one(right, {"first_name": None, "person": {"last": ""}}) == (None,)
    assert right.patch(({"last": "Muster"},), [0], NO_REFS)[0] == {"first_name": None, "person": {"last": "Muster"}}
    assert right.patch((None,), [0], NO_REFS)[0] == {"first_name": None, "person": {"last": None}}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_a_part_without_a_place_is_refused_not_dropped(form: Form):
    """Nothing is left out unless the mapping says so."""
    left, right = form(mapping(field("name", place("name", "any"), spread(NAME))))
    for value, said in (
        ({"title": "Dr.", "last": "Muster"}, "the part 'title' has no path"),
        ("Dr. Muster", "is an object"),
    ):
        _, [fault] = right.write(read_one(left, {"name": value}), NO_REFS)
        assert said in str(fault)
        assert "Muster" not in f"{fault} {fault.hint}"


def test_amount_and_currency_in_two_fields_are_money():
    """1250 and JPY are 1250 yen, 1250 and EUR are 12.50 euros."""
    parts = replace(
        spread({"amount": "cents", "currency": "cur"}), codecs=(build_codec("money_parts", {"minor": True}),)
    )
    _, right = FORMS["compiled"](mapping(field("price", place("price", "money"), parts)))
    [euro], [yen] = read_one(right, {"cents": 1250, "cur": "EUR"}), read_one(right, {"cents": 1250, "cur": "JPY"})
    assert (euro, yen) == (Money(euro.amount, "EUR"), Money(yen.amount, "JPY"))
    assert (str(euro.amount), str(yen.amount)) == ("12.50", "1250")
    assert right.write((euro,), NO_REFS)[0] == {"cents": 1250, "cur": "EUR"}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_a_blank_may_stand_for_a_value(form: Form):
    """A box that is X or nothing: nothing means no, and no is written as nothing."""
    box = replace(place("box", "boolean", yes="X", no="-"), blank_means=False, missing="blank", blank_as="empty")
    _, right = form(mapping(field("f", place("f"), box)))
    for record, value in (({"box": "X"}, True), ({"box": ""}, False), ({"box": None}, False), ({}, False)):
        assert read_one(right, record) == (value,)
    assert right.patch((False,), [0], NO_REFS) == ({"box": ""}, [])
    assert right.patch((True,), [0], NO_REFS) == ({"box": "X"}, [])
    assert right.hold(0, None) is False
    assert right.hold(0, False) is False


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_missing_may_mean_blank(form: Form):
    """A system that leaves out empty fields is believed where the mapping says so, and only there."""
    for spot in (place("a.b"), place("a.b", "trim"), expressed("{{ a }}")):
        believed, not_believed = (
            form(mapping(field("f", place("f"), p)))[1] for p in (replace(spot, missing="blank"), spot)
        )
        assert read_one(believed, {}) == (None,)
        assert read_one(not_believed, {}) == (UNKNOWN,)


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_a_column_that_cannot_be_null_is_emptied_with_empty_text(form: Form):
    """Many databases declare their texts not null: there, blank is the empty text."""
    column = Field("f", "text", nullable=False)
    null, empty = (
        form(mapping(field("f", place("f"), replace(place("f"), blank_as=kind)), right=(column,)))[1]
        for kind in ("null", "empty")
    )
    assert empty.patch((None,), [0], NO_REFS) == ({"f": ""}, [])
    assert "cannot be blank" in str(null.patch((None,), [0], NO_REFS)[1][0])


def test_what_a_system_makes_of_one_part_is_known():
    """R-7.2: a part that was trimmed or cut is the system's doing; another part is a person's."""
    sent = {"first": "Anna Maria ", "last": "Muster"}
    assert shape_of_loss(sent, {"first": "Anna Maria", "last": "Muster"}) == "first trimmed"
    assert shape_of_loss(sent, {"first": "Anna", "last": "Must"}) == "first truncated to 4, last truncated to 4"
    assert shape_of_loss(sent, {"first": "Anna Maria ", "last": "Meier"}) is None
    assert shape_of_loss(sent, dict(reversed(sent.items()))) == "equal"


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_a_multi_select_is_one_text_here_and_a_list_there(form: Form):
    """Each item is translated by its own; the order means nothing, and an item that is not listed parks."""
    options = {"a": "10", "b": "20"}
    split = place("kinds", "text_list", separator=";")
    here = replace(split, codecs=(*split.codecs, build_codec("options", {"map": options, "side": "left"})))
    there = place("kinds", "options", map=options, side="right", integer=True)
    left, right = form(mapping(field("kinds", here, there), right=(Field("kinds", "list"),)))
    assert read_one(left, {"kinds": "b; a"}) == read_one(right, {"kinds": [10, 20]}) == (frozenset({"a", "b"}),)
    fields = read_one(left, {"kinds": "b"})
    assert right.write(fields, NO_REFS)[0] == {"kinds": [20]}
    assert left.write(fields, NO_REFS)[0] == {"kinds": "b"}
    assert "option 'c' is not in the mapping" in str(read_one(left, {"kinds": "a;c"}))
