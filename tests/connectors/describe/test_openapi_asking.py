"""Asking for changes, for an order, for a field's value."""

import pytest

DATE_TIME = {"type": "string", "format": "date-time"}


def query(name, text="", **schema):
    return {"name": name, "in": "query", "description": text, "schema": schema or {"type": "string"}}


def listed(api, *parameters, **more):
    return api.listed(api.listing(query=list(parameters)), **more)


def because(manifest, key):
    fact = manifest.facts.get(f"objects.customers.{key}")
    return fact and fact.because


@pytest.mark.parametrize(
    "name",
    [
        "updated_since", "modified_after", "updatedAfter", "updated_at[gte]", "ModifiedSince", "min_updated_at",
        "updatedAtMin",
        "date_modified:min", "query[changedOn][from]", "modification_after", "lastModifiedFrom", "updated_from",
        "modified_at_start", "filter[updated_at][gt]", "last_updated__gte", "since_updated", "changedSince",
        "updated.gte",
        "updatedsince", "if_modified_since", "last_change_after",
    ],
)  # fmt: skip
def test_names_that_ask_for_changes(api, name):
    spec = listed(api, query(name)).objects["customers"]
    assert spec.since.param == name


@pytest.mark.parametrize(
    "name",
    [
        "created_since", "updated_before", "modified_to", "updated_by", "due_date[gte]", "created[gte]", "editor",
        "from",
        "revision", "changeOrderHours", "updated_until", "minimum_price", "start_date", "amount_from",
        "updated_at[lte]",
    ],
)  # fmt: skip
def test_names_that_do_not(api, name):
    manifest = listed(api, query(name))
    assert manifest.objects["customers"].since is None
    assert because(manifest, "since") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("since", "Only records modified since this time"),
        ("from", "Returns customers that were updated after the given date"),
        ("updated_at", "Only records updated after this instant"),
        ("start_date", "First date of the last modification; later than or from this day changed records are given"),
    ],
)
def test_vague_names_need_a_text_about_change(api, name, text):
    manifest = listed(api, query(name, text))
    assert manifest.objects["customers"].since.param == name
    assert manifest.facts["objects.customers.since"].label == "inferred"


@pytest.mark.parametrize(
    ("text", "schema", "expected"),
    [
        ("", {"type": "integer"}, "unix"),
        ("milliseconds since the epoch", {"type": "integer"}, "unix_ms"),
        ("", {"type": "integer", "example": 1_700_000_000_000}, "unix_ms"),
        ("", {"type": "string", "format": "date"}, "yyyy-MM-dd"),
        ("Format YYYY-MM-DD HH:mm:ss", {"type": "string"}, "yyyy-MM-dd HH:mm:ss"),
        ("dd.MM.yyyy", {"type": "string"}, "dd.MM.yyyy"),
        ("ISO 8601, e.g. YYYY-MM-DDTHH:mm:ss", {"type": "string"}, "iso"),
        ("", DATE_TIME, "iso"),
    ],
)
def test_how_the_instant_is_spelled(api, text, schema, expected):
    assert listed(api, query("updated_since", text, **schema)).objects["customers"].since.format == expected


@pytest.mark.parametrize(
    ("name", "text", "inclusive"),
    [
        ("updated_since", "", True),
        ("updated_after", "", False),
        ("updated_after", "on or after", True),
        ("updated[gt]", "", False),
    ],
)
def test_whether_the_boundary_is_included(api, name, text, inclusive):
    assert listed(api, query(name, text)).objects["customers"].since.inclusive is inclusive


def test_a_header_is_told_but_no_setting(api):
    header = {"name": "If-Modified-Since", "in": "header", "schema": DATE_TIME}
    manifest = listed(api, header)
    assert manifest.objects["customers"].since is None
    assert because(manifest, "since") == "header 'If-Modified-Since'"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("$filter", ""),
        ("jql", ""),
        ("where", ""),
        ("filter", "Use operators such as gt and eq"),
        ("q", "query language, see docs"),
    ],
)
def test_filter_languages_are_told_with_the_field(api, name, text):
    manifest = listed(api, query(name, text))
    assert manifest.objects["customers"].since is None
    assert f"'{name}'" in because(manifest, "since")
    assert "updated_at" in because(manifest, "since")


def test_a_free_text_search_is_no_filter_language(api):
    assert because(listed(api, query("q", "Search term"), query("search", "Looks in name")), "since") is None


def test_a_language_of_three_parameters(api):
    names = [f"criteria[filters][0][{part}]" for part in ("field", "value", "conditionType")]
    assert "criteria[filters][0][field]" in because(listed(api, *map(query, names)), "since")


def test_a_search_in_the_body_is_told(api):
    paths = api.collection()
    body = {"properties": {"updated_at_start": DATE_TIME, "sort": {"type": "array"}}}
    paths["/customers/search"] = {"post": api.operation(paths["/customers"]["get"], body)}
    manifest = api.describe(paths)
    assert "POST /customers/search" in because(manifest, "since")
    assert "'updated_at_start'" in because(manifest, "since")
    assert "'sort'" in because(manifest, "sort")
    assert manifest.objects["customers"].sort is None


def test_an_own_endpoint_for_changes_is_told(api):
    paths = api.collection() | {"/customers/changed": {"get": api.operation({"type": "object"}, query=["since"])}}
    manifest = api.describe(paths)
    assert "GET /customers/changed" in because(manifest, "since")
    assert list(manifest.objects) == ["customers"]


# --- order --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["sort", "sort_by", "orderBy", "$orderby", "ordering", "sort[name]", "criteria[sortOrders][0][field]"]
)
def test_names_that_ask_for_an_order(api, name):
    assert listed(api, query(name)).objects["customers"].sort.param == name


@pytest.mark.parametrize(
    ("parameter", "sorts"),
    [
        (query("order", "The order to search for"), False),
        (query("order", "", type="string", enum=["asc", "desc"]), True),
        (query("direction", "inbound or outbound"), False),
        (query("sorted", "", type="boolean"), False),
    ],
)
def test_ambiguous_names_need_a_direction(api, parameter, sorts):
    assert bool(because(listed(api, parameter), "sort")) is sorts


@pytest.mark.parametrize(
    ("enum", "value", "descending"),
    [
        (["name", "updated_at", "-name"], "updated_at", "-{field}"),
        (["name_asc", "updated_at_asc", "updated_at_desc"], "updated_at_asc", "{field}_desc"),
        (["id:asc", "id:desc"], "id:asc", "{field}:desc"),
        (["price"], "", "-{field}"),
    ],
)
def test_the_order_that_keeps_pages_from_shifting_is_chosen(api, enum, value, descending):
    sort = listed(api, query("sort", type="string", enum=enum)).objects["customers"].sort
    assert (sort.value, sort.descending) == (value, descending)


def test_field_and_direction_in_two_parameters(api):
    direction = query("sort_dir", type="string", enum=["asc", "desc"])
    manifest = listed(api, direction, query("sort_by", type="string", enum=["name", "id"]))
    sort = manifest.objects["customers"].sort
    assert (sort.param, sort.fields, sort.value) == ("sort_by", ("name", "id"), "id")
    assert "'sort_dir'" in because(manifest, "sort")


# --- filters ------------------------------------------------------------------------------------------------


def test_parameters_called_like_fields_are_filters(api):
    spec = listed(api, query("name"), query("filter[id]"), query("page"), query("colour")).objects["customers"]
    assert {path: f.param for path, f in spec.filters.items()} == {"name": "name", "id": "filter[id]"}
