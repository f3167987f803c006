"""Which calls belong to the same kind of record."""

import pytest


def test_a_collection_and_its_items_make_one_object(api, operations):
    spec = api.one(api.collection())
    assert operations(spec) == {
        "list": "GET /customers",
        "get": "GET /customers/{id}",
        "create": "POST /customers",
        "update": "PATCH /customers/{id}",
        "delete": "DELETE /customers/{id}",
    }
    assert spec.list.record == "data"


def test_the_items_parameter_is_called_id_in_the_manifest(api):
    spec = api.one(api.collection(parameter="customerNumber"))
    assert spec.get.path == "/customers/{id}"


@pytest.mark.parametrize(
    ("listing", "item"),
    [
        ("/customers.json", "/customers/{id}.json"),
        ("/customers", "/customers/{id}/"),
        ("/customers", "/customers({id})"),
        ("/customers", "/customer/{id}"),
        ("/customers/search", "/customers/{id}"),
        ("/search/customers", "/customers/{id}"),
        ("/customers/list", "/customers/{id}"),
        ("/api/v2/customers", "/api/v2/customers/{id}"),
    ],
)
def test_spellings_of_collection_and_item_meet(api, listing, item):
    paths = {listing: {"get": api.listing()}, item: {"get": api.operation(api.CUSTOMER), "delete": api.operation()}}
    spec = api.one(paths)
    assert spec.list.path == listing
    assert spec.get.path == item
    assert spec.delete.path == item


def test_a_search_elsewhere_is_tied_to_its_records_by_their_schema(api):
    shared = {"schemas": {"Ticket": api.CUSTOMER}}
    ref = {"$ref": "#/components/schemas/Ticket"}
    answer = {"type": "object", "properties": {"tickets": {"type": "array", "items": ref}, "names": {"type": "object"}}}
    paths = {
        "/search": {"get": api.operation(answer)},
        "/ticket/{key}": {"get": api.operation(ref), "put": api.operation(ref, ref)},
    }
    spec = api.one(paths, "ticket", components=shared)
    assert (spec.list.path, spec.list.record, spec.update.path) == ("/search", "tickets", "/ticket/{id}")


@pytest.mark.parametrize(
    ("verbs", "expected"),
    [
        (("patch", "put", "post"), "PATCH"),
        (("put", "post"), "PUT"),
        (("post",), "POST"),
    ],
)
def test_update_prefers_patch_over_put_over_post(api, verbs, expected):
    paths = api.collection()
    item = paths["/customers/{id}"]
    del item["patch"]
    item |= {verb: api.operation(api.CUSTOMER, api.NEW) for verb in verbs}
    spec = api.one(paths)
    assert spec.update.method == expected
    assert spec.update.whole is (expected == "PUT")


def test_a_patch_that_changes_one_field_gives_way_to_put(api):
    wide = {"type": "object", "properties": {name: {"type": "string"} for name in ("a", "b", "c", "d")}}
    paths = api.collection()
    paths["/customers"]["post"] = api.operation(api.CUSTOMER, wide)
    paths["/customers/{id}"]["put"] = api.operation(api.CUSTOMER, wide)
    paths["/customers/{id}"]["patch"] = api.operation(api.CUSTOMER, {"type": "object", "properties": {"a": {}}})
    assert api.one(paths).update.method == "PUT"


def test_a_list_of_instructions_is_no_record(api):
    paths = api.collection()
    patch = {"type": "array", "items": {"type": "object", "properties": {"op": {}, "path": {}, "value": {}}}}
    paths["/customers/{id}"]["patch"] = api.operation(None, patch)
    manifest = api.describe(paths)
    assert manifest.objects["customers"].update.method == "PATCH"
    assert any("JSON Patch" in note for note in manifest.notes)


def test_a_create_that_takes_a_list_is_a_bulk_create(api):
    paths = api.collection()
    paths["/customers"]["post"] = api.operation(None, {"type": "array", "items": api.NEW})
    spec = api.one(paths)
    assert spec.create is None
    assert spec.create_bulk.path == "/customers"


