"""Refusals in the words of many systems and languages."""

from decimal import Decimal

import pytest

from tallystick.core.refusal_words import understand
from tallystick.core.refused import masked, without_values

PATHS = ["name1", "ust_id", "price", "status", "country", "code", "attributes.email", "vatId"]


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("is too long (maximum is 12 characters)", None, 12),
        ("erp/partner: the system refuses this record (status 422: name1: is too long (maximum is 12))", None, 12),
        ("value too long for type character varying(40)", None, 40),
        ("The name1 may not be greater than 12 characters.", None, 12),
        ("Ensure this field has no more than 12 characters.", None, 12),
        ("String should have at most 12 characters", None, 12),
        ("String should have at least 3 characters", 3, None),
        ("length must be between 2 and 12", 2, 12),
        ("darf höchstens 12 Zeichen lang sein", None, 12),
        ("muss mindestens 3 Zeichen lang sein", 3, None),
        ("ne doit pas dépasser 12 caractères (trop long)", None, 12),
        ("es demasiado largo (12 caracteres máximo)", None, 12),
        ("troppo lungo: al massimo 12 caratteri", None, 12),
        ("is too short", None, None),
    ],
)  # fmt: skip
def test_lengths(text: str, least: int | None, most: int | None) -> None:
    [found] = understand(text, "name1", PATHS)
    assert (found.kind, found.least, found.most) == ("length", least, most)


@pytest.mark.parametrize(
    ("text", "least", "most", "is_open"),
    [
        ("must be between 1 and 100", 1, 100, False),
        ("must be greater than or equal to 5", 5, None, False),
        ("must be less than 100", None, 100, True),
        ("must be greater than 0", 0, None, True),
        ("Ensure this value is less than or equal to 100.", None, 100, False),
        ("exceeds maximum of 1,000,000", None, 1_000_000, False),
        ("darf nicht größer als 100 sein", None, 100, False),
        ("muss zwischen 1 und 99,5 liegen", 1, Decimal("99.5"), False),
        ("must be positive", 0, None, True),
        ("must not be negative", 0, None, False),
        ("value out of range", None, None, False),
    ],
)
def test_ranges(text: str, least: Decimal | None, most: Decimal | None, is_open: bool) -> None:  # noqa: FBT001
    [found] = understand(text, "price", PATHS)
    assert (found.kind, found.least, found.most, found.is_open) == ("range", least, most, is_open)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("'...' is not one of ['A', 'B', 'C']", ("A", "B", "C")),
        ("must be one of: Aktiv, Pausiert or Verloren", ("Aktiv", "Pausiert", "Verloren")),
        ("Value is not allowed. Allowed values are A | B", ("A", "B")),
        ("erlaubt sind: DE, AT und CH", ("DE", "AT", "CH")),
        ("is not included in the list", ()),
        ("nicht in der Liste", ()),
    ],
)
def test_options(text: str, options: tuple[str, ...]) -> None:
    [found] = understand(text, "status", PATHS)
    assert (found.kind, found.options) == ("option", options)


@pytest.mark.parametrize(
    "text",
    ["can't be blank", "This field is required.", "must not be null", "darf nicht leer sein", "ist ein Pflichtfeld",
     "ne doit pas être vide", "no puede estar vacío", "è obbligatorio: campo richiesto", "is verplicht"],
)  # fmt: skip
def test_required(text: str) -> None:
    assert [c.kind for c in understand(text, "ust_id", PATHS)] == ["required"]


@pytest.mark.parametrize(
    ("text", "kind", "wanted", "pattern"),
    [
        ('must match "^[A-Z]{2}[0-9]+$"', "format", "", "^[A-Z]{2}[0-9]+$"),
        ("does not match pattern '[0-9]{5}'", "format", "", "[0-9]{5}"),
        ("Enter a valid email address.", "format", "email", ""),
        ("hat ein ungültiges Format", "format", "", ""),
        ("Input should be a valid integer", "type", "integer", ""),
        ("has already been taken", "unique", "", ""),
        ("ist bereits vergeben", "unique", "", ""),
        ("does not exist", "reference", "", ""),
        ("F-4711", "other", "", ""),
    ],
)
def test_forms_and_the_rest(text: str, kind: str, wanted: str, pattern: str) -> None:
    [found] = understand(text, "code", PATHS)
    assert (found.kind, found.wanted, found.pattern) == (kind, wanted, pattern)


def test_a_refusal_of_several_fields_is_a_complaint_about_each() -> None:
    found = understand("status 422: Validation failed: name1 is too long; ust_id can't be blank", "name1", PATHS)
    assert [(c.field, c.kind) for c in found] == [("name1", "length"), ("ust_id", "required")]


def test_a_field_is_found_in_the_words_where_the_system_names_none() -> None:
    found = understand("ust_id is required when country is DE", "", PATHS)
    assert [(c.field, c.kind) for c in found] == [("ust_id", "required")]
    assert [c.field for c in understand("The Vat ID is too long", "", PATHS)] == ["vatId"]
    assert [(c.field, c.kind) for c in understand("is too long", "", PATHS)] == [("", "length")]


def test_a_field_that_is_named_beside_the_words_is_not_sought_in_them() -> None:
    assert [c.field for c in understand("does not keep the code of the status", "country", PATHS)] == ["country"]


@pytest.mark.parametrize(
    ("text", "sent", "kept"),
    [
        ("'Foo GmbH' is too long: at most 12 characters, 8 came", ["Foo GmbH"],
         "... is too long: at most 12 characters, ... came"),
        ("4711 exceeds 100", [4711], "... exceeds 100"),
        ("field 'name1' of \"Somebody\" is bad (trace 8f3a-11c)", [], "field 'name1' of ... is bad (trace ...)"),
        ("write to a.person@firma.example or https://help.example/1", [], "write to ... or ..."),
    ],
)  # fmt: skip
def test_what_is_kept_has_no_values(text: str, sent: list[object], kept: str) -> None:
    assert masked(text, sent, ["name1"]) == kept


def test_a_limit_stays_where_only_the_value_goes() -> None:
    assert without_values("Foo is not one of A, B", ["Foo"]) == "... is not one of A, B"
