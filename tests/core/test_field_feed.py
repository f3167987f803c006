"""The feed of field changes: told once, closed by itself, and never forgotten what somebody said."""

from dataclasses import replace

from tallystick.core.drift import FieldDrift
from tallystick.core.field_feed import FieldChange, FieldLook, FieldSight, follow, sights_of

NEW = FieldDrift("loyalty", "new", now="text")
GONE = FieldDrift("phone", "gone", was="text")


def look(*drift, **given):
    settings = {"showed": {"name": "text"}, "breaking": frozenset(), "written": frozenset({"name", "phone"}),
                "mapped": {"phone": ["companies.phone"]}}  # fmt: skip
    return FieldLook("crm", "companies", given.pop("at", 10.0), "r1", drift=drift, **(settings | given))


def standing(found):
    return [replace(c, number=n) for n, c in enumerate(found.kept, 1) if c.ended is None]


def test_a_change_is_news_once_and_then_only_gets_older():
    first = follow([], look(NEW))
    assert [c.path for c in first.news] == ["crm/companies.loyalty"]
    second = follow(standing(first), look(NEW, at=20.0))
    assert not second.news
    assert [(c.first, c.last, c.number) for c in second.kept] == [(10.0, 20.0, 1)]


def test_what_stood_there_at_the_first_look_is_known_and_no_news():
    found = follow([], look(NEW, GONE, is_first=True))
    assert [c.field for c in found.news] == ["phone"]
    assert {c.field: c.decision for c in found.kept} == {"loyalty": "known", "phone": ""}


def test_a_new_field_that_stops_creates_is_news_even_at_the_first_look():
    found = follow([], look(NEW, is_first=True, breaking=frozenset({("loyalty", "new")})))
    assert [c.field for c in found.news] == ["loyalty"]


def test_a_field_that_is_back_closes_by_itself():
    found = follow(standing(follow([], look(GONE))), look(showed={"phone": "text"}, whole=False, at=30.0))
    assert [(c.decision, c.ended) for c in found.closed] == [("over", 30.0)]


def test_a_look_at_some_records_closes_nothing_that_it_did_not_see():
    before = standing(follow([], look(NEW, GONE)))
    assert not follow(before, look(whole=False)).closed
    assert {c.decision for c in follow(before, look()).closed} == {"over"}


def test_a_new_field_that_is_written_or_mapped_is_answered():
    before = standing(follow([], look(NEW)))
    written = frozenset({"name", "phone", "loyalty"})
    assert [c.decision for c in follow(before, look(written=written, whole=False)).closed] == ["written"]
    mapped = {"loyalty": ["companies.loyalty"]}
    found = follow(before, look(written=written, mapped=mapped, whole=False))
    assert [(c.decision, c.mapped) for c in found.closed] == [("mapped", "companies.loyalty")]


def test_what_somebody_ignored_stays_quiet_until_it_changes_again():
    shorter = FieldDrift("name", "shorter", "20", "10")
    ignored = [c.decide("ignored", "ann", 11.0) for c in standing(follow([], look(shorter)))]
    assert not follow(ignored, look(shorter, at=20.0)).news
    again = follow(ignored, look(FieldDrift("name", "shorter", "20", "5"), at=20.0))
    assert [(c.now, c.is_open) for c in again.news] == [("5", True)]
    assert [(c.now, c.decision) for c in again.kept if c.ended] == [("10", "over")]


def test_a_sight_is_renewed_only_when_it_is_old_or_says_more():
    before = {"name": FieldSight("crm", "companies", "name", "text", 1.0, 9.0)}
    assert not list(sights_of(look(), before, renew=3600))
    assert [(s.first, s.last) for s in sights_of(look(at=4000.0), before, renew=3600)] == [(1.0, 4000.0)]
    told = list(sights_of(look(showed={"name": "any", "tier": "integer"}), before, renew=3600))
    assert [(s.field, s.type, s.first) for s in told] == [("tier", "integer", 10.0)]


def test_a_decision_that_ends_a_change_makes_it_history():
    [change] = follow([], look(NEW)).news
    assert isinstance(change, FieldChange)
    assert not change.decide("ignored", "ann", 5.0).is_open
    assert change.decide("ignored", "ann", 5.0).ended is None
    assert change.decide("accepted", "ann", 5.0).ended == 5.0
