"""What a GraphQL schema says, and how it is written into a manifest: one schema for each manner of the trade."""

import pytest

from tallystick.connectors.describe.graphql import describe_graphql
from tallystick.connectors.describe.text import manifest_yaml
from tallystick.core.error import ProjectError
from tallystick.project.manifest import Manifest
from tallystick.project.text import parse_text

BY_TABLE = """
scalar uuid scalar timestamptz scalar numeric
enum order_by { asc desc }
input text_exp { _eq: String _in: [String!] }
input uuid_exp { _eq: uuid _in: [uuid!] }
input time_exp { _gt: timestamptz _gte: timestamptz _lt: timestamptz }
input people_exp { _and: [people_exp!] id: uuid_exp name: text_exp updated_at: time_exp }
input people_order { id: order_by name: order_by }
input people_new { id: uuid name: String firm_id: uuid }
input people_set { name: String firm_id: uuid }
input people_pk { id: uuid! }
type firms { id: uuid! name: String! }
type people { id: uuid! name: String! updated_at: timestamptz! firm_id: uuid firm: firms pay: numeric }
type many { affected_rows: Int! returning: [people!]! }
type query_root {
  people(limit: Int, offset: Int, order_by: [people_order!], where: people_exp): [people!]!
  people_by_pk(id: uuid!): people
  firms(limit: Int, offset: Int, where: firm_exp): [firms!]!
}
input firm_exp { id: uuid_exp }
type mutation_root {
  insert_people(objects: [people_new!]!): many
  insert_people_one(object: people_new!): people
  update_people_by_pk(pk_columns: people_pk!, _set: people_set): people
  update_people(where: people_exp!, _set: people_set): many
  delete_people_by_pk(id: uuid!): people
}
schema { query: query_root mutation: mutation_root }
"""
RELAY = """
scalar Datetime scalar Cursor
interface Node { nodeId: ID! }
type PageInfo { hasNextPage: Boolean! endCursor: Cursor }
type Person implements Node {
  nodeId: ID! id: Int! name: String! changedOn: Datetime ordersByPersonId(first: Int): Orders!
}
type Order implements Node { nodeId: ID! id: Int! personId: Int personByPersonId: Person }
type People { nodes: [Person]! pageInfo: PageInfo! totalCount: Int! }
type Orders { edges: [OrderEdge!]! pageInfo: PageInfo! }
type OrderEdge { cursor: Cursor node: Order }
enum PeopleOrderBy { NATURAL ID_ASC ID_DESC }
input PersonCondition { id: Int name: String }
input PersonInput { name: String! secret: String! }
input PersonPatch { id: Int name: String }
input CreatePersonInput { clientMutationId: String person: PersonInput! }
input UpdatePersonByIdInput { clientMutationId: String personPatch: PersonPatch! id: Int! }
input UpdatePersonInput { nodeId: ID! personPatch: PersonPatch! }
input DeletePersonByIdInput { id: Int! }
type PersonPayload { clientMutationId: String person: Person }
type Query {
  allPeople(first: Int, offset: Int, after: Cursor, orderBy: [PeopleOrderBy!], condition: PersonCondition): People
  allOrders(first: Int, after: Cursor): Orders
  personById(id: Int!): Person
  person(nodeId: ID!): Person
}
type Mutation {
  createPerson(input: CreatePersonInput!): PersonPayload
  updatePerson(input: UpdatePersonInput!): PersonPayload
  updatePersonById(input: UpdatePersonByIdInput!): PersonPayload
  deletePersonById(input: DeletePersonByIdInput!): PersonPayload
  mergePeople(a: Int!, b: Int!): PersonPayload
}
"""
GATHERED = """
scalar DateTime
type Meta { total: Int! totalPages: Int! }
type Contact { id: ID! fullName: String! lastModified: DateTime owner: User seat: Seat tags: [Tag!]! }
type Seat { city: String zip: String }
type Tag { text: String }
type User { id: ID! name: String }
type ContactList { data: [Contact!]! meta: Meta! }
input Paging { page: Int perPage: Int }
enum ContactField { ID FULL_NAME }
enum Direction { ASC DESC }
input SortInput { field: ContactField! direction: Direction! }
input ContactFilter { lastModifiedSince: DateTime fullName: String }
type Result { success: Boolean! message: String contact: Contact }
type Lost { message: String! }
union Found = Contact | Lost
type CrmQueries {
  contacts(paging: Paging, sort: [SortInput!], filter: ContactFilter): ContactList!
  contact(id: ID!): Found
}
type CrmMutations {
  createContact(fullName: String!, ownerId: ID): Result!
  updateContact(id: ID!, fullName: String, ownerId: ID): Result!
  delete(id: ID!): Boolean
}
type Query { crm: CrmQueries! users(search: String): [User!]! me: User }
type Mutation { crm: CrmMutations! saveContact(fullName: String): Contact }
"""


