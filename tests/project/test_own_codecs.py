"""A codec of another package: installed, named in a mapping, held to what codecs promise."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.project.test_lossy_rules import FIELDS, MAPPING, PROJECT, SYSTEM

from tallystick.core.error import InvalidValue
from tallystick.project import own_codecs as module
from tallystick.project.lint import lint_project
from tallystick.project.load import load_project

CODE = """
class Ean:
    name, loss = "ean", "lossless"
    def __init__(self, prefix=""):
        self.prefix = prefix
    def decode(self, raw):
        return self.prefix + raw[:-1]
    def encode(self, value):
        digits = [int(d) for d in value.removeprefix(self.prefix)]
        return "".join(map(str, digits)) + str(-sum(d * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10)

class Float(Ean):
    def decode(self, raw):
        return 0.5 if raw == "half" else object()

class Lossy(Ean):
    loss = "a little"

class NoCodec:
    name = "none"
"""
METADATA = "Metadata-Version: 2.1\nName: acme-codecs\nVersion: 1.0\n"
ENTRIES = """[tallystick.codecs]
ean = acme_codecs:Ean
floating = acme_codecs:Float
lossier = acme_codecs:Lossy
hollow = acme_codecs:NoCodec
broken = acme_codecs:Missing
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package, as pip leaves it."""
    folder = tmp_path / "site"
    (folder / "acme_codecs-1.0.dist-info").mkdir(parents=True)
    (folder / "acme_codecs.py").write_text(CODE)
    (folder / "acme_codecs-1.0.dist-info/METADATA").write_text(METADATA)
    (folder / "acme_codecs-1.0.dist-info/entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    module._maker.cache_clear()
    yield
    sys.modules.pop("acme_codecs", None)
    module._maker.cache_clear()


def make(name: str, **settings: object) -> module.OwnCodec:
    codec = module.own_codecs(name)[name](**settings)
    assert isinstance(codec, module.OwnCodec)
    return codec


def test_it_translates_both_ways_with_its_settings() -> None:
    codec = make("ean", prefix="EAN ")
    assert codec.decode("4006381333931") == "EAN 400638133393"
    assert codec.encode("EAN 400638133393") == "4006381333931"
    assert codec.loss == "lossless"


def test_whatever_it_raises_is_the_fault_of_one_value() -> None:
    with pytest.raises(InvalidValue, match="'ean' cannot translate it") as caught:
        make("ean").encode("no digits")
    assert "ValueError" in caught.value.detail
    with pytest.raises(InvalidValue):
        make("ean").decode(7)
    with pytest.raises(InvalidValue):
        make("floating").decode("anything")


@pytest.mark.parametrize(
    ("name", "why"), [("lossier", "its loss is"), ("hollow", "it has no loss"), ("broken", "acme_codecs:Missing")]
)
def test_what_is_no_codec_says_why(name: str, why: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        make(name)
    assert why in caught.value.detail


def project(folder: Path, codec: str) -> list[str]:
    """Lint a project whose one field uses a codec."""
    for name in "ab":
        (folder / "systems").mkdir(exist_ok=True)
        (folder / f"systems/{name}.yaml").write_text(SYSTEM.format(name=name, fields=FIELDS))
    (folder / "mappings").mkdir()
    (folder / "tally.yaml").write_text(PROJECT)
    field = f"{{left: text, right: {{path: text, codec: {codec}}}}}"
    (folder / "mappings/m.yaml").write_text(MAPPING.format(field=field))
    return [f"{p.message} {p.hint}" for p in lint_project(load_project(folder)) if p.severity == "error"]


def test_a_mapping_names_it_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    assert project(tmp_path / "p", '{codec: ean, prefix: "EAN "}') == []


@pytest.mark.parametrize(
    ("codec", "told"),
    [("eann", "did you mean 'ean'"), ("{codec: ean, sufix: x}", "cannot be made with these")],
)
def test_a_wrong_name_or_setting_is_told_at_its_line(tmp_path: Path, codec: str, told: str) -> None:
    (tmp_path / "p").mkdir()
    [problem] = project(tmp_path / "p", codec)
    assert told in problem


def test_built_in_names_are_never_taken_over() -> None:
    assert module.own_codecs("trim") == {}
