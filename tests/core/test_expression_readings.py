"""The translation of expressions against two other readings: Jinja's own, and a plain walk over the same tree."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tallystick.core.error import InvalidValue
from tallystick.core.expression import compile_expression
from tallystick.core.expression_filters import FILTERS
from tallystick.core.path import read
from tallystick.core.record import UNKNOWN

SLOW_MACHINE = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def value_of(source: str, record: Any) -> Any:
    return compile_expression(source).evaluate(record)


JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
PLAIN = {"n": 7, "m": -3, "z": 0, "s": "Some text", "t": "x-y", "l": ["b", "a", "b"], "o": {"k": "v", "n": 2}}


def _one_of(*templates: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(*[st.fixed_dictionaries(parts).map(lambda chosen, t=t: t.format(**chosen)) for t in templates])


def _grow(kinds: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    number, text, truth = kinds
    return (
        number | _one_of(
            "({a} + {b})", "({a} - {b})", "({a} * {b})", "({a} // {b})", "({a} % {b})", "(-{a})", "({a} | abs)",
            "({c} | length)", "({a} if {d} else {b})", "({a} or {b})",
            a=number, b=number, c=text, d=truth,
        ),
        text | _one_of(
            "({a} ~ {b})", "({a} + {b})", "({a} | upper)", "({a} | lower)", "({a} | title)", "({a} | capitalize)",
            "({a} | trim)", "({a} | replace('e', 'ee'))", "{a}[1:3]", "({a} if {d} else {b})", "({a} ~ {c})",
            "([{a} ~ '!', {b} ~ '?'] | join('-'))", "({c} | string)",
            a=text, b=text, c=number, d=truth,
        ),
        truth | _one_of(
            "({a} < {b})", "({a} >= {b})", "({a} == {b})", "({c} != {e})", "({c} in {e} ~ '!')", "(not {d})",
            "({d} and {f})", "({d} or {f})", "({c} not in l)",
            a=number, b=number, c=text, e=text, d=truth, f=truth,
        ),
    )  # fmt: skip


NUMBER, TEXT, TRUTH = _grow(
    _grow(
        (
            st.sampled_from(["n", "m", "z", "3", "o.n", "o['n']", "(l | length)"]),
            st.sampled_from(
                ["s", "t", "'Q'", "o.k", "l[0]", "(l | last)", "(l | join('+'))", "(gone | default('dd'))"]
            ),
            st.sampled_from(["true", "false", "(s is defined)", "(gone is defined)", "('a' in l)"]),
        )
    )
)


@SLOW_MACHINE
@given(NUMBER | TEXT | TRUTH)
def test_where_both_mean_the_same_jinja_agrees(body: str):
    """On texts, whole numbers and truth, away from blanks, both give the same, error for error."""
    try:
        expected: Any = JINJA.compile_expression(body, undefined_to_none=False)(**PLAIN)
    except (ZeroDivisionError, TemplateError):
        with pytest.raises(InvalidValue):
            value_of(f"{{{{ {body} }}}}", PLAIN)
        return
    assert value_of(f"{{{{ {body} }}}}", PLAIN) == expected


# --- against a second, plain reading of the same tree ---------------------------------------------------------------


class Gone(Exception):
    """A name was not there."""


def judge(node: nodes.Node, record: Any) -> Any:  # noqa: C901, PLR0911, PLR0912 - a case per kind of node
    """Evaluate a tree directly, with blanks and unknowns; the other reading that the translation is held to."""

    def nothing(value: Any) -> bool:
        return value is None or value == ""

    match node:
        case nodes.Const(value=value):
            return Decimal(repr(value)) if isinstance(value, float) else value
        case nodes.Name(name=name):
            found = read(record, (name,))
        case nodes.Getattr(node=nodes.Name(name=name), attr=key):
            found = read(record, (name, key))
        case nodes.And(left=left, right=right):
            return judge(left, record) and judge(right, record)
        case nodes.Or(left=left, right=right):
            return judge(left, record) or judge(right, record)
        case nodes.Not(node=inner):
            return not judge(inner, record)
        case nodes.CondExpr(test=test, expr1=yes, expr2=no):
            return judge(yes if judge(test, record) else no, record)
        case nodes.Test(node=inner, name="defined"):
            try:
                judge(inner, record)
            except Gone:
                return False
            return True
        case nodes.Test(node=inner, name="blank"):
            return nothing(judge(inner, record))
        case nodes.Filter(node=inner, name="default", args=[instead]):
            try:
                value = judge(inner, record)
            except Gone:
                value = None
            return judge(instead, record) if nothing(value) else value
        case nodes.Filter(node=inner, name=name):
            return FILTERS[name][0](judge(inner, record))
        case nodes.Concat(nodes=several):
            return "".join("" if (v := judge(one, record)) is None else FILTERS["string"][0](v) for one in several)
        case nodes.Compare(expr=left, ops=[operand]):
            a, b = judge(left, record), judge(operand.expr, record)
            if operand.op == "eq":
                return a == b or (nothing(a) and nothing(b))
            if nothing(a) or nothing(b):
                return False
            if isinstance(a, str) != isinstance(b, str) or isinstance(a, bool) or isinstance(b, bool):
                raise InvalidValue("not comparable")
            return a < b
        case nodes.BinExpr(left=left, right=right):
            a, b = judge(left, record), judge(right, record)
            if isinstance(node, nodes.Add) and all(v is None or isinstance(v, str) for v in (a, b)):
                return (a or "") + (b or "")
            if nothing(a) or nothing(b):
                return None
            if any(isinstance(v, bool) or not isinstance(v, int | Decimal) for v in (a, b)):
                raise InvalidValue("no number")
            return a + b if isinstance(node, nodes.Add) else a - b
        case _:
            raise AssertionError(node)
    if found is UNKNOWN:
        raise Gone
    return found


LEAF = st.sampled_from(["a", "b", "c", "o.k", "o.gone", "gone", "'x'", "''", "5", "1.5", "none", "true"])
ANY = st.recursive(
    LEAF,
    lambda inner: _one_of(
        "({a} + {b})", "({a} - {b})", "({a} ~ {b})", "({a} and {b})", "({a} or {b})", "(not {a})",
        "({a} if {b} else {c})",
        "({a} | default({b}))", "({a} is defined)", "({a} is blank)",
        "({a} < {b})", "({a} == {b})", "({a} | upper)",
        "({a} | trim)", "({a} | only_digits)", a=inner, b=inner, c=inner,
    ),
    max_leaves=8,
)  # fmt: skip
SCALAR = st.one_of(
    st.none(), st.sampled_from(["", "x", " y ", "7"]), st.integers(-9, 9), st.booleans(), st.decimals(-9, 9, places=2)
)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "a": SCALAR,
        "b": SCALAR,
        "c": SCALAR,
        "o": st.none() | st.fixed_dictionaries({}, optional={"k": SCALAR}),
    },
)


@settings(SLOW_MACHINE, max_examples=400)
@given(ANY, RECORDS)
def test_the_translation_is_what_the_tree_means(body: str, record: dict[str, Any]):
    """With blanks, unknown names and wrong types, the Python gives what a direct reading of the tree gives."""
    [output] = JINJA.parse(f"{{{{ {body} }}}}").body
    assert isinstance(output, nodes.Output)
    try:
        expected = judge(output.nodes[0], record)
    except Gone:
        expected = UNKNOWN
    except InvalidValue:
        needs = compile_expression(f"{{{{ {body} }}}}").needs
        if any(read(record, path) is UNKNOWN for path in needs):  # unknown comes before wrong
            assert value_of(f"{{{{ {body} }}}}", record) is UNKNOWN
            return
        with pytest.raises(InvalidValue):
            value_of(f"{{{{ {body} }}}}", record)
        return
    result = value_of(f"{{{{ {body} }}}}", record)
    assert result == expected
    assert type(result) is type(expected)