def described(schema):
    return describe_graphql(schema.encode(), source="schema.graphql", base_url="https://x.example.com/graphql")


@pytest.fixture(scope="module")
def by_table():
    return described(BY_TABLE)


@pytest.fixture(scope="module")
def relay():
    return described(RELAY)


@pytest.fixture(scope="module")
def gathered():
    return described(GATHERED.replace("delete(id", "deleteContact(id"))


@pytest.mark.parametrize("schema", [BY_TABLE, RELAY, GATHERED])
def test_a_manifest_from_a_schema_reads_back(schema):
    """What is written is what was described."""
    manifest = described(schema)
    assert Manifest.model_validate(parse_text(manifest_yaml(manifest), "x.yaml").value) == manifest


class TestByTable:
    """Fields for each table, filters and orders as objects, keys in objects of their own."""

    def test_pages_order_and_changes(self, by_table):
        """Offsets are counted, the sharper of two comparisons asks for changes, the key orders."""
        spec = by_table.objects["people"]
        assert (spec.paging.type, spec.paging.offset_param, spec.paging.limit_param) == ("offset", "offset", "limit")
        assert (spec.since.param, spec.since.until) == ("where.updated_at._gte", "where.updated_at._lt")
        assert spec.since.inclusive
        assert (spec.sort.param, spec.sort.value.document) == ("order_by", [{"id": "asc"}])
        assert spec.filters["name"].param == "where.name._eq"

    def test_one_record_is_written_and_not_many(self, by_table):
        """Mutations of lists are not taken for those of one record."""
        spec = by_table.objects["people"]
        assert (spec.create.path, spec.create.wrap) == ("insert_people_one", "object")
        assert (spec.update.path, spec.update.wrap) == ("update_people_by_pk", "_set")
        assert spec.update.beside == {"pk_columns": {"id": "{id}"}}
        assert spec.delete.body == {"id": "{id}"}
        assert any("insert_people" in note for note in by_table.notes)

    def test_a_reference_is_one_field(self, by_table):
        """Where the id of the other record stands in the record itself, it is not asked for twice."""
        fields = by_table.objects["people"].fields
        assert fields["firm_id"].reference == "firms"
        assert "firm.id" not in fields
        assert fields["pay"].read_only
        assert fields["id"].create_only

    def test_a_record_is_found_by_a_filter_where_nothing_else_reads_one(self, by_table):
        """A listing that can be asked for an id reads one record."""
        get = by_table.objects["firms"].get
        assert (get.record, get.body) == ("firms[0]", {"where": {"id": {"_eq": "{id}"}}})


