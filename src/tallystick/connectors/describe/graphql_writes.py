"""Which mutations create, change and delete the records of a type, and how their arguments and answers are made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tallystick.connectors.describe.graphql_lists import id_of
from tallystick.connectors.describe.graphql_schema import Argument, Kind, Member, Schema
from tallystick.connectors.describe.openapi_words import noun_of, squeeze, words_of
from tallystick.core.path import Path, render
from tallystick.project.manifest import Operation
from tallystick.project.manifest_graphql import GraphqlCall, GraphqlError

Deed = Literal["create", "update", "delete"]
_VERBS: Final[dict[str, Deed]] = {
    **dict.fromkeys(("create", "add", "insert", "new", "register"), "create"),
    **dict.fromkeys(("update", "edit", "modify", "change", "patch", "set"), "update"),
    **dict.fromkeys(("delete", "remove", "destroy", "del"), "delete"),
}
_FILLERS: Final = frozenset({"one", "by", "id", "pk", "a", "the", "record", "entity", "single", "node"})
_ENDINGS: Final = ("type", "node", "entity", "object", "model", "record")
_SAVES: Final = frozenset({"save", "upsert", "put"})
_ID: Final = "{id}"
_ERRORS: Final = ("usererrors", "errors", "error", "problems", "validationerrors", "customererrors")
_ERROR_PARTS: Final = (
    "field",
    "fields",
    "path",
    "attribute",
    "property",
    "message",
    "messages",
    "code",
    "type",
    "name",
)
_SUCCESS: Final = ("success", "ok", "successful", "succeeded")
_VERSIONS: Final = frozenset({"version", "lockversion", "rowversion", "revision", "etag"})


@dataclass(frozen=True, slots=True)
class Write:
    """A mutation as an operation of an object, with the input type's members that take the record."""

    deed: Deed
    key: str
    call: GraphqlCall
    operation: Operation
    inputs: Mapping[str, Argument] = field(default_factory=dict)
    returns_record: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    record: Path
    select: str
    error: GraphqlError | None = None
    returns_record: bool = False


def nouns_of(kind: Kind, name: str) -> frozenset[str]:
    """Give the words that mean a record of a type, singular and squeezed."""
    own = noun_of(kind.name)
    cut = next((own.removesuffix(end) for end in _ENDINGS if own.endswith(end) and own != end), own)
    return frozenset({own, cut, noun_of(name)})


def deed_of(key: str, nouns: frozenset[str]) -> Deed | None:
    """Tell what a mutation does to a record of these nouns, by its name; ``None`` where it is about something else."""
    outer, _, last = key.rpartition(".")
    words = list(words_of(last))
    verbs = [word for word in words if word in _VERBS]
    if not verbs:
        return None
    rest = [word for word in words if word != verbs[0] and word not in _FILLERS]
    # Below a field that gathers what concerns one kind of record, the verb may stand alone.
    noun = noun_of("_".join(rest)) if rest else noun_of(outer.rpartition(".")[2])
    return _VERBS[verbs[0]] if noun in nouns else None


def is_save(key: str) -> bool:
    """Tell whether a mutation creates or changes, whichever fits."""
    return not _SAVES.isdisjoint(words_of(key))


def find_write(schema: Schema, key: str, member: Member, deed: Deed, item: Kind, names: frozenset[str]) -> Write | None:
    """Read a mutation; ``None`` where its arguments are not understood. ``names`` are squeezed names of fields."""
    answer = _answer_of(schema, key, member, item, is_delete=deed == "delete")
    id_name = id_of(item)
    ids = _ids(member.arguments, schema, item, id_name)
    body = _body_of(member.arguments, schema, names, ids) if deed != "delete" else None
    if (deed != "delete" and body is None) or (deed != "create" and not ids):
        return None
    wrap, inputs = body or ((), {})
    named = _named_id(ids, wrap, inputs) if deed != "create" else {}
    if named is None or _is_open(schema, member.arguments, wrap, named, is_delete=deed == "delete"):
        return None
    inside = {name: value for name, value in named.items() if not wrap} if deed == "update" else named
    own = named.get("", {})
    must = any(each.must_be_given for name, each in inputs.items() if name not in own and name not in named)
    operation = Operation(
        method="POST",
        path=key,
        record=render(answer.record),
        wrap=render(wrap),
        body={**own, **{name: value for name, value in inside.items() if name}},
        beside={name: value for name, value in named.items() if name and wrap} if deed == "update" else {},
        whole=deed == "update" and must,
    )
    arguments = {name: each.type.text for name, each in member.arguments.items()}
    call = GraphqlCall(kind="mutation", arguments=arguments, select=answer.select, error=answer.error)
    version = next((name for name in inputs if squeeze(name) in _VERSIONS and name in item.members), "")
    return Write(deed, key, call, operation, inputs, answer.returns_record, version if deed == "update" else "")


def _is_open(
    schema: Schema, arguments: Mapping[str, Argument], wrap: Path, named: Mapping[str, Any], *, is_delete: bool
) -> bool:
    """Tell whether something must be given, beside the record, that nobody knows."""
    here: Mapping[str, Argument] = arguments
    given: Any = named
    for step in map(str, wrap):
        known = {step, *(given if isinstance(given, dict) else ())}
        if any(each.must_be_given and name not in known for name, each in here.items()):
            return True
        here, given = schema.kind(here[step].type.name).inputs, given.get(step) if isinstance(given, dict) else None
    # Where the arguments themselves are the record, what must be given is a field.
    return is_delete and any(each.must_be_given and name not in named for name, each in arguments.items())


