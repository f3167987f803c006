"""Key forms (SYNC-SPEC 9.1): spellings of one identity meet, and two identities never do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban as bank
from stdnum.iso7064 import mod_11_10 as german

from tallystick.core.key_forms import FORMS
from tallystick.core.mapping import MatchRule
from tallystick.core.matching import doubt, normalise
from tallystick.core.record import UNKNOWN

HOWS = sorted(FORMS)
REGIONS = st.sampled_from(["", "DE", "at", "CH"])
NUMBERS = [
    "DE 136.695.976",
    "ATU13585627",
    "CHE-107.787.577 MWST",
    "NO995525828MVA",
    "+49 (0)30 1234567",
    "030 12345 x5",
]
TEXTS = st.text(max_size=30) | st.sampled_from([
    *NUMBERS, "Müller & Söhne G.m.b.H. & Co. KG", "Sp. z o.o.", "https://www.Müller.de:80/x", "a@b.de", "www.www.x.de",
    "de89 3704 0044 0532 0130 00", "000123", "ΑΣ ΟΣ", "İstanbul A.Ş.", "ŉ ß ﬁ co. ltd.",
])  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(HOWS), TEXTS, REGIONS)
def test_a_form_of_a_form_is_itself(how, value, region):
    """Else a key would change when a record comes back in its own key's spelling."""
    once = normalise(value, how, region)
    assert normalise(once, how, region) == once


@settings(deadline=None)
@given(st.integers(10**7, 10**8 - 1), st.integers(10**7, 10**8 - 1))
def test_two_numbers_with_right_check_digits_have_two_keys(one, two):
    made = [f"DE{n}{german.calc_check_digit(str(n))}" for n in (one, two)]
    keys = [normalise(number, "vat") for number in made]
    assert all(keys)
    assert (keys[0] == keys[1]) == (one == two)


@settings(deadline=None)
@given(st.integers(0, 10**10 - 1), st.integers(0, 10**10 - 1), st.sampled_from(["", " ", "-"]))
def test_two_accounts_have_two_keys(one, two, blank):
    made = []
    for account in (one, two):
        rest = f"37040044{account:010}"
        number = bank.calc_check_digits(f"DE00{rest}")
        made.append(f"de{number}{blank}{rest}")
    keys = [normalise(number, "iban") for number in made]
    assert all(keys)
    assert (keys[0] == keys[1]) == (one == two)


@settings(deadline=None)
@given(st.integers(10**7, 10**8 - 1), st.integers(0, 8), st.integers(1, 9))
def test_one_mistyped_digit_is_no_key_and_a_doubt(number, place, by):
    """A wrong number would be somebody else's; a person is told."""
    right = f"{number}{german.calc_check_digit(str(number))}"
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    rule = MatchRule(("vat",), "vat", region="DE")
    assert doubt(right, rule) == ""
    assert normalise(wrong, "vat", "DE") == ""
    assert doubt(wrong, rule) == "is no VAT number with right check digits"


@pytest.mark.parametrize(
    ("value", "how", "region", "key"),
    [
        ("DE 136.695.976", "vat", "", "de136695976"),
        ("136695976", "vat", "DE", "de136695976"),
        ("136695976", "vat", "", ""),
        ("ATU13585627", "vat", "DE", "atu13585627"),
        ("GR094259216", "vat", "", "el094259216"),
        ("EL 094 259 216", "vat", "", "el094259216"),
        ("CHE-107.787.577 IVA", "vat", "", "che107787577"),
        ("CHE-107.787.577 MWST", "vat", "", "che107787577"),
        ("NO 995 525 828", "vat", "", "no995525828"),
        ("US12-3456789", "vat", "", "us123456789"),
        ("unbekannt", "vat", "", ""),
        ("GB82 WEST 1234 5698 7654 32", "iban", "", "gb82west12345698765432"),
        ("GB82 TEST 1234 5698 7654 32", "iban", "", ""),
        ("030/1234567", "phone", "DE", "+49301234567"),
        ("+49 (0)30 1234567", "phone", "", "+49301234567"),
        ("0049 30 1234567", "phone", "de", "+49301234567"),
        ("030 1234567 ext. 12", "phone", "DE", "+49301234567x12"),
        ("030/1234567", "phone", "", ""),
        ("call me", "phone", "DE", ""),
        ("Max+News@Firma.EXAMPLE", "email", "", "max+news@firma.example"),
        ("Max@Firma.Example", "domain", "", "firma.example"),
        ("https://www.Müller.de/kontakt?x=1", "domain", "", "xn--mller-kva.de"),
        ("max@gmail.com", "domain", "", ""),
        ("localhost", "domain", "", ""),
        ("192.168.1.1", "domain", "", ""),
        ("Müller & Söhne G.m.b.H. & Co. KG", "company", "", "mueller soehne"),
        ("MUELLER+SOEHNE GMBH", "company", "", "mueller soehne"),
        ("Foo Sp. z o.o.", "company", "", "foo"),
        ("Société Générale S.A.", "company", "", "societe generale"),
        ("AG", "company", "", "ag"),
        (" 000-123 ", "zeros", "", "-123"),
        ("00K7", "zeros", "", "k7"),
        (7, "zeros", "", "7"),
        ("0000", "zeros", "", ""),
        (None, "vat", "DE", ""),
        (UNKNOWN, "phone", "DE", ""),
    ],
)
def test_forms(value, how, region, key):
    assert normalise(value, how, region) == key


@pytest.mark.parametrize("how", ["text", "email", "digits", "zeros", "company", "domain"])
def test_only_numbers_that_can_be_checked_are_doubted(how):
    assert doubt("anything at all", MatchRule(("f",), how)) == ""
    assert doubt("n/a", MatchRule(("f",), "vat")) == "", "a placeholder is blank, not mistyped"


def test_a_rule_by_company_only_proposes():
    """R-9.1: names are shared by strangers."""
    assert MatchRule(("name",), "company").is_weak
    assert not MatchRule(("vat",), "vat").is_weak


@pytest.mark.parametrize(
    ("rule", "count", "is_common"),
    [
        (MatchRule(("f",)), 20, False),
        (MatchRule(("f",)), 21, True),
        (MatchRule(("f",), most=2), 3, True),
        (MatchRule(("f",), "vat"), 9999, False),
        (MatchRule(("f",), "vat", most=5), 6, True),
    ],
)
def test_what_too_many_share_is_no_key(rule, count, is_common):
    """R-9.2: strong numbers say who it is however many there are; they are asked about instead."""
    assert rule.is_too_common(count) == is_common
