"""Where a WSDL and its imports may come from: its own origin or its own folder, and nowhere else."""

import pytest
from tests.connectors.soap.wsdls import ACCOUNTS, ACCOUNTS_SCHEMA
from tests.systems.soap_server import Reply, opened_door

from tallystick.cli.describe_wsdl import describe_service
from tallystick.core.error import AccessError, ProjectError

NAMES = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t"'
SCHEMA = ACCOUNTS_SCHEMA.replace("<xs:schema ", f"<xs:schema {NAMES} ").encode()


def split(location: str) -> bytes:
    """Give the WSDL with its schema elsewhere."""
    schema = f'<xs:schema><xs:import namespace="urn:t" schemaLocation="{location}"/></xs:schema>'
    return ACCOUNTS.decode().replace(ACCOUNTS_SCHEMA, schema).encode()


@pytest.fixture
def site():
    """A web server with what a test lays on it."""
    pages: dict[str, bytes] = {}
    with opened_door() as door:

        def show(method, path, headers, body):
            page = pages.get(path)
            return Reply(200 if page else 404, {"Content-Type": "text/xml"}, page or b"")

        door.forward = show
        yield door, pages


def test_a_service_gives_its_description_in_pieces(site, tmp_path):
    """As services of the .NET kind do, by queries of the same address."""
    door, pages = site
    pages["/svc?wsdl"] = split("?xsd=xsd0")
    pages["/svc?xsd=xsd0"] = SCHEMA
    manifest = describe_service(f"{door.url}svc?wsdl", "", tmp_path)
    assert manifest.objects["account"].get is not None
    assert manifest.description == f"{door.url}svc?wsdl"


def test_another_host_is_never_asked(site, tmp_path):
    """A description must not make us ask whom it likes."""
    door, pages = site
    with opened_door() as other:
        pages["/svc?wsdl"] = split(f"{other.url}x.xsd")
        asked = []
        other.forward = lambda *about: asked.append(about) or Reply(200, {}, SCHEMA)
        manifest = describe_service(f"{door.url}svc?wsdl", "", tmp_path)
    assert asked == []
    assert any("lies on another host" in note for note in manifest.notes)


def test_files_beside_a_wsdl_are_read(tmp_path):
    """A folder with all pieces, wherever it lies."""
    (tmp_path / "wsdl" / "types").mkdir(parents=True)
    (tmp_path / "wsdl" / "erp.wsdl").write_bytes(split("types/accounts.xsd"))
    (tmp_path / "wsdl" / "types" / "accounts.xsd").write_bytes(SCHEMA)
    manifest = describe_service(str(tmp_path / "wsdl" / "erp.wsdl"), "https://here.example/soap", tmp_path)
    assert manifest.objects["account"].get is not None
    assert manifest.description == "wsdl/erp.wsdl"
    assert manifest.base_url == "https://here.example/soap"


@pytest.mark.parametrize("location", ["../secret.xsd", "/etc/passwd", "file:///etc/passwd", "http://x.example/a.xsd"])
def test_other_files_and_addresses_are_never_read_for_a_file(tmp_path, location):
    """Neither this machine's nor the network's."""
    (tmp_path / "secret.xsd").write_bytes(SCHEMA)
    (tmp_path / "wsdl").mkdir()
    (tmp_path / "wsdl" / "erp.wsdl").write_bytes(split(location))
    manifest = describe_service(str(tmp_path / "wsdl" / "erp.wsdl"), "", tmp_path)
    assert manifest.objects == {}
    assert any(f"'{location}' is imported and could not be had" in note for note in manifest.notes)


def test_a_wsdl_that_is_not_there_is_said_so(site, tmp_path):
    """A file, an address, and an address that wants to know who asks."""
    door, _ = site
    with pytest.raises(ProjectError, match="cannot be read"):
        describe_service(str(tmp_path / "none.wsdl"), "", tmp_path)
    door.forward = lambda *about: Reply(401, {}, b"")
    with pytest.raises(AccessError):
        describe_service(f"{door.url}svc?wsdl", "", tmp_path)
