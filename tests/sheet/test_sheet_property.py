"""Random edits on both sides: what only one side changed arrives, what both changed is a conflict, nothing else is."""

import contextlib
import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.systems.google_server import serve_google

from tallystick.connectors.google_sheet import open_google_sheet
from tallystick.project.edit import quote, spell_flow
from tallystick.project.load import load_project
from tallystick.project.model import Google
from tallystick.project.sheet.book import Book, FoundBook
from tallystick.project.sheet.carrier import read_book, write_book
from tallystick.project.sheet.gather import gather_cells
from tallystick.project.sheet.joining import join, write_joined
from tallystick.project.sheet.online import found_book
from tallystick.project.sheet.online_plan import plan_rewrite
from tallystick.project.sheet.snapshot import Snapshot
from tallystick.project.sheet.tabs import make_book

TEXTS = st.text("abz 09.:#{}[],&*!|>%@=+-/\\\"'_xÄß\u00a0😀\t\n\r\x07\u2028", max_size=8) | st.sampled_from(
    [
        "=1+1",
        "+49 30",
        "-1",
        "@x",
        "007",
        "1e5",
        "TRUE",
        "null",
        "~",
        "2026-01-01",
        "12:30",
        "_x0041_",
        "'a",
        '"',
        "#REF!",
    ]
)
NAMES = TEXTS.filter(bool)
SCALARS = TEXTS | st.integers(-(10**18), 10**18) | st.booleans() | st.decimals(-1000, 1000, places=2)
CODECS = st.sampled_from(["trim", ["trim"], {"codec": "pad", "width": 5}, ["trim", {"codec": "affix", "prefix": "= "}]])
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "direction": st.sampled_from(["both", "to_right", "to_left", "match_only"]),
    "conflict": st.sampled_from(["left", "right", "newest", "manual"]),
    "note": TEXTS,
    "owner": TEXTS,
    "resolve": st.sampled_from(["{{ left }}", "{{ left + right }}"]),
    "rank": st.lists(SCALARS, max_size=3),
    "reference": TEXTS,
}
INSIDE: dict[str, st.SearchStrategy[Any]] = {
    "codec": CODECS,
    "default": SCALARS,
    "missing": st.sampled_from(["unknown", "blank"]),
    "inverse": st.dictionaries(NAMES, TEXTS, max_size=2),
}
WHOLE: dict[str, st.SearchStrategy[Any]] = {
    "direction": SETTINGS["direction"],
    "note": TEXTS,
    "full_compare_hours": st.integers(1, 99) | st.just(Decimal("1.5")),
    "delete_out_of_scope": st.booleans(),
    "match": st.lists(st.fixed_dictionaries({"on": NAMES}, optional={"most": st.integers(0, 5)}), max_size=2),
}
PLACES = TEXTS | st.fixed_dictionaries({"path": TEXTS}, optional=INSIDE)
OPTIONS = st.fixed_dictionaries(
    {"map": st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=3)},
    optional={"unknown": st.sampled_from(["park", "pass"])},
)
FIELDS = st.fixed_dictionaries({"left": PLACES, "right": PLACES}, optional={**SETTINGS, "options": OPTIONS})
BRAKES = st.dictionaries(
    st.sampled_from(["delete_count", "update_from", "blank_count"]), st.integers(0, 99), min_size=1
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "left": st.just({"system": "crm", "object": "companies"}),
        "right": st.fixed_dictionaries(
            {"system": st.just("erp"), "object": st.just("partners")},
            optional={"where": st.dictionaries(NAMES, SCALARS, max_size=2), "external_id": TEXTS},
        ),
        "on_unmatched": st.just({"left": "ask", "right": "ask"}),
        "on_delete": st.just({"left": "ask", "right": "ask"}),
        "fields": st.dictionaries(NAMES, FIELDS, min_size=1, max_size=4),
    },
    optional={**WHOLE, "brakes": BRAKES},
)


