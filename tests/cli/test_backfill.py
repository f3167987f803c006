"""`tally run --records`, `--where` and `--field`: clear counts, and clear words for what nobody knows."""

import pytest
from tests.cli.conftest import CRM_MANIFEST, ERP_MANIFEST, MAPPING, World

from tallystick.cli import exits


def rename_all(world: World) -> None:
    world.execute("crm", "update companies set phone = '555' where email not in ('long@example.com')")


def renamed(world: World) -> list[str]:
    return sorted(mail for mail, (_, phone) in world.erp().items() if phone == "555")


def test_named_records_and_no_others(in_step: World) -> None:
    rename_all(in_step)
    told = in_step.succeed("run", "--records", "crm/companies/1, crm/companies/2").out
    assert "companies: 2 changed" in told
    assert "Limited to the named records, 2 found (a pair counts once)" in told
    assert renamed(in_step) == ["beta@example.com", "mueller@example.com"]
    in_step.succeed("run")
    assert "left@example.com" in renamed(in_step)


def test_a_file_of_ids_of_one_side(in_step: World) -> None:
    rename_all(in_step)
    in_step.write("ids.txt", "\ufeff2\n\n  3  \n")
    document = in_step.succeed(
        "run", "--records-file", str(in_step.folder / "ids.txt"), "--side", "left", "--json"
    ).document
    assert document["mappings"][0]["chosen"] == 2
    assert renamed(in_step) == ["beta@example.com", "left@example.com"]


def test_a_value_chooses_records_on_either_side(in_step: World) -> None:
    rename_all(in_step)
    told = in_step.succeed("run", "--where", "email=beta@example.com").out
    assert "Limited to email = 'beta@example.com', 1 found" in told
    assert renamed(in_step) == ["beta@example.com"]
    assert ", 0 found" in in_step.succeed("run", "--where", "email=nobody@example.com").out


def test_a_newly_mapped_field_alone_and_the_plan_of_it_is_what_apply_does(in_step: World) -> None:
    in_step.write("systems/crm.yaml", CRM_MANIFEST)
    in_step.execute("erp", "alter table partners add column kind text")
    in_step.write("systems/erp.yaml", ERP_MANIFEST + "      kind: {type: text}\n")
    in_step.write("mappings/companies.yaml", MAPPING.replace("fields:", "fields:\n  kind: {left: kind, right: kind}"))
    in_step.execute("crm", "update companies set kind = 'gold', phone = '555' where email = 'beta@example.com'")
    told = in_step.succeed("plan", "--field", "kind").out
    assert "kind: (blank) -> 'gold'" in told
    assert "only 'kind' may move" in told
    assert "phone" not in told
    in_step.succeed("apply")
    assert in_step.execute("erp", "select kind, telephone from partners where mail = 'beta@example.com'") == [
        ("gold", "2")
    ]
    in_step.succeed("run")
    assert renamed(in_step) == ["beta@example.com"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--records", "nobody"], "no record is called 'nobody'"),
        (["--records", "99999"], "no record is called '99999'"),
        (["--records", "crm/companies/99999"], "no record is called 'crm/companies/99999'"),
        (["--records", "3"], "'3' can be several records: crm/companies/3, erp/partners/3"),
        (["--records", " , "], "no record was named"),
        (["--records", "1", "--side", "up"], "there is no side 'up'"),
        (["--records-file", "/nowhere/ids"], "the list of records cannot be read"),
        (["--where", "phon=1"], "did you mean 'phone'?"),
        (["--where", "phone"], "'phone' is no condition"),
        (["--field", "fone"], "no mapping has a field 'fone'"),
    ],
)
def test_what_nobody_knows_is_said_before_anything_is_done(in_step: World, options: list[str], said: str) -> None:
    rename_all(in_step)
    outcome = in_step.tally("run", *options)
    assert outcome.code == exits.WRONG
    assert said in outcome.err
    assert renamed(in_step) == []


def test_a_brake_on_a_limited_run_is_let_go_by_the_command_it_names(in_step: World) -> None:
    in_step.write("mappings/companies.yaml", MAPPING + "brakes: {update_from: 1, update_share: 0}\n")
    rename_all(in_step)
    outcome = in_step.tally("run", "--where", "email=beta@example.com")
    [exactly] = [line for line in outcome.out.splitlines() if "let exactly these go" in line]
    assert "--where email=beta@example.com" in exactly
    in_step.succeed(*exactly.partition(": tally ")[2].split())
    assert renamed(in_step) == ["beta@example.com"]
