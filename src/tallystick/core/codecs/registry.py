"""Codecs by the names that project files use, with their settings checked.

A setting is a field of the codec's class: its name, its type and its default are what may be written.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from importlib import import_module
from types import UnionType
from typing import Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

from tallystick.core.codecs import boolean, local_time, money, number, options, text, time
from tallystick.core.codecs.spelling import describe, nearest
from tallystick.core.error import DataError, InvalidValue
from tallystick.core.mapping import Codec

_BUILT_IN: Final[tuple[type[Any], ...]] = (
    text.Anything,
    text.Text,
    text.Trim,
    text.Collapse,
    text.Upper,
    text.Lower,
    text.Unicode,
    text.Remove,
    text.ZeroPadded,
    text.TextList,
    boolean.Boolean,
    options.Options,
    number.Number,
    number.Integer,
    number.Percent,
    number.Round,
    money.Currency,
    money.MinorUnits,
    money.Money,
    time.Instant,
    time.Unix,
    time.UnixMs,
    local_time.LocalTime,
    local_time.Date,
    local_time.Day,
)
_BY_NAME: Final[dict[str, type[Any]]] = {kind.name: kind for kind in _BUILT_IN}
# These are loaded when a project names them, so that a start costs nothing for what it does not use.
_ON_DEMAND: Final[dict[str, tuple[str, str]]] = {
    "address_block": ("address", "AddressBlock"),
    "affix": ("rewrite", "Affix"),
    "country": ("country", "Country"),
    "day_number": ("zoned", "DayNumber"),
    "email": ("contact", "Email"),
    "full_name": ("person", "FullName"),
    "html": ("markup", "Html"),
    "iban": ("identifier", "Iban"),
    "identifier": ("identifier", "Identifier"),
    "language": ("country", "Language"),
    "markdown": ("markup", "Markdown"),
    "money_parts": ("money_parts", "MoneyParts"),
    "pad": ("rewrite", "Pad"),
    "parts": ("person", "Parts"),
    "phone": ("contact", "Phone"),
    "replace": ("rewrite", "Replace"),
    "salutation": ("person", "Salutation"),
    "street": ("address", "Street"),
    "title": ("person", "Title"),
    "transliterate": ("rewrite", "Transliterate"),
    "truncate": ("rewrite", "Truncate"),
    "unit": ("unit", "Unit"),
    "url": ("contact", "Url"),
    "vat": ("identifier", "Vat"),
    "wall_time": ("wall_time", "WallTime"),
    "zoned": ("zoned", "Zoned"),
}

Maker = Callable[..., Codec]


def codec_names() -> tuple[str, ...]:
    """Name the built-in codecs, in alphabetical order."""
    return tuple(sorted({*_BY_NAME, *_ON_DEMAND}))


def codec_kinds() -> tuple[type[Any], ...]:
    """Give the classes of the built-in codecs in the order of their names; their fields are their settings."""
    return tuple(kind for name in codec_names() if (kind := _kind(name)))


def _kind(name: str) -> type[Any] | None:
    if name not in _ON_DEMAND:
        return _BY_NAME.get(name)
    module, kind = _ON_DEMAND[name]
    loaded: type[Any] = getattr(import_module(f"tallystick.core.codecs.{module}"), kind)
    return loaded


def build_codec(name: str, settings: Mapping[str, Any], others: Mapping[str, Maker] | None = None) -> Codec:
    """Make the codec ``name`` with its settings. ``others`` are codecs from elsewhere, called with the settings.

    Raises:
        InvalidValue: no such codec or setting (with the one that was probably meant), or a setting that cannot be.
    """
    if others and name in others:
        return _built(name, others[name], settings)
    kind = _kind(name)
    if kind is None:
        raise _unknown(f"there is no codec '{name}'", name, (*codec_names(), *(others or ())))
    known = {f.name: f for f in fields(kind) if f.init}
    hints = get_type_hints(kind)
    chosen: dict[str, Any] = {}
    for key, value in settings.items():
        if key not in known:
            raise _unknown(f"codec '{name}' has no setting '{key}'", str(key), known)
        chosen[key] = _setting(f"{name}: {key}", hints[key], value)
    missing = [key for key, f in known.items() if key not in chosen and not _has_default(f)]
    if missing:
        raise InvalidValue(f"codec '{name}' needs the setting {' and '.join(missing)}")
    return cast("Codec", kind(**chosen))


def _built(name: str, maker: Maker, settings: Mapping[str, Any]) -> Codec:
    try:
        return maker(**settings)
    except DataError:
        raise
    except (TypeError, ValueError) as cause:
        raise InvalidValue(f"codec '{name}' cannot be made with these settings", detail=str(cause)) from cause


def _has_default(setting: Field[Any]) -> bool:
    return setting.default is not MISSING or setting.default_factory is not MISSING


def _unknown(message: str, word: str, known: Mapping[str, Any] | tuple[str, ...]) -> InvalidValue:
    meant = nearest(word, known)
    listed = ", ".join(sorted(known)) or "none"
    return InvalidValue(message, hint=f"did you mean '{meant}'?" if meant else f"there is: {listed}")


def _setting(where: str, kind: Any, value: Any) -> Any:
    """Bring a value from a project file to the type of the setting."""
    origin = get_origin(kind)
    if origin is Literal:
        if value in get_args(kind):
            return value
        raise _unsuitable(where, " or ".join(map(str, get_args(kind))), value)
    if origin in {Union, UnionType}:
        if value is None:
            return None
        return _setting(where, next(k for k in get_args(kind) if k is not type(None)), value)
    if origin is tuple:
        item = get_args(kind)[0]
        many = value if isinstance(value, list | tuple) else [value]
        return tuple(value_ if item is Any else _setting(where, item, value_) for value_ in many)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if isinstance(value, Mapping) and all(isinstance(x, str) for pair in value.items() for x in pair):
            return dict(value)
        raise _unsuitable(where, "a list of texts by text", value)
    if isinstance(value, kind) and (kind is bool) == isinstance(value, bool):
        return value
    raise _unsuitable(
        where, {str: "a text", int: "a whole number", bool: "true or false"}.get(kind, kind.__name__), value
    )


def _unsuitable(where: str, expected: str, value: Any) -> InvalidValue:
    return InvalidValue(f"{where} must be {expected}", detail=f"{describe(value)} was given")
