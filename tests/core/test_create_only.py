"""A field that is given once and never changed: a new record has it, a change of it is a fault of that field alone."""

from dataclasses import replace

from tallystick.core.compile import compile_mapping
from tallystick.core.interpret import interpret_mapping
from tallystick.core.mapping import End, FieldMapping, ObjectMapping, Place, Refs
from tallystick.core.policy import Policy
from tallystick.core.schema import Field, ObjectType

SCHEMA = ObjectType("c", (Field("code", create_only=True), Field("name")))
END = End("crm", "c", SCHEMA)
MAPPING = ObjectMapping(
    "pair",
    END,
    replace(END, system="erp"),
    tuple(FieldMapping(name, Place((name,)), Place((name,))) for name in ("code", "name")),
    (),
    Policy("create", "create", "ask", "ask"),
)


def test_a_new_record_has_it_and_a_change_of_it_is_a_fault_of_the_field() -> None:
    for make in (interpret_mapping, compile_mapping):
        left, _ = make(MAPPING)
        assert left.write(("C1", "x"), Refs()) == ({"code": "C1", "name": "x"}, [])
        body, [fault] = left.patch(("C2", "y"), (0, 1), Refs())
        assert body == {"name": "y"}
        assert (fault.field, fault.code) == ("code", "invalid_value")
        assert "code" in fault.message
        assert fault.hint
