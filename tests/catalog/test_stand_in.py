"""Every ready manifest keeps the connector's contract against a system that is just as it says."""

import pytest
from tests.catalog.stand_in import StandIn

from tallystick.connectors.registry import open_system
from tallystick.core.error import AccessError
from tallystick.core.path import parse
from tallystick.project.canary import canary_body, lacking_fields, text_fields
from tallystick.project.ready import read_ready, ready_names
from tallystick.testing.conformance import ConnectorConformance
from tallystick.testing.standing_laws import StandingLaws
from tallystick.testing.trial import Trial, laws_of

OBJECTS = [(name, kind) for name in ready_names() for kind in read_ready(name).manifest.objects]
WRITABLE = [(n, k) for n, k in OBJECTS if read_ready(n).manifest.objects[k].create]
RECORDS = 7


@pytest.fixture
def stand_in(request):
    system = StandIn(read_ready(request.param)).start()
    yield system
    system.stop()


def opened(system, name):
    return open_system(name, system.manifest, system)


def filled(system, kind, count=RECORDS):
    shelf = system.shelves[kind]
    for number in range(count):
        row = system.blank(shelf)
        spec = shelf.spec
        text = (text_fields(spec) or [next(p for p in spec.fields if p != spec.id)])[0]
        system.lay(shelf, row, canary_body(spec, text, "k0", number, {}))
        key = 100 + number if spec.fields[spec.id].type == "integer" else f"id-{100 + number}"
        system.lay(shelf, row, {spec.id: key})
        shelf.rows[str(key)] = row
        system.touch(shelf, row, is_new=True)
    return shelf


@pytest.mark.parametrize(("stand_in", "kind"), OBJECTS, indirect=["stand_in"], ids=str)
def test_what_is_there_is_read_whole(stand_in, kind):
    """All pages, each record by its id, what changed since: nothing is missed, refused or read twice."""
    shelf = filled(stand_in, kind)
    connector, transport = opened(stand_in, "ready")
    try:
        laws = StandingLaws(kind, connector, transport)
        assert laws.count(100) == RECORDS
        found = list(Trial(kind, shelf.spec, connector, transport, "", "k0", lambda: 0.0).try_reading())
        broken = [each for each in found if each.verdict == "broken"]
        assert not broken, (broken, stand_in.refusals)
        skipped = {each.why for each in found if each.verdict == "skipped"}
        assert all(why.startswith("the connector does not claim") for why in skipped)
    finally:
        transport.close()


@pytest.mark.parametrize(("stand_in", "kind"), WRITABLE, indirect=["stand_in"], ids=str)
def test_the_contract_is_kept(stand_in, kind):
    """The conformance suite holds: paging, filters, writes, versions, deletions, batches, refusals."""
    spec = stand_in.source.objects[kind]
    connector, transport = opened(stand_in, "ready")
    try:
        given = {path: {} if spec.fields[path].type == "object" else "ref-1" for path in lacking_fields(spec, {})}
        broken = []
        for law in laws_of(ConnectorConformance):
            stand_in.shelves[kind].rows.clear()
            trial = Trial(kind, spec, connector, transport, text_fields(spec)[0], "k0", lambda: 0.0, given)
            finding = trial.try_one(law)
            if finding.verdict == "broken":
                broken.append((law, finding.why, stand_in.refusals[-2:]))
        assert not broken
    finally:
        transport.close()


@pytest.mark.parametrize(("stand_in", "kind"), OBJECTS, indirect=["stand_in"], ids=str)
def test_a_filter_finds_the_one_record(stand_in, kind):
    """Every filter of the catalogue is spelled as the system reads it."""
    spec = stand_in.source.objects[kind]
    shelf = filled(stand_in, kind, 3)
    connector, transport = opened(stand_in, "ready")
    try:
        for path in spec.filters:
            for number, row in enumerate(shelf.rows.values()):
                stand_in.lay(shelf, row, {path: f"filter {number} & more"})
            found = transport.run(connector.find(kind, parse(path), "filter 1 & more"))
            assert [each.id for each in found] == [list(shelf.rows)[1]]
            assert not stand_in.refusals
    finally:
        transport.close()


@pytest.mark.parametrize("stand_in", ready_names(), indirect=True)
def test_being_throttled_is_waited_out(stand_in):
    """A 429 with Retry-After costs time and no record."""
    kind = next(iter(stand_in.shelves))
    filled(stand_in, kind, 3)
    connector, transport = opened(stand_in, "ready")
    try:
        stand_in.throttled = 2
        assert StandingLaws(kind, connector, transport).count(10) == 3
        assert stand_in.throttled == 0
    finally:
        transport.close()


@pytest.mark.parametrize("stand_in", ready_names(), indirect=True)
def test_wrong_credentials_are_an_access_error(stand_in):
    """Signing in goes where the manifest says; a system that does not know us is not taken for an empty one."""
    kind = next(iter(stand_in.shelves))
    filled(stand_in, kind, 1)

    class Wrong:
        def resolve(self, reference):
            return stand_in.resolve(reference).replace("secret", "wrong")

    connector, transport = open_system("ready", stand_in.manifest, Wrong())
    try:
        with pytest.raises(AccessError) as told:
            transport.run(connector.read(kind))
        assert "the-wrong-of" not in str(told.value)
    finally:
        transport.close()
