"""Ids, fields and what is inferred about them."""

import pytest


def record(**properties):
    return {"type": "object", "properties": properties}


def described(api, reply, create=None, parameter="id", **more):
    paths = api.collection(parameter=parameter, item=reply)
    if create:
        paths["/customers"]["post"] = api.operation(reply, create)
        paths[f"/customers/{{{parameter}}}"]["patch"] = api.operation(reply, create)
    return api.describe(paths, **more)


@pytest.mark.parametrize(
    ("parameter", "names", "expected"),
    [
        ("id", ["name", "id"], "id"),
        ("customerId", ["customerId", "name"], "customerId"),
        ("customerId", ["id", "customerId"], "id"),
        ("customer_id", ["id", "name"], "id"),
        ("sku", ["id", "sku"], "sku"),
        ("external_customer_id", ["own_id", "external_id"], "external_id"),
        ("code", ["code", "own_id"], "code"),
        ("id", ["uuid", "name"], "uuid"),
        ("id", ["entity_id", "name"], "entity_id"),
        ("id", ["sid"], "sid"),
        ("id", ["CUSTOMER_ID", "NAME"], "CUSTOMER_ID"),
        ("customer", ["id"], "id"),
        ("id", ["name", "number"], "number"),
    ],
)
def test_which_field_is_the_id(api, parameter, names, expected):
    reply = record(**{name: {"type": "string"} for name in names})
    assert described(api, reply, parameter=parameter).objects["customers"].id == expected


def test_an_id_inside_attributes_and_value_wrappers(api):
    wrapped = record(type={}, attributes=record(id=record(label={}, value={"type": "integer"})))
    spec = described(api, wrapped).objects["customers"]
    assert (spec.id, spec.id_type) == ("attributes.id.value", "integer")


def test_a_record_that_is_not_described_has_an_inferred_id(api):
    paths = {
        "/customers": {"get": {"responses": {}}, "post": {"responses": {}}},
        "/customers/{id}": {"get": {"responses": {}}},
    }
    manifest = api.describe(paths)
    assert manifest.objects["customers"].id == "id"
    assert manifest.facts["objects.customers.id"].label == "inferred"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "format": "date-time"}, "instant"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "string", "example": "2024-01-02T03:04:05Z"}, "instant"),
        ({"type": "string"}, "text"),
        ({"type": ["string", "null"]}, "text"),
        ({"type": "integer"}, "integer"),
        ({"type": "number"}, "number"),
        ({"type": "boolean"}, "boolean"),
        ({"type": "array", "items": {}}, "list"),
        ({"type": "object"}, "object"),
        ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, "integer"),
        ({}, "any"),
    ],
)
def test_types(api, schema, expected):
    assert described(api, record(id={}, x=schema)).objects["customers"].fields["x"].type == expected


def test_limits_options_and_labels(api):
    state = {"type": "string", "title": "State", "enum": ["a", "b", None], "x-enumNames": ["A", "B", "none"]}
    reply = record(
        id={},
        code={
            "type": "string",
            "minLength": 2,
            "maxLength": 9,
            "pattern": "^A",
            "description": "The code. More about it.",
        },
        amount={"type": "number", "minimum": 0, "maximum": 10.5},
        state=state,
        kind={"type": "integer", "enum": [1, 2], "x-enum-varnames": ["ONE", "TWO"]},
        on={"type": "boolean", "enum": [True]},
    )
    fields = described(api, reply).objects["customers"].fields
    code = fields["code"]
    assert (code.min_length, code.max_length, code.pattern, code.label) == (2, 9, "^A", "The code")
    assert (fields["amount"].minimum, fields["amount"].maximum) == (0, 10.5)
    assert (fields["state"].options, fields["state"].label) == (("a", "b"), "State")
    assert fields["kind"].options == {"1": "ONE", "2": "TWO"}
    assert fields["on"].options == ("true",)


@pytest.mark.parametrize(
    ("keys", "said", "options", "label"),
    [
        (["b", "s"], "* `b` - Bronze\n* `s` - Silver", {"b": "Bronze", "s": "Silver"}, ""),
        ([0, 1], "0: open, 1: closed", {"0": "open", "1": "closed"}, ""),
        (["o", "c"], "The state. One of:\n- o = Open\n- c = Closed", {"o": "Open", "c": "Closed"}, "The state"),
        (["a", "b"], "a: first of two", ("a", "b"), "a: first of two"),
        (["a", "b"], "a: one, b: one", ("a", "b"), "a: one, b: one"),
        (["GET", "PUT"], "How it is called: GET reads, PUT writes", ("GET", "PUT"), None),
    ],
)
def test_what_options_mean_is_read_from_a_list_in_prose(api, keys, said, options, label):
    """Only where every option has words of its own; a list alone is no name of the field."""
    kind = "integer" if isinstance(keys[0], int) else "string"
    reply = record(id={}, x={"type": kind, "enum": keys, "description": said})
    field = described(api, reply).objects["customers"].fields["x"]
    assert field.options == options
    assert label is None or field.label == label


