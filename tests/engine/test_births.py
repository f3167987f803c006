"""The short way for records without counterpart comes to the same as the general one."""

from dataclasses import asdict

import pytest
from world import World

from tallystick.core.plan import creation_fingerprint, line_fingerprint
from tallystick.engine import adopt
from tallystick.engine.line import Line, Seen, Step, decode_line, encode_line

COMPANIES = [
    {"name": "Anker", "vat": "DE1", "city": "Ulm"},
    {"name": "Bär", "vat": "DE2"},
    {"name": "Bär Filiale", "vat": "DE2"},  # ambiguous: two of one key
    {"name": "C" * 45, "vat": "DE3"},  # longer than the other side takes
    {"name": "Dorn", "city": "Bonn"},  # no key at all
    {"name": "Erle", "vat": "DE5"},  # is there already
    {"name": "Fink", "vat": "DE6", "city": "Köln"},
]


@pytest.mark.parametrize("target", ["left", "right"])
@pytest.mark.parametrize("record", ["7", "", 'a"b\\c', "Ärger\n", "\x00"])
@pytest.mark.parametrize("values", [0, -(1 << 63), (1 << 63) - 1])
def test_a_birth_has_the_fingerprint_that_its_line_would_have(target, record, values):
    """An apply finds the lines of a plan again, whichever way either of them was made."""
    ids = (None, record) if target == "left" else (record, None)
    general = line_fingerprint("a pair", "create", "left", ids, ("", target, "create", values), "unbound.create")
    assert creation_fingerprint("a pair", target, ids, values, "unbound.create") == general


@pytest.mark.parametrize("mode", ["plan", "run"])
def test_both_ways_plan_and_write_the_same(tmp_path, monkeypatch, mode):
    """Births in one batch with everything else: same lines in the same order, same counts, same records at the end."""
    found = []
    for way in ("short", "general"):
        if way == "general":
            monkeypatch.setattr(adopt, "are_plain", lambda *_: False)
        world = World.build(tmp_path / way)
        try:
            for row in COMPANIES:
                world.left.create(dict(row))
            world.right.create({"name1": "Erle", "vat_id": "DE5", "ort": "Trier"})
            world.right.create({"name1": "Ginster", "vat_id": "DE7"})
            result = world.go(mode)
            plan = result.plan.pairs[0]
            shown = [asdict(operation) for operation in result.plan.operations]
            records = {side: sorted(map(str, world.rows(side).values())) for side in ("left", "right")}
            parked = sorted((row.record, row.field, row.code) for row in world.parked())
            asked = sorted((row.kind, row.subject) for row in world.queue())
            found.append((result.plan.fingerprint, shown, plan.actions, plan.dispositions, records, parked, asked))
            assert plan.actions["right"]["create"] >= 2
            assert plan.actions["left"]["create"] == 1
        finally:
            world.close()
    assert found[0] == found[1]


@pytest.mark.parametrize("side", ["left", "right"])
def test_what_a_new_record_takes_as_it_is_stands_once_in_its_line(side):
    """A line on the scratch paper is a third shorter for it, and is read as it was."""
    there, nobody = Seen("7", fields=b'["' + b"x" * 300 + b'"]'), Seen(None)
    left, right = (nobody, there) if side == "left" else (there, nobody)
    for fields in (there.fields, b'["other"]'):
        line = Line("create", "unbound.create", "written", 0, "", left, right, (Step(side, "create", fields),))
        body = encode_line(line)
        assert line.steps[0].fields == fields, "the line itself stays as it was"
        assert decode_line(body) == line
        assert body.count(b"x" * 300) == 1