def test_verbs_in_paths_are_calls_of_their_noun(api, operations):
    op = api.operation
    identified = [{"name": "customer", "in": "query", "required": True, "schema": {"type": "string"}}]
    paths = {
        "/customers.list": {"get": api.listing()},
        "/customers.info": {"get": op({"type": "object", "properties": {"customer": api.CUSTOMER}}, query=identified)},
        "/customers.create": {"post": op(api.CUSTOMER, api.NEW)},
        "/customers.update": {"post": op(None, {"type": "object", "properties": {"customer_id": {}, "name": {}}})},
        "/customers.archive": {"post": op(None, {"type": "object", "properties": {"customer_id": {}}})},
    }
    spec = api.one(paths)
    assert operations(spec) == {
        "list": "GET /customers.list",
        "get": "GET /customers.info?customer={id}",
        "create": "POST /customers.create",
        "update": "POST /customers.update",
        "delete": "POST /customers.archive",
    }
    assert spec.update.body == {"customer_id": "{id}"}
    assert spec.get.record == "customer"


def test_verb_and_noun_in_one_segment(api, operations):
    paths = {
        "/Invoice": {"get": api.listing()},
        "/Invoice/{invoiceId}": {"get": api.operation(api.CUSTOMER)},
        "/Invoice/Factory/saveInvoice": {"post": api.operation(api.CUSTOMER, api.NEW)},
    }
    calls = operations(api.one(paths, "invoice"))
    assert calls["create"] == calls["update"] == "POST /Invoice/Factory/saveInvoice"


def test_the_plain_listing_is_preferred_unless_it_is_deprecated(api):
    paths = api.collection() | {"/customers/search": {"get": api.listing(query=["page", "limit"])}}
    assert api.one(paths).list.path == "/customers"
    paths["/customers"]["get"]["deprecated"] = True
    assert api.one(paths).list.path == "/customers/search"


def test_a_record_that_has_lists_in_it_is_no_listing(api):
    account = {
        "type": "object",
        "properties": {"id": {}, "name": {}, "users": {"type": "array", "items": {"type": "object"}}},
    }
    assert api.describe({"/account": {"get": api.operation(account)}}).objects == {}


@pytest.mark.parametrize(
    ("answer", "record"),
    [
        ({"type": "array", "items": {"type": "object"}}, ""),
        ({"properties": {"customers": {"type": "array", "items": {"type": "object"}}}}, "customers"),
        (
            {"properties": {"results": {"type": "array", "items": {"type": "object"}}, "errors": {"type": "array"}}},
            "results",
        ),
        ({"properties": {"value": {"type": "array", "items": {"type": "object"}}}}, "value"),
        (
            {"properties": {"_embedded": {"properties": {"customers": {"type": "array", "items": {}}}}}},
            "_embedded.customers",
        ),
        ({"properties": {"data": {"properties": {"items": {"type": "array", "items": {}}}}, "ok": {}}}, "data.items"),
        (
            {"properties": {"parties": {"type": "array", "items": {"type": "object"}}, "total": {}, "next_page": {}}},
            "parties",
        ),
        ({"allOf": [{"properties": {"total": {}}}, {"properties": {"data": {"type": "array", "items": {}}}}]}, "data"),
    ],
)
def test_the_array_is_found_in_its_envelope(api, answer, record):
    assert api.listed(api.operation(answer)).objects["customers"].list.record == record


def test_an_example_stands_in_for_a_missing_schema(api):
    example = '{"customers": [{"id": 7, "name": "x"}], "total": 1,}'
    listing = {"responses": {"200": {"content": {"application/json": {"example": example}}}}}
    spec = api.listed(listing).objects["customers"]
    assert spec.list.record == "customers"
    assert spec.id_type == "text"  # the single read has a schema, and that counts


def test_a_listing_without_any_answer_is_told(api):
    manifest = api.listed({"responses": {"200": {"description": "ok"}}})
    assert manifest.objects["customers"].list.path == "/customers"
    assert any("not described" in note for note in manifest.notes)


def test_entries_that_wrap_their_record(api):
    entry = {"type": "object", "properties": {"customer": api.CUSTOMER}}
    paths = api.collection(item=entry)
    paths["/customers"]["get"] = api.operation({"type": "array", "items": entry})
    paths["/customers"]["post"] = api.operation(entry, {"type": "object", "properties": {"customer": api.NEW}})
    spec = api.one(paths)
    assert (spec.id, spec.get.record, spec.create.wrap) == ("customer.id", "", "")
    assert "customer.name" in spec.fields


