"""Expressions: what they mean, what they refuse and where, and that they can neither reach out nor blow up."""

import contextlib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.core.error import InvalidValue
from tallystick.core.expression import MAX_SOURCE, compile_expression
from tallystick.core.record import UNKNOWN

RECORD: dict[str, Any] = {
    "firstName": "Jörg",
    "lastName": "Müller",
    "phone": None,
    "empty": "",
    "count": 7,
    "amount": Decimal("12.50"),
    "active": True,
    "status": "A",
    "tags": ["b", "a"],
    "address": {"city": "Köln", "lines": ["x", None, "y"], "none": None},
    "first-name": "dash",
    "when": datetime(2025, 7, 1, 10, tzinfo=UTC),
}
SLOW_MACHINE = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def value_of(source: str, record: Any = None) -> Any:
    return compile_expression(source).evaluate(RECORD if record is None else record)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ firstName }} {{ lastName | upper }}", "Jörg MÜLLER"),
        ("{{ phone }} {{ lastName }}", "Müller"),
        ("{{ phone }} {{ empty }}", ""),
        ("{{ count }}", 7),
        ("\n  {{ count }}\n", 7),
        ("{{ amount }} EUR", "12.50 EUR"),
        ("{{ amount * 2 }}", Decimal("25.00")),
        ("{{ 0.1 + 0.2 }}", Decimal("0.3")),
        ("{{ 10 / 4 }}", Decimal("2.5")),
        ("{{ -7 // 2 }}", -4),
        ("{{ -7.5 // 2 }}", Decimal(-4)),
        ("{{ -7 % 3 }}", 2),
        ("{{ -7.5 % 2 }}", Decimal("0.5")),
        ("{{ 2 ** 10 }}", 1024),
        ("{{ 2 ** -1 }}", Decimal("0.5")),
        ("{{ 123456789012345678901234567890 + 1 }}", 123456789012345678901234567891),
        ("{{ phone }}", None),
        ("{{ phone + 1 }}", None),
        ("{{ phone + 'x' }}", "x"),
        ("{{ 'a' + 'b' }}", "ab"),
        ("{{ 'ab' * 3 }}", "ababab"),
        ("{{ address.city }}", "Köln"),
        ("{{ address['city'] }}", "Köln"),
        ("{{ address.lines[2] }}", "y"),
        ("{{ address.lines[-1] }}", "y"),
        ("{{ address.none.deeper }}", None),
        ("{{ address.nowhere }}", UNKNOWN),
        ("{{ nowhere }}", UNKNOWN),
        ("{{ firstName }} {{ nowhere }}", UNKNOWN),
        ("{{ nowhere | upper }}", UNKNOWN),
        ("{{ nowhere or 'x' }}", UNKNOWN),
        ("{{ tags ~ nowhere }}", UNKNOWN),
        ("{{ firstName or nowhere }}", "Jörg"),
        ("{{ nowhere | default('x') }}", "x"),
        ("{{ nowhere.deeper | default('x') }}", "x"),
        ("{{ phone | default('x') }}", "x"),
        ("{{ empty | d('x') }}", "x"),
        ("{{ 0 | default('x') }}", 0),
        ("{{ 0 | default('x', true) }}", "x"),
        ("{{ 0 | default('x', boolean=true) }}", "x"),
        ("{{ nowhere is defined }}", False),
        ("{{ nowhere is undefined }}", True),
        ("{{ phone is defined }}", True),
        ("{{ phone is none }}", True),
        ("{{ empty is blank }}", True),
        ("{{ phone is not blank }}", False),
        ("{{ record['first-name'] }}", "dash"),
        ("{{ {'A': 'active', 'L': 'lost'}[status] }}", "active"),
        ("{{ {'L': 'lost'}[status] | default('other') }}", "other"),
        ("{{ 'yes' if active else 'no' }}", "yes"),
        ("{{ 'yes' if phone }}", None),
        ("{{ active and count > 5 and not phone }}", True),
        ("{{ status in ['A', 'B'] }}", True),
        ("{{ 'a' not in tags }}", False),
        ("{{ 'city' in address }}", True),
        ("{{ 'x' in phone }}", False),
        ("{{ phone == '' }}", True),
        ("{{ phone < 3 }}", False),
        ("{{ phone >= 3 }}", False),
        ("{{ amount >= 12.5 }}", True),
        ("{{ 'a' < 'b' }}", True),
        ("{{ firstName[:1] ~ '.' }}", "J."),
        ("{{ firstName[0] }}", "J"),
        ("{{ tags[::-1] }}", ["a", "b"]),
        ("{{ tags | join(', ') }}", "b, a"),
        ("{{ [phone, firstName, empty, count] | join('/') }}", "Jörg/7"),
        ("{{ 'a-b' | split('-') | last }}", "b"),
        ("{{ '' | split }}", []),
        ("{{ '  x ' | trim }}", "x"),
        ("{{ 'x--' | trim('-') }}", "x"),
        ("{{ 'o neil-smith' | title }}", "O Neil-Smith"),
        ("{{ 'aXbX' | replace('X', '--') }}", "a--b--"),
        ("{{ tags | length }}", 2),
        ("{{ 2.675 | round(2) }}", Decimal("2.68")),
        ("{{ 2.5 | round }}", 3),
        ("{{ 2.1 | round(0, 'ceil') }}", 3),
        ("{{ 1234 | round(-2) }}", 1200),
        ("{{ '42' | int + 1 }}", 43),
        ("{{ '-12.50' | number }}", Decimal("-12.50")),
        ("{{ '3' | float }}", Decimal(3)),
        ("{{ -3 | abs }}", 3),
        ("{{ '+49 (30) 12-3' | only_digits }}", "4930123"),
        ("{{ 'DE12 3456' | compact }}", "DE123456"),
        ("{{ count | string }}", "7"),
        ("{{ phone | upper }}", None),
        ("{{ active }} {{ count }}", "true 7"),
        ("{{ when }} ", datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("{{ when ~ '' }}", "2025-07-01T10:00:00Z"),
        ("{# a note #}{{ count }}", 7),
        ("DE", "DE"),
        ("", ""),
    ],
)
def test_what_an_expression_gives(source: str, value: Any):
    """Types are kept, blank is nothing, unknown is not blank, numbers are exact."""
    result = value_of(source)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("text", ["1e5", "1_000", "None", "True", "[1]", "007", "1.10"])
