"""What the composite connector adds to the contract: what is known of parts, what is asked for, what is refused."""

from dataclasses import replace

import pytest

from tallystick.connectors.composite import compose
from tallystick.connectors.memory import open_system
from tallystick.core.error import Garbled, Refused, Stale, Unavailable
from tallystick.core.ports import NotThere, Page, Update
from tallystick.project.manifest import Manifest
from tallystick.project.shapes import expand, plain

PLAIN = {"modified": "changed", "modified_format": "unix", "version": "version", "since": {"param": "changed"}}
PLAIN |= {"claims": {"cas_write": True}, "omits_blank": True}


class System:
    """A memory system with customers of three parts; ``asked`` counts the requests that its connector makes."""

    def __init__(self, *, anchor=None, part=None, **parts):
        now = iter(range(1000, 100_000, 10))
        roles = {"address": {"object": "addresses", "link": "partner", "where": {"kind": ["billing", "main"]}}}
        roles |= {"bank": {"object": "accounts", "link": "partner", "on_create": {"country": "DE"}}, **parts}
        fields = {name: {} for name in ("id", "partner", "kind", "street", "iban", "country", "name", "group", "note")}
        filters = {"filters": {"partner": {"param": "p"}, "group": {"param": "g"}}}
        objects = {
            "partners": PLAIN | {"fields": fields} | filters | (anchor or {}),
            "addresses": PLAIN | {"fields": fields} | filters | (part or {}),
            "accounts": PLAIN | {"fields": fields} | filters | (part or {}),
            "groups": PLAIN | {"fields": fields},
            "customers": {"anchor": "partners", "parts": roles},
        }
        manifest = Manifest.model_validate({"protocol": "memory", "objects": objects})
        inner, self.transport = open_system("erp", plain(manifest), clock=lambda: float(next(now)))
        self.connector = compose("erp", expand(manifest), inner)
        self.asked = []
        answer = self.transport.answer
        self.transport.answer = lambda request: (self.asked.append((request.verb, request.object)), answer(request))[1]

    def __getattr__(self, verb):
        return lambda *arguments: self.transport.run(getattr(self.connector, verb)("customers", *arguments))

    def add(self, where, **values):
        return self.transport.shelves[where].create(values)

    def rows(self, where):
        return list(self.transport.shelves[where])

    def listed(self, since=None):
        found, position = [], None
        while True:
            page = self.read(since, position)
            found += [self.connector.sight("customers", row) for row in page.rows]
            position = page.next
            if position is None:
                return found


def test_one_record_has_all_its_parts_under_their_roles():
    system = System()
    partner = system.add("partners", name="Anna")
    system.add("addresses", partner=partner, kind="shipping", street="Lager 9")
    address = system.add("addresses", partner=partner, kind="main", street="Hafen 1")
    found = system.get(partner)
    assert found.record["name"] == "Anna"
    assert (found.record["address"]["id"], found.record["address"]["street"]) == (address, "Hafen 1")
    assert found.record["bank"] is None
    assert found.modified == found.record["address"]["changed"]
    assert system.listed()[0].record == found.record


def test_a_part_is_not_known_to_be_absent_where_its_anchor_is_newer_than_the_listing():
    """Unknown is never blank: the part may have been made after the parts were listed."""
    system = System(anchor={"modified_format": "unix"})
    system.add("partners", name="Early")
    answer = system.transport.answer

    def slowly(request):
        if (request.verb, request.object) == ("list", "partners") and len(system.rows("partners")) == 1:
            late = system.add("partners", name="Late")
            system.add("addresses", partner=late, kind="billing", street="Neu 1")
        return answer(request)

    system.transport.answer = slowly
    early, late = system.listed()
    assert early.record["address"] is None
    assert "address" not in late.record
    assert late.version is None
    assert [found.record["address"] and found.record["address"]["street"] for found in system.listed()] == [
        None,
        "Neu 1",
    ]