def test_single_records_and_bodies_in_envelopes(api):
    paths = api.collection()
    wrapped = {"type": "object", "properties": {"customer": api.CUSTOMER}}
    paths["/customers/{id}"]["get"] = api.operation(wrapped)
    paths["/customers"]["post"] = api.operation(wrapped, {"type": "object", "properties": {"customer": api.NEW}})
    spec = api.one(paths)
    assert (spec.get.record, spec.create.record, spec.create.wrap) == ("customer", "customer", "customer")
    assert spec.fields["name"].required


def test_a_single_record_in_a_list_of_one(api):
    paths = api.collection()
    paths["/customers/{id}"]["get"] = api.operation(
        {"properties": {"Customers": {"type": "array", "items": api.CUSTOMER}}}
    )
    assert api.one(paths).get.record == "Customers[0]"


def test_nested_listings_give_way_to_the_same_records_at_the_top(api):
    manifest = api.describe(api.collection() | {"/shops/{shop}/customers": {"get": api.listing()}})
    assert list(manifest.objects) == ["customers"]
    assert any("/shops/{shop}/customers" in note for note in manifest.notes)


def test_nested_objects_that_are_the_only_way_come_last_with_a_note(api):
    paths = api.collection("/projects/{id}/tasks", "taskId") | api.collection()
    manifest = api.describe(paths)
    assert list(manifest.objects) == ["customers", "tasks"]
    assert manifest.objects["tasks"].get.path == "/projects/{project_id}/tasks/{id}"
    assert any(note.startswith("tasks: ") and "{project_id}" in note for note in manifest.notes)


def test_a_parameter_that_all_paths_share_is_no_parent(api):
    paths = {}
    for name in ("customers", "orders", "products"):
        paths |= api.collection(f"/{{tenant}}/{name}")
    manifest = api.describe(paths)
    assert set(manifest.objects) == {"customers", "orders", "products"}
    assert any("Nearly all paths" in note for note in manifest.notes)


def test_full_objects_come_first_and_names_are_unique(api):
    paths = {"/countries": {"get": api.listing()}} | api.collection("/crm/deals") | api.collection("/sales/deals")
    assert list(api.describe(paths).objects) == ["deals", "sales_deals", "countries"]


def test_a_collection_that_can_be_deleted_as_a_whole_is_not_a_records_delete(api):
    paths = api.collection()
    del paths["/customers/{id}"]["delete"]
    paths["/customers"]["delete"] = api.operation()
    assert api.one(paths).delete is None
    paths["/customers"]["delete"] = api.operation(query=[{"name": "id", "in": "query", "required": True, "schema": {}}])
    assert api.one(paths).delete.path == "/customers?id={id}"


def test_required_query_constants_are_sent(api):
    version = {"name": "api-version", "in": "query", "required": True, "schema": {"enum": ["2024-01"]}}
    region = {"name": "region", "in": "query", "required": True, "schema": {"type": "string"}}
    manifest = api.listed(api.listing(query=[version, region]))
    assert manifest.objects["customers"].list.query == {"api-version": "2024-01"}
    assert any("'region'" in note for note in manifest.notes)


def test_an_array_is_known_by_what_is_read_singly_whatever_it_is_called(api):
    page = {
        "type": "object",
        "properties": {"koszyk": {"type": "array", "items": api.CUSTOMER}, "kod": {"type": "string"}},
    }
    one = {"type": "object", "properties": {"klient": api.CUSTOMER}}
    spec = api.one({"/klienci": {"get": api.operation(page)}, "/klienci/{nr}": {"get": api.operation(one)}}, "klienci")
    assert (spec.list.record, spec.get.record) == ("koszyk", "klient")


def test_the_root_of_a_tree_is_no_listing_of_its_branches(api):
    node = {
        "type": "object",
        "properties": {
            **api.CUSTOMER["properties"],
            "kids": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        },
    }
    ref = {"$ref": "#/components/schemas/Node"}
    paths = {"/tree": {"get": api.operation(ref)}, "/tree/{id}": {"get": api.operation(ref)}}
    assert not api.describe(paths, components={"schemas": {"Node": node}}).objects


