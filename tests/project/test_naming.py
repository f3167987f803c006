"""Names in any spelling and language are cut into words of one meaning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.project.naming import concepts_of, plain_words, vocabulary


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("companyName", "company"),
        ("COMPANY_NAME", "company"),
        ("firma.bezeichnung", "company name"),
        ("Straße", "street"),
        ("PLZ", "postcode"),
        ("postalCode", "postcode"),
        ("USt-IdNr", "vat_number"),
        ("partita_iva", "vat_number"),
        ("eMail", "email"),
        ("emailAddress", "email"),
        ("address_line_2", "street2"),
        ("lastmodifieddate", "modified"),
        ("dateCreated", "created"),
        ("prénom", "given_name"),
        ("apellido", "family_name"),
        ("dateOfBirth", "birth_date"),
        ("billingaddresscity", "billing address city"),
        ("Kundengruppen", "group"),
        ("ownerId", "owner id"),
        ("isActive", "active"),
        ("isWholesale", "whether wholesale"),
        ("telehpone", "phone"),
        ("", ""),
    ],
)
def test_names_that_mean_the_same_read_the_same(name, expected):
    assert " ".join(concepts_of(name)) == expected


def test_no_phrase_stands_for_two_concepts():
    """Each phrase is listed once: the first concept would silently win."""
    listed = {}
    from importlib.resources import files

    for line in files("tallystick.project").joinpath("concepts.txt").read_text(encoding="utf-8").splitlines():
        name, colon, phrases = line.partition(":")
        if colon and not line.startswith(("#", "@")):
            for phrase in phrases.split(","):
                assert listed.setdefault(" ".join(phrase.split()), name) == name, phrase


def test_only_listed_concepts_are_related():
    known = vocabulary()
    concepts = set(known.concepts.values())
    assert [pair for pair in known.related if not pair <= concepts] == []


@given(st.text(max_size=60))
def test_any_text_has_a_reading(name):
    assert all(concepts_of(name))
    assert all(word == word.lower() for word in plain_words(name))
