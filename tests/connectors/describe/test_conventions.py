"""What JSON:API and HAL lay down is added to what their descriptions say."""

KIND = "application/vnd.api+json"


def told(schema, media="application/json"):
    return {"200": {"description": "", "content": {media: {"schema": schema}}}}


def one_object(api, listed, single, body):
    item = {"parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]}
    return api.one(
        {
            "/articles": {
                "get": {"responses": told(listed)},
                "post": {"requestBody": {"content": {"application/json": {"schema": body}}}, "responses": told(single)},
            },
            "/articles/{id}": item
            | {
                "get": {"responses": told(single)},
                "patch": {
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                    "responses": told(single),
                },
            },
        },
        "articles",
    )


def resource(**more):
    relation = {"type": "object", "properties": {"type": {"type": "string"}, "id": {"type": "string"}}}
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "id": {"type": "string"},
            "attributes": {"type": "object", "properties": {"title": {"type": "string"}}},
            "relationships": {"type": "object", "properties": {
                "author": {"type": "object", "properties": {"data": relation}}}},
            "links": {"type": "object", "properties": {"self": {"type": "string"}}},
            **more,
        },
    }  # fmt: skip


def data(schema):
    return {"type": "object", "properties": {"data": schema}}


def test_a_resource_object_names_itself_in_what_is_written(api):
    """JSON:API wants type and id in each change; descriptions often leave the type's value to the reader."""
    spec = one_object(api, data({"type": "array", "items": resource()}), data(resource()), data(resource()))
    assert spec.create.body == {"type": "articles"}
    assert spec.update.body == {"type": "articles", "id": "{id}"}
    assert (spec.update.wrap, spec.update.record) == ("data", "data")
    assert spec.update.headers["Content-Type"] == KIND
    assert spec.fields["type"].read_only
    assert spec.fields["id"].read_only
    assert "links.self" not in spec.fields


def test_the_next_page_of_json_api_is_in_its_links(api):
    """Where no parameter asks for pages, the convention says where the next one is."""
    spec = one_object(api, data({"type": "array", "items": resource()}), data(resource()), data(resource()))
    assert (spec.paging.type, spec.paging.next) == ("next_url", "links.next")


def test_a_relation_is_read_by_its_id(api):
    """It is written as type and id together, so its id alone is for reading."""
    spec = one_object(api, data({"type": "array", "items": resource()}), data(resource()), data(resource()))
    assert spec.fields["relationships.author.data.id"].read_only


def test_a_record_of_hal_is_known_by_its_own_address(api):
    """Where it shows no id, the last step of the link to itself is one."""
    link = {"type": "object", "properties": {"href": {"type": "string"}}}
    record = {"type": "object", "properties": {
        "name": {"type": "string"}, "_links": {"type": "object", "properties": {"self": link}}}}  # fmt: skip
    embedded = {"type": "object", "properties": {"articles": {"type": "array", "items": record}}}
    listed = {"type": "object", "properties": {
        "_embedded": embedded, "_links": {"type": "object", "properties": {"self": link}}}}  # fmt: skip
    spec = one_object(api, listed, record, {"type": "object", "properties": {"name": {"type": "string"}}})
    assert (spec.id, spec.id_type) == ("_links.self.href", "address")
    assert (spec.paging.type, spec.paging.next) == ("next_url", "_links.next.href")
    assert list(spec.fields) == ["name"]
    assert "hal+json" in spec.list.headers["Accept"]


def test_a_record_of_hal_with_an_id_keeps_it(api):
    """A link to itself is no reason to give up an id."""
    link = {"type": "object", "properties": {"href": {"type": "string"}}}
    record = {"type": "object", "properties": {
        "id": {"type": "integer"}, "_links": {"type": "object", "properties": {"self": link}}}}  # fmt: skip
    listed = {"type": "object", "properties": {
        "_embedded": {"type": "object", "properties": {"articles": {"type": "array", "items": record}}}}}  # fmt: skip
    spec = one_object(api, listed, record, {"type": "object", "properties": {"name": {"type": "string"}}})
    assert (spec.id, spec.id_type) == ("id", "integer")
