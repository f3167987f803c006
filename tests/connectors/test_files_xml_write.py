"""An XML document is changed record by record: what is read back is what was written, and nothing else moves a byte."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallystick.connectors.files_format import WritableFormat, open_format
from tallystick.core.error import Garbled, ProjectError, Refused, Unavailable
from tallystick.project.manifest import ObjectSpec

FIELDS = {"@id": {"type": "text"}, "name": {"type": "text"}, "sum": {"type": "number"}, "address": {"type": "object"}}
LIVELY = """<?xml version="1.0" encoding="{encoding}"?>
<!-- of today: <customer id="0"/> -->
<c:export xmlns:c="urn:crm" xmlns='urn:other' made="a>b">
  <meta><count>2</count><![CDATA[<customer id="none"/>]]></meta>
  <c:customers>
    <!-- the first -->
    <c:customer id="1" c:kind='x > "y"'>
      <name>Müller &amp; <![CDATA[<Söhne>]]></name>
      <address><city>Ulm</city><zip/></address>
      <tag>a</tag><tag>b</tag>
      <foreign><deep at="1">kept</deep></foreign>
    </c:customer>

    <c:customer id="2"><name>B</name><?note kept?></c:customer>
  </c:customers>
  <foot/>
</c:export>
"""


def opened(text, encoding="utf-8", fields=None, **file):
    """Read a document for writing; give its format and the bytes of its records."""
    file = {"name": "x", "format": "xml", "write": "replace", "records": "customer", **file}
    spec = ObjectSpec.model_validate({"fields": fields or {}, "file": file})
    found = open_format(spec.file, spec, "x")
    assert isinstance(found, WritableFormat)
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return found, list(found.read(io.BytesIO(content)))


def whole(found, sources):
    """Put a document together as it is written."""
    return found.head + b"".join(sources) + found.tail


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16", "utf-8-sig", "windows-1252"])
def test_what_is_not_changed_keeps_every_byte(encoding):
    """Comments, instructions, prefixes, quotes, white space, the byte order mark."""
    content = LIVELY.format(encoding=encoding.removesuffix("-sig")).encode(encoding)
    found, entries = opened(content)
    assert [entry.record["@id"] for entry in entries] == ["1", "2"]
    assert whole(found, [entry.source for entry in entries]) == content


def test_only_the_pieces_of_a_record_that_change_are_spelled_anew():
    found, [first, second] = opened(LIVELY.format(encoding="ISO-8859-1").encode("iso-8859-1"))
    patch = {"name": "Ö <€>", "@kind": 'q"q\n', "address": {"city": None, "zip": "89073"}, "tag": ["x"], "new": "1"}
    changed = found.change(first.source, patch)
    assert (
        changed.decode("iso-8859-1")
        == """
    <!-- the first -->
    <c:customer id="1" c:kind='q&quot;q&#10;'>
      <name>Ö &lt;&#8364;&gt;</name>
      <address><city></city><zip>89073</zip></address>
      <foreign><deep at="1">kept</deep></foreign>
      <tag>x</tag>
      <new>1</new>
    </c:customer>"""
    )
    record = found.decode(changed)
    assert record["name"] == "Ö <€>"
    assert record["@kind"] == 'q"q\n'
    assert record["address"] == {"city": None, "zip": "89073"}
    _, entries = opened(whole(found, [changed, second.source]))
    assert [entry.record for entry in entries] == [record, second.record]
    assert entries[1].source == second.source


def test_a_new_record_looks_like_its_neighbours():
    found, [first, second] = opened(LIVELY.format(encoding="utf-8"))
    made = found.make({"address": {"city": "Bonn"}, "name": "N", "@id": "3", "tag": ["1", "2"], "sum": None})
    assert (
        made.decode()
        == """
    <c:customer id="3">
      <name>N</name>
      <address>
        <city>Bonn</city>
      </address>
      <tag>1</tag>
      <tag>2</tag>
    </c:customer>"""
    )
    _, entries = opened(whole(found, [first.source, second.source, made]))
    assert entries[2].record == {"@id": "3", "name": "N", "address": {"city": "Bonn"}, "tag": ["1", "2"]}


@pytest.mark.parametrize(
    ("empty", "filled"),
    [
        ("<customers/>", "<customers>\n  <customer>\n    <name>A</name>\n  </customer>\n</customers>"),
        ("<r>\n</r>", "<r>\n  <customer>\n    <name>A</name>\n  </customer>\n</r>"),
        ("<a><b/><x:customerList xmlns:x='u'/></a>", None),
        ("<a><day>1</day><customers></customers></a>", None),
    ],
)
def test_the_first_record_finds_its_place(empty, filled):
    found, entries = opened(empty)
    assert entries == []
    text = whole(found, [found.make({"name": "A"})])
    assert filled is None or text.decode() == filled
    again, [entry] = opened(text)
    assert entry.record == {"name": "A"}
    assert whole(again, [entry.source]) == text


def test_where_nobody_knows_where_a_record_belongs_none_is_made():
    """Read it can be all the same: an empty export is one, too."""
    found, entries = opened("<a><b/><c/></a>")
    assert (entries, whole(found, [])) == ([], b"<a><b/><c/></a>")
    with pytest.raises(Refused, match="where a record belongs"):
        found.make({"name": "A"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a><customer><n>&b;</n></customer></a>", "document type"),
        ("<a><g><customer><n>1</n></customer></g><g><customer><n>2</n></customer></g></a>", "between"),
        ("<a><customer><n>1</n></customer>text<customer><n>2</n></customer></a>", "between"),
        ("<customer><n>1</n></customer>", "whole document"),
    ],
)
def test_a_document_in_which_a_change_could_mean_two_things_is_only_read(text, why):
    with pytest.raises(ProjectError, match=why):
        opened(text)


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ({"nowhere": "x"}, "no field"), ({"name": "a\x00"}, "no character U\\+0000"),
        ({"address": "x"}, "fields of its own"), ({"name": ["a", {"b": 1}]}, "either values or records"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused_by_its_field(patch, why):
    found, [first, _] = opened(LIVELY.format(encoding="utf-8"), fields=FIELDS)
    with pytest.raises(Refused) as caught:
        found.change(first.source, patch)
    assert any(word in f"{caught.value} {caught.value.hint}" for word in (why, why.replace("\\", "")))


@pytest.mark.parametrize("kind", [(b"<a><customer><n>1</n></customer>", Unavailable), (b"<a><b></a>", Garbled)])
def test_a_document_that_is_none_says_where(kind):
    text, error = kind
    with pytest.raises(error):
        opened(text)


TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff")).map(str.strip)
LEAF = st.none() | TEXT.filter(bool)
NAMES = st.sampled_from(["name", "note", "ort", "@id", "@kind", "größe", "a.b"])
RECORD = st.dictionaries(NAMES.filter(lambda n: n != "a.b"), LEAF, min_size=1).filter(lambda r: any(r.values()))
NESTED = st.fixed_dictionaries({"name": TEXT.filter(bool)}, optional={
    "address": st.dictionaries(st.sampled_from(["city", "zip", "@of"]), TEXT.filter(bool), min_size=1),
    "tag": st.lists(TEXT.filter(bool), min_size=2, max_size=4),
})  # fmt: skip


def told(record):
    """Give a record as it is read back: what is blank is not there."""
    return {name: value for name, value in record.items() if value is not None}


@given(first=RECORD | NESTED, patch=RECORD | NESTED, flat=st.booleans(), encoding=st.sampled_from(["utf-8", "latin-1"]))
@example(first={"name": "]]>"}, patch={"name": "<!--"}, flat=True, encoding="latin-1")
def test_whatever_is_written_is_read_back(first, patch, flat, encoding):
    """Hostile text, blanks, nested values and lists; the neighbour keeps its bytes."""
    gap = "" if flat else "\n\t"
    text = f'<?xml version="1.0" encoding="{encoding}"?><r>{gap}<customer x="1"><name>B</name></customer>{gap}</r>'
    found, [other] = opened(text, encoding)
    made = found.make(first)
    assert told(found.decode(made)) == told(first)
    changed = found.change(made, patch)
    expected = {**told(first), **told(patch)} | {n: None for n, v in patch.items() if v is None}
    if isinstance(first.get("address"), dict) and isinstance(patch.get("address"), dict):
        expected["address"] = first["address"] | patch["address"]
    if any(told(expected).values()):
        assert told(found.decode(changed)) == told(expected)
        _, entries = opened(whole(found, [changed, other.source]))
        assert [told(entry.record) for entry in entries] == [told(expected), other.record]
        assert entries[1].source == other.source
