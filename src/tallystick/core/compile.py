"""Mappings made fast: one generated Python function per side and direction (ADR 5).

The functions take the way that nearly all values take, with codecs, references and validation written in line. What
is unusual (a wrong type, a fault, an unknown value where one is needed) raises, and that one record is interpreted,
so a bad record costs only itself and every fault is worded in one place. Changes of single fields are interpreted too:
there, the request costs a hundred times more than the translation.
"""

from collections.abc import Sequence

from tallystick.core.compile_read import write_reader
from tallystick.core.compile_write import write_writer
from tallystick.core.error import DataError
from tallystick.core.interpret import Interpreter
from tallystick.core.mapping import ObjectMapping, Refs
from tallystick.core.record import Fields, Raw, Side, Value


class Compiled:
    """One side of a mapping, compiled. Implements ``core.mapping.SideCodec``; ``source`` is the Python that runs."""

    def __init__(self, mapping: ObjectMapping, side: Side) -> None:
        self._plain = Interpreter(mapping, side)
        reader, writer = write_reader(self._plain), write_writer(self._plain)
        self.source = f"{reader.source}\n\n{writer.source}"
        self._read_page = reader.build("read_page", f"reading {mapping.name} {side}")
        self._write_record = writer.build("write_record", f"writing {mapping.name} {side}")

    def read(self, records: Sequence[Raw], refs: Refs) -> list[Fields | DataError]:
        """Turn raw records into canonical ones, in order; what cannot be read stands there as its error."""
        read: list[Fields | DataError] = []
        rows = iter(records)
        while len(read) < len(records):
            try:
                self._read_page(rows, refs, read.append)
            except Exception:  # noqa: BLE001 - whatever is wrong with this record, the interpreter says it
                read.append(self._plain.read_one(records[len(read)], refs))
        return read

    def write(self, fields: Fields, refs: Refs) -> tuple[Raw, list[DataError]]:
        """Make the body of a new record."""
        try:
            return self._write_record(fields, refs), []
        except Exception:  # noqa: BLE001 - whatever is wrong with this record, the interpreter says it
            return self._plain.write(fields, refs)

    def patch(self, fields: Fields, which: Sequence[int], refs: Refs) -> tuple[Raw, list[DataError]]:
        """Make the body of a change: only the fields at ``which``."""
        return self._plain.patch(fields, which, refs)

    def hold(self, index: int, value: Value) -> Value:
        """Give what this side can really hold of a value."""
        return self._plain.hold(index, value)


def compile_mapping(mapping: ObjectMapping) -> tuple[Compiled, Compiled]:
    """Compile both sides of a mapping: left, right."""
    return Compiled(mapping, "left"), Compiled(mapping, "right")
