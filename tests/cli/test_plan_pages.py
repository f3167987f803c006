"""A plan as a page to be passed on: both directions, deletions first, nothing that a system wrote can act in it."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import CRM_MANIFEST, ERP_MANIFEST, MAPPING, World

from tallystick.cli import exits


def pages(world: World, *arguments: str) -> tuple[str, str]:
    html, markdown = world.folder / "out" / "plan.html", world.folder / "plan.md"
    world.succeed("plan", "--html", str(html), "--markdown", str(markdown), *arguments)
    return html.read_text(encoding="utf-8"), markdown.read_text(encoding="utf-8")


class Outline(HTMLParser):
    """Reads a page as a browser does: its elements, where they lead, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"} or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self.lasttag != "style":
            self.words.append(data)


def test_both_pages_tell_both_directions_with_old_and_new_values(world: World) -> None:
    html, markdown = pages(world, "--show-values")
    for text in (Outline(html).text, markdown.replace("\\", "")):
        assert "First contact" in text
        assert "Create in crm (1)" in text
        assert "Create in erp (1)" in text
        assert "Change in erp (1)" in text
        assert re.search(r"phone:? \(blank\) \u2192 2", text)
        assert "phone: crm has 4, erp has 44; the sides differ at first contact and nobody leads" in text
        assert "partner_name is too long" in text
        assert "Values are hidden" not in text


def test_values_are_hidden_unless_asked_for_and_ids_are_not(world: World) -> None:
    html, markdown = pages(world)
    for text in (Outline(html).text, markdown.replace("\\", "")):
        assert "Values are hidden" in text
        assert "change erp 2 from crm 2" in text
        assert "Only in the CRM" not in text
        assert "O**y ** t** C**" in text
        assert "left@example.com" not in text
        assert "mueller" not in text.lower()


def test_nothing_that_a_system_wrote_can_act_in_a_page(world: World) -> None:
    evil = "<script>alert(1)</script>\x1b[2J `code` [a](http://x) | @all"
    world.execute("erp", "update partners set mail = ? where id = 3", evil)
    html, markdown = pages(world, "--show-values")
    outline = Outline(html)
    assert "script" not in outline.elements
    assert outline.addresses == []
    assert "\x1b" not in html + markdown
    assert "<script>" not in markdown.replace("\\<", "")
    assert "\\[a\\](http://x) \\| \\@all" in markdown
    assert not re.search(r"(?<!\\)\[a\]", markdown)


def test_a_page_is_bounded_and_says_what_it_leaves_out(in_step: World) -> None:
    for number in range(30):
        in_step.execute("crm", "insert into companies (name, email) values (?, ?)", f"N{number}", f"n{number}@x.de")
    html, markdown = pages(in_step, "--limit", "4")
    assert markdown.count("- create in erp from crm") == 4
    assert "- and 26 more" in markdown
    assert "and 26 more" in Outline(html).text
    assert "Create in erp (30)" in markdown


@pytest.fixture
def gone(adopted: Path, copied: Callable[[Path], World]) -> World:
    """Give a project where two companies were deleted, a third was changed, and a brake holds the deletions."""
    world = copied(adopted)
    flagged = CRM_MANIFEST.replace("    fields:", "    deleted: {path: kind, values: [gone]}\n    fields:")
    world.write("systems/crm.yaml", flagged)
    world.write("mappings/companies.yaml", MAPPING + "brakes: {delete_count: 1, delete_share: 0}\n")
    world.execute(
        "crm", "update companies set kind = 'gone' where email in ('beta@example.com', 'mueller@example.com')"
    )
    world.execute("crm", "update companies set phone = '8' where email = 'left@example.com'")
    return world


def test_deletions_come_first_and_a_brake_says_how_to_let_them_go(gone: World) -> None:
    told = gone.succeed("plan", "--full").out
    assert "HELD by the brake 'deletes'" in told
    html, markdown = pages(gone, "--full")
    assert "**2 records would be deleted or archived.**" in markdown
    assert markdown.index("### DELETION: Delete in erp (2)") < markdown.index("### Change in erp (1)")
    assert "**A brake holds in 1 mapping.**" in markdown
    [command] = re.findall(r"let exactly these go: `tally (.+)`", markdown)
    assert f"tally {command}" in Outline(html).text
    gone.succeed(*command.split())
    assert {"beta@example.com", "mueller@example.com"}.isdisjoint(gone.erp())


def test_a_page_that_cannot_be_written_is_told_with_its_place(world: World) -> None:
    outcome = world.tally("plan", "--html", str(world.folder))
    assert outcome.code == exits.WRONG
    assert "the page cannot be written" in outcome.err


def test_every_kind_of_line_is_shown_however_many_of_another_there_are(in_step: World) -> None:
    """What comes late in a large plan does not fall out of the lines that are kept."""
    for number in range(150):
        in_step.execute("crm", "insert into companies (name, email) values (?, ?)", f"N{number}", f"n{number}@x.de")
    in_step.execute("erp", "insert into partners (partner_name, mail) values ('Z', 'z@x.de')")
    lines = in_step.succeed("plan", "--json").document["plan"]["operations"]
    assert {(line["action"], line["side"]) for line in lines} >= {("create", "left"), ("create", "right")}


def test_the_forecast_names_calls_and_time_by_system(world: World) -> None:
    plan: dict[str, Any] = world.succeed("plan", "--json").document["plan"]
    forecast = plan["forecast"]
    assert set(forecast["systems"]) == {"crm", "erp"}
    assert forecast["systems"]["crm"]["read"] >= 1
    assert forecast["systems"]["erp"]["write"] == 2
    assert forecast["calls"] == sum(
        s["read"] + s["before_writing"] + s["write"] + s["after_writing"] for s in forecast["systems"].values()
    )
    assert "Carrying it out: about" in world.succeed("plan").out
    assert "Carrying it out: about" in Outline(pages(world)[0]).text


def test_the_rate_of_a_manifest_makes_the_forecast_longer(world: World) -> None:
    for number in range(600):
        world.execute("erp", "insert into partners (partner_name, mail) values (?, ?)", f"N{number}", f"n{number}@x.de")
    world.write("systems/erp.yaml", "limits: {requests_per_second: 0.5}\n" + ERP_MANIFEST)
    [slow] = [s for n, s in forecast_of(world)["systems"].items() if n == "erp"]
    assert slow["requests_per_second"] == 0.5
    assert slow["seconds"] >= 2 * (slow["before_writing"] + slow["write"] + slow["after_writing"])


def forecast_of(world: World) -> dict[str, Any]:
    found = world.succeed("plan", "--json").document["plan"]["forecast"]
    assert isinstance(found, dict)
    return found
