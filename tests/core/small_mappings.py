"""Small mappings to try one thing each, and both forms of them: interpreted and compiled."""

from collections.abc import Callable
from typing import Any

from tallystick.core.codecs.registry import build_codec
from tallystick.core.compile import compile_mapping
from tallystick.core.error import DataError
from tallystick.core.expression import compile_expression
from tallystick.core.interpret import interpret_mapping
from tallystick.core.mapping import End, FieldMapping, ObjectMapping, Place, Refs, SideCodec
from tallystick.core.path import parse
from tallystick.core.policy import FieldPolicy, Policy
from tallystick.core.record import Raw, Value
from tallystick.core.schema import Field, ObjectType

NO_REFS = Refs()
Form = Callable[[ObjectMapping], tuple[SideCodec, SideCodec]]


def place(path: str, *codecs: str, **settings: Any) -> Place:
    return Place(parse(path), tuple(build_codec(name, settings if at == 0 else {}) for at, name in enumerate(codecs)))


def expressed(source: str, **inverse: str) -> Place:
    return Place(
        expression=compile_expression(source),
        inverse=tuple((parse(path), compile_expression(text)) for path, text in inverse.items()),
    )


def field(name: str, left: Place, right: Place, *, default: Value = None, **policy: Any) -> FieldMapping:
    return FieldMapping(name, left, right, FieldPolicy(**policy), default_right=default)


def mapping(
    *fields: FieldMapping, left: tuple[Field, ...] = (), right: tuple[Field, ...] = (), on_create: Raw | None = None
) -> ObjectMapping:
    return ObjectMapping(
        name="customers",
        left=End("crm", "customers", ObjectType("customers", left)),
        right=End("erp", "partner", ObjectType("partner", right), on_create=on_create or {}),
        fields=fields,
        match=(),
        policy=Policy("create", "create", "ask", "ask"),
    )


def simple(spec: Field, *, default: Value = None, **policy: Any) -> ObjectMapping:
    return mapping(field("f", place("f"), place(spec.path), default=default, **policy), right=(spec,))


def read_one(side: SideCodec, record: Any, refs: Refs = NO_REFS) -> Any:
    [found] = side.read([record], refs)
    return found


def only_fault(side: SideCodec, value: Value, refs: Refs = NO_REFS) -> DataError:
    body, [fault] = side.write((value,), refs)
    assert not body
    assert fault.field == "f"
    return fault


FORMS: dict[str, Form] = {"interpreted": interpret_mapping, "compiled": compile_mapping}
