"""Bodies in parts and in CSV, read back by other people's parsers; and answers of another version."""

import csv
import io
from email import message_from_bytes
from email.policy import HTTP

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tallystick.connectors.http.body import BOUNDARY, encode
from tallystick.core.error import DataError, Garbled

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0", exclude_categories=["Cc", "Zl", "Zp"]))


def read_parts(content_type, body):
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=HTTP)
    return {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True).decode()
        for part in message.iter_parts()
    }


@given(st.dictionaries(st.sampled_from("abcd"), TEXTS, min_size=1))
def test_a_form_in_parts_is_read_back_as_it_was(record):
    body = encode(record, "multipart")
    assert read_parts(f"multipart/form-data; boundary={BOUNDARY}", body) == record


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), TEXTS | st.integers() | st.none(), min_size=1), min_size=1))
def test_csv_is_read_back_as_texts(records):
    found = list(csv.DictReader(io.StringIO(encode(records, "csv").decode(), newline="")))
    names = {name for record in records for name in record}
    assume(len(names) > 1)  # a lone empty cell is an empty line, which readers leave out
    texts = [{n: "" if r.get(n) is None else str(r[n]) for n in names} for r in records]
    assert found == texts


def test_what_cannot_be_written_names_its_field():
    with pytest.raises(DataError, match="nested") as nested:
        encode({"a": {"b": 1}}, "csv")
    assert nested.value.field == "a"
    with pytest.raises(DataError, match="form of parts"):
        encode({"a": f"x--{BOUNDARY}"}, "multipart")


@pytest.mark.parametrize("encoding", ["multipart", "csv"])
def test_a_record_is_created_so_over_a_real_connection(open_rest, server, reply, encoding):
    server.script["/companies"] = reply({"id": "1"}, 201)
    create = {"method": "POST", "path": "/companies", "encoding": encoding}
    connector, transport = open_rest(server.url, objects={"companies": {"create": create}})
    assert transport.run(connector.create("companies", {"name": 'Müller "GmbH"', "size": 7}, "")).id == "1"
    [seen] = server.seen
    wanted = {"name": 'Müller "GmbH"', "size": "7"}
    if encoding == "csv":
        assert list(csv.DictReader(io.StringIO(seen.body.decode(), newline=""))) == [wanted]
        assert seen.headers["content-type"] == "text/csv; charset=utf-8"
    else:
        assert read_parts(seen.headers["content-type"], seen.body) == wanted


@pytest.mark.parametrize(("answered", "is_right"), [("2024-07", True), (None, True), ("2024-10", False)])
def test_a_read_that_is_answered_as_another_version_is_refused(open_rest, server, reply, answered, is_right):
    server.script["/companies"] = reply([{"id": "1"}], headers={"X-Api-Version": answered})
    listing = {"list": {"method": "GET", "path": "/companies"}}
    network = {"headers": {"X-Api-Version": "2024-07"}, "answers": {"X-Api-Version": "2024-07"}}
    connector, transport = open_rest(server.url, objects={"companies": listing}, network=network)
    if is_right:
        assert len(transport.run(connector.read("companies")).rows) == 1
    else:
        with pytest.raises(Garbled, match="X-Api-Version: 2024-10") as raised:
            transport.run(connector.read("companies"))
        assert "written for 2024-07" in raised.value.detail
