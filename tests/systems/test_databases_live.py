"""The examples' database manifests are right about the tables that their scripts make."""

from typing import TYPE_CHECKING

import pytest
from tests.systems.manifest_driver import load_manifest
from tests.systems.serving import EXAMPLES

from tallystick.project.manifest import Manifest

if TYPE_CHECKING:
    from tests.systems.postgres_server import Database, PostgresServer

pytest_plugins = ["tests.systems.fixtures"]
pytestmark = pytest.mark.e2e

COLUMNS = """
select column_name as name, character_maximum_length as length, is_nullable = 'YES' as nullable
from information_schema.columns where table_name = %s
"""


@pytest.fixture(params=["tryton-postgres", "roundup-postgres"])
def described(request: pytest.FixtureRequest, database_server: "PostgresServer") -> "tuple[Manifest, Database]":
    folder = EXAMPLES / request.param
    database = database_server.database(folder / "database.sql")
    names = {"CUSTOMERS_DATABASE": database.url, "SUPPORT_DATABASE": database.url}
    return load_manifest(folder / "systems" / "database.yaml", names), database


def test_every_column_is_described_with_its_length(described: "tuple[Manifest, Database]") -> None:
    manifest, database = described
    for spec in manifest.objects.values():
        assert spec.table is not None
        columns = {row["name"]: row["length"] for row in database.execute(COLUMNS, spec.table.name)}
        assert columns == {path: field.max_length for path, field in spec.fields.items()}


def test_a_field_that_must_not_be_null_is_described_so(described: "tuple[Manifest, Database]") -> None:
    manifest, database = described
    for spec in manifest.objects.values():
        assert spec.table is not None
        strict = {row["name"] for row in database.execute(COLUMNS, spec.table.name) if not row["nullable"]}
        writable = {path for path, field in spec.fields.items() if not field.read_only}
        declared = {path for path in writable if not spec.fields[path].nullable}
        assert declared == strict & writable


def test_the_time_of_the_last_change_moves_with_every_update(described: "tuple[Manifest, Database]") -> None:
    manifest, database = described
    name, spec = next(iter(manifest.objects.items()))
    text = "name" if "name" in spec.fields else "title"
    made = database.insert(name, **{text: "before"})
    [before] = database.execute(f"select {spec.modified} from {name}")
    database.execute(f"update {name} set {text} = 'after' where id = %s", made)
    [after] = database.execute(f"select {spec.modified} from {name}")
    assert before[spec.modified] < after[spec.modified]
