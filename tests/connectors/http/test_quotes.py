"""Values between quotation marks cannot end there, whichever mark it is and whatever else stands there."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tallystick.core.path import parse
from tallystick.project.spelling import open_mark


@pytest.mark.parametrize(
    ("template", "quotes", "value", "asked"),
    [
        ("name eq '{}'", "doubled", "O'Brien", "name eq 'O''Brien'"),
        ("name like '%{}%'", "doubled", "O'Brien", "name like '%O''Brien%'"),
        ("name = '{}'", "escaped", "a\\'b", "name = 'a\\\\\\'b'"),
        ('name:"{}"', "escaped", 'the "x"', 'name:"the \\"x\\""'),
        ('name:"{}"', "doubled", 'the "x"', 'name:"the ""x"""'),
        ('name:"{}"', "escaped", "O'Brien", 'name:"O\'Brien"'),
        ("name:{}", "doubled", "O'Brien", "name:O'Brien"),
    ],
)
def test_a_value_stays_between_its_marks(open_rest, server, reply, template, quotes, value, asked):
    server.script["/companies"] = reply([])
    spec = {
        "list": {"method": "GET", "path": "/companies"},
        "filters": {"name": {"param": "q", "template": template}},
        "quotes": quotes,
    }
    connector, transport = open_rest(server.url, objects={"companies": spec})
    assert not transport.run(connector.find("companies", parse("name"), value))
    assert parse_qs(urlsplit(server.seen[0].path).query)["q"] == [asked]


@pytest.mark.parametrize(
    ("template", "mark"),
    [("'{}'", "'"), ('a "b" "{}"', '"'), ("it's {}", ""), ("{}", ""), ("'a' {} 'b'", ""), ("no place", "")],
)
def test_the_mark_around_a_value_is_found(template, mark):
    assert open_mark(template) == mark
