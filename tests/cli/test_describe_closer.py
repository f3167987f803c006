"""What is found out of a listing that nothing describes is true: the manifest then reads every record, once."""

from typing import Any

import pytest
import yaml
from tests.cli.conftest import World
from tests.systems.plain_listing import EDITED, MADE, ROWS, PlainListing

from tallystick.connectors.rest import open_system
from tallystick.core.error import CursorStuck
from tallystick.project.load import load_project
from tallystick.project.manifest import Manifest


class Plain:
    """Nothing is secret here."""

    def resolve(self, reference: str) -> str:
        return reference


def described(world: World, system: PlainListing, query: str = "") -> tuple[dict[str, Any], Manifest]:
    world.succeed("describe", "plain", "--sample", f"{system.url}/v1/things{query}")
    assert {method for method, _ in system.asked} <= {"GET", "OPTIONS"}
    written = yaml.safe_load((world.folder / "systems" / "plain.yaml").read_text())
    return written["objects"]["things"], load_project(world.folder).manifests["plain"]


def listed(manifest: Manifest, since: float | None = None) -> list[str]:
    """Read the object whole, as a run does."""
    connector, transport = open_system("plain", manifest, Plain())
    found, position = [], None
    try:
        while True:
            page = transport.run(connector.read("things", since, position))
            found += [connector.sight("things", row).id for row in page.rows]
            if page.next is None:
                return found
            position = page.next
    finally:
        transport.close()


STYLES = [
    ({"way": "page", "page": "page", "size": "per_page", "first": 1}, "page"),
    ({"way": "page", "page": "pageIndex", "size": "pageSize", "first": 0, "envelope": "rows"}, "page"),
    ({"way": "page", "page": "page[number]", "size": "page[size]", "first": 1, "cap": 30}, "page"),
    ({"way": "offset", "page": "skip", "size": "take", "envelope": "data", "total": True}, "offset"),
    ({"way": "offset", "page": "startAt", "size": "maxResults", "counts": True, "cap": 20}, "offset"),
    ({"way": "token", "page": "after", "size": "limit", "envelope": "items"}, "cursor"),
    ({"way": "link", "size": "_limit"}, "link"),
    ({"way": "token", "page": "cursor", "size": "limit", "envelope": "items", "numeric": True}, "cursor"),
    ({"way": "token", "page": "cursor", "size": "per-page"}, "cursor"),
    ({"way": "last", "page": "starting_after", "size": "limit", "envelope": "data"}, "cursor"),
    ({"way": "page", "page": "page", "size": "limit", "first": 1, "least": 5}, "page"),
    ({"way": "page", "page": "pageNo", "size": "-", "first": 1, "envelope": "rows", "total": True}, "page"),
    ({"way": "offset", "page": "offset", "size": "-"}, "offset"),
]


@pytest.mark.parametrize(
    ("style", "kind"), STYLES, ids=[f"{s['way']}-{s.get('page', '')}-{s['size']}" for s, _ in STYLES]
)
def test_how_a_listing_is_paged_is_found_by_asking(world: World, style: dict[str, Any], kind: str) -> None:
    system = PlainListing(**style)
    try:
        spec, manifest = described(world, system)
        assert spec["paging"]["type"] == kind
        assert manifest.facts["objects.things.paging"].label == "confirmed"
        assert listed(manifest) == [row["id"] for row in ROWS]
        assert len(system.asked) < 130
    finally:
        system.close()


ORDERS = {
    "minus": (lambda q: (q["ordering"].lstrip("-"), q["ordering"][0] == "-") if "ordering" in q else None,
              ("ordering", "id", "-{field}")),
    "colon": (lambda q: (q["sort"].split(":")[0], q["sort"].endswith(":desc")) if ":" in q.get("sort", "") else None,
              ("sort", "id:asc", "{field}:desc")),
    "odata": (lambda q: (q["$orderby"].split()[0], "desc" in q["$orderby"]) if "$orderby" in q else None,
              ("$orderby", "id asc", "{field} desc")),
    "bracket": (lambda q: ("id", q["order[id]"] == "desc") if "order[id]" in q else None,
                ("order[id]", "asc", "desc")),
    "pair": (lambda q: (q["sort_by"], q.get("sort_order") == "desc") if "sort_by" in q else None,
             ("sort_by", "id", "-{field}")),
}  # fmt: skip


