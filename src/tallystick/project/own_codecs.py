"""Codecs of other packages, which announce themselves by the entry-point group ``tallystick.codecs``.

The name is what project files write, the object a class or function that is called with the settings and gives a
codec: ``name``, ``loss`` (``lossless``, ``lossy``, ``one_way``), ``decode`` and ``encode``. Only what a project names,
and what is not built in, is loaded. Whatever such a codec raises or gives wrongly is the fault of one value, never the
end of a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, get_args

from tallystick.core.codecs.registry import Maker, codec_names
from tallystick.core.error import DataError, InvalidValue
from tallystick.core.mapping import Codec, Loss
from tallystick.core.record import Value, encode_fields

GROUP: Final = "tallystick.codecs"
_ASKED: Final = ("name", "loss", "decode", "encode")


@dataclass(frozen=True, slots=True)
class OwnCodec:
    """A codec of another package, held to what codecs promise: a value or ``InvalidValue``, nothing else (M-5, M-6)."""

    codec: Codec
    name: str
    loss: Loss

    def decode(self, raw: Any) -> Value:
        """Translate a system's value to the canonical one."""
        try:
            value = self.codec.decode(raw)
            encode_fields((value,))
        except DataError:
            raise
        except Exception as fault:
            raise self._refused(fault) from fault
        return value

    def encode(self, value: Value) -> Any:
        """Translate a canonical value to the system's spelling."""
        try:
            return self.codec.encode(value)
        except DataError:
            raise
        except Exception as fault:
            raise self._refused(fault) from fault

    def _refused(self, fault: Exception) -> InvalidValue:
        detail = f"{type(fault).__name__}: {fault}"
        return InvalidValue(
            f"codec '{self.name}' cannot translate it", detail=detail, hint="correct the value or the codec"
        )


def own_codecs(name: str) -> Mapping[str, Maker]:
    """Give the maker of a codec that another package brings; nothing for a built-in one, or one that nobody brings.

    The makers raise ``InvalidValue`` for what cannot be loaded, or is no codec.
    """
    if name in codec_names():
        return {}
    return {name: maker} if (maker := _maker(name)) is not None else dict.fromkeys(_names(), _maker_of_nothing)


@cache
def _maker(name: str) -> Maker | None:
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    return None if found is None else partial(_make, found)


def _make(found: EntryPoint, **settings: Any) -> Codec:
    try:
        maker = found.load()
    except Exception as cause:
        why = f"{found.value}: {cause}"
        raise InvalidValue(f"codec '{found.name}' cannot be loaded", detail=why, hint="install it anew") from cause
    return _checked(found.name, maker(**settings))


def _checked(name: str, codec: Any) -> Codec:
    lacking = [each for each in _ASKED if not hasattr(codec, each)]
    if lacking:
        raise InvalidValue(f"'{name}' is no codec", detail=f"it has no {' and no '.join(lacking)}")
    if codec.loss not in get_args(Loss):
        raise InvalidValue(
            f"'{name}' is no codec", detail=f"its loss is {codec.loss!r}, not {' or '.join(get_args(Loss))}"
        )
    return OwnCodec(codec, name, codec.loss)


def _names() -> list[str]:
    return sorted({found.name for found in entry_points(group=GROUP)})


def _maker_of_nothing(**_settings: Any) -> Codec:
    raise InvalidValue("there is no such codec")
