"""Words that mean the same in the names of business fields, English and German: enough to start a draft."""

import re
from typing import Final

_GROUPS: Final = (
    "company firm firma organisation organization account unternehmen",
    "person contact kontakt ansprechpartner",
    "first given",
    "last family",
    "name bezeichnung title titel label",
    "street strasse straße road",
    "city town ort stadt locality",
    "zip postal postcode plz zipcode postleitzahl",
    "country land",
    "state region bundesland province",
    "phone telephone telefon tel",
    "mobile cell handy mobil",
    "email mail emailaddress",
    "website web url homepage internet",
    "note notes comment comments remark bemerkung notiz",
    "status zustand stage",
    "type kind typ art category kategorie",
    "amount betrag value sum summe total",
    "currency waehrung währung",
    "price preis",
    "quantity menge qty anzahl",
    "number nummer no nr code num",
    "vat ust tax steuer ustid",
    "date datum day tag",
    "birth birthday geburtstag geburtsdatum",
    "language sprache lang locale",
    "active aktiv enabled",
    "customer kunde kunden client",
    "description beschreibung text",
    "industry branche",
    "employees mitarbeiter staff headcount",
    "credit kredit",
    "limit grenze",
    "created angelegt erstellt",
    "changed updated modified geaendert geändert",
)
_MEANING: Final = {word: group.split()[0] for group in _GROUPS for word in group.split()}
_WORDS: Final = re.compile(r"[^\W\d_]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|\d+")
_COMPOUNDS: Final = {
    "firstname": "first name",
    "forename": "first name",
    "vorname": "first name",
    "lastname": "last name",
    "surname": "last name",
    "nachname": "last name",
    "companyname": "company name",
}
_PHRASES: Final = {"zip number": "zip", "e email": "email", "email address": "email", "phone number": "phone"}


def words(name: str) -> list[str]:
    """Split a field's name into words, small, each replaced by the word for its meaning.

    ``companyName``, ``COMPANY_NAME`` and ``Firma.Bezeichnung`` all give ``["company", "name"]``.
    """
    found = [word.lower() for word in _WORDS.findall(name)]
    split = [part for word in found for part in _COMPOUNDS.get(word, word).split()]
    meant = " ".join(_MEANING.get(word, word) for word in split)
    for phrase, word in _PHRASES.items():
        meant = re.sub(rf"\b{phrase}\b", word, meant)
    return meant.split()