@pytest.mark.parametrize(
    ("schema", "nullable"),
    [({"type": "string", "nullable": True}, True), ({"type": ["string", "null"]}, True), ({"type": "string"}, False)],
)
def test_nullable_in_3_0_and_3_1(api, schema, nullable):
    reply = record(id={}, x=schema) | {"required": ["x"]}
    assert described(api, reply).objects["customers"].fields["x"].nullable is nullable


def test_required_comes_from_the_create_request(api):
    reply = record(id={}, a={}, b={}) | {"required": ["a", "b"]}
    fields = described(api, reply, record(a={}, b={}) | {"required": ["a"]}).objects["customers"].fields
    assert (fields["a"].required, fields["b"].required) == (True, False)


def test_what_only_replies_have_is_inferred_read_only(api):
    reply = record(id={}, a={}, seen={}, made={"readOnly": True}, inner=record(x={}, y={}))
    manifest = described(api, reply, record(a={}, secret={}, inner=record(x={})))
    fields = manifest.objects["customers"].fields
    assert {name for name, spec in fields.items() if spec.read_only} == {"id", "seen", "made", "inner.y"}
    assert "secret" in fields
    told = manifest.facts["objects.customers.read_only"]
    assert told.label == "inferred"
    assert "made" not in told.because


def test_without_any_request_schema_nothing_is_called_read_only(api):
    paths = {"/customers": {"get": api.listing()}}
    assert not any(spec.read_only for spec in api.one(paths).fields.values())


def test_nested_objects_are_flattened_to_a_depth(api):
    deep = record(id={}, a=record(b=record(c=record(d={})), e={}))
    assert set(described(api, deep).objects["customers"].fields) - {"name"} == {"id", "a.b.c", "a.e"}


def test_references_are_inferred_from_names_and_nested_ids(api):
    reply = record(
        id={},
        customer_id={},
        billingCustomerId={},
        unknown_id={},
        paid={},
        parent=record(id={}, x={}),
        customer=record(id={}, name={}),
    )
    paths = api.collection("/orders", item=reply) | api.collection()
    fields = api.one(paths, "orders").fields
    assert {path: spec.reference for path, spec in fields.items() if spec.reference} == {
        "customer_id": "customers",
        "billingCustomerId": "customers",
        "customer.id": "customers",
    }
    assert "customer.name" not in fields
    assert {"parent.id", "parent.x"} <= fields.keys()


def test_an_own_id_is_no_reference(api):
    reply = record(customer_id={"type": "string"}, name={})
    assert described(api, reply, parameter="customer_id").objects["customers"].fields["customer_id"].reference == ""


def test_all_of_is_merged_and_alternatives_are_laid_over_each_other(api):
    reply = {
        "allOf": [{"properties": {"id": {"type": "integer"}}}, {"properties": {"a": {}}, "required": ["a"]}],
        "oneOf": [{"properties": {"b": {}}}, {"properties": {"c": {}}}],
    }
    spec = described(api, reply).objects["customers"]
    assert set(spec.fields) - {"name"} == {"id", "a", "b", "c"}
    assert spec.id_type == "integer"


def test_circular_schemas_end(api):
    person = {
        "properties": {
            "id": {},
            "boss": {"$ref": "#/components/schemas/P"},
            "team": {"type": "array", "items": {"$ref": "#/components/schemas/P"}},
        }
    }
    loop = {"allOf": [{"$ref": "#/components/schemas/Loop"}, {"properties": {"id": {}}}]}
    schemas = {"P": person, "Loop": loop, "Self": {"$ref": "#/components/schemas/Self"}}
    for name in schemas:
        spec = described(api, {"$ref": f"#/components/schemas/{name}"}, components={"schemas": schemas}).objects[
            "customers"
        ]
        assert spec.id == "id"


def test_wide_and_deep_schemas_stay_bounded(api):
    schemas = {
        f"S{n}": record(id={}, **{f"p{m}": {"$ref": f"#/components/schemas/S{(n * 7 + m) % 50}"} for m in range(50)})
        for n in range(50)
    }
    spec = described(api, {"$ref": "#/components/schemas/S0"}, components={"schemas": schemas}).objects["customers"]
    assert len(spec.fields) <= 500


def test_broken_and_foreign_references_are_noted(api):
    reply = record(
        id={},
        a={"$ref": "#/components/schemas/Gone"},
        b={"$ref": "other.yaml#/X"},
        c={"$ref": "#/components/schemas/a~1b%20c"},
    )
    manifest = described(api, reply, components={"schemas": {"a/b c": {"type": "boolean"}}})
    fields = manifest.objects["customers"].fields
    assert (fields["a"].type, fields["b"].type, fields["c"].type) == ("any", "any", "boolean")
    assert any("Gone" in note and "lead nowhere" in note for note in manifest.notes)
    assert any("other.yaml#/X" in note and "not fetched" in note for note in manifest.notes)


def test_times_of_change_and_creation(api):
    reply = record(
        id={}, updated_by={"type": "string"}, LastModified={"type": "integer"}, dateCreated={"type": "integer"}
    )
    spec = described(api, reply).objects["customers"]
    assert (spec.modified, spec.created, spec.modified_format) == ("LastModified", "dateCreated", "unix")
