"""Lists of records inside a record are proposed as objects of their own."""

import pytest

from tallystick.project.manifest import Manifest
from tallystick.project.shapes import expand, shape_faults

TEXT = {"type": "string"}


def record(**properties):
    return {"type": "object", "properties": properties}


def listed(**properties):
    return {"type": "array", "items": record(**properties)}


def described(api, reply, taken=None):
    paths = api.collection(item=reply)
    body = taken or reply
    paths["/customers"]["post"] = api.operation(reply, body)
    paths["/customers/{id}"]["patch"] = api.operation(reply, body)
    return api.describe(paths)


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (["sku", "qty"], "sku"),
        (["id", "sku"], "id"),
        (["text", "lineNumber"], "lineNumber"),
        (["order_id", "contact_role_id"], "contact_role_id"),
    ],
)
def test_a_list_of_records_becomes_an_object_of_lines(api, names, key):
    """Named after its holder; what it proposes is sound and can be opened."""
    manifest = described(api, record(id=TEXT, name=TEXT, contactRoles=listed(**dict.fromkeys(names, TEXT))))
    spec = manifest.objects["customer_contact_roles"]
    assert (spec.inside.object, spec.inside.path, spec.inside.key) == ("customers", "contactRoles", key)
    assert spec.inside.holder == "customer"
    assert set(spec.fields) == set(names)
    assert manifest.facts["objects.customer_contact_roles.inside"].label == "inferred"
    assert not list(shape_faults(manifest))
    assert expand(manifest).objects["customer_contact_roles"].fields["customer"].reference == "customers"
    assert Manifest.model_validate(manifest.model_dump(by_alias=True, exclude_defaults=True)) == manifest


def test_an_id_that_the_system_gives_is_read_only(api):
    reply = record(id=TEXT, lines=listed(id=TEXT, text=TEXT))
    spec = described(api, reply, record(lines=listed(text=TEXT))).objects["customer_lines"]
    assert [name for name, field in spec.fields.items() if field.read_only] == ["id"]


def test_a_list_deep_inside_keeps_its_path(api):
    manifest = described(api, record(id=TEXT, cart=record(total=TEXT, items=listed(sku=TEXT))))
    assert manifest.objects["customer_items"].inside.path == "cart.items"


def test_a_holder_with_such_a_field_gets_another_name(api):
    manifest = described(api, record(id=TEXT, lines=listed(id=TEXT, customer=TEXT)))
    assert manifest.objects["customer_lines"].inside.holder == "customer_id"


def test_a_list_without_a_key_is_told_and_not_proposed(api):
    manifest = described(api, record(id=TEXT, notes=listed(text=TEXT, parent_id=TEXT)))
    assert list(manifest.objects) == ["customers"]
    assert any("'notes' is a list of records, but nothing tells them apart" in note for note in manifest.notes)


def test_lists_of_plain_values_and_lists_that_are_only_shown_are_no_lines(api):
    reply = record(id=TEXT, tags={"type": "array", "items": TEXT}, visits=listed(id=TEXT))
    assert list(described(api, reply, record(tags={"type": "array", "items": TEXT})).objects) == ["customers"]