class Shifting:
    """A connector whose listing of addresses is by offset; ``lost`` rows are missing in the first listings."""

    def __init__(self, inner, times, *, is_repeating=False):
        self._inner, self._times, self._repeats = inner, times, is_repeating

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def capabilities(self, name):
        found = self._inner.capabilities(name)
        return replace(found, list_order="offset") if name == "addresses" else found

    def read(self, name, since=None, position=None, page_size=None):
        if name != "addresses":
            return (yield from self._inner.read(name, since, position, page_size))
        page = yield from self._inner.read(name)
        if self._repeats:
            return Page(page.rows, next="again")
        self._times -= 1
        return Page(page.rows[1:]) if self._times == 0 else Page(page.rows)


@pytest.mark.parametrize(("lost_in", "known"), [(0, True), (1, True), (2, False)])
def test_pages_that_may_shift_are_listed_until_two_listings_agree(lost_in, known):
    """R-11.8: one listing by offset proves no absence."""
    system = System()
    ids = [system.add("partners", name=name) for name in "AB"]
    system.add("addresses", partner=ids[0], kind="billing", street="Hafen 1")
    whole = system.connector._wholes["customers"]
    whole.inner = Shifting(whole.inner, lost_in)
    first, second = system.listed()
    assert ("address" in second.record) is known
    assert first.record["address"]["street"] == "Hafen 1"
    assert system.asked.count(("list", "addresses")) == (2 if lost_in == 0 else 3)


def test_a_listing_of_parts_that_repeats_is_refused():
    """R-11.9."""
    system = System()
    system.add("partners", name="A")
    system.add("addresses", partner="1", kind="billing")
    whole = system.connector._wholes["customers"]
    whole.inner = Shifting(whole.inner, 0, is_repeating=True)
    with pytest.raises(Garbled, match="repeats"):
        system.listed()


def test_a_sweep_lists_each_object_once():
    """Set-wise: three objects of one page each are three requests, however many records there are."""
    system = System()
    for number in range(50):
        partner = system.add("partners", name=f"N{number}")
        system.add("addresses", partner=partner, kind="billing", street=f"S{number}")
    assert len(system.listed()) == 50
    assert sorted(system.asked) == [("list", name) for name in ("accounts", "addresses", "partners")]


def test_a_window_shows_a_record_once_whatever_of_it_changed():
    system = System()
    old = system.add("partners", name="Old")
    address = system.add("addresses", partner=old, kind="billing", street="A")
    both = system.add("partners", name="Both")
    system.add("accounts", partner=both, iban="X")
    since = system.rows("partners")[0]["changed"] + 5
    assert [found.id for found in system.listed(since)] == [both, old]
    later = system.rows("accounts")[0]["changed"] + 5
    assert system.listed(later) == []
    system.transport.shelves["addresses"].update(address, {"street": "B", "kind": "other"})
    [found] = system.listed(later)
    assert (found.id, found.record["address"]) == (old, None)


def test_a_part_that_somebody_made_meanwhile_is_not_made_again():
    """We knew of none, so the change is planned anew."""
    system = System()
    partner = system.add("partners", name="Anna")
    seen = system.get(partner)
    system.add("addresses", partner=partner, kind="billing", street="Theirs")
    for update in (
        Update(partner, {"address": {"street": "Ours"}}, seen.version),
        Update(partner, {"address": {"street": "Ours"}}, None, seen.record),
    ):
        with pytest.raises(Stale):
            system.update(update)
    assert [row["street"] for row in system.rows("addresses")] == ["Theirs"]


def test_a_part_that_changed_meanwhile_is_not_overwritten():
    """R-10.4, part by part: the anchor's change goes through, the stale part is named."""
    system = System()
    partner = system.add("partners", name="Anna")
    address = system.add("addresses", partner=partner, kind="billing", street="A")
    seen = system.get(partner)
    system.transport.shelves["addresses"].update(address, {"street": "Theirs"})
    written = system.update(Update(partner, {"name": "Anne", "address": {"street": "Ours"}}, seen.version))
    [(where, error)] = written.incomplete
    assert (where, type(error)) == (("address",), Stale)
    assert (system.rows("partners")[0]["name"], system.rows("addresses")[0]["street"]) == ("Anne", "Theirs")


def test_without_a_version_the_part_is_found_first():
    system = System()
    partner = system.add("partners", name="Anna")
    system.add("addresses", partner=partner, kind="billing", street="A")
    system.update(Update(partner, {"address": {"street": "B"}}))
    assert [row["street"] for row in system.rows("addresses")] == ["B"]
    system.add("addresses", partner=partner, kind="main", street="C")
    with pytest.raises(Refused, match="more than one"):
        system.update(Update(partner, {"address": {"street": "D"}}))


