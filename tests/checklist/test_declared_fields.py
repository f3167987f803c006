"""C1.2 accuses nobody of what is no contradiction: parts of the protocol, empty lists, what lies in nothing."""

import pytest
import yaml
from town import findings, told


def declare(twins, **changes):
    """Change the manifest's entry of the companies."""
    file = twins.folder / "systems" / "crm.yaml"
    document = yaml.safe_load(file.read_text())
    spec = document["objects"]["companies"]
    spec["fields"] |= changes.pop("fields", {})
    spec |= changes
    file.write_text(yaml.safe_dump(document, allow_unicode=True))


def records_verdict(twins):
    report = twins.ask("C1.2")
    [found] = [f for f in findings(report, "C1.2") if f.subject == "crm/companies, records"]
    return found.verdict, told(report, "C1.2")


def test_members_of_the_protocol_are_no_undeclared_fields(twins):
    twins.crm.put("companies", {"name": "Neu", "_links": {"self": {"href": "x"}}, "@type": "Company", "__v": 3})
    assert records_verdict(twins)[0] == "pass"


def test_new_fields_are_not_told_where_nobody_wants_to_hear_of_them(twins):
    twins.crm.put("companies", {"name": "Neu", "churnRisk": 0.4})
    assert records_verdict(twins)[0] == "warn"
    declare(twins, on_new_field="ignore")
    assert records_verdict(twins)[0] == "pass"


@pytest.mark.parametrize(
    ("declared", "verdict"),
    [
        ({"tags": {"type": "list", "nullable": False}}, "pass"),
        ({"fax": {"type": "text", "nullable": False}}, "fail"),
        ({"tags": {"type": "list", "required": True}}, "fail"),
        ({"head.office": {"type": "text", "required": True}}, "pass"),
        ({"customFields.office": {"type": "text", "required": True}}, "fail"),
    ],
)
def test_missing_is_only_what_must_be_there_in_something_that_is_there(twins, declared, verdict):
    declare(twins, fields=declared)
    assert records_verdict(twins)[0] == verdict


def test_days_at_midnight_are_no_proof_that_hours_are_not_kept(twins):
    """An import dates records by days; only times that are spelled without hours say that there are none."""
    now = twins.crm.clock()
    times = [now - now % 86_400 - 86_400 * n for n in range(1, 13)]
    for row in list(twins.crm.rows("companies")):
        twins.crm.remove("companies", row["id"])
    twins.crm.put_all("companies", [{"name": f"Neu {n}"} for n in range(12)], times)
    [found] = [f for f in findings(twins.ask("C7.9"), "C7.9") if f.subject == "crm/companies, changed since"]
    assert found.verdict == "cannot_tell"
    assert "midnight" in found.summary
