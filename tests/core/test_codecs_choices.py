"""Options, truth, and how codecs are built, explained and documented."""

import doctest
import importlib
import pkgutil
from decimal import Decimal
from typing import Any

import pytest
from codec_cases import FURTHER

from tallystick.core import codecs
from tallystick.core.codecs.registry import build_codec, codec_names
from tallystick.core.error import DataError, InvalidValue, UnknownOption

LOCAL = {"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berlin"}
STATES = {"lead": "Interessent", "active": "Aktiv"}
NEEDED: dict[str, dict[str, Any]] = {case.name: case.settings for case in FURTHER} | {
    "local_time": LOCAL,
    "options": {"map": STATES},
    "remove": {"characters": "-"},
    "zero_padded": {"width": 3},
    "minor_units": {"currency": "EUR"},
    "round": {"scale": 1},
}
"""Settings for the codecs that cannot do without."""


def read(name: str, raw: Any, **settings: Any) -> Any:
    return build_codec(name, settings).decode(raw)


def write(name: str, value: Any, **settings: Any) -> Any:
    return build_codec(name, settings).encode(value)


@pytest.mark.parametrize("module", [m.name for m in pkgutil.iter_modules(codecs.__path__)])
def test_the_examples_in_the_docstrings_run(module: str):
    """Every example in the documentation is true."""
    assert doctest.testmod(importlib.import_module(f"tallystick.core.codecs.{module}")).failed == 0


def test_every_codec_shows_an_example():
    """A newcomer sees what each codec does."""
    for name in codec_names():
        assert ">>>" in (type(build_codec(name, NEEDED.get(name, {}))).__doc__ or "")


def test_an_unknown_option_is_parked_by_name():
    """The option is named, because the cure is a line in the mapping."""
    with pytest.raises(UnknownOption, match="'VIP'"):
        read("options", "VIP", map=STATES)
    with pytest.raises(UnknownOption, match="'vip'"):
        write("options", "vip", map=STATES)
    with pytest.raises(UnknownOption, match="text of 200 characters"):
        read("options", "x" * 200, map=STATES)


def test_the_default_option_works_in_both_directions():
    """Unlisted options are read as one default and written as the other; the left side's own stay as they are."""
    chosen = {"map": STATES, "unknown": "default", "default_left": "lead", "default_right": "Aktiv"}
    assert read("options", "Neu", **chosen) == "lead"
    assert write("options", "vip", **chosen) == "Aktiv"
    assert read("options", "vip", **chosen, side="left") == write("options", "vip", **chosen, side="left") == "vip"


def test_an_option_that_would_come_back_as_another_never_passes():
    """``pass`` lets unlisted options through, but not one that the other side uses for something else."""
    chosen = {"map": {"a": "b", "b": "c"}, "unknown": "pass"}
    assert read("options", "z", **chosen) == write("options", "z", **chosen) == "z"
    for call in (lambda: read("options", "a", **chosen), lambda: write("options", "c", **chosen)):
        with pytest.raises(UnknownOption):
            call()


def test_options_with_one_target_for_two_are_lossy():
    """Two left options with one right option cannot come back."""
    assert build_codec("options", {"map": {"a": "x", "b": "x"}}).loss == "lossy"
    assert build_codec("options", {"map": STATES}).loss == "lossless"


def test_options_may_be_numbers_and_many():
    """Numeric keys and multi-selects are translated key by key."""
    assert read("options", [2, "1"], map={"a": "1", "b": "2"}) == {"a", "b"}
    assert write("options", frozenset({"a", "b"}), map={"a": "1", "b": "2"}, integer=True) == {1, 2}


def test_truth_is_spelled_as_configured():
    """``no`` is text until somebody says it means false, and 1, "1" and true are three spellings."""
    for raw in ("no", "No", 0, "0", "false", None):
        with pytest.raises(DataError):
            read("boolean", raw, yes="J", no="N")
    assert read("boolean", "no", yes="yes", no="no") is False
    assert read("boolean", "NEIN", yes="ja", no="nein", ignore_case=True) is False
    assert read("boolean", 1, yes=1, no=0) is True
    for raw in ("1", True, Decimal(1)):
        with pytest.raises(InvalidValue):
            read("boolean", raw, yes=1, no=0)
    with pytest.raises(InvalidValue, match="cannot mean both"):
        build_codec("boolean", {"yes": ["x"], "no": ["X"], "ignore_case": True})


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("locl_time", {}, "did you mean 'local_time'"),
        ("number", {"decmal": ","}, "did you mean 'decimal'"),
        ("number", {"scale": "2"}, "scale must be a whole number"),
        ("number", {"scale": True}, "scale must be a whole number"),
        ("number", {"rounding": "nearest"}, "half_up or half_even"),
        ("number", {"decimal": ".", "group": "."}, "other than decimal"),
        ("number", {"locale": "de_DE", "group": "."}, "not both"),
        ("number", {"locale": "xx_YY"}, "no locale"),
        ("round", {}, "needs the setting scale"),
        ("options", {"map": {}}, "map is empty"),
        ("options", {"map": {"a": 1}}, "a list of texts by text"),
        ("options", {"map": STATES, "default_left": "leat"}, "did you mean 'lead'"),
        ("local_time", {"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berln"}, "did you mean Europe/Berlin"),
        ("local_time", {"format": "dd.MM.yyyy HH:mm", "zone": "Europe"}, "no time zone"),
        ("local_time", {"format": "dd.MM.yyyy HH:mm", "zone": "../../etc/passwd"}, "no time zone"),
        ("date", {"format": "dd.MM.yyyy HH:mm"}, "local_time"),
        ("minor_units", {"currency": "eur"}, "no ISO 4217 code"),
        ("currency", {"prefer": ["DOLLAR"]}, "no ISO 4217 code"),
        ("remove", {"characters": ""}, "needs the characters"),
        ("text_list", {"separator": ["a", "b"]}, "separator must be a text"),
    ],
)
def test_settings_that_cannot_be_are_explained(name: str, settings: dict[str, Any], message: str):
    """A wrong name or setting is refused when the project is loaded, with what was probably meant."""
    with pytest.raises(InvalidValue) as refusal:
        build_codec(name, settings)
    assert message in f"{refusal.value} {refusal.value.hint}"


def test_codecs_from_elsewhere_are_made_by_name():
    """A project may bring its own codecs; what they refuse is named."""
    shout = build_codec("upper", {})
    assert build_codec("shout", {}, {"shout": lambda: shout}) is shout
    with pytest.raises(InvalidValue, match="cannot be made"):
        build_codec("shout", {"loud": True}, {"shout": lambda: shout})


def test_messages_do_not_quote_what_came():
    """A report about a value tells its shape, never its content."""
    secret = "Erika Mustermann"
    for name in codec_names():
        codec = build_codec(name, NEEDED.get(name, {}))
        for call in (codec.decode, codec.encode):
            said = ""
            try:
                call(secret)
            except DataError as error:
                said = f"{error} {error.hint}"
            assert "Erika" not in said or name == "options"  # an option's key is vocabulary
