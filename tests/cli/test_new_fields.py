"""What an object says of its new fields is done by `tally drift`: mapped by rule, made on the other side, proposed."""

import pytest
from tests.cli.conftest import CRM_MANIFEST, ERP_MANIFEST, World

from tallystick.cli import exits

CRM_HEAD = "    table: {name: companies}\n"
ERP_HEAD = "    table: {name: partners}\n"


def crm_says(world: World, words: str) -> None:
    world.write("systems/crm.yaml", CRM_MANIFEST.replace(CRM_HEAD, f"{CRM_HEAD}    {words}\n"))


def mapping(world: World) -> str:
    return (world.folder / "mappings/companies.yaml").read_text(encoding="utf-8")


def tiers(world: World, column: str) -> dict[str, str]:
    return dict(world.execute("erp", f"select mail, {column} from partners where {column} is not null"))


@pytest.fixture
def grown(in_step: World) -> World:
    """A world in which the CRM got a field, with a value in two records, and something else changed as well."""
    in_step.execute("crm", "alter table companies add column cf_tier varchar(12)")
    in_step.execute("crm", "update companies set cf_tier = 'gold', phone = '777' where email = 'beta@example.com'")
    in_step.execute("crm", "update companies set cf_tier = 'iron' where email = 'mueller@example.com'")
    return in_step


def test_a_field_that_appears_is_told_once_mapped_by_its_owner_and_moved_alone(in_step: World) -> None:
    """C7.5: from the first sight to the values on the other side, without touching anything else."""
    in_step.execute("erp", "alter table partners add column grade text")
    in_step.write("systems/erp.yaml", ERP_MANIFEST + "      grade: {type: text}\n")
    in_step.succeed("run")
    in_step.execute("crm", "alter table companies add column loyalty varchar(12)")
    in_step.execute("crm", "update companies set loyalty = 'gold', phone = '777' where email = 'beta@example.com'")
    in_step.execute("crm", "update companies set loyalty = 'iron' where email = 'mueller@example.com'")
    in_step.execute("crm", "update companies set name = 'Renamed' where email = 'differs@example.com'")
    assert "field 'loyalty' is new" in in_step.succeed("plan").out
    told = in_step.succeed("drift", "--map", "crm/companies.loyalty=grade").out
    assert "mapped: crm/companies.loyalty as companies.loyalty, to grade" in told
    assert "move this field alone: tally run companies --field loyalty" in told
    in_step.succeed("lint")
    in_step.succeed("run", "companies", "--field", "loyalty")
    assert tiers(in_step, "grade") == {"beta@example.com": "gold", "mueller@example.com": "iron"}
    assert in_step.erp()["beta@example.com"][1] == "2"
    assert in_step.erp()["differs@example.com"][0] == "Differs"
    in_step.succeed("run")
    assert in_step.erp()["beta@example.com"][1] == "777"
    [entry] = in_step.succeed("drift", "--feed", "--json").document["feed"]
    assert (entry["field"], entry["decision"]) == ("loyalty", "mapped")


def test_a_rule_maps_a_field_where_the_other_side_has_it(grown: World) -> None:
    grown.execute("erp", "alter table partners add column x_tier varchar(12)")
    grown.write("mappings/companies.yaml", "# ours\n" + mapping(grown))
    crm_says(grown, 'on_new_field: map\n    map_new: {match: "cf_*", to: "x_{rest}"}')
    document = grown.succeed("drift", "--json").document
    assert [(m["field"], m["target"], m["backfill"]) for m in document["mapped"]] == [
        ("crm/companies.cf_tier", "x_tier", "tally run companies --field cf_tier")
    ]
    assert mapping(grown).startswith("# ours\n")
    grown.succeed("run", "--field", "cf_tier")
    assert tiers(grown, "x_tier") == {"beta@example.com": "gold", "mueller@example.com": "iron"}
    assert grown.succeed("drift", "--json").document["mapped"] == []


def test_a_rule_says_where_it_leads_nowhere(grown: World) -> None:
    before = mapping(grown)
    crm_says(grown, 'on_new_field: map\n    map_new: {match: "cf_*", to: "x_{rest}"}')
    assert "not mapped: crm/companies.cf_tier: erp/partners has no field 'x_tier'" in grown.succeed("drift").out
    assert mapping(grown) == before