GERMAN = {
    "/v2/kunden": {
        "get": {
            "parameters": [
                {"name": "seite", "in": "query", "schema": {"type": "integer"}},
                {"name": "seitenGröße", "in": "query", "schema": {"type": "integer", "maximum": 25}},
                {"name": "geaendertSeit", "in": "query", "schema": {"type": "integer"}},
            ],
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {
                "type": "object",
                "properties": {
                    "daten": {"type": "array", "items": {"$ref": "#/components/schemas/Kunde"}},
                    "seiten": {"type": "integer"},
                    "gesamtAnzahl": {"type": "integer"},
                },
            }}}}},
        },
        "post": {"responses": {"201": {"description": "angelegt"}}},
    },
    "/v2/kunden/{nr}": {"delete": {"responses": {"204": {"description": "weg"}}}},
}  # fmt: skip
KUNDE = {
    "type": "object",
    "properties": {
        "kundenNr": {"type": "integer"},
        "firma": {"type": "string"},
        "angelegtAm": {"type": "string", "description": "TT.MM.JJJJ"},
        "geändertAm": {"type": "integer", "description": "ms seit 1970"},
    },
}


def test_a_description_in_german_is_read_like_one_in_english(api):
    spec = api.one(GERMAN, "kunden", components={"schemas": {"Kunde": KUNDE}})
    assert (spec.id, spec.list.record, spec.modified, spec.modified_format) == (
        "kundenNr",
        "daten",
        "geändertAm",
        "unix_ms",
    )
    assert (spec.paging.page_param, spec.paging.size_param, spec.paging.total) == (
        "seite",
        "seitenGröße",
        "gesamtAnzahl",
    )
    assert (spec.since.param, spec.since.format) == ("geaendertSeit", "unix_ms")
    assert spec.created == ""  # it is spelled in another way than the time of change


@pytest.mark.parametrize(("said", "spelled"), [("TT.MM.JJJJ", "dd.MM.yyyy"), ("YYYY-MM-DD hh:mm", "yyyy-MM-dd HH:mm")])
def test_how_a_time_is_spelled_is_read_from_what_is_said_of_it(api, said, spelled):
    field = {"type": "string", "description": f"last change, {said}"}
    record = {**api.CUSTOMER, "properties": {**api.CUSTOMER["properties"], "updated_at": field}}
    spec = api.one({"/customers": {"get": api.listing(record)}, "/customers/{id}": {"get": api.operation(record)}})
    assert (spec.modified, spec.modified_format) == ("updated_at", spelled)


def test_what_json_api_asks_for_goes_with_every_call(api):
    """Media types of their own, the type of a record, and its id in the body as well as in the address."""
    kind = "application/vnd.api+json"
    record = {
        "type": "object",
        "required": ["type", "id"],
        "properties": {
            "type": {"type": "string", "enum": ["people"]},
            "id": {"type": "string"},
            "attributes": {"type": "object", "properties": {"mail": {"type": "string"}, "rank": {"type": "integer"}}},
        },
    }
    new = record | {"required": ["type"]}

    def one(schema):
        return {kind: {"schema": {"type": "object", "properties": {"data": schema}}}}

    listed = {kind: {"schema": {"type": "object", "properties": {"data": {"type": "array", "items": record}}}}}
    spec = api.one(
        {
            "/people": {
                "get": {
                    "parameters": [{"name": "filter[mail]", "in": "query", "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "", "content": listed}},
                },
                "post": {"requestBody": {"content": one(new)}, "responses": {"201": {"description": ""}}},
            },
            "/people/{id}": {
                "patch": {"requestBody": {"content": one(record)}, "responses": {"204": {"description": ""}}},
                "get": {"responses": {"200": {"description": "", "content": one(record)}}},
            },
        },
        "people",
    )
    assert spec.list.headers == spec.get.headers == {"Accept": kind}
    assert spec.create.headers == spec.update.headers == {"Content-Type": kind}
    assert (spec.create.wrap, spec.create.body) == ("data", {"type": "people"})
    assert (spec.update.wrap, spec.update.body) == ("data", {"type": "people", "id": "{id}"})
    assert spec.filters["attributes.mail"].param == "filter[mail]"
