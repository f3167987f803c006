"""Expressions of users: Jinja's syntax, translated once into a pure Python expression.

    {{ firstName }} {{ lastName | upper }}        text with values in it; white space at both ends goes
    {{ amount * 1.19 }}                           a single value keeps its type
    {{ {"A": "active"}[status] | default("?") }}  a choice

Nothing of Jinja's own machinery runs later: no templates, no Python attributes, no calls, no loops. What is not
allowed is refused when the project is loaded, with line and column.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream

from tallystick.core.error import InvalidValue
from tallystick.core.expression_filters import NAMES
from tallystick.core.expression_python import Load, Refusal, always, parts_of, translate
from tallystick.core.expression_runtime import Missing
from tallystick.core.path import Path, read
from tallystick.core.record import UNKNOWN

MAX_SOURCE: Final = 2000
MAX_DEPTH: Final = 40


@dataclass(frozen=True, slots=True)
class Translated:
    """An expression, ready to run. Implements ``core.mapping.Expression``."""

    source: str
    python: str = field(compare=False)
    needs: frozenset[Path] = field(compare=False)
    """The paths that every evaluation reads."""
    _tree: nodes.Template = field(repr=False, compare=False)
    _function: FunctionType = field(repr=False, compare=False)

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Evaluate over ``names``; ``UNKNOWN`` where a name is not there. Raises ``InvalidValue`` with the reason."""
        try:
            # Unknown comes before wrong, in whatever order the names stand.
            return UNKNOWN if any(read(names, path) is UNKNOWN for path in self.needs) else self._function(names)
        except Missing:
            return UNKNOWN

    def inline(self, load: Load) -> str:
        """Give the Python for a place where ``load`` names the values and all of ``needs`` are known.

        It uses the names of ``expression_filters.NAMES`` and may raise ``expression_runtime.Missing``.
        """
        return translate(self._tree, load, self.needs)


def compile_expression(source: str) -> Translated:
    """Read an expression.

    Raises:
        InvalidValue: it is no expression or not an allowed one; the message says where, what and what to use instead.
    """
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_SOURCE:
        raise InvalidValue(f"an expression has at most {MAX_SOURCE} characters", detail=f"this one has {len(text)}")
    try:
        tree = _SYNTAX.parse(text)
        _check_depth(tree)
        python = translate(tree, lambda path: f"read(record, {path!r})" if path else "record")
        needs = frozenset[Path]().union(*map(always, parts_of(tree)))
        code = compile(f"lambda record: {python}", "<expression>", "eval")
    except TemplateSyntaxError as cause:
        raise _wrong(text, cause.lineno, cause.message or "it cannot be read", "") from cause
    except Refusal as cause:
        raise _wrong(text, cause.offset, f"{cause.what} cannot be used in an expression", cause.hint) from cause
    except (RecursionError, MemoryError, SyntaxError) as cause:
        raise _too_deep() from cause
    return Translated(source, python, needs, tree, _function(code))


def _function(code: CodeType) -> FunctionType:
    made = eval(code, {**NAMES, "__builtins__": {}})  # noqa: S307 - our own translation, of names from our own table
    assert isinstance(made, FunctionType)
    return made


def _check_depth(tree: nodes.Template) -> None:
    layer: list[nodes.Node] = [tree]
    for _ in range(MAX_DEPTH):
        layer = [child for node in layer for child in node.iter_child_nodes()]
        if not layer:
            return
    raise _too_deep()


def _too_deep() -> InvalidValue:
    return InvalidValue(f"the expression is nested more than {MAX_DEPTH} deep", hint="split it, or use a codec")


def _wrong(source: str, offset: int, message: str, hint: str) -> InvalidValue:
    before = source[:offset]
    line, column = before.count("\n") + 1, offset - before.rfind("\n")
    return InvalidValue(message, detail=f"line {line}, column {column} of the expression", hint=hint)


class _Syntax(Environment):
    """Jinja's parser, with offsets into the source where it has line numbers, so that columns can be told."""

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        tokens = self.lexer.tokeniter(source, name, filename, state)
        return TokenStream(self.lexer.wrap(_with_offsets(source, tokens), name, filename), name, filename)


def _with_offsets(source: str, tokens: Iterator[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    offset = 0
    try:
        for _, kind, value in tokens:
            start = source.find(value, offset)  # what Jinja leaves out (white space beside {{-) is skipped
            yield (start, kind, value)
            offset = start + len(value)
    except TemplateSyntaxError as cause:
        cause.lineno = offset
        raise


_SYNTAX: Final = _Syntax(autoescape=False, cache_size=0)
