"""Translate the tree that Jinja's parser makes into a Python expression; refuse whatever is not a pure expression.

The Python only uses names of ``expression_filters.NAMES`` and whatever ``load`` gives for a path of the record. Names
are strict: a path that is evaluated and not there makes the whole expression unknown. ``always`` tells which paths are
evaluated in any case, so that a caller who checked them may leave the check out here.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from keyword import iskeyword
from typing import Any, Final

from jinja2 import nodes

from tallystick.core.codecs.spelling import nearest
from tallystick.core.expression_filters import FILTERS
from tallystick.core.path import Path

Load = Callable[[Path], str]
RECORD: Final = "record"
"""The name that stands for the whole record, for keys that are no names: ``record["first-name"]``."""

_BINARY: Final[dict[type[nodes.Node], str]] = {
    nodes.Add: "add",
    nodes.Sub: "subtract",
    nodes.Mul: "multiply",
    nodes.Div: "divide",
    nodes.FloorDiv: "divide_whole",
    nodes.Mod: "modulo",
    nodes.Pow: "power",
}
_UNARY: Final[dict[type[nodes.Node], str]] = {
    nodes.Not: "(not {})",
    nodes.Neg: "negate({})",
    nodes.Pos: "positive({})",
}
_COMPARISONS: Final = {
    "eq": "equal({0}, {1})",
    "ne": "(not equal({0}, {1}))",
    "lt": "below({0}, {1})",
    "gt": "below({1}, {0})",
    "lteq": "at_most({0}, {1})",
    "gteq": "at_most({1}, {0})",
    "in": "contains({1}, {0})",
    "notin": "(not contains({1}, {0}))",
}
_REFUSED: Final[dict[type[nodes.Node], tuple[str, str]]] = {
    nodes.Call: ("calls", "use a filter, for example name | upper"),
    nodes.If: ("{% if %}", "write {{ a if condition else b }}"),
    nodes.For: ("loops", "join a list with {{ items | join(', ') }}"),
    nodes.Assign: ("{% set %}", "write the value where it is used"),
    nodes.AssignBlock: ("{% set %}", "write the value where it is used"),
    nodes.Macro: ("macros", "write the expression out"),
    nodes.Import: ("imports", "write the expression out"),
    nodes.FromImport: ("imports", "write the expression out"),
    nodes.Include: ("includes", "write the expression out"),
}


class Refusal(Exception):
    """Something in the tree is not allowed. ``offset`` is where in the source."""

    def __init__(self, node: nodes.Node, what: str, hint: str) -> None:
        super().__init__(what)
        self.offset = node.lineno
        self.what = what
        self.hint = hint


def translate(template: nodes.Template, load: Load, sure: frozenset[Path] = frozenset()) -> str:
    """Give the Python expression. ``load`` gives code for the value at a path, which may be ``UNKNOWN``.

    Paths in ``sure`` are known for certain. Raises ``Refusal``.
    """
    parts = parts_of(template)
    writer = _Translation(load, sure)
    if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData):
        return writer.expression(parts[0])
    texts = [repr(p.data) if isinstance(p, nodes.TemplateData) else writer.text(p) for p in parts]
    if not texts:
        return "''"
    plain = all(isinstance(p, nodes.TemplateData) or path_of(p) is not None for p in parts)
    # Texts of the record alone cannot grow; only what is computed needs the limit.
    whole = f"({' + '.join(texts)})" if plain else f"joined({', '.join(texts)})"
    return f"{whole}.strip()"


def parts_of(template: nodes.Template) -> list[nodes.Expr]:
    """Give texts and expressions in order. Raises ``Refusal`` for statements."""
    parts: list[nodes.Expr] = []
    for node in template.body:
        if not isinstance(node, nodes.Output):
            raise _refusal(node)
        parts.extend(part for part in node.nodes if not (isinstance(part, nodes.TemplateData) and not part.data))
    # White space around a single expression is layout, as a block of YAML has it.
    solid = [p for p in parts if not (isinstance(p, nodes.TemplateData) and not p.data.strip())]
    return solid if len(solid) == 1 else parts


def path_of(node: nodes.Node) -> Path | None:
    """Give the path that a name with keys stands for, or ``None`` for anything else."""
    match node:
        case nodes.Name(name=name):
            return () if name == RECORD else (str(name),)
        case nodes.Getattr(node=inner, attr=key) | nodes.Getitem(node=inner, arg=nodes.Const(value=str() as key)):
            before = path_of(inner)
            return None if before is None else (*before, key)
        case _:
            return None


def always(node: nodes.Node) -> frozenset[Path]:
    """Name the paths that are evaluated whatever the record contains."""
    path = path_of(node)
    if path is not None:
        return frozenset({path} if path else ())
    children: Iterable[nodes.Node]
    match node:
        case nodes.And(left=first) | nodes.Or(left=first):
            children = [first]
        case nodes.CondExpr(test=test):
            children = [test]
        case nodes.Filter(name="default" | "d") | nodes.Test(name="defined" | "undefined"):
            children = []
        case nodes.Compare(expr=first, ops=operands):
            children = [first, operands[0].expr]
        case _:
            children = node.iter_child_nodes()
    return frozenset().union(*map(always, children))


class _Translation:
    def __init__(self, load: Load, sure: frozenset[Path]) -> None:
        self._load = load
        self._sure = sure

    def text(self, node: nodes.Expr) -> str:
        code = self.expression(node)
        return f"({code} if {code}.__class__ is str else text({code}))" if _is_variable(code) else f"text({code})"

    def expression(self, node: nodes.Node) -> str:
        path = path_of(node)
        if path is not None:
            return self._path(path)
        write = _WRITERS.get(type(node))
        if write is None:
            raise _refusal(node)
        return write(self, node)

    def binary(self, node: nodes.BinExpr) -> str:
        return f"{_BINARY[type(node)]}({self.expression(node.left)}, {self.expression(node.right)})"

    def unary(self, node: nodes.UnaryExpr) -> str:
        return _UNARY[type(node)].format(self.expression(node.node))

    def either(self, node: nodes.And | nodes.Or) -> str:
        return f"({self.expression(node.left)} {node.operator} {self.expression(node.right)})"

    def concat(self, node: nodes.Concat) -> str:
        return f"joined({', '.join(map(self.text, node.nodes))})"

    def choice(self, node: nodes.CondExpr) -> str:
        otherwise = "None" if node.expr2 is None else self.expression(node.expr2)
        return f"({self.expression(node.expr1)} if {self.expression(node.test)} else {otherwise})"

    def attribute(self, node: nodes.Getattr) -> str:
        return f"item({self.expression(node.node)}, {node.attr!r})"

    def entry(self, node: nodes.Getitem) -> str:
        if not isinstance(node.arg, nodes.Slice):
            return f"item({self.expression(node.node)}, {self.expression(node.arg)})"
        bounds = (node.arg.start, node.arg.stop, node.arg.step)
        spelled = ", ".join("None" if b is None else self.expression(b) for b in bounds)
        return f"piece({self.expression(node.node)}, {spelled})"

    def sequence(self, node: nodes.List | nodes.Tuple) -> str:
        return f"[{', '.join(map(self.expression, node.items))}]"

    def object(self, node: nodes.Dict) -> str:
        return f"{{{', '.join(map(self._pair, node.items))}}}"

    def _pair(self, pair: nodes.Pair) -> str:
        if not isinstance(pair.key, nodes.Const) or not isinstance(pair.key.value, str):
            raise Refusal(pair, "a key that is no text", "write keys in quotes")
        return f"{pair.key.value!r}: {self.expression(pair.value)}"

    def _path(self, path: Path) -> str:
        code = self._load(path)
        return code if path in self._sure or not path else f"known({code})"

    def comparison(self, node: nodes.Compare) -> str:
        if len(node.ops) > 1:
            raise Refusal(node, "chained comparisons", "join them with and: a < b and b < c")
        [operand] = node.ops
        left, right = self.expression(node.expr), self.expression(operand.expr)
        return _COMPARISONS[operand.op].format(left, right)

    def filter(self, node: nodes.Filter) -> str:
        if node.node is None or node.dyn_args is not None or node.dyn_kwargs is not None:
            raise _refusal(node)
        if node.name in {"default", "d"}:
            return self._default(node)
        if node.name not in FILTERS:
            meant = (
                "slices, for example name[:40]"
                if node.name == "truncate"
                else nearest(node.name, (*FILTERS, "default"))
            )
            hint = f"did you mean {meant}?" if meant else f"there are: default, {', '.join(sorted(FILTERS))}"
            raise Refusal(node, f"the filter '{node.name}'", hint)
        _, fewest, most = FILTERS[node.name]
        if node.kwargs or not fewest <= len(node.args) <= most:
            number = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            raise Refusal(node, f"the filter '{node.name}' with these arguments", f"it takes {number}, without names")
        arguments = ", ".join(map(self.expression, [node.node, *node.args]))
        return f"filter_{node.name}({arguments})"

    def _default(self, node: nodes.Filter) -> str:
        named: dict[str, nodes.Expr] = {str(pair.key): pair.value for pair in node.kwargs}
        falsy = node.args[1] if len(node.args) > 1 else named.pop("boolean", None)
        if not 1 <= len(node.args) <= 2 or named:  # noqa: PLR2004 - the filter's own two arguments
            raise Refusal(node, "the filter 'default' with these arguments", "it takes the value to use instead")
        assert node.node is not None
        instead = self.expression(node.args[0])
        path = path_of(node.node)
        code = self._load(path) if path else ""
        if _is_variable(code) and falsy is None:
            return f"({instead} if {code} is UNKNOWN or blank({code}) else {code})"
        also = "False" if falsy is None else self.expression(falsy)
        return f"fallback(lambda: {self.expression(node.node)}, lambda: {instead}, {also})"

    def test(self, node: nodes.Test) -> str:
        if node.args or node.kwargs or node.name not in {"defined", "undefined", "none", "blank"}:
            raise Refusal(node, f"the test '{node.name}'", "there are: defined, undefined, none, blank")
        value = self.expression(node.node)
        match node.name:
            case "none":
                return f"({value} is None)"
            case "blank":
                return f"blank({value})"
            case _:
                return f"{'' if node.name == 'defined' else 'not '}defined(lambda: {value})"


def _is_variable(code: str) -> bool:
    return code.isidentifier() and not iskeyword(code)


def _constant(_: _Translation, node: nodes.Const) -> str:
    value = node.value
    if isinstance(value, float):
        exact = Decimal(repr(value))
        if not exact.is_finite():
            raise Refusal(node, "a number without end", "write it out")
        return f"Decimal({str(exact)!r})"
    if value is None or isinstance(value, str | bool | int):
        return repr(value)
    raise _refusal(node)


def _refusal(node: nodes.Node) -> Refusal:
    what, hint = _REFUSED.get(type(node), (f"'{type(node).__name__.lower()}'", "only values can be computed here"))
    return Refusal(node, what, hint)


_WRITERS: Final[dict[type[nodes.Node], Callable[[_Translation, Any], str]]] = {
    **dict.fromkeys(_BINARY, _Translation.binary),
    **dict.fromkeys(_UNARY, _Translation.unary),
    nodes.Const: _constant,
    nodes.And: _Translation.either,
    nodes.Or: _Translation.either,
    nodes.Concat: _Translation.concat,
    nodes.CondExpr: _Translation.choice,
    nodes.Compare: _Translation.comparison,
    nodes.Filter: _Translation.filter,
    nodes.Test: _Translation.test,
    nodes.Getattr: _Translation.attribute,
    nodes.Getitem: _Translation.entry,
    nodes.List: _Translation.sequence,
    nodes.Tuple: _Translation.sequence,
    nodes.Dict: _Translation.object,
}
