"""Who is who (SYNC-SPEC 9): unique on both sides, no contradiction, never a guess."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_mappings import field, mapping, place

from tallystick.core.key_forms import DOUBTS
from tallystick.core.mapping import MatchRule
from tallystick.core.matching import Candidate, KeyMaker, doubts, key_maker, match, normalise
from tallystick.core.record import UNKNOWN, Ref

RULES = [MatchRule(("vat",), "alphanumeric"), MatchRule(("email",), "email")]
KEYS = st.dictionaries(st.integers(0, 1), st.integers(1, 3))
CANDIDATES = st.builds(Candidate, st.text("abc", min_size=1), KEYS, st.one_of(st.none(), st.integers(1, 2)))
CROWD = st.lists(CANDIDATES, max_size=5)


@given(KEYS, CROWD, CROWD)
def test_a_link_is_unique_unbound_and_uncontradicted(keys, twins, others):
    """R-9.2, R-9.3: whatever the crowd, a link has one candidate, unpaired, alone on both sides for its rule."""
    found = match(RULES, keys, twins, others)
    if found.kind != "link":
        return
    hits = [c for c in others if c.keys.get(found.rule) == keys[found.rule]]
    assert [c.id for c in hits] == list(found.candidates)
    assert hits[0].binding is None
    assert not any(c.keys.get(found.rule) == keys[found.rule] for c in twins)
    assert not any(n in keys and n in hits[0].keys and keys[n] != hits[0].keys[n] for n in range(found.rule))


@given(KEYS, CROWD, CROWD)
def test_nobody_is_overlooked(keys, twins, others):
    """``none`` means that no record of either side shares any key."""
    found = match(RULES, keys, twins, others)
    sharing = [c for c in (*twins, *others) if any(c.keys.get(n) == h for n, h in keys.items())]
    if found.kind == "none":
        assert not sharing
    if found.kind == "keyless":
        assert not keys


def test_the_weaker_rule_does_not_overrule_the_stronger():
    """Same e-mail, different VAT numbers: a contradiction for a person, not a link."""
    found = match(RULES, {0: 1, 1: 5}, [], [Candidate("r", {0: 2, 1: 5})])
    assert found.kind == "contradiction"


def test_a_key_of_a_paired_record_is_a_duplicate():
    """T-63: never a third copy."""
    assert match(RULES, {1: 5}, [], [Candidate("r", {1: 5}, binding=7)]).kind == "duplicate"
    assert match(RULES, {1: 5}, [Candidate("l2", {1: 5}, binding=7)], []).kind == "duplicate"


def test_fuzzy_rules_only_propose():
    """R-9.1: a fuzzy hit is a question even when it is unique."""
    rules = [MatchRule(("name",), "text", fuzzy=True)]
    assert match(rules, {0: 1}, [], [Candidate("r", {0: 1})]).kind == "ambiguous"


@pytest.mark.parametrize(
    ("value", "how", "key"),
    [
        (" Müller  GmbH ", "text", "müller gmbh"),
        ("Max@Firma.EXAMPLE", "email", "max@firma.example"),
        ("info@firma.example", "email", ""),
        ("not an address", "email", ""),
        ("DE 123-456.789", "alphanumeric", "de123456789"),
        ("+49 (30) 12 34", "digits", "49301234"),
        ("n/a", "text", ""),
        ("0000", "text", ""),
        ("-", "text", ""),
        (None, "text", ""),
        (UNKNOWN, "text", ""),
        (Ref("companies", 4), "exact", "companies#4"),
        (Ref("companies", None, "left", "9"), "exact", ""),
        (4711, "text", "4711"),
    ],
)
def test_normalised_keys(value, how, key):
    """Spellings of the same thing meet; placeholders, role addresses and unknowns are no keys."""
    assert normalise(value, how) == key


def mapping_of(*rules):
    """A mapping of a name, a VAT number and a telephone number."""
    fields = (field(name, place(name), place(name)) for name in ("name", "vat", "phone"))
    return replace(mapping(*fields), match=rules)


def test_what_should_be_a_key_and_is_none_is_told_with_its_reason():
    """Each value of each rule is weighed by the rule's own measure; what is not there is no doubt."""
    rules = (
        MatchRule(("name", "vat"), "vat"),
        MatchRule(("phone",), "phone", region="DE"),
        MatchRule(("name",), "text"),
    )
    chosen = mapping_of(*rules)
    wrong = doubts(chosen, ("DE136695976", "DE000000001", "no number"))
    assert wrong == [f"its vat {DOUBTS['vat']}", f"its phone {DOUBTS['phone']}"]
    assert doubts(chosen, ("DE136695976", "DE136695976", "030 901820")) == []
    for nothing in (None, UNKNOWN, "", "n/a", Ref("companies", None, "left", "9"), Ref("companies", 4)):
        assert doubts(chosen, ("DE136695976", nothing, nothing)) == []


def test_the_country_of_a_rule_belongs_to_its_keys():
    """The same national number is another one in another country."""
    german, french = (
        key_maker(mapping_of(MatchRule(("name",), "text"), MatchRule(("phone",), "phone", region=country)))
        for country in ("DE", "FR")
    )
    values = ("Anker", None, "030 901820")
    assert german.keys(values).keys() == {0, 1}
    assert german.keys(values)[1] == german.keys(("Birke", None, "+49 30 901820"))[1]
    assert german.keys(values).get(1) != french.keys(values).get(1)


def test_what_a_stronger_rule_does_not_deny_links():
    """R-9.3: a stronger key that only one of the two has is no contradiction."""
    assert match(RULES, {0: 7, 1: 5}, [], [Candidate("r", {1: 5})]).kind == "link"
    assert match(RULES, {1: 5}, [], [Candidate("r", {0: 7, 1: 5})]).kind == "link"


def test_a_compound_key_needs_all_its_parts():
    """Name and postcode: without the postcode there is no key."""
    maker = KeyMaker(((0, (0, 1), "text", ""),))
    assert maker.keys(("Meier", "10115")) == maker.keys(("meier ", "10115"))
    assert maker.keys(("Meier", None)) == {}


def test_a_duplicate_names_both_of_the_pairing():
    """Which of the two still shows the key is not seen by every run, and the question stays the same."""
    by_twin = match(RULES, {1: 5}, [Candidate("l2", {1: 5}, 7, paired=("l2", "r2"))], [])
    by_partner = match(RULES, {1: 5}, [], [Candidate("r2", {1: 5}, 7, paired=("l2", "r2"))])
    both = match(
        RULES,
        {1: 5},
        [Candidate("l2", {1: 5}, 7, paired=("l2", "r2"))],
        [Candidate("r2", {1: 5}, 7, paired=("l2", "r2"))],
    )
    assert by_twin == by_partner == both
    assert both.candidates == ("l2", "r2")
