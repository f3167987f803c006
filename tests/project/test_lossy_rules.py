"""Forty classic rules that lose something on the way there and back are each flagged with an example; others not.

Each is a field that flows both ways, as people write them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tallystick.core.error import Problem
from tallystick.project.lint import lint_project
from tallystick.project.load import load_project

Write = Callable[[Mapping[str, str]], Path]

FIELDS = """
      key: {type: text}
      text: {type: text}
      short: {type: text, max_length: 10}
      number: {type: number}
      whole: {type: integer}
      flag: {type: boolean}
      list: {type: list}
      first: {type: text}
      last: {type: text}
      kind: {type: text, options: [a, b]}
"""
SYSTEM = """
protocol: rest
base_url: https://{name}.example
owner: erika
auth: {{type: bearer, token: "${{env:TOKEN}}"}}
objects:
  things:
    list: {{method: GET, path: /things}}
    get: {{method: GET, path: "/things/{{id}}"}}
    create: {{method: POST, path: /things}}
    update: {{method: PATCH, path: "/things/{{id}}"}}
    fields: {fields}
"""
MAPPING = """
left: {{system: a, object: things}}
right: {{system: b, object: things}}
owner: erika
match: {{on: key}}
fields:
  key: {{left: key, right: key}}
  f: {field}