def test_text_stays_text(text: str):
    """What looks like a number, a list or nothing is still the text that the system sent."""
    assert value_of("{{ x }}", {"x": text}) == text
    assert value_of("{{ x }} ", {"x": text}) == text


@pytest.mark.parametrize(
    ("source", "message", "where", "hint"),
    [
        ("{{ name.upper() }}", "calls cannot be used", "line 1, column 14", "name | upper"),
        ("{{ range(10) }}", "calls cannot be used", "line 1, column 9", "filter"),
        ("{% for x in y %}{{ x }}{% endfor %}", "loops cannot be used", "line 1, column 4", "join"),
        ("{% if a %}b{% endif %}", "{% if %} cannot be used", "line 1, column 4", "if condition else"),
        ("{% set a = 1 %}", "{% set %} cannot be used", "line 1", "where it is used"),
        ("{% macro a() %}{% endmacro %}", "macros cannot be used", "line 1", ""),
        ("{% import 'a' as b %}", "imports cannot be used", "line 1", ""),
        ("{% include 'a' %}", "includes cannot be used", "line 1", ""),
        ("{{ a }}\n{{ b | uper }}", "the filter 'uper'", "line 2, column 8", "did you mean upper"),
        ("{{ a | format(1) }}", "the filter 'format'", "line 1, column 8", ""),
        ("{{ a | attr('x') }}", "the filter 'attr'", "line 1, column 8", ""),
        ("{{ a | map('x') }}", "the filter 'map'", "line 1, column 8", ""),
        ("{{ a | truncate(4) }}", "the filter 'truncate'", "line 1, column 8", "name[:40]"),
        ("{{ a | upper(1) }}", "with these arguments", "line 1, column 8", "it takes 0"),
        ("{{ a | replace('x') }}", "with these arguments", "line 1, column 8", "it takes 2"),
        ("{{ a | round(precision=2) }}", "with these arguments", "line 1, column 8", "without names"),
        ("{{ a | default }}", "with these arguments", "line 1, column 8", "instead"),
        ("{{ a is even }}", "the test 'even'", "line 1, column 6", "blank"),
        ("{{ a is sameas(b) }}", "the test 'sameas'", "line 1, column 6", "blank"),
        ("{{ 1 < a < 3 }}", "chained comparisons", "line 1", "a < b and b < c"),
        ("{{ {1: 2}[a] }}", "a key that is no text", "line 1", "quotes"),
        ("{{ 1e999 }}", "a number without end", "line 1", ""),
        ("{{ a +", "unexpected", "line 1", ""),
        ("{{ a }} {{ 1 $ 2 }}", "unexpected char", "line 1, column 14", ""),
        ("a\n\n{{ b b }}", "expected token", "line 3, column 6", ""),
        ("{{ 'a }}", "unexpected", "line 1", ""),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_place(source: str, message: str, where: str, hint: str):
    """Refused when the project is loaded: what, where in the expression, what to use instead."""
    with pytest.raises(InvalidValue) as refusal:
        compile_expression(source)
    assert message in refusal.value.message
    assert where in refusal.value.detail
    assert hint in refusal.value.hint


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 300 + "1" + ")" * 300 + " }}",
        "{{ " + "[" * 900 + "]" * 900 + " }}",
        "{{ " + "-" * 500 + "1 }}",
        "{{ " + "not " * 400 + "1 }}",
        "{{ " + "+".join("a" * 200) + " }}",
        "{{ a" + "[0]" * 600 + " }}",
        "x" * (MAX_SOURCE + 1),
    ],
)
def test_size_and_depth_are_limited(source: str):
    """No expression makes the parser, the translation or Python itself run out of stack."""
    with pytest.raises(InvalidValue, match=r"nested|at most"):
        compile_expression(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10**9 }}",
        "{{ 10**9 * 'x' }}",
        "{{ 'x' * 100000 * 100000 }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ 9**99 * 9**99 * 9**99 * 9**99 * 9**99 * 9**99 * 9**99 * 9**99 * 9**99 * 9**99 * 9**99 }}",
        "{{ 1.1**99 ** 99 }}",
        "{{ big * 1 }}",
        "{{ big | int }}",
        "{{ big ~ '' }}",
        "{{ big + 0.5 }}",
        "{{ big | round(2) }}",
        "{{ ('x' * 100000) ~ ('x' * 100000) }}",
        "{{ ('x' * 100000) | replace('x', 'yyyyyyyyyyyyyyyy') }}",
        "{{ ('x ' * 50000) | split | join('yyyyyyyyyyyyyyyyyyyyyyyy') }}",
        "{{ ('ß' * 99999) | upper }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 1 / 0 }}",
        "{{ 1 % 0.0 }}",
        "{{ tags * 3 }}",
        "{{ tags + tags }}",
        "{{ tags ~ '' }}",
        "{{ 'a' + 1 }}",
        "{{ 'a' < 1 }}",
        "{{ active < 1 }}",
        "{{ 1 in 5 }}",
        "{{ '1e5' | int }}",
        "{{ '1_000' | int }}",
        "{{ '1e5' | number }}",
        "{{ 'None' | number }}",
        "{{ 'x' | replace('', 'y') }}",
        "{{ 'x' | split('') }}",
        "{{ 5 | first }}",
        "{{ 5 | length }}",
        "{{ 'x' | join }}",
        "{{ 1 | round('a') }}",
        "{{ 'abc'[:'x'] }}",
        "{{ 'abc'[::0] }}",
        "{{ 5[:1] }}",
    ],
)
def test_what_cannot_be_computed_is_an_error_of_the_record(source: str):
    """Memory and time are bounded, and nothing but ``InvalidValue`` comes out."""
    with pytest.raises(InvalidValue):
        value_of(source, RECORD | {"big": Decimal("1e999999999")})


