"""Which fields are proposed to correspond: never two for one, never a guess as if it were sure."""

from hypothesis import given
from hypothesis import strategies as st

from tallystick.project.likeness import Attribute, compare
from tallystick.project.propose import propose


def fields(*paths, subject="", **kinds):
    return [Attribute(path, subject=subject) for path in paths] + [
        Attribute(path, kind, subject=subject) for path, kind in kinds.items()
    ]


def sure(left, right):
    return {(p.left, p.right) for p in propose(left, right).sure}


def pairs(left, right):
    return {(p.left[0], p.right[0]) for p in propose(left, right).sure if p.kind == "copy"}


def test_fields_are_paired_across_languages():
    crm = fields("companyName", "zip", "city", "phone", "vatNumber", "website", subject="companies")
    erp = fields("firma", "plz", "ort", "telefon", "ust_id", "homepage", subject="kunden")
    assert pairs(crm, erp) == set(zip([a.path for a in crm], [a.path for a in erp], strict=True))


def test_the_name_of_a_person_is_joined_from_its_parts():
    people = fields("vorname", "nachname", "email", subject="mitarbeiter")
    contacts = fields("fullName", "mail", subject="contacts")
    assert (("vorname", "nachname"), ("fullName",)) in sure(people, contacts)
    assert (("fullName",), ("vorname", "nachname")) in sure(contacts, people)


def test_a_name_beside_a_family_name_is_the_given_name():
    assert ("name", "first_name") in pairs(fields("name", "surname"), fields("first_name", "last_name"))


def test_of_two_equal_candidates_none_is_sure():
    """Billing or shipping: a person has to say."""
    left, right = fields("city"), fields("billing.city", "shipping.city")
    assert sure(left, right) == set()
    assert {c.path for c in propose(left, right).ranked["city"]} == {"billing.city", "shipping.city"}


def test_an_id_of_its_own_is_nobody_elses():
    assert (
        sure(fields("id", "customer_id", subject="customer"), fields("id", "customer_id", subject="customer")) == set()
    )


def test_kinds_that_do_not_fit_are_never_sure():
    assert sure(fields(newsletter="boolean"), fields(newsletter="instant")) == set()
    left, right = fields(amount="number"), fields(amount="boolean", betrag="number")
    assert propose(left, right).ranked["amount"][0].path == "betrag"


def test_the_branch_decides_between_fields_of_one_name():
    left = fields("email", "address.city", "contact.city")
    right = fields("email", "anschrift.stadt", "kontakt.stadt")
    assert {("address.city", "anschrift.stadt"), ("contact.city", "kontakt.stadt")} <= pairs(left, right)


def test_values_that_occur_on_both_sides_speak_for_a_pair():
    one = Attribute("x17", samples=("DE-1", "DE-2", "DE-3"))
    alike, other = Attribute("field_a", samples=("DE-1", "DE-2", "DE-9")), Attribute("field_b", samples=("q", "r", "s"))
    assert compare(one, alike).score > compare(one, other).score
    assert "67 % of the sampled values occur on both sides" in compare(one, alike).reasons


def test_samples_of_another_shape_speak_against_a_pair():
    mail, date = Attribute("contact", samples=("a@b.de",)), Attribute("contact", samples=("2026-01-01",))
    assert compare(mail, mail).score > compare(mail, date).score


NAMES = st.lists(
    st.sampled_from(["name", "email", "Straße", "plz", "zip", "created_at", "x", "kundennr", "vorname", "last_name"]),
    unique=True,
    max_size=8,
)


@given(NAMES, NAMES)
def test_no_field_is_surely_two(one, two):
    """A field is copied to one other at most, and every proposal names fields that are there."""
    found = propose(fields(*one), fields(*two))
    copies = [p for p in (*found.sure, *found.possible) if p.kind == "copy"]
    assert len({p.left for p in copies}) == len({p.right for p in copies}) == len(copies)
    for proposal in (*found.sure, *found.possible):
        assert set(proposal.left) <= set(one)
        assert set(proposal.right) <= set(two)


@given(NAMES, NAMES)
def test_the_proposals_have_no_side(one, two):
    """What is surely the same is so seen from both sides."""
    there = {(p.left, p.right) for p in propose(fields(*one), fields(*two)).sure if p.kind == "copy"}
    back = {(p.right, p.left) for p in propose(fields(*two), fields(*one)).sure if p.kind == "copy"}
    assert there == back
