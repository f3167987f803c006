"""Makes slips of a module: one small change of one function each, as a tired author would make it.

Compared, joined, negated, counted, swapped, dropped: what a reader of the code could get wrong. The sides are swapped
wherever they are named. The wording of sentences for people is left alone.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

OTHERS: Final[dict[type, tuple[type, ...]]] = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.FloorDiv,), ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,), ast.Mod: (ast.Mult,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,),
}  # fmt: skip
SWAPPED: Final = {
    "left": "right", "right": "left", "any": "all", "all": "any", "min": "max", "max": "min",
    "was_left": "was_right", "was_right": "was_left",
}  # fmt: skip
Swap = tuple[ast.AST, ast.AST]


@dataclass(frozen=True)
class Slip:
    """One change of one function: what stood there, what stands there instead, and the code that it gives."""

    module: str
    function: str
    line: int
    old: str
    new: str
    code: CodeType

    @property
    def name(self) -> str:
        """Name the slip, so that a list can be kept of some."""
        return f"{self.function}: {self.old} -> {self.new}"


def slips(module: str, source: str) -> Iterator[Slip]:
    """Make every slip of a module's functions and methods, in their order."""
    tree = ast.parse(source)
    known: Counter[tuple[str, str, str]] = Counter()
    for owner, function in _functions(tree):
        name = f"{owner}{function.name}"
        for slot, at in _inside(function):
            for was, becomes in _swaps(at):
                ast.fix_missing_locations(ast.copy_location(becomes, was))
                old, new = _spelled(at, was, was), _spelled(at, was, becomes)
                # The same words twice in one function are counted, so that each slip has a name of its own.
                known[name, old, new] += 1
                count = known[name, old, new]
                code = _compiled(tree, slot if was is at else _slot_in(at, was), becomes, name)
                yield Slip(module, name, getattr(at, "lineno", 0), old, new if count == 1 else f"{new} #{count}", code)


Slot = tuple[ast.AST, str, int | None]


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for each in tree.body:
        if isinstance(each, ast.FunctionDef):
            yield "", each
        if isinstance(each, ast.ClassDef):
            yield from ((f"{each.name}.", inner) for inner in each.body if isinstance(inner, ast.FunctionDef))


def _slots(at: ast.AST) -> Iterator[tuple[Slot, ast.AST]]:
    """Give every part of a node with its place; what is only said about types is left out."""
    for name, part in ast.iter_fields(at):
        if name in {"annotation", "returns", "ctx"}:
            continue
        if isinstance(part, list):
            yield from (((at, name, n), each) for n, each in enumerate(part) if isinstance(each, ast.AST))
        elif isinstance(part, ast.AST):
            yield (at, name, None), part


def _slot_in(at: ast.AST, part: ast.AST) -> Slot:
    return next(slot for slot, each in _slots(at) if each is part)


def _inside(function: ast.FunctionDef) -> Iterator[tuple[Slot, ast.AST]]:
    """Everything that a function does, with its place; the head and the docstring are no part of that."""
    skipped = 1 if ast.get_docstring(function) is not None else 0
    waiting = [((function, "body", n), each) for n, each in enumerate(function.body) if n >= skipped][::-1]
    while waiting:
        slot, at = waiting.pop()
        yield slot, at
        waiting += list(_slots(at))[::-1]


def _compiled(tree: ast.Module, slot: Slot, becomes: ast.AST, function: str) -> CodeType:
    """Compile the module with one part exchanged, and put the part back."""
    parent, name, at = slot
    whole = getattr(parent, name)
    was = whole if at is None else whole[at]

    def put(part: ast.AST) -> None:
        if at is None:
            setattr(parent, name, part)
        else:
            whole[at] = part

    put(becomes)
    try:
        return _code_of(compile(tree, "slip", "exec"), function)
    finally:
        put(was)


def _code_of(code: CodeType, function: str) -> CodeType:
    for const in code.co_consts:
        if isinstance(const, CodeType) and const.co_qualname == function:
            return const
        if isinstance(const, CodeType) and function.startswith(f"{const.co_qualname}."):
            return _code_of(const, function)
    raise ValueError(f"there is no function {function}")


