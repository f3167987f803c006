"""X15, end to end: a database refuses by rules that nobody wrote down; one refusal of each foretells the rest."""

import contextlib
import sqlite3
from collections.abc import Iterable

import pytest
from tests.cli.conftest import ERP, MAPPING, World

RULES = [
    "check (length(partner_name) <= 18)",
    "check (telephone is null or telephone not glob '*[^0-9]*')",
    "check (rating between 1 and 5)",
    "check (class in ('A', 'B', 'C'))",
    "check (mail not like '%.invalid')",
]
FIELDS = """\
      rating: {type: integer}
      class: {type: text}
"""
COUNT = 1000


@pytest.fixture
def strict(world: World) -> World:
    """Give a thousand companies, a tenth of them against one of four rules that the target's file does not know."""
    world.execute("crm", "delete from companies")
    world.execute("crm", "alter table companies add column rating integer")
    world.execute("crm", "alter table companies add column class text")
    world.execute("erp", "drop table partners")
    table = ERP.strip().replace("varchar(20)", "text").removesuffix(")").rstrip()
    names = ["short", "digits", "rating", "class"]
    rules = "".join(f", constraint {name}_rule {rule}" for name, rule in zip(names, RULES, strict=False))
    world.execute("erp", f"{table}, rating integer, class text{rules})")
    for system in ("crm", "erp"):
        file = world.folder / "systems" / f"{system}.yaml"
        text = file.read_text(encoding="utf-8").replace(", max_length: 20", "") + FIELDS
        world.write(f"systems/{system}.yaml", text)
    world.write(
        "mappings/companies.yaml",
        MAPPING.replace("on_unmatched:", "  rating: {left: rating, right: rating}\n"
                        "  class: {left: class, right: class}\non_unmatched:"),
    )  # fmt: skip
    return world


def enter(world: World, numbers: Iterable[int]) -> None:
    """Enter companies, of forty four against a rule each."""
    rows = []
    for number in numbers:
        wrong = number % 40
        rows.append((
            f"Name {'x' * (number % 14)}" + ("y" * 14 if wrong == 1 else ""), f"n{number}@example.com",
            f"{number % 97:04}" + ("/5" if wrong == 2 else ""), 1 + number % 5 + (7 if wrong == 3 else 0),
            "Z" if wrong == 4 else "ABC"[number % 3],
        ))  # fmt: skip
    insert = "insert into companies (name, email, phone, rating, class) values (?, ?, ?, ?, ?)"
    with contextlib.closing(sqlite3.connect(world.folder / "crm.db")) as connection, connection:
        connection.executemany(insert, rows)


def test_one_refusal_of_each_rule_foretells_the_others(strict: World) -> None:
    """1,000 records, four hidden rules: every other offender is predicted, and no other record."""
    first = [number for number in range(200) if number < 5 or number % 40 not in {1, 2, 3, 4}]
    enter(strict, first)
    strict.tally("plan")
    strict.succeed("apply")
    learned = strict.tally("refusals", "--json").document["refusals"]
    assert {each["field"] for each in learned} == {"name", "phone", "rating", "class"}
    assert {each["refused"] for each in learned} == {1}
    enter(strict, sorted(set(range(COUNT)) - set(first)))
    document = strict.tally("predict", "companies", "--side", "erp", "--json").document
    likely = {r["field"]: r["count"] for m in document["mappings"] for r in m["refusals"] if r["effect"] == "likely"}
    assert likely == dict.fromkeys(("name", "phone", "rating", "class"), COUNT // 40)


def test_what_was_learned_becomes_a_rule(strict: World) -> None:
    """After it was accepted, such records wait before they are sent, and every other one is written."""
    world = strict
    enter(world, range(COUNT))
    world.tally("plan")
    assert "100 records or fields parked" in world.tally("apply").out
    keys = [each["refusal"] for each in world.tally("refusals", "--json").document["refusals"]]
    world.succeed("refusals", "accept", *keys)
    world.tally("run", "companies")
    causes = {c["cause"]: c["count"] for c in world.tally("problems", "--json").document["problems"]}
    assert sum(causes.values()) == 4 * COUNT // 40
    assert all("/rule_park/" in cause for cause in causes), causes
    assert len(world.erp()) == COUNT - 4 * COUNT // 40
