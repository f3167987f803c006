"""Values of a record that are there and cannot be read: how their faults travel beside its other values (F-9).

A field that no codec can read is left alone on both sides and listed as a problem; the record's other fields go on.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from tallystick.core.error import DataError, InvalidValue, UnknownOption
from tallystick.core.record import UNKNOWN, Fields, same

Unread = tuple[tuple[int, DataError], ...]

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[tuple[int, str, str, str, str, str]]).decode


def unread_of(names: Sequence[str], read: Fields | DataError) -> Unread:
    """Give the positions and faults of the values that could not be read; none if all were, or if nothing was."""
    if not isinstance(read, DataError) or not read.rest:
        return ()
    return tuple((names.index(fault.field), fault) for fault in (read, *read.also))


def readable_part(read: Fields | DataError) -> Fields | None:
    """Give what could be read of a record, the other values unknown; ``None`` if nothing could."""
    return (read.rest or None) if isinstance(read, DataError) else read


def is_moved(names: Sequence[str], read: Fields | DataError, planned: Fields) -> bool:
    """Tell whether a record is not what was planned on: another value, or one that cannot be read any more."""
    now, faulty = readable_part(read), {i for i, _ in unread_of(names, read)}
    return now is None or any(
        i in faulty or (value is not UNKNOWN and not same(value, was))
        for i, (value, was) in enumerate(zip(now, planned, strict=True))
        if was is not UNKNOWN
    )


def pack_unread(unread: Unread) -> bytes | None:
    """Write faults in few bytes; ``unpack_unread`` gives them back. Nothing for none."""
    if not unread:
        return None
    return _encode([
        (i, f.code, f.message, f.detail, f.hint, f.option if isinstance(f, UnknownOption) else "") for i, f in unread
    ])  # fmt: skip


def unpack_unread(packed: bytes | None) -> Unread:
    """Read what ``pack_unread`` wrote."""
    return tuple((i, _fault(*told)) for i, *told in _decode(packed)) if packed else ()


def _fault(code: str, message: str, detail: str, hint: str, option: str) -> DataError:
    if code == UnknownOption.code:
        return UnknownOption(message, option=option, detail=detail, hint=hint)
    kind = InvalidValue if code == InvalidValue.code else DataError
    return kind(message, detail=detail, hint=hint)