def _spelled(at: ast.AST, was: ast.AST, becomes: ast.AST) -> str:
    """Spell a part as it is in the code, with the word before it where it cannot stand alone."""
    spelled = {ast.Pass: "nothing"}.get(type(becomes)) or ast.unparse(becomes)
    if isinstance(becomes, ast.comprehension):
        return spelled.strip()
    return f"if {spelled}" if isinstance(at, ast.If) and was is at.test else spelled.partition("\n")[0]


def _swaps(at: ast.AST) -> Iterator[Swap]:  # noqa: C901, PLR0912 - one case for each kind of node
    """Name the changes of one node: the node or a part of it, and what takes its place."""
    match at:
        case ast.Compare() | ast.BoolOp() | ast.BinOp() | ast.AugAssign() | ast.UnaryOp(op=ast.Not()):
            yield from _operators(at)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield at, ast.IfExp(test, orelse, body)
        case ast.If(test=ast.expr() as test) if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield test, ast.UnaryOp(ast.Not(), test)
        case ast.Constant():
            yield from _constants(at)
        case ast.Name(id=name, ctx=ast.Load()) if name in SWAPPED:
            yield at, ast.Name(SWAPPED[name], ast.Load())
        case ast.Attribute(value=value, attr=name) if name in SWAPPED:
            yield at, ast.Attribute(value, SWAPPED[name], at.ctx)
        case ast.Call():
            yield from _calls(at)
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield at, ast.Return(ast.Constant(None))
        case ast.Assign(targets=targets) if not _is_none(at.value):
            yield at, ast.Assign(targets, ast.Constant(None))
        case ast.AnnAssign(target=target, value=ast.expr()) if not _is_none(at.value):
            yield at, ast.Assign([target], ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield at, ast.Pass()
        case ast.Continue():
            yield at, ast.Break()
        case ast.Break():
            yield at, ast.Continue()
        case ast.comprehension(ifs=[_, *_]):
            yield at, _with(at, ifs=at.ifs[1:])
        case ast.match_case(guard=ast.expr() as guard):
            yield guard, ast.Constant(True)
        case ast.MatchOr(patterns=patterns):
            for n in range(len(patterns)):
                kept = [p for i, p in enumerate(patterns) if i != n]
                yield at, ast.MatchOr(kept) if len(kept) > 1 else kept[0]


def _is_none(value: ast.AST | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _with(at: Any, **parts: Any) -> Any:
    """Copy a node with other parts."""
    twin = copy(at)
    for name, part in parts.items():
        setattr(twin, name, part)
    return twin


def _operators(at: Any) -> Iterator[Swap]:
    if isinstance(at, ast.UnaryOp):
        yield at, at.operand
    elif isinstance(at, ast.Compare):
        for n, op in enumerate(at.ops):
            for instead in OTHERS[type(op)]:
                yield at, _with(at, ops=[*at.ops[:n], instead(), *at.ops[n + 1 :]])
    else:
        yield from ((at, _with(at, op=instead())) for instead in OTHERS.get(type(at.op), ()))
    if isinstance(at, ast.BoolOp):
        for n in range(len(at.values)):
            kept = [v for i, v in enumerate(at.values) if i != n]
            yield at, _with(at, values=kept) if len(kept) > 1 else kept[0]


def _constants(at: ast.Constant) -> Iterator[Swap]:
    value = at.value
    if isinstance(value, bool):
        yield at, ast.Constant(not value)
    elif isinstance(value, int | float):
        yield at, ast.Constant(value + 1)
    elif isinstance(value, str) and value in SWAPPED:
        yield at, ast.Constant(SWAPPED[value])
    elif isinstance(value, str) and value and " " not in value:
        yield at, ast.Constant(f"no-{value}")


def _calls(at: ast.Call) -> Iterator[Swap]:
    if isinstance(at.func, ast.Name) and at.func.id == "other":
        yield at, at.args[0]
    for n, argument in enumerate(at.args):
        if not _is_none(argument) and not isinstance(argument, ast.Starred | ast.GeneratorExp | ast.JoinedStr):
            yield at, _with(at, args=[*at.args[:n], ast.Constant(None), *at.args[n + 1 :]])
    for n, keyword in enumerate(at.keywords):
        if keyword.arg not in {"hint", "detail", "unclear"}:
            yield at, _with(at, keywords=[k for i, k in enumerate(at.keywords) if i != n])