def change(data: st.DataObject, document: dict[str, Any]) -> dict[str, Any]:
    """Edit a mapping as people do: settings set, changed and taken away, fields and options added and removed."""
    changed = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(0, 5))):
        what = data.draw(st.sampled_from(["whole", "setting", "place", "option", "field", "brake"]))
        fields = changed["fields"]
        name = data.draw(st.sampled_from(sorted(fields)))
        if what == "whole":
            _set(data, changed, WHOLE)
        elif what == "setting":
            _set(data, fields[name], SETTINGS)
        elif what == "place":
            side = data.draw(st.sampled_from(["left", "right"]))
            if isinstance(fields[name][side], str):
                fields[name][side] = {"path": fields[name][side]}
            _set(data, fields[name][side], INSIDE | {"path": TEXTS.filter(lambda text: text.strip("\n"))})
        elif what == "option":
            fields[name].setdefault("options", {"map": {}})["map"][data.draw(TEXTS)] = data.draw(TEXTS)
        elif what == "brake":
            changed.setdefault("brakes", {})["delete_count"] = data.draw(st.integers(0, 99))
        elif data.draw(st.booleans()) and len(fields) > 1:
            del fields[name]
        else:
            fields.setdefault(data.draw(NAMES), data.draw(FIELDS))
    return changed


def _set(data: st.DataObject, entry: dict[str, Any], known: dict[str, st.SearchStrategy[Any]]) -> None:
    key = data.draw(st.sampled_from(sorted(known)))
    if key != "path" and key in entry and data.draw(st.booleans()):
        del entry[key]
    else:
        entry[key] = data.draw(known[key])


Leaf = tuple[str, ...]


def leaves(document: dict[str, Any]) -> dict[Leaf, Any]:
    """Take a mapping apart, the way that a person would count its cells; written without the code under test."""
    found: dict[Leaf, Any] = {}
    for name, value in document.items():
        if name == "fields":
            for field, entry in value.items():
                found["field", field] = "there"
                for key, inner in entry.items():
                    if key in {"left", "right"}:
                        place = inner if isinstance(inner, dict) else {"path": inner}
                        found |= {("field", field, key, step): deep for step, deep in place.items()}
                    elif key == "options":
                        pairs = inner.get("map", {})
                        found |= {("field", field, "map", option): deep for option, deep in pairs.items()}
                        found |= {("field", field, "options", k): v for k, v in inner.items() if k != "map"}
                    else:
                        found["field", field, key] = inner
        elif name in {"left", "right", "brakes", "on_unmatched", "on_delete"}:
            found |= {(name, key): inner for key, inner in value.items()}
        else:
            found[(name,)] = value
    # A list of nothing and a text that ends with a line end look like what they mean.
    return {leaf: value.rstrip("\n") or value[:0] if isinstance(value, str) else value for leaf, value in found.items()}


_GONE = object()


def expect(base: dict[Leaf, Any], yaml: dict[Leaf, Any], sheet: dict[Leaf, Any]) -> tuple[dict[Leaf, Any], set[Leaf]]:
    """Say what the merge must come to when all conflicts go to the files, and which conflicts there are."""
    result: dict[Leaf, Any] = {}
    conflicts: set[Leaf] = set()
    whole: dict[Leaf, dict[Leaf, Any]] = {}
    for leaf in base.keys() | yaml.keys() | sheet.keys():
        entity = leaf[:2] if leaf[0] == "field" else ()
        if entity and (entity in yaml) != (entity in sheet):
            whole[entity] = yaml if entity in yaml else sheet
            continue
        b, y, s = (repr(side.get(leaf, _GONE)) for side in (base, yaml, sheet))
        chosen = yaml if s in {b, y} else sheet
        if y not in {b, s} and s != b:
            conflicts.add(leaf)
            chosen = yaml
        if leaf in chosen:
            result[leaf] = chosen[leaf]
    for entity, there in whole.items():
        own = {leaf: value for leaf, value in there.items() if leaf[:2] == entity}
        before = {leaf: value for leaf, value in base.items() if leaf[:2] == entity}
        is_changed = repr(sorted(own.items(), key=repr)) != repr(sorted(before.items(), key=repr))
        if entity in base and is_changed:
            conflicts.add(entity)
        if is_changed and (entity not in base or there is yaml):
            result |= own
    return result, conflicts


