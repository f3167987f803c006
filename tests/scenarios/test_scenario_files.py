"""Scenario files are read strictly, differences are told in their words, the page and the coverage are kept up."""

from pathlib import Path

import pytest
from scenario_file import Case, mirrored, read_theme, spread, theme_files
from scenario_page import page
from scenario_play import find_differences
from scenario_stage import set_stage

from tallystick.core.error import ProjectError

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "scenarios.md"
FILE = """theme: A theme
about: About it.
cases:
  - title: A title
    why: A reason.
    rules: [T-2]
    start: {both: {Anker: {vat: DE1, city: Ulm}}}
    steps:
      - left edits: {Anker: {city: Bonn}}
      - run:
          right updates: {Anker: {city: Bonn}}
"""
# The rows and columns of records that were merged, as no connector reports merges yet, and the erasure list.
UNREACHABLE = {7, 14, 21, 28, 35, 42, 43, 44, 45, 46, 47, 48, 49, 60}


@pytest.mark.parametrize(
    ("was", "becomes", "line", "message"),
    [
        ("    why:", "    whi: no\n    why:", 5, "'whi' is not known here"),
        ("right updates", "right update", 11, "'right update' is not known here"),
        ("left edits", "left edit", 9, "'left edit' is not known here"),
        ("start: {both", "start: {booth", 7, "'booth' is not known here"),
        ("      - run:\n", "      - wait: 1 hour\n        run:\n", 10, "a step is one line"),
        ("[T-2]", "[T-99]", 4, "'T-99' is no rule"),
        ("[T-2]", "[]", 6, "must not be empty"),
        ("    why: A reason.\n", "", 4, "'why' is missing"),
    ],
)
def test_a_mistake_is_named_with_its_place(was, becomes, line, message):
    """Nothing that is misspelled is silently left out of a scenario."""
    with pytest.raises(ProjectError) as caught:
        read_theme(FILE.replace(was, becomes), "cases.yaml")
    assert any(p.file == "cases.yaml" and p.line == line and message in p.message for p in caught.value.problems), (
        caught.value.problems
    )


def differences(text):
    theme, _ = read_theme(text, "cases.yaml")
    with set_stage(theme.cases[0]) as stage:
        return find_differences(theme.cases[0], stage)


def test_a_story_that_comes_true_has_no_differences():
    assert differences(FILE) == ""


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        (
            "right updates: {Anker: {city: Bonn}}",
            "right updates: {Anker: {city: Kiel}}",
            "writes on the right: expected update Anker (city: Kiel), came update Anker (city: Bonn)",
        ),
        ("          right updates: {Anker: {city: Bonn}}\n", "", "writes on the right: expected nothing, came update"),
        ("{city: Bonn}}\n      - run:", "{note: x}}\n      - run:", "came nothing"),
        ("updates: {Anker: {city: Bonn}}", "updates: {Anker: {city: Bonn}}\n          waits: Anker", "waits: expected"),
        (
            "updates: {Anker: {city: Bonn}}",
            "updates: {Anker: {city: Bonn}}\n          because: {Anker: linked.U.C}",
            "because of Anker: expected linked.U.C, came linked.C.U",
        ),
        (
            "updates: {Anker: {city: Bonn}}",
            'updates: {Anker: {city: Bonn}}\n          asks: ["conflict: city of Anker"]',
            "asks: expected conflict: city of Anker, came nothing",
        ),
        (
            "updates: {Anker: {city: Bonn}}",
            "updates: {Anker: {city: Bonn}}\n          right journal: {Anker: {city: Kiel}}",
            "right journal: expected Anker: city: Kiel, came Anker: city: Ulm",
        ),
        (
            "updates: {Anker: {city: Bonn}}",
            "updates: {Anker: {city: Bonn}}\n          right holds: {Anker: {city: BONN}}",
            "right Anker: expected name: Anker, vat: DE1, city: BONN, came name: Anker, vat: DE1, city: Bonn",
        ),
        (
            "updates: {Anker: {city: Bonn}}",
            "updates: {Anker: {city: Bonn}}\n          fails: access",
            "fails: expected",
        ),
        ("updates: {Anker: {city: Bonn}}", "updates: {Anker: {city: Bonn}}\n          held: deletes", "held: expected"),
    ],
)
def test_what_differs_is_told_in_the_words_of_the_file(was, becomes, told):
    """The title, the step, what was expected and what came."""
    found = differences(FILE.replace(was, becomes))
    assert found.startswith("A title: step 2, run\n")
    assert told in found


def test_work_after_the_story_is_a_difference():
    """A story that ends before everything is done says so; nobody can leave a write out by ending early."""
    assert "A title: a further run" in differences(FILE[: FILE.index("      - run:")])


def test_many_records_are_written_as_one():
    assert spread({"C1..2": {"vat": "DE*", "size": 3}}) == {
        "C1": {"vat": "DE1", "size": 3},
        "C2": {"vat": "DE2", "size": 3},
    }


def test_swapping_twice_gives_the_story_back():
    story = {"left edits": {"A": {}}, "policy": "once_to_right", "because": ["linked.C.D.ask"], "n": 1}
    assert mirrored(story) == {
        "right edits": {"A": {}},
        "policy": "once_to_left",
        "because": ["linked.D.C.ask"],
        "n": 1,
    }
    assert mirrored(mirrored(story)) == story


def _cases() -> list[Case]:
    return [c for path in theme_files() for c in read_theme(path.read_text(encoding="utf-8"), path.name)[0].cases]


def test_every_reachable_row_of_the_decision_tables_is_shown():
    """The 7 x 7 table, unbound records, single fields, and creates that are under way (T, F and H of SYNC-SPEC)."""
    shown = {rule for case in _cases() for rule in case.rules}
    wanted = {f"T-{n}" for n in range(1, 69)} - {f"T-{n}" for n in (*range(51, 60), *UNREACHABLE)}
    wanted |= {f"F-{n}" for n in range(1, 10)} | {f"H-{n}" for n in range(1, 7)}
    assert sorted(wanted - shown) == []


def test_no_two_scenarios_have_the_same_title():
    titles = [case.title for case in _cases()]
    assert sorted({t for t in titles if titles.count(t) > 1}) == []


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"
