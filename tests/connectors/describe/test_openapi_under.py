"""Paths below other paths become objects below other objects."""

import pytest


def paths_of(api, line="{line_id}", order="{order_id}", write="{order_id}"):
    return {
        **api.collection("/customers"),
        **api.collection("/articles"),
        "/orders": {"get": api.listing(), "post": api.operation(api.CUSTOMER, api.CUSTOMER)},
        f"/orders/{order}": {"get": api.operation(api.CUSTOMER)},
        f"/orders/{order}/lines": {"get": api.listing(), "post": api.operation(api.CUSTOMER, api.CUSTOMER)},
        f"/orders/{write}/lines/{line}": {
            "get": api.operation(api.CUSTOMER), "put": api.operation(api.CUSTOMER, api.CUSTOMER),
        },
    }  # fmt: skip


@pytest.mark.parametrize(("order", "write"), [("{order_id}", "{order_id}"), ("{id}", "{orderId}"), ("{id}", "{id}")])
def test_a_path_below_another_one_makes_an_object_below_another(api, order, write):
    """All calls name the order alike, however the description spells its parameter."""
    manifest = api.describe(paths_of(api, order=order, write=write))
    lines = manifest.objects["lines"]
    assert (lines.under.object, lines.under.holder) == ("orders", "order_id")
    assert lines.list.path == "/orders/{order_id}/lines"
    assert lines.get.path == lines.update.path == "/orders/{order_id}/lines/{id}"
    assert manifest.facts["objects.lines.under"].label == "inferred"
    assert not [note for note in manifest.notes if "need values" in note]


def test_two_levels_down_the_names_above_are_taken_over(api):
    below = "/orders/{oid}/lines/{id}/notes"
    paths = {**paths_of(api), below: {"get": api.listing()}, f"{below}/{{note}}": {"get": api.operation(api.CUSTOMER)}}
    notes = api.describe(paths).objects["notes"]
    assert (notes.under.object, notes.under.holder) == ("lines", "line_id")
    assert notes.list.path == "/orders/{order_id}/lines/{line_id}/notes"
    assert notes.get.path == "/orders/{order_id}/lines/{line_id}/notes/{id}"


def test_what_is_below_nothing_that_can_be_listed_stays_open(api):
    paths = {"/shops/{shop}/lines": {"get": api.listing()}, "/shops/{shop}/lines/{id}": {"get": api.operation()}}
    manifest = api.describe(paths | {"/a": {"get": api.listing()}, "/b": {"get": api.listing()}})
    assert manifest.objects["lines"].under is None
    assert [note for note in manifest.notes if "need values for {shop}" in note]