class TestRelay:
    """Connections, payloads, inputs inside inputs, ids of two kinds."""

    def test_cursors_lead_through_connections(self, relay):
        """Nodes are taken where there are any, else the nodes of edges."""
        people, orders = relay.objects["people"], relay.objects["orders"]
        assert people.list.record == "allPeople.nodes"
        assert orders.list.record == "allOrders.edges"
        assert people.paging.next == "allPeople.pageInfo.endCursor"
        assert people.paging.has_more == "allPeople.pageInfo.hasNextPage"
        assert relay.graphql.operations["allOrders"].select == (
            "edges { node { {record} } } pageInfo { endCursor hasNextPage }"
        )

    def test_the_id_of_the_record_is_the_one_that_writes_take(self, relay):
        """A mutation that wants another id than records have is not used."""
        spec = relay.objects["people"]
        assert (spec.id, spec.id_type) == ("id", "integer")
        assert spec.get.path == "personById"
        assert spec.update.path == "updatePersonById"
        assert (spec.update.wrap, spec.update.beside) == ("input.personPatch", {"input": {"id": "{id}"}})
        assert spec.create.wrap == "input.person"
        assert spec.delete.body == {"input": {"id": "{id}"}}

    def test_what_can_only_be_written_is_not_asked_for(self, relay):
        """A required input that no record shows is a field all the same."""
        assert relay.objects["people"].fields["secret"].required
        assert relay.graphql.objects["people"].write_only == ("secret",)

    def test_lists_without_end_are_left_out_and_told(self, relay):
        """A connection inside each record would be cut off somewhere."""
        assert not any("orders" in path for path in relay.objects["people"].fields)
        assert any("ordersByPersonId" in note for note in relay.notes)
        assert relay.objects["orders"].fields["personId"].reference == "people"


class TestGathered:
    """Fields gathered below others, numbered pages, flat arguments, outcomes that say whether they succeeded."""

    def test_pages_are_numbered(self, gathered):
        """Numbers of the page are found wherever they stand."""
        paging = gathered.objects["contacts"].paging
        assert (paging.page_param, paging.size_param) == ("paging.page", "paging.perPage")
        assert (paging.total, paging.pages) == ("crm.contacts.meta.total", "crm.contacts.meta.totalPages")
        assert gathered.graphql.operations["crm.contacts"].select == "data { {record} } meta { total totalPages }"

    def test_flat_arguments_take_the_record(self, gathered):
        """The id goes among the fields then; a reference is written under the name that the argument has."""
        spec = gathered.objects["contacts"]
        assert (spec.create.wrap, spec.update.wrap, spec.update.body) == ("", "", {"id": "{id}"})
        assert gathered.graphql.objects["contacts"].inputs == {"owner.id": "ownerId"}
        assert spec.fields["fullName"].required
        assert spec.fields["seat.city"].read_only

    def test_refusals_in_the_data_are_known(self, gathered):
        """A flag, or a type of its own, says that nothing was done or found."""
        calls = gathered.graphql.operations
        assert calls["crm.createContact"].error.where == {"success": (False,)}
        assert calls["crm.contact"].error.where == {"__typename": ("Lost",)}
        assert calls["crm.contact"].select == "__typename ... on Contact { {record} } ... on Lost { message }"
        assert calls["crm.deleteContact"].select == ""

    def test_values_inside_are_chosen_by_name(self, gathered):
        """Objects are flattened, lists of values keep their parts."""
        assert {"seat.city", "seat.zip", "owner.id", "tags"} <= gathered.objects["contacts"].fields.keys()
        assert gathered.graphql.objects["contacts"].select == {"tags": "tags { text }"}

    def test_what_may_change_or_create_is_told(self, gathered):
        """Such a mutation could bring back what was deleted, so a person decides."""
        assert any("saveContact" in note and "whichever fits" in note for note in gathered.notes)
        assert any("argument 'search' takes a text" in note for note in gathered.notes)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"data": {"__schema": {"types": []}}}', '{"openapi": "3.0.0"}', "<html>", "type Query {", "[1]"]
)
def test_what_is_no_schema_is_refused(text):
    """The error says what it is instead."""
    with pytest.raises(ProjectError, match="schema"):
        describe_graphql(text.encode(), source="x.json")