def dump(document: dict[str, Any], data: st.DataObject) -> str:
    """Write a mapping as a person might: some fields in blocks, some on one line, comments in between."""
    lines = ["# a mapping"]
    for name, value in document.items():
        if name != "fields":
            lines.append(f"{name}: {spell_flow(value)}  # {name}")
            continue
        lines.append("fields:")
        for field, entry in value.items():
            lines.append(f"  # about {len(lines)}")
            if data.draw(st.booleans()):
                lines.append(f"  {quote(field)}: {spell_flow(entry)}")
            else:
                lines += [f"  {quote(field)}:", *(f"    {key}: {spell_flow(inner)}" for key, inner in entry.items())]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Carrier:
    """How a sheet leaves a project's folder and comes back."""

    write: Callable[[Path, Book], None]
    read: Callable[[Path], FoundBook]


def on_disk(name: str) -> Carrier:
    return Carrier(lambda folder, book: write_book(folder / name, book), lambda folder: read_book(folder / name))


@contextlib.contextmanager
def online() -> Iterator[Carrier]:
    """Keep the sheet in one spreadsheet online, each time over what was there before."""
    with serve_google() as google:
        google.begin("the-sheet")
        # Named by a variable, as the key of a service account should be.
        account = Google(key="${env:KEY}", address=google.address)
        secrets = SimpleNamespace(resolve=lambda _: google.key_file())
        with contextlib.closing(open_google_sheet("the-sheet", account, secrets)) as sheet:
            yield Carrier(
                lambda _, book: sheet.rewrite(lambda there: plan_rewrite(there, book)),
                lambda _: found_book(sheet.look()),
            )


def check(data: st.DataObject, carrier: Carrier) -> None:
    base = data.draw(DOCUMENTS)
    yaml, sheet = change(data, base), change(data, base)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        mapping = folder / "mappings" / "companies.yaml"
        mapping.parent.mkdir(parents=True)
        (folder / "tally.yaml").write_text("name: test\n", encoding="utf-8")
        # The sheet is exported from the base and edited; its hidden base stays the one of the export.
        mapping.write_text(dump(base, data), encoding="utf-8")
        exported = Snapshot(("companies",), gather_cells(load_project(folder), ["companies"]))
        mapping.write_text(dump(sheet, data), encoding="utf-8")
        edited = load_project(folder)
        book = make_book(edited, Snapshot(("companies",), gather_cells(edited, ["companies"])))
        book.base = exported
        carrier.write(folder, book)
        mapping.write_text(dump(yaml, data), encoding="utf-8")

        wanted, conflicts = expect(leaves(base), leaves(yaml), leaves(sheet))
        # Where each side removes the other's last field, the project could not be loaded, and merging is refused.
        assume(any(leaf[0] == "field" for leaf in wanted))
        loaded = load_project(folder)
        found = carrier.read(folder)
        joined = join(loaded, found)
        assert len(joined.merged.conflicts) == len(conflicts), (joined.merged.conflicts, conflicts)
        settled = join(loaded, found, lambda _: "yaml")
        write_joined(folder, settled)
        merged = load_project(folder).source("mapping", "companies").layers[-1].document.value
        assert _shown(leaves(merged)) == _shown(wanted)
        again = join(load_project(folder), carrier.read(folder))
        assert not again.changed
        assert not again.merged.conflicts
        text = mapping.read_text(encoding="utf-8")
        assert text.startswith("# a mapping\n")
        shutil.rmtree(folder)


def _shown(found: dict[Leaf, Any]) -> dict[Leaf, str]:
    # An emptied mapping and a missing one are the same to who reads the project.
    return {leaf: repr(value) for leaf, value in found.items() if value != {}}


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
@given(st.data())
def test_random_edits_on_both_sides_meet_without_loss_in_csv(data: st.DataObject) -> None:
    check(data, on_disk("csv"))


@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@given(st.data())
def test_random_edits_on_both_sides_meet_without_loss_in_a_workbook(data: st.DataObject) -> None:
    check(data, on_disk("sheet.xlsx"))


def test_random_edits_on_both_sides_meet_without_loss_online() -> None:
    with online() as carrier:

        @settings(max_examples=8, deadline=None, suppress_health_check=SLOW)
        @given(st.data())
        def meet(data: st.DataObject) -> None:
            check(data, carrier)

        meet()