def test_after_an_error_of_the_system_no_further_part_is_tried():
    system = System()
    answer = system.transport.answer
    tried = []

    def down(request):
        if request.verb == "create" and request.object != "partners":
            tried.append(request.object)
            raise Unavailable("no answer", status=503)
        return answer(request)

    system.transport.answer = down
    written = system.create({"name": "A", "address": {"street": "S"}, "bank": {"iban": "I"}}, "")
    assert tried == ["addresses"]
    assert [where for where, _ in written.incomplete] == [("address",), ("bank",)]


def test_a_new_part_gets_its_link_its_constants_and_what_it_is_given_besides():
    system = System()
    system.create({"name": "A", "address": {"street": "S"}, "bank": {"iban": "I"}}, "")
    [address], [bank] = system.rows("addresses"), system.rows("accounts")
    assert (address["partner"], address["kind"]) == ("1", "billing")
    assert (bank["partner"], bank["country"]) == ("1", "DE")


def test_a_constant_is_no_content():
    """A part of which only what we gave it besides is left is hollow; one in which somebody changed it is not."""
    system = System()
    for country in ("DE", "FR"):
        partner = system.add("partners", name=country)
        system.add("accounts", partner=partner, iban="I", country=country)
        system.update(Update(partner, {"bank": {"iban": None}}, None, system.get(partner).record))
    assert [row["country"] for row in system.rows("accounts")] == ["FR"]


def test_records_are_found_by_what_their_parts_hold():
    system = System(part={"filters": {"iban": {"param": "i"}, "partner": {"param": "p"}}})
    first, second = (system.add("partners", name=name) for name in "AB")
    system.add("accounts", partner=first, iban="X")
    system.add("accounts", partner=second, iban="Y")
    assert "bank.iban" in system.connector.capabilities("customers").searchable
    [found] = system.find(("bank", "iban"), "Y")
    assert (found.id, found.record["bank"]["iban"]) == (second, "Y")


SHARED = {"group": {"object": "groups", "found_by": "group"}}


def test_a_shared_part_is_joined_and_never_written():
    """n:1: several anchors show the same record; none of them may change it."""
    system = System(group=SHARED["group"])
    group = system.add("groups", name="Retail")
    ids = [system.add("partners", name=name, group=group) for name in "AB"]
    alone = system.add("partners", name="C")
    shown = [found.record["group"] and found.record["group"]["name"] for found in system.listed()]
    assert shown == ["Retail", "Retail", None]
    assert system.get(alone).record["group"] is None
    with pytest.raises(Refused, match="several records"):
        system.update(Update(ids[0], {"group": {"name": "Wholesale"}}))
    since = system.rows("partners")[-1]["changed"] + 5
    system.transport.shelves["groups"].update(group, {"name": "Trade"})
    assert [found.record["group"]["name"] for found in system.listed(since)] == ["Trade", "Trade"]


def test_the_weakest_part_says_what_can_be_promised():
    weak = System(part={"claims": {}, "since": None})
    can = weak.connector.capabilities("customers")
    assert (can.cas_write, can.since, can.version) == (False, False, "field")
    keyed = {"claims": {"cas_write": True, "create_idem": "key"}}
    mixed = System(anchor=keyed).connector.capabilities("customers")
    assert mixed.create_idem == "search"
    strong = System(anchor=keyed, part=keyed).connector
    assert strong.capabilities("customers").create_idem == "key"
    # One after the other, three writes may be in flight three times as long.
    assert strong.capabilities("customers").in_flux == 3 * strong.capabilities("partners").in_flux


def test_a_row_that_is_none_and_an_anchor_that_is_not_there():
    system = System()
    assert isinstance(system.get("7"), NotThere)
    with pytest.raises(Garbled):
        system.read(None, "nonsense")


def test_other_objects_pass_through():
    system = System()
    group = system.add("groups", name="G")
    found = system.transport.run(system.connector.get("groups", group))
    assert found.record["name"] == "G"
    assert set(system.connector.objects()) == {"partners", "addresses", "accounts", "groups", "customers"}
