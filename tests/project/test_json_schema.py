"""Laws of the JSON Schemas: they describe every entry and allow the shorthands that the loader allows."""

import json
from pathlib import Path
from typing import Any

import pytest

from tallystick.project.json_schema import mapping_schema, project_schema, system_schema, write_schemas
from tallystick.project.manifest import Manifest
from tallystick.project.model import MappingSpec, Project


@pytest.mark.parametrize(
    ("schema", "model"), [(project_schema(), Project), (system_schema(), Manifest), (mapping_schema(), MappingSpec)]
)
def test_each_schema_names_every_entry_and_no_other(schema: dict[str, Any], model: Any) -> None:
    assert set(schema["properties"]) == set(model.model_fields)
    assert schema["additionalProperties"] is False
    assert schema["$schema"].startswith("https://json-schema.org/")
    json.dumps(schema)


def test_the_texts_under_fields_become_descriptions() -> None:
    assert "all paths are added to" in system_schema()["properties"]["base_url"]["description"]
    assert "{id}" not in system_schema()["$defs"]["Limits"]["properties"]["longest_wait_seconds"].get("title", "")
    assert "SQLAlchemy address" in project_schema()["properties"]["state"]["description"]
    # Texts of a base class hold for those that inherit its fields.
    bulk = system_schema()["$defs"]["BulkOperation"]["properties"]
    assert "Path under which" in bulk["wrap"]["description"]
    assert "Path of the list" in bulk["items"]["description"]


def test_shorthands_are_allowed() -> None:
    definitions = mapping_schema()["$defs"]
    assert {"type": "string"} in definitions["FieldSpec"]["properties"]["left"]["anyOf"]
    assert {"type": "string"} in definitions["PlaceSpec"]["properties"]["codec"]["anyOf"]
    assert {"type": "string"} in definitions["MatchSpec"]["properties"]["on"]["anyOf"]


def test_names_in_the_schema_are_those_in_the_file() -> None:
    assert set(system_schema()["$defs"]["Table"]["properties"]) == {"name", "schema"}


def test_variants_are_told_apart_by_their_type() -> None:
    paging = system_schema()["$defs"]["ObjectSpec"]["properties"]["paging"]
    assert paging["discriminator"]["propertyName"] == "type"
    assert len(paging["oneOf"]) == 6


def test_schemas_are_written_where_files_point_to(tmp_path: Path) -> None:
    written = write_schemas(tmp_path)
    assert [p.relative_to(tmp_path).as_posix() for p in written] == [
        ".tally/schema/project.json",
        ".tally/schema/system.json",
        ".tally/schema/mapping.json",
        ".tally/schema/tests.json",
    ]
    assert json.loads(written[2].read_text()) == mapping_schema()