@pytest.mark.parametrize("style", ORDERS)
def test_how_a_listing_is_sorted_is_found_by_turning_it_round(world: World, style: str) -> None:
    """Pages of a sorted listing do not shift; every record is read all the same."""
    order, (param, value, descending) = ORDERS[style]
    system = PlainListing(way="page", page="page", size="per_page", first=1, order=order)
    try:
        _, manifest = described(world, system)
        sort = manifest.objects["things"].sort
        assert sort is not None
        assert (sort.param, sort.value, sort.descending) == (param, value, descending)
        assert manifest.facts["objects.things.sort"].label == "confirmed"
        assert listed(manifest) == sorted(str(row["id"]) for row in ROWS)
        assert len(system.asked) < 130
    finally:
        system.close()


@pytest.mark.parametrize(
    "order", [None, lambda _: ("id", False), lambda _: ("id", True), lambda q: ("name", "sort" in q)]
)
def test_an_order_that_nobody_asked_for_is_no_sort(world: World, order: Any) -> None:
    """A listing comes in some order whatever is said; one that is turned round by a word must also be turned back."""
    system = PlainListing(way="page", page="page", size="per_page", first=1, order=order)
    try:
        _, manifest = described(world, system)
        assert manifest.objects["things"].sort is None
    finally:
        system.close()


def test_where_changes_are_read_they_come_in_their_order(world: World) -> None:
    order, (param, _, _) = ORDERS["minus"]
    system = PlainListing(way="offset", page="offset", size="limit", since="updated_since", order=order)
    try:
        _, manifest = described(world, system)
        sort, since = manifest.objects["things"].sort, manifest.objects["things"].since
        assert sort is not None
        assert since is not None
        assert (sort.param, sort.value, since.param) == (param, "changed", "updated_since")
        assert set(listed(manifest, 1_768_953_600.0)) >= {
            row["id"] for row in ROWS if str(row["changed"]) > "2026-01-21"
        }
    finally:
        system.close()


@pytest.mark.parametrize("style", [{}, {"counts": True, "envelope": "rows"}])
def test_a_listing_that_comes_whole_gets_no_pages(world: World, style: dict[str, Any]) -> None:
    """Words that are not heard change nothing, and so prove nothing."""
    system = PlainListing(**style)
    try:
        spec, manifest = described(world, system)
        assert spec.get("paging", {"type": "none"})["type"] == "none"
        assert "since" not in spec
        assert listed(manifest) == [row["id"] for row in ROWS]
    finally:
        system.close()


def test_a_listing_that_is_cut_off_proves_nobody_absent(world: World) -> None:
    """More are told than are shown, and no word leads to them: the manifest says where the listing ends."""
    system = PlainListing(cut=40, envelope="rows", total=True)
    try:
        spec, manifest = described(world, system)
        assert spec["paging"] == {"type": "none", "cap": 40}
        assert any("40 of 237 records are shown" in note for note in manifest.notes)
        with pytest.raises(CursorStuck):
            listed(manifest)
    finally:
        system.close()


@pytest.mark.parametrize(("rows", "by", "since"), [(MADE, "created", None), (EDITED, "updated", "since")])
def test_a_filter_that_may_be_about_creation_is_not_taken_for_one_about_changes(
    world: World, rows: list[dict[str, Any]], by: str, since: str | None
) -> None:
    """Where no record tells the two apart, updates could be missed for ever."""
    system = PlainListing(rows=rows, since="since", by=by)
    try:
        _, manifest = described(world, system)
        found = manifest.objects["things"].since
        assert (found.param if found else None) == since
    finally:
        system.close()


@pytest.mark.parametrize(
    ("since", "prefix", "template"),
    [("changed__gte", "", "{}"), ("updated_since", "", "{}"), ("changed", "gte:", "gte:{}")],
)
def test_asking_for_changes_is_believed_where_just_the_older_ones_are_missing(
    world: World, since: str, prefix: str, template: str
) -> None:
    system = PlainListing(way="offset", page="offset", size="limit", since=since, prefix=prefix)
    try:
        _, manifest = described(world, system)
        found = manifest.objects["things"].since
        assert found is not None
        assert (found.param, found.template, found.inclusive) == (since, template, True)
        assert manifest.facts["objects.things.since"].label == "confirmed"
        asked = listed(manifest, 1_768_953_600.0)  # 2026-01-21
        assert set(asked) == {row["id"] for row in ROWS if str(row["changed"]) >= "2026-01-21"}
    finally:
        system.close()