def test_a_rule_leaves_other_fields_alone(grown: World) -> None:
    grown.execute("erp", "alter table partners add column cf_tier text")
    crm_says(grown, 'on_new_field: map\n    map_new: {match: "custom_*"}')
    document = grown.succeed("drift", "--json").document
    assert (document["mapped"], document["not_mapped"]) == ([], {})


def test_a_column_is_made_only_where_the_object_says_so(grown: World) -> None:
    crm_says(grown, "on_new_field: create")
    told = grown.succeed("drift").out
    assert "nobody said that columns may be added to erp/partners" in told
    assert "cf_tier" not in {row[1] for row in grown.execute("erp", "pragma table_info(partners)")}
    grown.write("systems/erp.yaml", ERP_MANIFEST.replace(ERP_HEAD, f"{ERP_HEAD}    adds_fields: true\n"))
    told = grown.succeed("drift").out
    assert "mapped: crm/companies.cf_tier as companies.cf_tier, to cf_tier, made there for it" in told
    types = {row[1]: row[2] for row in grown.execute("erp", "pragma table_info(partners)")}
    assert types["cf_tier"] == "VARCHAR(12)"
    grown.succeed("run", "--field", "cf_tier")
    assert tiers(grown, "cf_tier") == {"beta@example.com": "gold", "mueller@example.com": "iron"}
    grown.succeed("run")
    assert grown.succeed("drift", "--json").document["mapped"] == []


def test_a_proposal_is_shown_and_never_applied(grown: World) -> None:
    grown.execute("erp", "alter table partners add column customer_tier text")
    grown.write("systems/erp.yaml", ERP_MANIFEST + "      tier: {type: text}\n")
    grown.execute("erp", "alter table partners add column tier text")
    grown.execute("crm", "alter table companies rename column cf_tier to tier")
    crm_says(grown, "on_new_field: propose")
    before = mapping(grown)
    told = grown.succeed("drift").out
    assert "proposed: crm/companies.tier may be 'tier' of companies" in told
    assert "tally drift --map crm/companies.tier=tier" in told
    assert mapping(grown) == before


@pytest.mark.parametrize("words", ["accept", "create", "map"])
def test_a_policy_is_not_about_what_somebody_ignored(in_step: World, words: str) -> None:
    in_step.write("systems/erp.yaml", ERP_MANIFEST.replace(ERP_HEAD, f"{ERP_HEAD}    adds_fields: true\n"))
    in_step.execute("crm", "alter table companies add column telephone2 text")
    in_step.succeed("run")
    in_step.succeed("drift", "--ignore", "crm/companies.telephone2")
    crm_says(in_step, f"on_new_field: {words}")
    before = mapping(in_step)
    document = in_step.succeed("drift", "--accept", "--json").document
    assert (document["accepted"], document["mapped"], document["not_mapped"]) == ([], [], {})
    assert mapping(in_step) == before


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("crm/companies.cf_tier", "names no field"),
        ("nobody/companies.cf_tier=mail", "names no field"),
        ("crm/companies.cf_tyer=mail", "did you mean 'cf_tier'?"),
        ("crm/companies.cf_tier=male", "did you mean 'mail'?"),
    ],
)
def test_a_word_that_nobody_understands_changes_nothing(grown: World, word: str, said: str) -> None:
    before = mapping(grown)
    outcome = grown.tally("drift", "--map", word)
    assert outcome.code == exits.WRONG
    assert said in outcome.err
    assert mapping(grown) == before


def test_what_cannot_be_mapped_leaves_every_file_as_it_was(in_step: World) -> None:
    """Both fields are read-only, which is known only when one of them is written down already."""
    in_step.execute("crm", "alter table companies add column shout text generated always as (upper(name)) virtual")
    in_step.write("systems/erp.yaml", ERP_MANIFEST + "      class: {type: text, read_only: true}\n")
    in_step.execute("erp", "alter table partners add column class text")
    files = ("systems/crm.yaml", "systems/erp.yaml", "mappings/companies.yaml")
    before = {file: (in_step.folder / file).read_bytes() for file in files}
    outcome = in_step.tally("drift", "--map", "crm/companies.shout=class")
    assert outcome.code == exits.WRONG
    assert "both sides are read-only" in outcome.err
    assert {file: (in_step.folder / file).read_bytes() for file in files} == before
