"""The same engine with its state on PostgreSQL: a crash at any door, and the same end."""

import pytest
from test_crash import LINKED, outcome, scene, settle, undisturbed
from world import Killed, Watch, World


def test_killed_at_some_doors_with_state_on_postgres(fast_path, postgres_url):
    """Every third door of the canonical run: die after it, go on, end as if nothing had happened."""
    expected, count = undisturbed(fast_path / "calm", "extid")
    for at in range(1, count + 1, 3):
        world = World.build(fast_path / str(at), LINKED, idem="extid", state=postgres_url())
        scene(world)
        with Watch(die_at=at, after=True).over(world), pytest.raises(Killed):
            world.go("run", full=True)
        settle(world)
        assert outcome(world) == expected, f"killed after door {at}"
        assert world.plan().plan.is_empty
        world.close()
