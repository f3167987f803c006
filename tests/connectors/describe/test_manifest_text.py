"""A manifest as YAML: readable, and the same when it is read back."""

import copy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.connectors.describe.openapi import describe_openapi
from tallystick.connectors.describe.openapi_read import read_description
from tallystick.connectors.describe.text import manifest_yaml
from tallystick.core.error import ProjectError
from tallystick.project.manifest import Fact, FieldSpec, Manifest, ObjectSpec


def readers() -> list[Any]:
    """A reader by the rules of YAML 1.1 and one by those of 1.2."""
    return [yaml.safe_load, lambda text: read_description(text.encode())[0]]


def assert_reads_back(manifest: Manifest) -> None:
    text = manifest_yaml(manifest)
    for read in readers():
        assert Manifest.model_validate(read(text)) == manifest


def test_a_described_system_reads_back_as_the_same_manifest(api):
    manifest = api.describe(api.collection() | api.collection("/orders/{id}/lines", "lineId"))
    assert_reads_back(manifest)
    assert manifest_yaml(manifest) == manifest_yaml(manifest)


def test_defaults_are_left_out_and_facts_come_last(api):
    lines = manifest_yaml(api.describe(api.collection())).splitlines()
    keys = [line.partition(":")[0] for line in lines if line[:1].isalpha()]
    assert lines[0].startswith("# ")
    assert keys[0] == "protocol"
    assert keys[-1] == "facts"
    assert "limits" not in keys


@pytest.mark.parametrize(
    "option",
    ["no", "NO", "on", "2020-01-01", "12:30", "010", "1e3", "~", "", "null", "a: b", "#x", "- y", "ü", "=", "0x1"],
)
def test_options_that_look_like_something_else_stay_text(option):
    spec = ObjectSpec(fields={"state": FieldSpec(type="text", options=(option, "x"))})
    assert_reads_back(Manifest(protocol="rest", objects={option or "x": spec}, facts={"a": Fact(label="declared")}))


# --- broken descriptions ------------------------------------------------------------------------------------

_JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.text(max_size=4), st.just([]), st.just({}), st.just({"$ref": "#"})
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(p for key, value in inner for p in _places(value, (*path, key)))]


@given(st.data())
@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_broken_description_crashes_the_reader(api, data):
    """Whatever stands wherever: a manifest that is valid and reads back, or a project error."""
    document = copy.deepcopy(
        api.document(
            api.collection() | api.collection("/orders.json"),
            servers=[{"url": "https://{a}.example", "variables": {"a": {"default": "x"}}}],
            security=[{"k": []}],
            components={
                "securitySchemes": {"k": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t"}}}}
            },
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from([p for p in _places(document) if p]))
        here = document
        for step in path[:-1]:
            here = here[step]
        here[path[-1]] = copy.deepcopy(data.draw(_JUNK))  # what is drawn is shared and would come to hold itself
    try:
        manifest = describe_openapi(document)
    except ProjectError:
        return
    assert_reads_back(manifest)