@pytest.mark.parametrize(
    "name", ["__class__", "__globals__", "__builtins__", "__subclasses__", "upper", "self", "lipsum"]
)
def test_names_are_keys_and_never_python_attributes(name: str):
    """``a.b`` is a key of the record, whatever Python has under that name."""
    assert value_of(f"{{{{ firstName.{name} }}}}") is UNKNOWN
    assert value_of(f"{{{{ tags['{name}'] | default('-') }}}}") == "-"
    assert value_of(f"{{{{ {name} }}}}", {"x": 1}) is UNKNOWN
    assert value_of(f"{{{{ a.{name} }}}}", {"a": {name: 5}}) == 5


def test_quotes_and_backslashes_cannot_leave_their_constant():
    """The translation writes constants as Python constants."""
    tricky = "'); import os; (\\\"\n{}"
    assert value_of("{{ " + repr(tricky).replace("\\n", "\\n") + " ~ '' }}") == tricky
    assert value_of("a' \\ \"{x}\u2028b") == "a' \\ \"{x}\u2028b"


def test_an_inverse_works_on_the_canonical_value():
    """``value`` is the only name; canonical types have a text."""
    assert value_of("{{ value | split | last }}", {"value": "Jörg Müller"}) == "Müller"
    assert value_of("{{ value }} ", {"value": date(2025, 7, 1)}) == date(2025, 7, 1)
    assert value_of("on {{ value }}", {"value": date(2025, 7, 1)}) == "on 2025-07-01"


def test_an_expression_keeps_its_source_and_shows_its_python():
    """Both can be looked at; two expressions with one source are equal."""
    made = compile_expression("{{ a.b }}")
    assert made.source == "{{ a.b }}"
    assert "('a', 'b')" in made.python
    assert made == compile_expression("{{ a.b }}")
    assert compile_expression("{{ a if b else c.d }}").needs == {("b",)}
    assert compile_expression("{{ a and b }}{{ c | default(d) }}{{ e.f ~ g }}").needs == {("a",), ("e", "f"), ("g",)}


@settings(SLOW_MACHINE, max_examples=300)
@given(st.text("{}%#- \n|()[]'\"\\ab.1~*/+<>=!,:_isdefault", max_size=60))
def test_any_text_is_an_expression_or_an_error_with_a_place(source: str):
    """Whatever is written in a project file is either translated or refused by ``InvalidValue``."""
    try:
        made = compile_expression(source)
    except InvalidValue:
        return
    with contextlib.suppress(InvalidValue):
        made.evaluate(RECORD)