@pytest.mark.parametrize(("single", "record"), [("plain", None), ("wrapped", "thing"), ("none", "absent")])
def test_a_single_record_is_read_or_the_manifest_does_not_say_so(world: World, single: str, record: str | None) -> None:
    system = PlainListing(single=single)
    try:
        spec, manifest = described(world, system)
        if record == "absent":
            assert "get" not in spec
            assert any("a record is not read" in note for note in manifest.notes)
            return
        assert spec["get"].get("record") == record
        assert manifest.facts["objects.things.get"].label == "confirmed"
        connector, transport = open_system("plain", manifest, Plain())
        assert transport.run(connector.get("things", "a7")).record["name"] == "N 7"
        transport.close()
    finally:
        system.close()


@pytest.mark.parametrize("end", ["/", ""])
def test_the_slash_at_the_end_of_an_address_is_kept_where_it_is_wanted(world: World, end: str) -> None:
    """Some systems know no address without it, and others none of a record that has one."""
    system = PlainListing(ends=bool(end))
    try:
        spec, manifest = described(world, system, "/")
        assert spec["list"]["path"] == "/things/"
        assert spec["get"]["path"] == "/things/{id}" + end
        assert manifest.facts["objects.things.get"].label == "confirmed"
        assert listed(manifest) == [row["id"] for row in ROWS]
    finally:
        system.close()


COMMON = {"Allow": "GET, POST, HEAD, OPTIONS"}
CORS = {"Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE"}
ALLOWED = [
    ((COMMON, {"Allow": "GET, PUT, PATCH, DELETE"}), {"create": "POST", "update": "PATCH", "delete": "DELETE"}),
    ((COMMON, {"Allow": "get,put"}), {"create": "POST", "update": "PUT"}),
    (({"Allow": "GET"}, {"Allow": "GET, DELETE"}), {"delete": "DELETE"}),
    (({"Allow": "POST"}, {"Allow": "PUT"}), {}),
    ((CORS, CORS), {}),
]


@pytest.mark.parametrize(("allow", "calls"), ALLOWED)
def test_what_a_system_says_it_allows_becomes_calls(world: World, allow: Any, calls: dict[str, str]) -> None:
    """Nothing is tried: what stands there is the system's own word, and marked so."""
    system = PlainListing(allow=allow)
    try:
        spec, manifest = described(world, system)
        found = {verb: spec[verb]["method"] for verb in ("create", "update", "delete") if verb in spec}
        assert found == calls
        assert all(manifest.facts[f"objects.things.{verb}"].label == "declared" for verb in calls)
        assert spec.get("update", {}).get("whole", False) is (calls.get("update") == "PUT")
    finally:
        system.close()


def test_how_a_wrapped_record_is_written_is_not_guessed(world: World) -> None:
    system = PlainListing(single="wrapped", allow=(COMMON, {"Allow": "GET, PATCH"}))
    try:
        spec, _ = described(world, system)
        assert not {"create", "update"} & spec.keys()
    finally:
        system.close()


def test_what_a_system_says_of_its_fields_is_taken_over(world: World) -> None:
    """As the Django REST framework answers; what makes no sense is left out."""
    told = {
        "id": {"type": "field", "required": True, "read_only": True, "label": "ID"},
        "name": {"type": "string", "required": True, "read_only": False, "label": "Full name", "max_length": 40},
        "changed": {"type": "datetime", "read_only": True, "max_length": "many", "label": None},
        "tags": "odd",
        "secret": {"type": "string"},
    }
    choice = {"type": "choice", "choices": [{"value": "N 1", "display_name": "First"}, {"value": "N 2"}]}
    for actions in ({"POST": told}, {"POST": told | {"name": told["name"] | choice}}, [], {"POST": None}):
        system = PlainListing(actions={"actions": actions})
        try:
            fields = described(world, system)[0]["fields"]
        finally:
            system.close()
        (world.folder / "systems" / "plain.yaml").unlink()
        if isinstance(actions, list) or actions["POST"] is None:
            assert fields["name"] == {"type": "text"}
            continue
        assert fields["id"] == {"type": "text", "read_only": True, "label": "ID"}
        assert (fields["name"]["required"], fields["name"]["max_length"], fields["name"]["label"]) == (
            True,
            40,
            "Full name",
        )
        assert fields["name"].get("options") == ({"N 1": "First", "N 2": "N 2"} if "choice" in str(actions) else None)
        assert fields["changed"] == {"type": "instant", "read_only": True}
        assert "secret" not in fields
