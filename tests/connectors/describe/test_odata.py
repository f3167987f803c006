"""What OData metadata says, and how it is written into a manifest of REST."""

import pytest
from tests.systems.odata_twin import METADATA

from tallystick.connectors.describe.odata import describe_odata
from tallystick.connectors.describe.text import manifest_yaml
from tallystick.core.error import ProjectError
from tallystick.project.manifest import Manifest
from tallystick.project.text import parse_text

OLD = """<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">
<edmx:DataServices xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" m:DataServiceVersion="2.0">
<Schema Namespace="N" xmlns="http://schemas.microsoft.com/ado/2008/09/edm" xmlns:sap="http://www.sap.com/Protocols/SAPData">
 <EntityType Name="OrderType"><Key><PropertyRef Name="Key"/></Key>
  <Property Name="Key" Type="Edm.Guid" Nullable="false"/>
  <Property Name="Number" Type="Edm.Int64" sap:updatable="false" sap:label="Order number"/>
  <Property Name="Net" Type="Edm.Decimal" sap:filterable="false"/>
  <Property Name="Buyer" Type="Edm.String" MaxLength="10"/>
  <Property Name="LastChanged" Type="Edm.DateTime" ConcurrencyMode="Fixed" sap:creatable="false" sap:updatable="false"/>
  <NavigationProperty Name="toBuyer" Relationship="N.A" FromRole="From" ToRole="To"/></EntityType>
 <EntityType Name="BuyerType"><Key><PropertyRef Name="Buyer"/></Key>
  <Property Name="Buyer" Type="Edm.String" Nullable="false"/></EntityType>
 <Association Name="A"><End Type="N.OrderType" Role="From"/><End Type="N.BuyerType" Role="To"/>
  <ReferentialConstraint><Principal Role="To"><PropertyRef Name="Buyer"/></Principal>
   <Dependent Role="From"><PropertyRef Name="Buyer"/></Dependent></ReferentialConstraint></Association>
 <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="N.OrderType" sap:deletable="false"/>
  <EntitySet Name="Buyers" EntityType="N.BuyerType" sap:creatable="false" sap:updatable="false"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


@pytest.fixture(scope="module")
def new():
    return describe_odata(METADATA.encode(), base_url="https://store.example.com/odata")


@pytest.fixture(scope="module")
def old():
    return describe_odata(OLD.encode(), base_url="https://erp.example.com/SRV")


def test_a_manifest_from_metadata_reads_back(new):
    """What is written is what was described."""
    assert Manifest.model_validate(parse_text(manifest_yaml(new), "x.yaml").value) == new


class TestVersion4:
    def test_types_are_inherited_and_parts_are_flattened(self, new):
        """Fields come from the whole line of types; complex values have paths; streams are no values."""
        fields = new.objects["Items"].fields
        assert list(fields)[:2] == ["Code", "ModifiedAt"]
        assert {"At.City", "At.Street"} <= fields.keys()
        assert "Photo" not in fields
        assert fields["State"].options == ("Open", "Closed")
        assert fields["Tags"].type == "list"
        assert fields["ModifiedAt"].read_only
        assert fields["Code"].create_only
        assert fields["MakerId"].reference == "Makers"
        assert fields["Title"].required
        assert fields["Title"].max_length == 40

    def test_what_the_protocol_says_needs_no_guess(self, new):
        """Paging, order, changes, filters and conditions are those of the protocol."""
        spec = new.objects["Items"]
        assert spec.paging.next == '"@odata.nextLink"'
        assert spec.list.headers["Prefer"].startswith("odata.maxpagesize=")
        assert (spec.since.param, spec.since.template) == ("$filter", "ModifiedAt ge {}")
        assert spec.sort.value == "Code asc"
        assert spec.filters["Title"].template == "Title eq '{}'"
        assert (spec.version, spec.if_match, spec.quotes) == ('"@odata.etag"', "If-Match", "doubled")

    def test_restrictions_are_obeyed(self, new):
        """What annotations forbid is not offered."""
        makers = new.objects["Makers"]
        assert makers.create is None
        assert "Name" not in makers.filters
        assert (makers.get.path, makers.id_type) == ("/Makers({id})", "integer")

    def test_a_key_of_several_properties_is_only_listed(self, new):
        """Such records have names of their own, by which they can be told apart."""
        lines = new.objects["Lines"]
        assert (lines.id, lines.get, lines.create) == ('"@odata.id"', None, None)
        assert any("Order, Number" in note for note in new.notes)


class TestVersion2:
    def test_literals_are_written_as_the_version_wants_them(self, old):
        """Each type has a spelling of its own in addresses and filters."""
        spec = old.objects["Orders"]
        assert spec.get.path == "/Orders(guid'{id}')"
        assert spec.filters["Key"].template == "Key eq guid'{}'"
        assert spec.filters["Number"].template == "Number eq {}L"
        assert spec.since.template == "LastChanged ge datetime'{}'"
        assert spec.modified_format == "json_date"

    def test_numbers_and_times_are_texts(self, old):
        """Version 2 writes them in quotes, and wants them so."""
        fields = old.objects["Orders"].fields
        assert (fields["Net"].type, fields["Net"].format) == ("text", "decimal")
        assert (fields["LastChanged"].type, fields["LastChanged"].format) == ("text", "json_date")
        assert fields["Number"].label == "Order number"
        assert fields["Number"].create_only

    def test_marks_of_sets_and_properties_are_obeyed(self, old):
        """What may not be done is not offered; navigation tells references."""
        orders, buyers = old.objects["Orders"], old.objects["Buyers"]
        assert orders.delete is None
        assert orders.update.method == "MERGE"
        assert (buyers.create, buyers.update) == (None, None)
        assert "Net" not in orders.filters
        assert orders.fields["Buyer"].reference == "Buyers"
        assert (orders.version, orders.if_match) == ("__metadata.etag", "If-Match")
        assert (orders.paging.total, orders.list.record) == ("d.__count", "d.results")


@pytest.mark.parametrize("text", ["", "{}", "<html/>", "<a><b></a>", '<!DOCTYPE x [<!ENTITY e "x">]><Edmx/>'])
def test_what_is_no_metadata_is_refused(text):
    """The error says what it is instead."""
    with pytest.raises(ProjectError, match="metadata"):
        describe_odata(text.encode(), source="x.xml")
