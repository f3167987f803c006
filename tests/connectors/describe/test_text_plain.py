"""What is written quickly is what the library would write, byte for byte, and reads back as it was."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from tallystick.connectors.describe.text import _Dumper, _lines, manifest_yaml
from tallystick.project.manifest import Manifest
from tallystick.project.text import MAX_BYTES, MAX_SYSTEM_BYTES, parse_text
from tallystick.project.validate import validate

SHAPES = ["", "no", "Yes", "null", "a: b", "a #b", "- x", "{id}", "it's", "x ", " x", "1.5", "=", "ä", "?", "<<", "~"]
WORDS = st.one_of(
    st.sampled_from([*SHAPES, "a\nb"]),
    st.text("ab yes/{}[]?:#-.,'\"\\0é\n", max_size=150),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), WORDS)
VALUES = st.recursive(
    SCALARS | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, VALUES, min_size=1, max_size=4))
def test_any_content_reads_back_as_it_was(content):
    assert yaml.safe_load("".join(_lines(content, ""))) == content


@given(st.dictionaries(WORDS, SCALARS, min_size=1, max_size=4))
def test_flat_content_is_written_as_the_library_writes_it(content):
    written = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    assert "".join(_lines(content, "")) == written


def test_a_manifest_of_thousands_of_objects_is_read_back_by_the_project():
    """What ``describe`` writes of the largest public descriptions is no file that ``lint`` then refuses."""
    fields = {f"field_{number}": {"type": "text", "max_length": number + 1} for number in range(10)}
    objects = {f"object_{number}": {"fields": fields} for number in range(2500)}
    manifest = Manifest.model_validate({"protocol": "rest", "base_url": "https://api.example.com", "objects": objects})
    text = manifest_yaml(manifest).encode()
    assert MAX_BYTES < len(text) < MAX_SYSTEM_BYTES
    read = parse_text(text, "systems/big.yaml", limit=MAX_SYSTEM_BYTES)
    assert not read.problems
    assert validate(Manifest, read.value) == (manifest, [])