on_unmatched: {{left: create, right: create}}
on_delete: {{left: unlink, right: unlink}}
"""
PROJECT = "name: test\nowners: {erika: {name: Erika}}\n"


def computed(path: str, expression: str, inverse: str) -> str:
    right = f'{{expression: "{{{{ {expression} }}}}", inverse: {{{path}: "{{{{ {inverse} }}}}"}}}}'
    return f"{{left: {path}, right: {right}}}"


def codec(settings: str, path: str = "text", other: str = "text") -> str:
    return f"{{left: {path}, right: {{path: {other}, codec: {settings}}}}}"


def timed(left: str, right: str, other: str = "text") -> str:
    return f"{{left: {{path: text, codec: {left}}}, right: {{path: {other}, codec: {right}}}}}"


LOSSY = {
    "outer white space": codec("trim"),
    "inner white space": codec("collapse"),
    "capitals": codec("upper"),
    "small letters": codec("lower"),
    "decomposed letters": codec("unicode"),
    "ligatures": codec("{codec: unicode, form: NFKC}"),
    "decoration": codec('{codec: remove, characters: "/-"}'),
    "leading zeros": codec("{codec: zero_padded, width: 10}"),
    "filling": codec("{codec: pad, width: 12}"),
    "umlauts": codec("{codec: transliterate, language: de}"),
    "letters outside of Latin-1": codec("{codec: transliterate, charset: iso-8859-1}"),
    "the end of a text": codec("{codec: truncate, length: 40}"),
    "bytes": codec("{codec: truncate, length: 40, unit: bytes, ellipsis: ...}"),
    "words": codec("{codec: replace, map: {GmbH: Ltd}}"),
    "a prefix that may be missing": codec("{codec: affix, prefix: K-, optional: true}"),
    "formatting": codec("{codec: html, write: true}"),
    "layout": codec("markdown"),
    "a guess where the name ends": codec("full_name"),
    "names in the other order": codec("{codec: full_name, order: last_first}"),
    "parts that are left out": codec("{codec: parts, only: [first, last]}"),
    "spellings of salutations": codec("salutation"),
    "spellings of titles": codec("title"),
    "lines of an address": codec("{codec: address_block, country: DE}"),
    "a street's number": codec("street"),
    "names of countries": codec("country"),
    "names of languages": codec("language"),
    "spellings of telephone numbers": codec("{codec: phone, region: DE}"),
    "capitals in e-mail addresses": codec("{codec: email, lower: true}"),
    "spellings of links": codec("url"),
    "spaces in bank accounts": codec("iban"),
    "decoration of VAT numbers": codec("vat"),
    "hyphens of book numbers": codec("{codec: identifier, kind: isbn}"),
    "cents": codec("{codec: round, scale: 0}", "number", "number"),
    "digits after the comma": codec('{codec: number, decimal: ",", scale: 2}'),
    "rounded smallest units": codec("{codec: minor_units, currency: EUR, rounding: half_up}", "number", "whole"),
    "inches": codec("{codec: unit, unit: in, to: cm, scale: 1}", "number", "number"),
    "microseconds": timed("instant", "{codec: instant, precision: second}"),
    "seconds since 1970": timed("instant", "unix", "whole"),
    "the repeated hour": timed("instant", "{codec: local_time, format: dd.MM.yyyy HH:mm, zone: Europe/Berlin}"),
    "the time of day": timed("date", "[instant, {codec: day, zone: Europe/Berlin}]"),
    "numbers or texts": codec("text"),
    "many spellings of yes": codec("{codec: boolean, yes: [J, ja], no: [N, nein]}", "flag"),
    "the order of a list": codec('{codec: text_list, separator: ";"}'),
    "an expression without its inverse": computed("text", "text | upper", "value"),
    "a half of a text": computed("text", "text", "value[:20]"),
    "an inverse that goes elsewhere": computed("number", "number", "value | round(1)"),
}
SOUND = {
    "plain text": "{left: text, right: text}",
    "a number": "{left: number, right: number}",
    "a whole number as text": codec("integer", "whole"),
    "a German number": codec('{codec: number, decimal: ",", group: "."}', "number"),
    "a minus behind": codec('{codec: number, decimal: ",", negative: after}', "number"),
    "percent": codec('{codec: percent, decimal: ",", sign: " %"}', "number"),
    "exact smallest units": codec("{codec: minor_units, currency: EUR}", "number", "whole"),
    "kilograms and grams": codec("{codec: unit, unit: kg, to: g}", "number", "number"),
    "yes and no": codec("{codec: boolean, yes: J, no: N}", "flag"),
    "a currency": codec("{codec: currency, prefer: [USD, GBP, JPY, SEK]}"),
    "money": "{left: {path: text, codec: {codec: money, locale: de_DE}}, right: {path: text, codec: {codec: money}}}",
    "money in two fields": "{left: {path: text, codec: money}, "
    "right: {spread: {amount: number, currency: text}, codec: money_parts}}",
    "a prefix": codec("{codec: affix, prefix: K-}"),
    "words that come back": codec('{codec: replace, map: {"|": "; "}, back: true}'),
    "time stamps": "{left: {path: text, codec: instant}, "
    "right: {path: text, codec: {codec: zoned, zone: Europe/Berlin}}}",
    "German days": "{left: {path: text, codec: date}, right: {path: text, codec: {codec: date, format: dd.MM.yyyy}}}",
    "days of spreadsheets": "{left: {path: text, codec: date}, right: {path: whole, codec: day_number}}",
    "a list": "{left: list, right: list}",
    "options with a counterpart each": "{left: kind, right: kind, options: {map: {a: b, b: a}}}",
    "consent to cutting": "{left: text, right: short, invalid: truncate}",
    "an expression with its inverse": computed("number", "number / 100", "value * 100"),
    "first and last name": "{left: {spread: {first: first, last: last}}, right: {spread: {first: first, last: last}}}",
    "lossy, but one way": codec("upper")[:-1] + ", direction: to_right}",
}
HARD = {
    "plain text over formatting": codec("html"),
}


@pytest.fixture
def lint(write: Write) -> Callable[[str], list[Problem]]:
    def _lint(field: str) -> list[Problem]:
        systems = {f"systems/{name}.yaml": SYSTEM.format(name=name, fields=FIELDS) for name in "ab"}
        return lint_project(
            load_project(write({"tally.yaml": PROJECT, **systems, "mappings/m.yaml": MAPPING.format(field=field)}))
        )

    return _lint


Lint = Callable[[str], list[Problem]]


@pytest.mark.parametrize("field", LOSSY.values(), ids=list(LOSSY))
def test_each_lossy_rule_is_flagged_with_an_example(lint: Lint, field: str) -> None:
    """R-7.1: who reads the warning sees a value that does not come back."""
    problems = [p for p in lint(field) if p.line]
    assert problems
    assert all(p.severity == "warning" and p.file == "mappings/m.yaml" for p in problems)
    assert all(": for example " in p.message and " back as " in p.message for p in problems), problems
    for one in problems:
        there, back = one.message.partition(": for example ")[2].split(
            " comes back as " if " comes " in one.message else " is written back as "
        )
        assert there != back


@pytest.mark.parametrize("field", SOUND.values(), ids=list(SOUND))
def test_a_rule_that_loses_nothing_is_left_in_peace(lint: Lint, field: str) -> None:
    """A warning about what is harmless would teach people to overlook warnings."""
    assert lint(field) == []


@pytest.mark.parametrize("field", HARD.values(), ids=list(HARD))
def test_what_cannot_come_back_at_all_is_an_error(lint: Lint, field: str) -> None:
    """A one-way translation in a field that flows both ways is refused before it runs."""
    assert [p.severity for p in lint(field)] == ["error"]


def test_forty_rules_are_seeded() -> None:
    """The classic ones, and as many different reasons."""
    assert len(LOSSY) >= 40
    assert len(set(LOSSY.values())) == len(LOSSY)
