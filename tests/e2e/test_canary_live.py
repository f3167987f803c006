"""Canaries in systems of others: every promise is tried, none is wrongly called broken, and nothing is left behind."""

import pytest
from tests.systems.honest_systems import HONEST

pytestmark = pytest.mark.e2e

# What is true of these systems: some have no clock but count, one takes whatever it is given, one deletes nothing.
TRUE = {
    **dict.fromkeys(("soap", "xml_ledger", "json_ledger", "shop"), ("behind our clock",)),
    "odata_strict": ("State stores what is none of its options",),
}
UNTRIED = {"odata_4": "its records cannot be created, read by id and deleted again"}


def listed(project):
    [records] = [
        f for q in project.check("--only", "C7.8") for f in q["findings"] if f["subject"].startswith("subject")
    ][:1]
    return records["facts"]["distinct"]


@pytest.mark.parametrize("system", HONEST)
def test_no_promise_is_wrongly_called_broken(tmp_path, system):
    with HONEST[system](tmp_path) as project:
        project.stage()
        before = listed(project)
        found = [f for q in project.check("--canary", "--only", "C10") for f in q["findings"]]
        found = [f for f in found if f["subject"].startswith("subject")]
        assert listed(project) == before
    told = [f["summary"] for f in found if f["verdict"] in {"warn", "fail"}]
    assert all(any(true in each for true in TRUE.get(system, ())) for each in told), told
    if system in UNTRIED:
        assert UNTRIED[system] in found[0]["summary"]
    else:
        assert {"read back", "write lag", "deletion"} <= {
            f["subject"].partition(", ")[2] for f in found if f["verdict"] == "pass"
        }
