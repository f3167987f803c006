"""What is learned of refusals: from records as they are now, against what both sides agreed on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from world import ERP, MAPPING, World

from tallystick.core.error import Refused
from tallystick.engine.effects import drive
from tallystick.engine.learn import MOST_ALIKE, Candidate, learn, learned_rules, with_rules
from tallystick.engine.predict import predict

NESTED = ERP.replace("ort: {type: text}", "adresse.ort: {type: text}")
NESTED_MAPPING = MAPPING.replace("right: ort", "right: adresse.ort")


def stand_guard(world: World, field: str = "ort", longest: int = 5) -> None:
    """Let the ERP refuse long cities, as a rule that no manifest tells."""
    transport = world.systems["erp"].transport
    answer = transport.answer

    def guarded(request: Any) -> Any:
        update = request.arguments.get("update")
        said = request.arguments.get("body") or (update.patch if update else {})
        city = said.get("ort") or (said.get("adresse") or {}).get("ort") or ""
        if request.writes and len(city) > longest:
            raise Refused("the system refuses this record", detail="status 422: zu lang", field=field, status=422)
        return answer(request)

    transport.answer = guarded


def add(world: World, count: int, city: str = "", first: int = 0) -> list[str]:
    """Add companies to the CRM; give their ids."""
    return [
        world.left.create({"name": f"N{n}", "vat": f"V{n}", "city": city or f"O{n}"}, f"k{n}")
        for n in range(first, first + count)
    ]


def learned(world: World) -> list[Candidate]:
    return drive(learn(world.pairs[0], "right"), world.boundary())


@pytest.mark.parametrize(
    ("erp", "mapping", "field"),
    [
        (ERP, MAPPING, "ort"),
        (ERP, MAPPING, "data.attributes.ort"),
        (NESTED, NESTED_MAPPING, "adresse.ort"),
    ],
    ids=["plain", "named within", "nested"],
)
def test_the_rule_is_about_the_field_of_the_mapping(fast_path: Path, erp: str, mapping: str, field: str) -> None:
    """The target's name for a field is translated."""
    world = World.build(fast_path / "project", mapping, erp=erp)
    try:
        stand_guard(world, field)
        add(world, 12)
        [refused] = add(world, 1, "Mönchengladbach", first=20)
        world.sync()
        [found] = learned(world)
        assert found.key == "companies/right/city/length"
        assert found.examples == (refused,)
        assert (found.refused, found.accepted) == (1, 12)
        assert found.guess is not None
        assert found.guess.settings == {"max_length": 3}
    finally:
        world.close()


def test_nothing_is_asked_where_nothing_was_refused(world: World) -> None:
    add(world, 3)
    world.sync()
    requests: list[Any] = []
    for system in world.systems.values():
        system.transport.answer = requests.append
    assert learned(world) == []
    assert requests == []


def test_a_system_that_gives_no_single_records_is_listed_but_not_by_a_plan(world: World) -> None:
    stand_guard(world)
    add(world, 12)
    [refused] = add(world, 1, "Recklinghausen", first=20)
    world.sync()
    pair = world.pairs[0]
    listing = replace(pair, left=replace(pair.left, can=replace(pair.left.can, read_by_id=False)))
    [found] = drive(learn(listing, "right"), world.boundary())
    assert found.examples == (refused,)
    requests: list[Any] = []
    world.systems["crm"].transport.answer = requests.append
    assert drive(learn(listing, "right", lists=False), world.boundary()) == []
    assert requests == []


def test_an_update_that_is_refused_teaches_too(world: World) -> None:
    stand_guard(world)
    ids = add(world, 12)
    world.sync()
    world.left.update(ids[0], {"city": "Recklinghausen"})
    world.sync()
    [found] = learned(world)
    assert (found.field, found.refused, found.accepted) == ("city", 1, 12)


def test_many_refusals_alike_are_read_as_few(world: World) -> None:
    stand_guard(world)
    add(world, 12)
    add(world, 3 * MOST_ALIKE, "Recklinghausen", first=100)
    world.sync()
    [found] = learned(world)
    assert found.refused == MOST_ALIKE
    assert found.count == 3 * MOST_ALIKE


def test_what_nothing_tells_apart_is_listed_without_a_rule(world: World) -> None:
    """The refused value was accepted elsewhere, so no rule about it can be right."""
    add(world, 12, "Recklinghausen")
    world.sync()
    stand_guard(world)
    add(world, 1, "Recklinghausen", first=20)
    world.sync()
    [found] = learned(world)
    assert found.guess is None
    assert learned_rules([found]) == []


def test_a_learned_rule_foretells_and_holds_nothing_back(world: World) -> None:
    stand_guard(world)
    add(world, 12)
    add(world, 1, "Recklinghausen", first=20)
    world.sync()
    pair = with_rules(world.pairs[0], learned_rules(learned(world)))
    add(world, 2, "Mönchengladbach", first=30)
    add(world, 2, first=40)
    found = drive(predict(pair, "right"), world.boundary())
    assert (found.likely, found.stopped) == (3, 0)
    [told] = found.sorted
    assert (told.field, told.effect, told.code, told.count) == ("city", "likely", "likely_refused", 3)
    assert pair.mapping_print == world.pairs[0].mapping_print


class HalfHearted:
    """A connector that writes a record without its city where that is long, as one of several objects would."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def create(self, object_name: str, body: dict[str, Any], key: str) -> Any:
        is_long = len(body["ort"]) > 5
        rest = {name: value for name, value in body.items() if name != "ort" or not is_long}
        written = yield from self.inner.create(object_name, rest, key)
        error = Refused("the system refuses this record", detail="status 422: zu lang", status=422)
        return msgspec.structs.replace(written, incomplete=((("ort",), error),) if is_long else ())


def test_a_part_that_is_refused_teaches_too(world: World) -> None:
    """W-11: the record is there, and the reason why its part is not is kept under the part's name."""
    pair = world.pairs[0]
    world.pairs = [replace(pair, right=replace(pair.right, connector=HalfHearted(pair.right.connector)))]
    add(world, 12)
    [refused] = add(world, 1, "Recklinghausen", first=20)
    world.sync()
    [reason] = world.look(lambda tx: tx.refusals())
    assert (reason.field, reason.record, reason.count) == ("ort", refused, 1)
    [found] = learned(world)
    assert found.guess is not None
    assert found.guess.settings == {"max_length": 3}