def _ids(arguments: Mapping[str, Argument], schema: Schema, item: Kind, id_name: str) -> list[Path]:
    """Find where the id of a record is given: an argument, or inside an input up to two steps deep."""
    own = f"{noun_of(item.name)}id"
    wanted = {id_name, "id", own} if squeeze(id_name) in {"id", own} else {id_name}

    def walk(inputs: Mapping[str, Argument], path: Path) -> Iterator[tuple[bool, Path]]:
        for name, each in inputs.items():
            kind = schema.kind(each.type.name)
            if each.type.is_list:
                continue
            if not kind.is_input and (name == id_name or squeeze(name) in wanted):
                yield not each.must_be_given, (*path, name)
            elif kind.is_input and len(path) < 2:  # noqa: PLR2004 - two steps
                yield from walk(kind.inputs, (*path, name))

    def rank(found: tuple[bool, Path]) -> tuple[bool, bool, int]:
        may_lack, path = found
        return may_lack, path[-1] != id_name, len(path)

    return [path for _, path in sorted(walk(arguments, ()), key=rank)]


def _body_of(
    arguments: Mapping[str, Argument], schema: Schema, names: frozenset[str], ids: list[Path]
) -> tuple[Path, Mapping[str, Argument]] | None:
    """Find the argument that takes the record: the one whose members are most like its fields."""
    best: tuple[int, Path, Mapping[str, Argument]] | None = None
    places: list[tuple[Path, Mapping[str, Argument]]] = [((), arguments)]
    while places:
        path, inputs = places.pop(0)
        own_ids = {str(each[-1]) for each in ids if each[:-1] == path}
        like = sum(squeeze(name) in names for name in inputs if name not in own_ids)
        if like and (best is None or like > best[0]):
            best = (like, path, inputs)
        for name, each in inputs.items():
            kind = schema.kind(each.type.name)
            if kind.is_input and not each.type.is_list and len(path) < 2:  # noqa: PLR2004 - two steps
                places.append(((*path, name), kind.inputs))
    return (best[1], best[2]) if best is not None else None


def _named_id(ids: list[Path], wrap: Path, inputs: Mapping[str, Argument]) -> dict[str, Any] | None:
    """Write the id where it is given: under an empty name what stands among the fields themselves."""
    for path in ids:
        *outer, last = map(str, path)
        if tuple(outer) == wrap and last in inputs:
            return {"": {last: _ID}}
        if tuple(outer)[: len(wrap)] != wrap or not wrap:
            value: Any = _ID
            for step in reversed([*outer[1:], last] if outer else []):
                value = {step: value}
            return {outer[0] if outer else last: value}
    return None


def _answer_of(schema: Schema, key: str, member: Member, item: Kind, *, is_delete: bool) -> _Answer:
    field_path: Path = tuple(key.split("."))
    kind = schema.kind(member.type.name)
    if not kind.is_composite:
        return _Answer(field_path, "")
    if kind.name == item.name:
        return _Answer(field_path, "{record}", returns_record=True)
    if kind.kind == "UNION":
        return _union(schema, field_path, kind, item)
    # What a deletion answers of the record need not be there any more.
    steps, select = ((), "") if is_delete else _record_in(kind, item)
    error, asked = _told_errors(schema, field_path, kind)
    written = " ".join(filter(None, (select, asked))) or "__typename"
    return _Answer((*field_path, *steps), written, error, bool(steps))


def _record_in(kind: Kind, item: Kind) -> tuple[Path, str]:
    for name, member in kind.members.items():
        if member.type.name == item.name and not member.type.is_list and not member.needs_arguments:
            return (name,), f"{name} {{ {{record}} }}"
    return (), ""


def _told_errors(schema: Schema, field_path: Path, kind: Kind) -> tuple[GraphqlError | None, str]:
    by_name = {squeeze(name): name for name in kind.members}
    for wanted in _ERRORS:
        name = by_name.get(wanted)
        if name is None:
            continue
        inner = schema.kind(kind.members[name].type.name)
        if not inner.is_composite:
            return GraphqlError(path=render((*field_path, name))), name
        parts = [part for part in inner.members if squeeze(part) in _ERROR_PARTS and _is_plain(inner, part, schema)]
        return GraphqlError(path=render((*field_path, name))), f"{name} {{ {' '.join(parts) or '__typename'} }}"
    for wanted in _SUCCESS:
        if (name := by_name.get(wanted)) is not None:
            text = by_name.get("message", "")
            error = GraphqlError(path=render(field_path), where={name: (False,)}, message=text)
            return error, " ".join(filter(None, (name, text)))
    return None, ""


def _is_plain(kind: Kind, name: str, schema: Schema) -> bool:
    return not kind.members[name].needs_arguments and not schema.kind(kind.members[name].type.name).is_composite


def _union(schema: Schema, field_path: Path, kind: Kind, item: Kind) -> _Answer:
    """Read an answer that is the record, or a payload with it, or one of several refusals."""
    pieces, refusals, text = ["__typename"], [], ""
    steps: Path | None = None
    for name in kind.possible:
        each = schema.kind(name)
        inner, select = _record_in(each, item)
        if name == item.name or inner:
            steps = inner
            pieces.append(f"... on {name} {{ {'{record}' if name == item.name else select} }}")
            continue
        refusals.append(name)
        if "message" in each.members:
            text = "message"
            pieces.append(f"... on {name} {{ message }}")
    error = GraphqlError(path=render(field_path), where={"__typename": tuple(refusals)}, message=text)
    record = (*field_path, *(steps or ()))
    return _Answer(record, " ".join(pieces), error if refusals else None, steps is not None)
