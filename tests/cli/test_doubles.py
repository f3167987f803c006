"""Records of one side with the same match key: told before anything is paired, and afterwards by what waits."""

import pytest
from tests.cli.conftest import MAPPING, World

BY_NAME = MAPPING.replace("{on: email, normalise: email}", "{on: name, normalise: alphanumeric}")


@pytest.fixture
def doubled(world: World) -> World:
    """Let the left have the same firm three times, in two spellings, and another one twice."""
    world.write("mappings/companies.yaml", BY_NAME)
    for name, mail in [
        ("Beta!", "b2@x.example"),
        ("BETA", "b3@x.example"),
        ("Twin", "t1@x.example"),
        ("Twin", "t2@x.e"),
    ]:
        world.execute("crm", f"insert into companies (name, email) values ('{name}', '{mail}')")
    return world


def test_the_adoption_plan_names_the_doubles_of_each_side(doubled: World) -> None:
    """R-9.2: how many, who, and which normaliser made different spellings equal."""
    told = doubled.succeed("plan").out
    assert "5 records of crm in 2 groups with the same name" in told
    assert "3 with name 'Beta': crm 2, 6, 7, spelled differently and equal by 'alphanumeric'" in told
    assert "2 with name 'Twin': crm 8, 9\n" in told
    [mapping] = doubled.succeed("plan", "--json").document["plan"]["mappings"]
    assert mapping["doubles"]["counts"] == [{"side": "left", "rule": "name", "groups": 2, "records": 5}]
    first, second = mapping["doubles"]["groups"]
    assert (first["records"], first["count"], first["made_equal_by"]) == (["2", "6", "7"], 3, "alphanumeric")
    assert (second["records"], second["made_equal_by"]) == (["8", "9"], None)


def test_a_page_hides_the_key_and_not_the_ids(doubled: World) -> None:
    html, markdown = doubled.folder / "plan.html", doubled.folder / "plan.md"
    doubled.succeed("plan", "--html", str(html), "--markdown", str(markdown))
    for page in (html, markdown):
        text = page.read_text(encoding="utf-8").replace("\\", "")
        assert "The same key on one side" in text
        assert "crm 8, 9" in text
        assert "Twin" not in text
        assert "T**n" in text


def test_without_doubles_nothing_is_said(world: World) -> None:
    assert "Doubles" not in world.succeed("plan").out
    [mapping] = world.succeed("plan", "--json").document["plan"]["mappings"]
    assert mapping["doubles"] == {"counts": [], "groups": []}


def test_problems_group_the_records_that_share_a_key(doubled: World) -> None:
    """One cause for all, and within it who belongs together."""
    doubled.succeed("run", "--first-contact")
    [cause] = [c for c in doubled.succeed("problems", "--json").document["problems"] if c["code"] == "match"]
    groups = {tuple(sorted(g["records"])) for g in cause["groups"]}
    assert ("left/2", "left/6", "left/7") in groups
    assert "3 records with the same key (name fits 2)" in doubled.succeed("problems").out
