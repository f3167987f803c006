"""The examples' manifests are right about the systems they describe: each declared call works as it is declared."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.systems.asking import ask, basic
from tests.systems.manifest_driver import Driver, instant, load_manifest
from tests.systems.roundup_server import CALLS, ROBOT, Roundup
from tests.systems.serving import EXAMPLES
from tests.systems.tryton_server import Tryton

pytest_plugins = ["tests.systems.fixtures"]
pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Subject:
    """An object of a live system, and what the tests need to know to write to it."""

    driver: Driver
    body: Callable[[str], dict[str, Any]]
    key: str
    text: str
    optional: str
    value: Any

    def create(self, *names: str) -> list[str]:
        """Create records, and give their ids."""
        return [self.driver.created_id(self.driver.create(self.body(name))) for name in names]


def party_driver(tryton: Tryton) -> Driver:
    path = EXAMPLES / "tryton-postgres" / "systems" / "tryton.yaml"
    return Driver(load_manifest(path, {"TRYTON_KEY": tryton.key}, base_url=tryton.rest), "party")


def issue_driver(roundup: Roundup) -> Driver:
    path = EXAMPLES / "roundup-postgres" / "systems" / "roundup.yaml"
    secrets = dict(zip(("ROUNDUP_USER", "ROUNDUP_PASSWORD"), ROBOT, strict=True))
    network = {"headers": {"X-Requested-With": "tally", "Origin": roundup.address}}
    return Driver(load_manifest(path, secrets, base_url=roundup.rest, network=network), "issue")


@pytest.fixture(params=["tryton", "roundup"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "tryton":
        tryton = request.getfixturevalue("tryton")
        return Subject(
            party_driver(tryton),
            body=lambda name: {"code": name, "name": f"{name} Müller & Söhne"},
            key="code",
            text="name",
            optional="lang",
            value=tryton.language("de"),
        )
    return Subject(
        issue_driver(request.getfixturevalue("roundup")),
        body=lambda name: {"title": name, "status": "2"},
        key="title",
        text="title",
        optional="priority",
        value="3",
    )


def test_pages_hold_every_record_once_in_the_order_of_ids(subject: Subject) -> None:
    made = subject.create("A1", "A2", "A3", "A4", "A5")
    sizes = [len(page) for page in subject.driver.pages(2)]
    rows = subject.driver.rows(2)
    assert sizes == [2, 2, 1]
    assert [subject.driver.id_of(row) for row in rows] == made
    assert subject.driver.rows(5) == rows, "a full last page is followed by an empty one"


def test_a_listed_row_carries_every_field_of_the_manifest(subject: Subject) -> None:
    subject.create("B1")
    [row] = subject.driver.rows()
    assert subject.driver.spec.fields.keys() <= row.keys()


def test_a_record_read_by_id_equals_its_row_in_the_listing(subject: Subject) -> None:
    one, two = subject.create("C1", "C2")
    rows = subject.driver.rows()
    for made, row in zip((one, two), rows, strict=True):
        found = subject.driver.get(made)
        assert found is not None
        assert found.record == row


def test_since_is_inclusive_and_leaves_out_what_is_older(subject: Subject) -> None:
    subject.create("D1", "D2")
    spec = subject.driver.spec
    [first, second] = subject.driver.rows()
    at = instant(second[spec.modified], spec.modified_format)
    assert second in subject.driver.since(at)
    assert subject.driver.since(at - timedelta(days=1)) == [first, second]
    assert subject.driver.since(at + timedelta(days=1)) == []


def test_times_move_with_a_change_and_never_precede_creation(subject: Subject) -> None:
    [made] = subject.create("E1")
    spec = subject.driver.spec
    before = subject.driver.get(made)
    subject.driver.update(made, {subject.text: "E1 changed"})
    after = subject.driver.get(made)
    assert before is not None
    assert after is not None
    moments = [
        instant(before.record[spec.created], spec.modified_format),
        instant(before.record[spec.modified], spec.modified_format),
        instant(after.record[spec.modified], spec.modified_format),
    ]
    assert all(earlier <= later for earlier, later in pairwise(moments))


def test_a_filter_finds_exactly_the_record_with_the_value(subject: Subject) -> None:
    names = ["plain", "plain longer", 'quo"te', "Größe & Maß", "a,b;c", "per%cent+plus"]
    made = subject.create(*names)
    found = [[subject.driver.id_of(row) for row in subject.driver.find(subject.key, name)] for name in names]
    assert found == [[one] for one in made]


def test_an_update_changes_only_what_it_names(subject: Subject) -> None:
    [made] = subject.create("F1")
    assert subject.driver.update(made, {subject.optional: subject.value}).status == 200
    before = subject.driver.get(made)
    assert subject.driver.update(made, {subject.text: "Änderung"}).status == 200
    after = subject.driver.get(made)
    assert before is not None
    assert after is not None
    changed = {name for name in subject.driver.spec.fields if before.record[name] != after.record[name]}
    assert subject.text in changed
    assert subject.optional not in changed
    assert after.record[subject.text] == "Änderung"
    assert after.record[subject.optional] == subject.value


def test_a_field_is_cleared_as_the_manifest_says(subject: Subject) -> None:
    [made] = subject.create("G1")
    subject.driver.update(made, {subject.optional: subject.value})
    assert subject.driver.update(made, {subject.optional: None}).status == 200
    found = subject.driver.get(made)
    assert found is not None
    assert found.record[subject.optional] is None


def test_a_deleted_record_is_found_no_more(subject: Subject) -> None:
    kept, gone = subject.create("H1", "H2")
    assert subject.driver.delete(gone).status < 300
    assert subject.driver.get(gone) is None
    assert [subject.driver.id_of(row) for row in subject.driver.rows()] == [kept]
    assert subject.driver.get(kept) is not None


def test_the_version_moves_with_each_change(subject: Subject) -> None:
    [made] = subject.create("I1")
    condition = subject.driver.spec.condition
    versions = [subject.driver.get(made, condition)]
    for text in ("I1 once", "I1 twice"):
        subject.driver.update(made, {subject.text: text})
        versions.append(subject.driver.get(made, condition))
    seen = [found.version for found in versions if found is not None]
    assert len(set(seen)) == 3
    assert None not in seen


# --- what is special about Tryton ---------------------------------------------------------------------------------


def test_tryton_takes_a_code_once_and_keeps_it(tryton: Tryton) -> None:
    """The manifest says ``unique`` and ``create_only``: a second party with the code and a new code are refused."""
    driver = party_driver(tryton)
    made = driver.created_id(driver.create({"code": "C1", "name": "First"}))
    doubled = driver.create({"code": "C1", "name": "Second"})
    assert (doubled.status, doubled.data["message"]) == (400, "The code on party must be unique.")
    assert driver.update(made, {"code": "C2"}).status == 400
    assert list(tryton.parties()) == ["C1"]


def test_tryton_gives_a_code_to_a_party_that_has_none(tryton: Tryton) -> None:
    """A create answers with the record as it is stored, so that the given code is known at once."""
    answer = party_driver(tryton).create({"name": "No code"})
    assert answer.data["code"] in tryton.parties()


def test_an_archived_party_is_listed_changed_and_deleted_thanks_to_the_context_header(tryton: Tryton) -> None:
    driver = party_driver(tryton)
    one, two = [driver.created_id(driver.create({"code": code})) for code in ("A", "B")]
    for made in (one, two):
        assert driver.update(made, {"active": 0}).status == 200
    assert len(driver.rows()) == 2
    assert driver.update(one, {"active": 1}).status == 200
    assert driver.delete(two).status == 204
    assert [row["active"] for row in tryton.parties().values()] == [True]


def test_tryton_refuses_a_party_that_is_archived_from_the_start(tryton: Tryton) -> None:
    """An archived party is closed to changes, and a new one counts as changed."""
    driver = party_driver(tryton)
    assert driver.create({"code": "N", "name": "New", "active": 0}).status == 400
    made = driver.created_id(driver.create({"code": "N", "name": "New", "active": 1}))
    assert driver.update(made, {"active": 0}).status == 200
    assert driver.update(made, {"name": "Renamed"}).status == 400


def test_tryton_refuses_a_line_break_in_a_name(tryton: Tryton) -> None:
    """The refusal that the end-to-end test relies on."""
    refused = party_driver(tryton).create({"code": "N", "name": "two\nlines"})
    assert refused.status == 400
    assert "invalid chars" in refused.data["message"]
    assert tryton.parties() == {}


def test_tryton_does_not_say_what_was_wrong_with_an_unknown_field(tryton: Tryton) -> None:
    """It answers 500 and HTML: nothing in the answer tells a broken request from a broken server."""
    answer = party_driver(tryton).create({"code": "U", "no_such_field": 1})
    assert answer.status == 500
    assert isinstance(answer.data, str)
    assert tryton.parties() == {}


# --- what is special about Roundup --------------------------------------------------------------------------------


def test_roundup_refuses_a_write_without_the_version_or_with_an_old_one(roundup: Roundup) -> None:
    driver = issue_driver(roundup)
    made = driver.created_id(driver.create({"title": "T"}))
    first = driver.get(made, driver.spec.condition)
    assert first is not None
    assert driver.update(made, {"title": "T2"}, first.version).status == 200
    assert driver.update(made, {"title": "T3"}, first.version).status == 412
    assert driver.update(made, {"title": "T3"}, '"none"').status == 412
    assert roundup.titles() == ["T2"]


def test_roundup_shows_a_retired_issue_at_its_own_address_as_if_nothing_had_happened(roundup: Roundup) -> None:
    """The reason why ``get`` asks the listing: this answer must never count as proof that the issue is there."""
    driver = issue_driver(roundup)
    made = driver.created_id(driver.create({"title": "T"}))
    before = driver.get(made, driver.spec.condition)
    roundup.retire(made)
    assert driver.get(made, driver.spec.condition) == before
    assert driver.get(made) is None
    assert driver.update(made, {"title": "T2"}).status == 409


def test_roundup_leaves_nulls_out_so_that_they_clear_nothing(roundup: Roundup) -> None:
    """The reason for ``clear: empty``: beside another field, a null is dropped without a word."""
    driver = issue_driver(roundup)
    made = driver.created_id(driver.create({"title": "T", "priority": "3"}))
    found = driver.get(made, driver.spec.condition)
    assert found is not None
    url = f"{roundup.rest}/issue/{made}"
    headers = driver.manifest.network.headers | {"If-Match": found.version} | basic(*ROBOT)
    assert ask("PUT", url, headers=headers, body={"title": "T2", "priority": None}).status == 200
    assert roundup.issues()[made]["priority"] == "bug"


def test_roundup_reports_a_total_that_is_right_up_to_the_last_page(roundup: Roundup) -> None:
    """Beyond the last page it counts the records skipped as if they existed."""
    driver = issue_driver(roundup)
    for number in range(3):
        driver.create({"title": f"T{number}"})
    operation = driver.spec.list
    assert operation is not None
    totals = [
        driver.call(operation, replaced={"@page_index": str(page), "@page_size": "2"}).data["data"]["@total_size"]
        for page in (1, 2, 9)
    ]
    assert totals == [3, 3, 16]


def test_roundup_throttles_and_may_ask_for_a_wait_of_nothing(roundup: Roundup) -> None:
    """Retry-After counts whole seconds and rounds down: a client that obeys it to the letter would spin."""
    answers = []
    for _ in range(20 * CALLS):
        answers.append(ask("GET", f"{roundup.rest}/status", headers=basic(*ROBOT)))
        if answers[-1].status == 429:
            break
    assert len(answers) > CALLS
    throttled = answers[-1]
    assert (throttled.status, throttled.headers["retry-after"]) == (429, "0")
    assert throttled.headers["x-ratelimit-remaining"] == "0"
