"""A manifest as YAML: readable, and the same when it is read back."""

import copy
import json
import os
import subprocess
import sys
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
from tallystick.project.manifest_paging import NoPaging


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


def test_a_description_gives_the_same_text_in_every_process(api):
    """Nothing depends on the order of a set, so that a description can be compared with the one of last month."""
    whole = {"type": "object", "properties": {f"f{n}": {"type": "string"} for n in range(12)} | {"id": {}, "name": {}}}
    paths = api.collection(item=whole)
    some = {"type": "object", "properties": {name: {} for name in list(whole["properties"])[5:]}}
    paths["/customers/{id}"]["get"] = api.operation(some)
    program = (
        "import json, sys; from tallystick.connectors.describe.openapi import describe_openapi as d;"
        "from tallystick.connectors.describe.text import manifest_yaml as m; print(m(d(json.load(sys.stdin))))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program], input=json.dumps(api.document(paths)), text=True, check=True, timeout=60,
            capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(texts) == 1
    assert all(f"f{n}:" in next(iter(texts)) for n in range(12))


@pytest.mark.parametrize("key", ['"@odata.type"', "a\\b", "{id}", "x{y}", "/a/{id}", "1.5", "-0.5", 'say "no"', "a: b"])
def test_names_and_paths_of_every_spelling_read_back(key):
    """What is written without the library reads as the library would have it."""
    field = FieldSpec(type="text", minimum=-2147483648.0, maximum=1.5e300, pattern=f'^"{key}\\d$')
    assert_reads_back(Manifest(protocol="rest", base_url=key, objects={key: ObjectSpec(id=key, fields={key: field})}))


def test_a_variant_that_is_the_default_is_named_where_it_says_more():
    """A listing without pages that ends at a limit: without its type nobody could read the entry."""
    spec = ObjectSpec(paging=NoPaging(type="none", cap=50))
    assert_reads_back(Manifest(protocol="rest", base_url="https://x.example", objects={"a": spec}))
