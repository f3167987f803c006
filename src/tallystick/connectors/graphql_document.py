"""Documents of GraphQL, made from the manifest: what is asked for is what its fields name, and nothing else. Pure."""

from collections.abc import Iterable
from typing import Any, Final

from tallystick.core.path import Path, parse
from tallystick.project.manifest import ObjectSpec
from tallystick.project.manifest_graphql import RECORD, GraphqlCall, GraphqlObject

_NAMED: Final = "__typename"
Tree = dict[str, Any]


def selection_of(spec: ObjectSpec, graphql: GraphqlObject) -> str:
    """Write what is asked for of each record: its id, version, times and tombstone, and its fields."""
    tree: Tree = {}
    for path in _wanted(spec, graphql):
        steps = [step for step in path if isinstance(step, str)]
        here = tree
        for step in steps:
            here = here.setdefault(step, {})
    return " ".join(_written(tree, graphql.select)) or _NAMED


def _wanted(spec: ObjectSpec, graphql: GraphqlObject) -> Iterable[Path]:
    needed = [spec.id, spec.modified, spec.created, spec.deleted.path if spec.deleted else ""]
    if not spec.version.startswith("header:"):
        needed.append(spec.version)
    if spec.paging.type == "cursor":
        needed.append(spec.paging.from_last)
    # An update that replaces the whole record needs all of it.
    is_whole = not graphql.only or (spec.update is not None and spec.update.whole)
    fields = [path for path in spec.fields if is_whole or path in graphql.only]
    unread = set(graphql.write_only)
    for text in (*needed, *fields):
        if text and text not in unread:
            yield parse(text)


def _written(tree: Tree, instead: dict[str, str]) -> Iterable[str]:
    for name, inner in tree.items():
        if name in instead:
            yield instead[name]
        elif inner:
            yield f"{name} {{ {' '.join(_written(inner, {}))} }}"
        else:
            yield name


def document(key: str, call: GraphqlCall, record: str, given: Iterable[str]) -> str:
    """Write the document of an operation; ``given`` are the arguments that have a value, ``record`` the selection."""
    names = sorted(given)
    *outer, field = (call.field or key).split(".")
    declared = ", ".join(f"${name}: {call.arguments[name]}" for name in names)
    passed = ", ".join(f"{name}: ${name}" for name in names)
    inner = field + (f"({passed})" if passed else "")
    if select := call.select.replace(RECORD, record).strip():
        inner += f" {{ {select} }}"
    for step in reversed(outer):
        inner = f"{step} {{ {inner} }}"
    return f"{call.kind}{f'({declared})' if declared else ''} {{ {inner} }}"


def answer_path(key: str, call: GraphqlCall) -> Path:
    """Give where in the data of an answer the operation's field stands."""
    return tuple((call.field or key).split("."))
